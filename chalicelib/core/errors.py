"""The one family of errors; each knows its HTTP status, none knows HTTP."""

from collections.abc import Sequence
from math import ceil


class OpsdbError(Exception):
    """Something a caller can act on. `problems` are full sentences, one each."""

    status = 500
    summary = "Something went wrong"

    def __init__(self, *problems: str, summary: str | None = None) -> None:
        self.problems: Sequence[str] = problems
        self.summary = summary or self.summary
        super().__init__("; ".join(problems) or self.summary)


class Invalid(OpsdbError):
    """What was sent cannot be understood or breaks a rule; every problem is named."""

    status = 400
    summary = "Invalid input"


class Unauthenticated(OpsdbError):
    status = 401
    summary = "Sign in, or send a valid X-API-Key"


class Forbidden(OpsdbError):
    status = 403
    summary = "Not allowed"


class NotFound(OpsdbError):
    status = 404
    summary = "Resource not found"


class Conflict(OpsdbError):
    """The request is well formed but contradicts what stands: duplicate, overlap, wrong state."""

    status = 409
    summary = "Conflict"


class TooLarge(OpsdbError):
    status = 413
    summary = "Too large"


class WrongType(OpsdbError):
    status = 415
    summary = "Wrong file type"


class TooMany(OpsdbError):
    """Not now: what is asked is looked at again in so many seconds."""

    status = 429
    summary = "Slow down"

    def __init__(self, *problems: str, seconds: float) -> None:
        super().__init__(*problems)
        self.seconds = max(1, ceil(seconds))


class Unavailable(OpsdbError):
    """Something opsdb stands on does not answer now; trying again later is right."""

    status = 503
    summary = "Not available right now; try again"


class NotYet(Unavailable):
    """It was asked for and is on its way: a state to wait for, then to ask again."""

    summary = "Not there yet; ask again later"
