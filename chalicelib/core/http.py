"""Routes declared once: query, body, answer and roles; validation, errors and OpenAPI all come from that."""

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any, Generic, TypeVar, get_args, get_origin

import msgspec
from chalice.app import Blueprint, Request, Response
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from chalicelib.core import db, encoding, events, repeats
from chalicelib.core.answers import Elsewhere, File, encoded, id_of, refuse, respond
from chalicelib.core.auth import EVERYBODY, Caller
from chalicelib.core.constraints import translated
from chalicelib.core.errors import Forbidden, Invalid, NotFound, OpsdbError, TooLarge, Unavailable, WrongType
from chalicelib.core.exports import exported
from chalicelib.core.identity import Sent, check_meant, identify, sent_with
from chalicelib.core.inputs import EVERY_ROW, Empty, ListQuery, read_body, read_query
from chalicelib.core.log import request_id
from chalicelib.core.posted import read_file
from chalicelib.core.settings import settings

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 1_000_000
NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,99}")
"""What a path variable that is text may look like: nothing that means anything in a key or a path."""

NOBODY: frozenset[str] = frozenset()
"""The roles of a route that needs no identity."""

STRANGER = Caller(name="nobody", role="")

Row = TypeVar("Row")
Found = TypeVar("Found")
View = Callable[..., Any]


class Page(msgspec.Struct, Generic[Row], frozen=True):
    """One page of a list; `total` counts every row that matches."""

    total: int
    limit: int
    offset: int
    data: list[Row]


class Whole(Page[Row], Generic[Row], frozen=True):
    """Every row of a list; they are read one by one while the request lasts."""

    rows: Iterable[Row] = ()


@dataclass(frozen=True)
class Declared:
    """One route as declared; what requests are validated by and what OpenAPI is written from.

    `answer` is its JSON, `files` are the content types of the Files that it answers with; most have only the first.
    A `secret` answer is said once and kept nowhere. With `instead` the body is a file
    (`posted.Posted`), and that is how a larger one is sent; `beside` is the field of another file that may come
    with it.
    """

    method: str
    path: str
    view: View
    tag: str
    query: type[msgspec.Struct]
    body: type[msgspec.Struct] | None
    answer: Any
    files: tuple[str, ...]
    status: int
    roles: frozenset[str]
    errors: tuple[int, ...]
    secret: bool = False
    instead: str | None = None
    beside: str | None = None

    @property
    def summary(self) -> str:
        return (self.view.__doc__ or self.view.__name__).strip().splitlines()[0]

    @property
    def variables(self) -> list[str]:
        return re.findall(r"{(\w+)}", self.path)

    @property
    def listed(self) -> type[msgspec.Struct] | None:
        """What a list is a list of, also where it says more than its rows; None where the answer is no list."""
        shape = get_origin(self.answer)
        is_list = isinstance(shape, type) and issubclass(shape, Page)
        row: type[msgspec.Struct] | None = get_args(self.answer)[0] if is_list else None
        return row

    @property
    def repeatable(self) -> bool:
        """Whether callers may name a request, to send it again; strangers share a name and so can have no keys."""
        return self.method == "POST" and self.roles is not NOBODY and not self.files

    def is_text(self, variable: str) -> bool:
        """Whether the view takes the variable as `str`; any other is a whole number."""
        return self.view.__annotations__.get(variable) is str


@dataclass(frozen=True)
class Call:
    """One request, understood: who calls, with which query and body. `until_answered` closes what the answer needs.

    One that may be a `repeat` is answered `within` one transaction.
    """

    caller: Caller
    query: Any
    body: Any
    request_id: str
    until_answered: ExitStack
    began: float
    sent: Sent
    repeat: repeats.Repeat | None = None
    within: Connection | None = None

    @property
    def wants_all(self) -> bool:
        """Whether a whole list is asked for, as a file."""
        return isinstance(self.query, ListQuery) and self.query.whole

    @property
    def actor(self) -> db.Actor:
        return db.Actor(self.caller.name, request_id=self.request_id, role=self.caller.role)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for reads. A whole list is read while it is written, by a cursor, which needs a transaction."""
        if self.within is not None:
            yield self.within
        elif self.wants_all:
            yield self.until_answered.enter_context(db.engine().connect())
        else:
            with db.reading() as conn:
                yield conn

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction, audited as this caller; what the database refuses becomes a 4xx."""
        if self.within is not None:
            with translated(), self.within.begin_nested():
                yield self.within
        else:
            with translated(), db.writing(self.actor) as conn:
                yield conn


