"""What the package is for: a version of Python, an architecture, and what Lambda's runtime of the two can load."""

from dataclasses import dataclass
from functools import cached_property

from packaging import tags
from packaging.tags import Tag

from local.files import StackError

GLIBC = {"3.11": (2, 26), "3.12": (2, 34), "3.13": (2, 34)}
"""Versions of Python -> the C library of their runtime: Amazon Linux 2 first, Amazon Linux 2023 since."""

MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
"""Architectures as Lambda calls them -> as Linux and wheels do."""

_OLD_NAMES = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}


@dataclass(frozen=True)
class Target:
    """One of Lambda's runtimes; StackError when there is none like it."""

    python: str
    architecture: str

    def __post_init__(self) -> None:
        if self.python not in GLIBC or self.architecture not in MACHINES:
            raise StackError(
                f"nothing here makes a package for Python {self.python} on {self.architecture}: "
                f"it is {', '.join(GLIBC)} on {' or '.join(MACHINES)}"
            )

    def __str__(self) -> str:
        return f"Python {self.python} on {self.architecture}"

    @property
    def machine(self) -> str:
        return MACHINES[self.architecture]

    @property
    def glibc(self) -> tuple[int, int]:
        return GLIBC[self.python]

    @property
    def abi(self) -> str:
        return f"cp{self.python.replace('.', '')}"

    @cached_property
    def platforms(self) -> list[str]:
        """What a wheel's platform may be, the newest first."""
        names = []
        for minor in range(self.glibc[1], 4, -1):
            names += [f"manylinux_2_{minor}", *([_OLD_NAMES[minor]] if minor in _OLD_NAMES else [])]
        return [f"{name}_{self.machine}" for name in names]

    @cached_property
    def ranks(self) -> dict[Tag, int]:
        """The tags of wheels that fit, 0 for the one that fits best."""
        version = tuple(map(int, self.python.split(".")))
        found = [
            *tags.cpython_tags(version, [self.abi], self.platforms),
            *tags.compatible_tags(version, self.abi, self.platforms),
        ]
        return {tag: rank for rank, tag in reversed(list(enumerate(found)))}

    @property
    def environment(self) -> dict[str, str]:
        """What a requirement's marker asks of the machine it is for."""
        return {
            "python_version": self.python,
            "python_full_version": f"{self.python}.0",
            "platform_machine": self.machine,
            "platform_system": "Linux",
            "sys_platform": "linux",
            "os_name": "posix",
            "implementation_name": "cpython",
            "platform_python_implementation": "CPython",
        }
