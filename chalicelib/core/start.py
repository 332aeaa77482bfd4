"""What a function does while it starts, so that it starts fast.

The collector waits: it would go through all that is loaded, again and again, for nothing. What only some functions need
is read when they need it.
"""

import gc
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType

gc.disable()


class _Later(MetaPathFinder):
    """Finds our own modules where they are, to be read when something of them is first asked for."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target) if name.startswith("chalicelib.") else None
        if spec is not None and spec.loader is not None:
            spec.loader = LazyLoader(spec.loader)
        return spec


@contextmanager
def later() -> Iterator[None]:
    """What is imported here is read once something of it is asked for: modules, and not what is in them."""
    finder = _Later()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


def over() -> None:
    """Everything is loaded and stays: from here on collect, and leave that alone."""
    gc.freeze()
    gc.enable()