@dataclass
class Routes:
    """A Chalice blueprint whose routes are declared: `@routes.get("/employees", answer=Page[Employee])`."""

    import_name: str
    tag: str
    declared: list[Declared] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.blueprint = Blueprint(self.import_name)

    def get(self, path: str, **declaration: Any) -> Callable[[View], View]:
        return self._route("GET", path, **declaration)

    def post(self, path: str, **declaration: Any) -> Callable[[View], View]:
        return self._route("POST", path, **{"status": 201, **declaration})

    def put(self, path: str, **declaration: Any) -> Callable[[View], View]:
        return self._route("PUT", path, **declaration)

    def delete(self, path: str, **declaration: Any) -> Callable[[View], View]:
        return self._route("DELETE", path, **declaration)

    def answer(self, method: str, path: str, request: Request, variables: dict[str, str]) -> Response:
        """The reply of the route that is declared with this method and path."""
        route = next(one for one in self.declared if (one.method, one.path) == (method, path))
        return _answer(route, request, variables)

    def _route(
        self,
        method: str,
        path: str,
        *,
        answer: Any = None,
        files: tuple[str, ...] = (),
        query: type[msgspec.Struct] = Empty,
        body: type[msgspec.Struct] | None = None,
        status: int = 200,
        roles: frozenset[str] = EVERYBODY,
        errors: tuple[int, ...] = (),
        secret: bool = False,
        instead: str | None = None,
        beside: str | None = None,
    ) -> Callable[[View], View]:
        def declare(view: View) -> View:
            described = (method, path, view, self.tag, query, body, answer, files, status, roles, errors, secret)
            route = Declared(*described, instead, beside)
            self.declared.append(route)

            # Chalice refuses a wrong Content-Type in words of its own; we check it ourselves.
            @self.blueprint.route(path, methods=[method], name=view.__name__, content_types=["*/*"])
            def handle(**variables: str) -> Response:
                return _answer(route, self.blueprint.current_request, variables)

            return view

        return declare


def _answer(route: Declared, request: Request, variables: dict[str, str]) -> Response:
    """Run one request from identity to answer; whatever happens, the caller gets a well-formed reply."""
    this, caller = id_of(request), STRANGER
    token = request_id.set(this)
    try:
        with translated(), ExitStack() as until_answered:
            began, sent = monotonic(), sent_with(request)
            caller = _identify(route, sent)
            check_meant(sent, caller, settings())
            _check_role(route, caller)
            call = Call(caller, None, None, this, until_answered, began, sent)
            call, values = _understand(route, call, request, variables)
            if call.repeat is not None:
                told = _once(route, call, values, call.repeat)
                return respond(told.status, msgspec.Raw(told.body), this)
            answer = _viewed(route, call, values)
            is_file = isinstance(answer, (File, Elsewhere))
            if call.wants_all and not is_file:
                answer = _file(route, call, answer, values)
            return respond(route.status, answer, this)
    except OpsdbError as error:
        if isinstance(error, Forbidden) and caller is not STRANGER:
            _put_on_record(route, caller, this)
        if error.status >= 500:
            why = error if error.__cause__ else None
            log.error("%s %s refused: %s", route.method, route.path, error, exc_info=why)
        return refuse(error, this)
    except Exception:
        log.exception("%s %s failed", route.method, route.path)
        return refuse(OpsdbError(summary="Internal error: the request id finds it in the log"), this)
    finally:
        request_id.reset(token)


def _viewed(route: Declared, call: Call, values: dict[str, Any]) -> Any:
    """What the view says; what only reads is asked again when its connection dies, as in a failover."""
    return insisting(lambda: route.view(call, **values)) if route.method == "GET" else route.view(call, **values)


def _once(route: Declared, call: Call, values: dict[str, Any], repeat: repeats.Repeat) -> repeats.Told:
    """What the view says, kept in the transaction that it writes in; or what it said to the same request before."""
    with db.writing(call.actor) as conn:
        if before := repeats.claim(conn, repeat):
            return before
        told = repeats.Told(route.status, encoded(route.view(replace(call, within=conn), **values)))
        repeats.keep(conn, repeat, told, secret=route.secret)
        return told


