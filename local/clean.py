"""`make clean`: remove a data folder, and what stands outside it, once nothing runs on it."""

import shutil
import sys
from pathlib import Path

from local import files, processes, unprivileged
from local.files import StackError


def clean(data: Path) -> None:
    """Remove the folder `data`; StackError when a stack runs on it, or when it is not opsdb's."""
    if not data.exists():
        return
    if not (data / "lock").exists():
        raise StackError(f"{data} is not a data folder of opsdb: remove it yourself if you mean it")
    with files.explained(data), processes.locked(data):
        for part in ("postgres", "s3", "logs"):
            if (data / part).is_dir():
                processes.end_leftovers(data / part)
        unprivileged.remove_away(data / "postgres")
        shutil.rmtree(data)


if __name__ == "__main__":
    try:
        clean(Path(sys.argv[1]))
    except StackError as error:
        sys.exit(str(error))
