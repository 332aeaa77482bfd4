"""The whole floor in the foreground: PostgreSQL, S3, the API and the event pump, until Ctrl-C."""

import os
import signal
import time
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Thread
from types import FrameType

from local import environment, files, postgres, processes, ready, s3, services
from local.demo import users
from local.files import StackError
from local.prepare import prepare

ROOT = Path(__file__).resolve().parent.parent
"""The repository: where `app.py` is."""

DEFAULT_PORT = 8000

HEALTHY_WITHIN = 60.0
"""Seconds for the API's first answer."""

MOST_REVIVALS = 3
"""How often one run of the stack starts a database or S3 server again that died."""


class Stopped(BaseException):
    """Somebody asked the stack to end."""


def up(data: Path, port: int | None, demo: bool, *, root: Path = ROOT) -> None:
    """Run the stack on the folder `data` until Ctrl-C or SIGTERM, then return; raises StackError when it cannot.

    `port` None is 8000, or the next free one; `demo` fills an empty floor.
    """
    with _signals():
        try:
            with files.explained(data), ExitStack() as held:
                stack = Stack(_data_folder(data), root, held)
                stack.start(port, demo)
                stack.supervise()
        except Stopped:
            _say("Stopped.")


def _say(text: str) -> None:
    print(text, flush=True)


