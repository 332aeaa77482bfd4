"""SQL that says of rows of the plan whose they are, and where those people belonged on the nominal date."""

from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, func, or_

from chalicelib.core.inputs import PersonFilters
from chalicelib.core.tables import assignments, employees

PERSON = frozenset({"full_name", "first_name", "last_name", "batch"})
ASSIGNED = frozenset({"department", "supervisor", "manager", "shift", "role"})

GONE = "(e.attrition_date < s.nominal_date OR (e.status = 'Inactive' AND e.attrition_date IS NULL))"
"""The employee `e` has left by the nominal date of the row `s`; null where nobody says."""


class Belonging:
    """Rows of the plan that are named `s`, with the employees as `e` and their assignments of the nominal date as `a`.

    `within` is where the rows come from, when that is more than the rows.
    """

    def __init__(self, rows: FromClause, *, within: FromClause | None = None) -> None:
        self.rows, self.person, self.then = rows, employees.alias("e"), assignments.alias("a")
        s, e, a = self.rows.c, self.person.c, self.then.c
        valid = and_(a.valid_from <= s.nominal_date, or_(a.valid_to.is_(None), a.valid_to > s.nominal_date))
        persons = (rows if within is None else within).join(self.person, e.employee_id == s.employee_id, isouter=True)
        self.source: FromClause = persons.join(self.then, and_(a.employee_id == s.employee_id, valid), isouter=True)

    def column(self, name: str) -> ColumnElement[Any]:
        """A column by the name that answers have for it."""
        if name in ASSIGNED:
            return func.coalesce(self.then.c[name], self.person.c[name])
        return self.person.c[name] if name in PERSON else self.rows.c[name]

    def conditions(self, query: PersonFilters) -> list[ColumnElement[bool]]:
        """The filters that every list about people has, by where they belonged."""
        chosen = {
            self.rows.c.employee_id: query.employee_id,
            self.person.c.batch: query.batch,
            self.person.c.status: query.employee_status,
            **{self.column(name): getattr(query, name) for name in ASSIGNED},
        }
        return [column.in_(values) for column, values in chosen.items() if values]