def _file(route: Declared, call: Call, answer: Page[Any], values: dict[str, Any]) -> File | Elsewhere:
    assert route.listed is not None
    rows = answer.rows if isinstance(answer, Whole) else answer.data
    name = route.path.format(**values).strip("/").replace("/", "-")
    return exported(call.query.format, rows, shape=route.listed, total=answer.total, name=name, began=call.began)


def _understand(
    route: Declared, call: Call, request: Request, variables: dict[str, str]
) -> tuple[Call, dict[str, Any]]:
    # A variable of the wrong shape names nothing that exists.
    values = {
        name: _name(name, text) if route.is_text(name) else _number(name, text)
        for name, text in encoding.variables(request, variables).items()
    }
    query, body, key = None, None, None
    problems: list[str] = []
    try:
        query = read_query(route.query, _query_values(request))
    except Invalid as error:
        problems += error.problems
    try:
        body = _read_sent(route, request)
    except Invalid as error:
        problems += error.problems
    try:
        key = repeats.key_in(request.headers.get(repeats.HEADER)) if route.repeatable else None
    except Invalid as error:
        problems += error.problems
    if problems:
        raise Invalid(*problems)
    if isinstance(query, ListQuery) and query.whole:
        # A list that is cut by the feature itself is not cut.
        query = msgspec.structs.replace(query, limit=EVERY_ROW, offset=0)
    call = replace(call, query=query, body=body)
    if key is not None:
        said = (values, query, request.raw_body if body is None else body)
        made = repeats.fingerprint(f"{route.method} {route.path}", *said)
        call = replace(call, repeat=repeats.Repeat(call.caller.name, key, made))
    return call, values


def _identify(route: Declared, sent: Sent) -> Caller:
    if route.roles is NOBODY:
        return STRANGER
    return insisting(lambda: _identified(sent))


def _check_role(route: Declared, caller: Caller) -> None:
    if route.roles is not NOBODY and caller.role not in route.roles:
        raise Forbidden(f"this needs one of the roles {', '.join(sorted(route.roles))}; yours is {caller.role}")


def _put_on_record(route: Declared, caller: Caller, this: str) -> None:
    """Somebody known asked for what is not theirs. The answer stands, whatever becomes of the record."""
    try:
        with db.writing(db.Actor(caller.name, request_id=this, role=caller.role)) as conn:
            events.note(conn, "refused", method=route.method, path=f"/api{route.path}", roles=sorted(route.roles))
    except Exception:
        log.exception("%s %s was refused, and not put on record", route.method, route.path)


def _identified(sent: Sent) -> Caller:
    with db.reading() as conn:
        return identify(conn, sent, settings())


def insisting(ask: Callable[[], Found]) -> Found:
    """Ask twice where asking changes nothing: a statement may meet a connection that died meanwhile."""
    for last in (False, True):
        try:
            with translated():
                return ask()
        except Unavailable as error:
            if last or not isinstance(error.__cause__, DBAPIError) or not error.__cause__.connection_invalidated:
                raise
    raise AssertionError("unreachable")


def _number(name: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 16:
        raise NotFound(f"{name}: must be a whole number, got {text[:40]!r}")
    return int(text)


def _name(name: str, text: str) -> str:
    if not NAME.fullmatch(text):
        raise NotFound(f"{name}: must be letters, digits, '-', '_' and '.', got {text[:40]!r}")
    return text


def _query_values(request: Request) -> dict[str, list[str]]:
    params = request.query_params
    return {name: params.getlist(name) for name in params} if params else {}


def _read_sent(route: Declared, request: Request) -> msgspec.Struct | None:
    if route.instead is not None:
        kind, raw = request.headers.get("content-type", ""), request.raw_body
        raw = raw.encode() if isinstance(raw, str) else raw
        return read_file(kind, raw, instead=route.instead, beside=route.beside)
    return _read_json(route, request) if route.body else None


def _read_json(route: Declared, request: Request) -> msgspec.Struct:
    assert route.body is not None
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise WrongType(f"Content-Type: must be application/json, got {kind[:80]}")
    raw = request.raw_body
    if len(raw) > MAX_BODY_BYTES:
        raise TooLarge(f"body: must be at most {MAX_BODY_BYTES} bytes, got {len(raw)}")
    return read_body(route.body, raw)
