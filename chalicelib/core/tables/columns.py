"""The one MetaData, how its constraints are named, and the column shapes that tables share."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Identity, MetaData, Table, Text, func, text
from sqlalchemy.schema import SchemaItem

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "ck": "%(table_name)s_%(constraint_name)s_check",
    }
)
"""Errors are matched by constraint name, so every constraint has one that can be foretold."""


_also: dict[str, Callable[[], Sequence[SchemaItem]]] = {}


def table(name: str, *columns: SchemaItem, also: Callable[[], Sequence[SchemaItem]] = tuple) -> Table:
    """A table of the one MetaData. What the database keeps beside its columns is made by `whole` only: no statement
    looks at it, and it is two thirds of what tables would cost a cold start."""
    _also[name] = also
    return Table(name, metadata, *columns)


def whole() -> MetaData:
    """The tables with their constraints and indexes, for who compares them with a database."""
    while _also:
        name, also = _also.popitem()
        Table(name, metadata, *also(), extend_existing=True)
    return metadata


def identity(name: str) -> Column[int]:
    """A primary key that the database numbers; imports from an earlier opsdb may bring their own."""
    return Column(name, BigInteger, Identity(), primary_key=True)


def moment(name: str, **options: Any) -> Column[Any]:
    """A point in time, with zone."""
    return Column(name, DateTime(timezone=True), **options)


def created_at() -> Column[Any]:
    return moment("created_at", nullable=False, server_default=func.now())


def person(name: str = "employee_id", **options: Any) -> Column[int]:
    """Somebody ever known here; survives their departure, since it refers to people and not to employees."""
    options.setdefault("nullable", False)
    return Column(name, BigInteger, ForeignKey("people.employee_id"), **options)


def of_upload() -> Column[Any]:
    """The upload that made the row, as the transaction says."""
    said = "(NULLIF(current_setting('opsdb.upload_id'::text, true), ''::text))::bigint"
    return Column("upload_id", BigInteger, server_default=text(said))


def words(name: str, **options: Any) -> Column[str]:
    return Column(name, Text, **options)


def one_of(column: str, *values: str) -> str:
    """A CHECK text that admits these values."""
    listed = ", ".join(f"'{value}'" for value in values)
    return f"{column} IN ({listed})"
