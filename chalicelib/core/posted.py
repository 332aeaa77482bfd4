"""Bodies that are a file: the field `file` of a multipart form, and another one beside it where a route takes it."""

import io
from typing import Any

import msgspec

from chalicelib.core.errors import Invalid, TooLarge, WrongType

FORM = "multipart/form-data"
FIELD = "file"
LARGEST = 4_000_000
"""Bytes: a function is called with 6 MB at most, and base64 takes a third more."""

_AROUND = 10_000
"""Bytes of boundaries and headers around the file."""


class Posted(msgspec.Struct, frozen=True):
    """A file that was sent, and what its sender calls it."""

    filename: str
    content: bytes
    beside: "Posted | None" = None


def schema(beside: str | None = None) -> dict[str, Any]:
    """The form as OpenAPI says it; a field `beside` the file may be left out."""
    file = {"type": "string", "format": "binary"}
    fields = dict.fromkeys(filter(None, (FIELD, beside)), file)
    return {"type": "object", "properties": fields, "required": [FIELD], "additionalProperties": False}


def read_file(content_type: str, raw: bytes, *, instead: str, beside: str | None = None) -> Posted:
    """The file of the form, with the one of the field `beside` where there is one; Invalid names every field that is
    wrong. `instead` says how a larger one is sent."""
    # A cold start does not wait for it.
    import multipart  # type: ignore[import-untyped]

    kind, options = multipart.parse_options_header(content_type)
    if kind != FORM:
        raise WrongType(f"Content-Type: must be {FORM}, got {kind[:80]}")
    if len(raw) > LARGEST + _AROUND:
        raise TooLarge(f"{FIELD}: must be at most {LARGEST} bytes; {instead}")
    try:
        parser = multipart.MultipartParser(io.BytesIO(raw), options.get("boundary", ""), len(raw), part_limit=16)
        parts = [(part.name, part.filename, part.raw) for part in parser]
    except multipart.MultipartError as error:
        raise Invalid(f"body: is no {FORM} ({error})") from None
    except (UnicodeError, ValueError):
        raise Invalid(f"body: is no {FORM}") from None
    problems = [
        f"{str(name)[:40]}: unknown field of the form; options are query parameters"
        for name, _, _ in parts
        if name != FIELD and (beside is None or name != beside)
    ]
    files = [Posted(_last(filename), content) for name, filename, content in parts if name == FIELD]
    others = [Posted(_last(filename), content) for name, filename, content in parts if beside and name == beside]
    if len(files) != 1 or not parts:
        problems.append(f"{FIELD}: is required, once; got {len(files)}")
    if len(others) > 1:
        problems.append(f"{beside}: is sent once or not at all; got {len(others)}")
    if problems:
        raise Invalid(*problems)
    if sum(len(one.content) for one in files + others) > LARGEST:
        what = f"{FIELD} and {beside}: must together" if others else f"{FIELD}: must"
        raise TooLarge(f"{what} be at most {LARGEST} bytes; {instead}")
    return Posted(files[0].filename, files[0].content, *others)


def _last(filename: str | None) -> str:
    """The name without folders, of characters that can stand in a key."""
    name = (filename or "").replace("\\", "/").rpartition("/")[2].strip()
    shown = "".join(one if one.isprintable() else "_" for one in name)[-100:]
    return shown if shown.strip(".") else "sheet"
