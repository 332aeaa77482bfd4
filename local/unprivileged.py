"""How root runs PostgreSQL, which refuses root: in a user namespace, else as the user `nobody`.

A user without a name (a container's `--user 12345`) is refused as well, and gets a user namespace too.
"""

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from local.files import StackError, write_private
from local.processes import Account, become

As = Literal["self", "unshare", "nobody"]


@dataclass(frozen=True)
class Place:
    """Where and how a server's programs run: `cluster` is PostgreSQL's data folder, `bin_dir` a reachable copy."""

    prefix: tuple[str, ...]
    account: Account | None
    cluster: Path
    bin_dir: Path


def place(data_dir: Path, bin_dir: Path, *, way: As | None = None) -> Place:
    """How to run `bin_dir`'s server on `data_dir`; moves or re-owns a cluster that another way left elsewhere.

    `way` asks for one; by default whatever works here: as ourselves, else `unshare`, else `nobody`.
    """
    near, far = data_dir / "cluster", away(data_dir)
    way = way or _way(data_dir, bin_dir)
    if way != "nobody":
        _bring(far / "cluster", near, data_dir)
        _own(near, os.geteuid())
        return Place(_unshare() if way == "unshare" else (), None, near, bin_dir)
    account = _nobody()
    if _open_to_all(data_dir):
        _bring(far / "cluster", near, data_dir)
        cluster = near
    else:
        _make_away(far)
        _bring(near, far / "cluster", data_dir)
        cluster = far / "cluster"
    _own(cluster, account.uid)
    return Place((), account, cluster, bin_dir if _runs(bin_dir, account) else _copy_programs(bin_dir, far))


def _way(data_dir: Path, bin_dir: Path) -> As:
    if os.geteuid() != 0 and _has_name(os.geteuid()):
        return "self"
    if unshare_works(data_dir, bin_dir):
        return "unshare"
    if os.geteuid() == 0:
        return "nobody"
    raise StackError(
        f"PostgreSQL refuses user {os.geteuid()}, who has no name on this machine: add one to /etc/passwd, "
        "run as another user, or name a running server with DATABASE_URL"
    )


def _unshare() -> tuple[str, ...]:
    """The command before the command; inside we are somebody with a name, since initdb insists on one."""
    return ("unshare", "-U", f"--map-user={_nobody().uid}")


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def unshare_works(folder: Path, bin_dir: Path) -> bool:
    """Whether a user namespace can be made here in which we are not root, yet `folder` and the programs are ours."""
    probe = folder / ".probe-unshare"
    script = 'test "$(id -u)" != 0 && id -un && : > "$1" && "$2/postgres" --version && "$2/initdb" --version'
    command = [*_unshare(), "sh", "-c", script, "sh", str(probe), str(bin_dir)]
    try:
        ran = subprocess.run(command, capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    probe.unlink(missing_ok=True)
    return ran.returncode == 0


def away(data_dir: Path) -> Path:
    """The folder outside closed homes that stands in for `data_dir`."""
    digest = hashlib.sha256(str(data_dir.resolve()).encode()).hexdigest()[:16]
    return Path("/var/tmp") / f"opsdb-{digest}"  # noqa: S108  # nosec B108  # its owner is checked, and it survives a restart


def remove_away(data_dir: Path) -> None:
    """Remove what stands in for `data_dir`; nothing of it may be running."""
    far = away(data_dir)
    with suppress(FileNotFoundError):
        if far.lstat().st_uid == os.geteuid():
            shutil.rmtree(far)


def _make_away(far: Path) -> None:
    far.mkdir(mode=0o711, exist_ok=True)
    found = far.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise StackError(f"{far} belongs to somebody else: remove it, or choose another folder with DATA=...")
    far.chmod(0o711)


def _bring(source: Path, target: Path, data_dir: Path) -> None:
    """Move a cluster from where another way of running kept it.

    `elsewhere`, kept in the data folder, tells our cluster from that of a data folder since deleted.
    """
    mark = data_dir / "elsewhere"
    far = away(data_dir) / "cluster"
    if far.exists() and not mark.exists():
        shutil.rmtree(far)
    if source.exists() and not target.exists():
        draft = target.with_name("cluster.moving")
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(source, draft, symlinks=True)
        _own(draft, os.geteuid())
        if target == far:
            write_private(mark, str(far))
        draft.rename(target)
        shutil.rmtree(source.rename(source.with_name("cluster.moved")))
    if target == far:
        write_private(mark, str(far))
    elif not far.exists():
        mark.unlink(missing_ok=True)


def _own(tree: Path, uid: int) -> None:
    """Give the tree to `uid`, its top last, so that an interrupted change is done again."""
    if os.geteuid() != 0 or not tree.exists() or tree.stat().st_uid == uid:
        return
    for folder, _, names in os.walk(tree, topdown=False):
        for one in [*(Path(folder) / name for name in names), Path(folder)]:
            os.chown(one, uid, -1, follow_symlinks=False)


def _nobody() -> Account:
    named = sorted((one for one in pwd.getpwall() if one.pw_uid), key=lambda one: (one.pw_name != "nobody", one.pw_uid))
    return Account(named[0].pw_uid, named[0].pw_gid) if named else Account(65534, 65534)


def _open_to_all(folder: Path) -> bool:
    resolved = folder.resolve()
    return all(one.stat().st_mode & 0o001 for one in (resolved, *resolved.parents))


def _runs(bin_dir: Path, account: Account) -> bool:
    try:
        ran = subprocess.run(
            [bin_dir / "postgres", "--version"], capture_output=True, preexec_fn=lambda: become(account), check=False
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return ran.returncode == 0


def _copy_programs(bin_dir: Path, far: Path) -> Path:
    """A copy of the installation that everybody can reach; made again when the original changes."""
    _make_away(far)
    origin = bin_dir.parent.parent if bin_dir.parent.name == "pginstall" else bin_dir.parent
    program = (bin_dir / "postgres").stat()
    version = hashlib.sha256(f"{bin_dir}:{program.st_mtime_ns}:{program.st_size}".encode()).hexdigest()[:12]
    copy = far / version
    if not copy.exists():
        draft = far / f"{version}.making"
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(origin, draft / origin.name, symlinks=True)
        libraries = origin.with_name(f"{origin.name}.libs")  # the wheel's, found by the programs beside their package
        if libraries.is_dir():
            shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        draft.chmod(0o755)
        draft.rename(copy)
    return copy / origin.name / bin_dir.relative_to(origin)