@contextmanager
def _signals() -> Iterator[None]:
    """Turn the first SIGINT, SIGTERM or SIGHUP into Stopped; more of them do not disturb the orderly end."""
    asked = False

    def stop(*_: int | FrameType | None) -> None:
        nonlocal asked
        if not asked:
            asked = True
            raise Stopped

    before = {each: signal.signal(each, stop) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _data_folder(data: Path) -> Path:
    with files.explained(data):
        if data.is_dir() and any(data.iterdir()) and not (data / "lock").exists():
            raise StackError(f"{data} holds something else than opsdb's data: choose another folder with DATA=...")
    folder = files.make_folder(data, passable=True).resolve()
    files.check_room(folder)
    return folder


class Stack:
    """The parts of one running floor; `held` ends them in reverse order."""

    def __init__(self, data: Path, root: Path, held: ExitStack) -> None:
        self.data, self.root, self.held = data, root, held
        self.began = time.monotonic()
        self.database: postgres.Server | None = None
        self.services: list[services.Service] = []
        self.settings: dict[str, str] = {}
        self.revivals = 0
        held.enter_context(processes.locked(data))
        ready.forget(data)

    def start(self, port: int | None, demo: bool) -> None:
        """Bring everything up; S3, which is slowest and mostly waits, starts first and is awaited last."""
        self.port = self._choose_port(port)
        self.logs = files.make_folder(self.data / "logs")
        processes.end_leftovers(self.logs)
        self.objects = s3.Server(self.data / "s3")
        self.held.callback(self._stop_all)
        self.objects.launch()
        self._start_database()
        key = self._prepared(demo)
        self.api = self._run("api", services.api_command(self.port))
        self._await_objects()
        self._run("pump", services.pump_command(self.data / "pump"))
        self._await_api(may_move=port is None)
        self._announce(key)

    def _choose_port(self, asked: int | None) -> int:
        """The port to serve on, claimed until the end."""
        for port in range(DEFAULT_PORT, DEFAULT_PORT + 200) if asked is None else (asked,):
            if claim := services.reserve(port):
                self.held.enter_context(claim)
                if asked is None and port != DEFAULT_PORT:
                    _say(f"Port {DEFAULT_PORT} is taken: this floor is on {port} (PORT=... chooses).")
                return port
        raise StackError(f"port {asked or DEFAULT_PORT} is taken: choose another with PORT=...")

    def _start_database(self) -> None:
        given = os.environ.get("DATABASE_URL")
        if given:
            _say("Starting S3; the database is the one that DATABASE_URL names ...")
            urls = environment.given_database(given)
        else:
            self.database = postgres.start(self.data / "postgres")
            _say(f"PostgreSQL {self.database.major} runs; starting S3 ...")
            urls = environment.own_database(self.database, self.data)
        self._set(urls | environment.objects(self.objects) | environment.common(self.data))

    def _set(self, settings: dict[str, str]) -> None:
        self.settings |= settings
        environment.write(self.data, self.settings)

    def _prepared(self, demo: bool) -> str:
        """The API key, once roles, schema and floor stand. In a thread, since a long statement holds up signals."""
        outcome: list[str | BaseException] = []

        def work() -> None:
            try:
                outcome.append(prepare(dict(self.settings), demo))
            except BaseException as error:
                outcome.append(error)

        worker = Thread(target=work, daemon=True)
        worker.start()
        while worker.is_alive():
            worker.join(0.05)
        if isinstance(outcome[0], str):
            return outcome[0]
        raise self._explained(outcome[0])

    def _explained(self, error: BaseException) -> BaseException:
        if isinstance(error, StackError):
            return error
        log = self.logs / "prepare.log"
        with suppress(OSError):
            files.write_private(log, "".join(traceback.format_exception(error)))
        said = " ".join(str(error).split("\n")[0].split()) or type(error).__name__
        if "No space left on device" in str(error):
            said = f"the disk of {self.data} is full"
            return StackError(f"{said}: free some space or choose another folder with DATA=...")
        return StackError(f"the database could not be prepared ({said}): see {log}")

    def _run(self, name: str, command: list[str]) -> services.Service:
        env = environment.of_children(self.settings)
        service = services.Service(name, command, self.logs, self.root, env, _say)
        self.services.append(service)
        service.start()
        return service

    def _await_objects(self) -> None:
        before = self.objects.endpoint
        self.objects.wait_ready()
        for bucket in (environment.UPLOADS, environment.BACKUPS):
            self.objects.make_bucket(bucket)
        if self.objects.endpoint != before:
            self._tell_objects_moved()

    def _tell_objects_moved(self) -> None:
        """S3 had to take another port: everybody is told."""
        self._set(environment.objects(self.objects))
        for service in self.services:
            service.restart(env=environment.of_children(self.settings))

    def _await_api(self, *, may_move: bool) -> None:
        deadline = time.monotonic() + HEALTHY_WITHIN
        while not (self.api.alive and services.healthy(self.port)):
            end = files.tail(self.api.log, 4000)
            if not self.api.alive and may_move and "Address already in use" in end:
                self.port = self._choose_port(None)
                self.api.restart(services.api_command(self.port))
            elif not self.api.alive:
                raise StackError(f"the API did not start ({files.last_line(self.api.log)}): see {self.api.log}")
            elif time.monotonic() > deadline:
                raise StackError(f"the API did not answer within {HEALTHY_WITHIN:.0f} s: see {self.api.log}")
            time.sleep(0.05)

    def _announce(self, key: str) -> None:
        url = f"http://{processes.HOST}:{self.port}"
        password = self._demo_password()
        ready.write(self.data, url=url, api_key=key, settings=self.settings, password=password)
        seconds = time.monotonic() - self.began
        _say(ready.greeting(self.data, self.root, url=url, api_key=key, seconds=seconds, password=password))

    def _demo_password(self) -> str | None:
        """What the demo's users sign in with, where they are there."""
        file = self.data / users.SIGN_IN_FILE
        return file.read_text().strip() if file.is_file() else None

    def supervise(self) -> None:
        """Keep everything running; returns only by Stopped or StackError."""
        while True:
            time.sleep(0.3)
            for service in self.services:
                service.watch()
            if self.database and not self.database.alive:
                self._revive("PostgreSQL", self.database)
            if not self.objects.alive:
                self._revive("S3", self.objects)

    def _revive(self, name: str, server: postgres.Server | s3.Server) -> None:
        why = files.last_line(server.log)
        self.revivals += 1
        if self.revivals > MOST_REVIVALS:
            raise StackError(f"{name} ends again and again ({why}): see {server.log}")
        _say(f"{name} ended ({why}); starting it again ...")
        before = server.address
        server.launch()
        server.wait_ready()
        if server.address != before and server is self.database:
            raise StackError(f"{name} ended and its port was taken meanwhile: start the stack again")
        if server.address != before:
            self._tell_objects_moved()

    def _stop_all(self) -> None:
        """The API and the pump first, so that neither meets a dead database; within a group all at once."""
        ready.forget(self.data)
        processes.stop(*(child for one in self.services for child in one.children()))
        servers = [one for one in (self.objects, self.database) if one]
        processes.stop(*(child for one in servers for child in one.children()))
        for one in servers:
            one.stop()
