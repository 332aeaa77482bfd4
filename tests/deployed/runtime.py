"""The place a zip runs in: Lambda's Runtime API, AWS's own client of it, a read-only folder and limited memory."""

import importlib.metadata
import json
import os
import resource
import shutil
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, Queue
from threading import Event, Thread
from typing import Any

from tests.deployed.invoke import Outcome

ADDRESS_SPACE = 1024**3
"""Bytes; Lambda limits what is resident, so an honest address space gets more room."""

PATIENCE = 60.0
CLIENT = ("awslambdaric", "simplejson", "snapshot-restore-py")
BOOT = "import sys; sys.path[:0], sys.argv[1:] = sys.argv[1:3], sys.argv[3:]; "
SERVE = "from awslambdaric.__main__ import main; main(sys.argv)"


class RuntimeApi(ThreadingHTTPServer):
    """Hands out events and takes answers, as the Lambda service does inside of a container."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Exchange)
        self.events: Queue[tuple[str, Any]] = Queue()
        self.answers: Queue[tuple[str, Any, float]] = Queue()
        Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_port}"


class _Exchange(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: RuntimeApi

    def do_GET(self) -> None:
        request_id, event = self.server.events.get()
        self._send(
            200,
            json.dumps(event).encode(),
            {
                "Content-Type": "application/json",
                "Lambda-Runtime-Aws-Request-Id": request_id,
                "Lambda-Runtime-Deadline-Ms": str(int(1000 * (time.time() + 30))),
                "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:000000000000:function:opsdb-dev",
                "Lambda-Runtime-Trace-Id": "Root=1-68f0a1b2-0123456789abcdef01234567;Sampled=0",
            },
        )

    def do_POST(self) -> None:
        answer = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"null")
        self.server.answers.put((self.path.rpartition("/")[2], answer, time.monotonic()))
        self._send(202, b'{"status":"OK"}', {})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@dataclass(frozen=True)
class Place:
    """Where the code and AWS's client of the Runtime API are; nothing else can be imported but Python's own."""

    task_root: Path
    client: Path

    def command(self, code: str, *arguments: str) -> list[str]:
        """Run `code` there: no site-packages, no user site, no PYTHON* variables, no working folder on the path."""
        isolated = [sys.executable, "-I", "-S", "-c", BOOT + code, str(self.task_root), str(self.client)]
        return [*unprivileged(), *isolated, *arguments]

    def ran(self, code: str) -> str:
        """What a program prints there, its last error included."""
        done = subprocess.run(self.command(code), capture_output=True, text=True, cwd="/", timeout=30, check=False)
        return done.stdout + done.stderr


def install_client(folder: Path) -> Path:
    """AWS's client and what it imports, copied out of this environment into a folder of their own."""
    for name in CLIENT:
        for file in importlib.metadata.files(name) or ():
            if ".." not in file.parts and "__pycache__" not in file.parts:
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(str(file.locate()), folder / file)
    return folder


@cache
def unprivileged() -> tuple[str, ...]:
    """How root becomes somebody whom a read-only folder stops; nothing where that does not work."""
    way = ("unshare", "-U", "--map-user=1000")
    if os.geteuid() != 0:
        return ()
    try:
        return way if subprocess.run([*way, "true"], capture_output=True, check=False).returncode == 0 else ()
    except OSError:
        return ()


class Container:
    """One running function. `peak` is the most memory that it and its children had resident together, in bytes."""

    def __init__(self, place: Place, handler: str, *, memory: int, environment: dict[str, str], log: Path) -> None:
        self.api = RuntimeApi()
        self.log = log
        self.began = time.monotonic()
        self.peak = 0
        with log.open("w") as out:
            self._process = subprocess.Popen(
                place.command(SERVE, handler),
                env={**_reserved(place, handler, memory, self.api.address), **environment},
                cwd=place.task_root,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                preexec_fn=_limited,
            )
        self._over = Event()
        self._watcher = Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def __call__(self, event: Any) -> Outcome:
        """Hand over one event and wait for what becomes of it."""
        self.api.events.put((str(uuid.uuid4()), event))
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                kind, answer, self.answered = self.api.answers.get(timeout=0.1)
            except Empty:
                assert self._process.poll() is None, f"the function ended: {self.log.read_text()[-4000:]}"
                assert time.monotonic() < deadline, f"no answer: {self.log.read_text()[-4000:]}"
            else:
                return Outcome(answer) if kind == "response" else Outcome(error=f"{kind}: {json.dumps(answer)}")

    def stop(self) -> None:
        self._over.set()
        self._watcher.join()
        self._process.kill()
        self._process.wait()
        self.api.shutdown()
        self.api.server_close()

    def _watch(self) -> None:
        while not self._over.wait(0.02):
            self.peak = max(self.peak, sum(_peak(pid) for pid in _family(self._process.pid)))


def _reserved(place: Place, handler: str, memory: int, address: str) -> dict[str, str]:
    """The variables that Lambda sets; there is no HOME, and the zone is spelt like this."""
    name = f"opsdb-dev-{handler.rpartition('.')[2]}"
    return {
        "PATH": "/usr/local/bin:/usr/bin/:/bin:/opt/bin",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.11",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory),
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/22/[$LATEST]0123456789abcdef0123456789abcdef",
        "AWS_LAMBDA_RUNTIME_API": address,
        "AWS_REGION": "us-east-1",
        "LAMBDA_RUNTIME_DIR": str(place.client),
        "LAMBDA_TASK_ROOT": str(place.task_root),
        "_HANDLER": handler,
    }


def _limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))


def _family(pid: int) -> set[int]:
    """The process and all that descend from it."""
    parents = {int(one.name): _parent(one) for one in Path("/proc").iterdir() if one.name.isdigit()}
    found, before = {pid}, 0
    while len(found) > before:
        before = len(found)
        found |= {child for child, parent in parents.items() if parent in found}
    return found


def _parent(folder: Path) -> int:
    try:
        return int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _peak(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0)
