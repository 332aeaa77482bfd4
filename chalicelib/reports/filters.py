"""What reports are asked for: whose figures, and where people belong."""

from typing import Annotated, Literal

from msgspec import Meta

from chalicelib.core.inputs import EmployeeId, Input, PersonFilters

AsOf = Annotated[
    Literal["date", "today"],
    Meta(description="people belong where they did on each date, or where they do today"),
]


NAMING = {"employee_id", "full_name", "first_name", "last_name", "supervisor"}
"""What tells who somebody is, which clients are not told, nor may sort by."""


class Filters(Input, frozen=True, kw_only=True):
    """Which people a report without pages is about; each may be given more than once."""

    employee_id: list[EmployeeId] = []
    department: list[str] = []
    supervisor: list[str] = []
    manager: list[str] = []
    batch: list[str] = []
    shift: list[str] = []
    role: list[str] = []
    employee_status: list[str] = []
    as_of: AsOf = "date"


class PagedFilters(PersonFilters, frozen=True, kw_only=True):
    """Which people a report is about whose rows are people, a page of them."""

    as_of: AsOf = "date"
    anonymous: Annotated[bool, Meta(description="without names and ids, for clients")] = False


Asked = Filters | PagedFilters
