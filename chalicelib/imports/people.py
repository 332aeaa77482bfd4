"""Who a sheet means: an employee id, or a RUEX ID (domain.md, rule 9)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import Connection, text

from chalicelib.imports.readers.cells import BadCell
from chalicelib.people.rules import computed_ruex_id

_PEOPLE = text("SELECT employee_id, full_name, first_name, last_name, folded(ruex_id) AS ruex_id FROM employees")
_FOLDED = text(
    "SELECT folded(one) FROM unnest(CAST(:said AS text[])) WITH ORDINALITY AS said (one, place) ORDER BY place"
)


class Person(NamedTuple):
    """Somebody in the employee file beside a schedule file; the login is None where the file has none."""

    employee_id: int
    first_name: str
    last_name: str
    ruex_id: str | None


class Directory:
    """Everybody who can be meant, loaded once per run; the people of an employee file come before those here."""

    def __init__(self, conn: Connection, beside: Sequence[Person] = ()) -> None:
        self._conn = conn
        self._names: dict[int, str] = {}
        self._beside = {one.employee_id: f"{one.first_name} {one.last_name}" for one in beside}
        self._by_file = self._logins(beside)
        self._by_ruex_id: Mapping[str, list[int]] = defaultdict(list)
        self._by_computed: Mapping[str, list[int]] = defaultdict(list)
        people = conn.execute(_PEOPLE).all()
        computed = self._folded(
            "" if None in (row.first_name, row.last_name) else computed_ruex_id(row.first_name, row.last_name)
            for row in people
        )
        for row, login in zip(people, computed, strict=True):
            self._names[row.employee_id] = row.full_name
            if row.ruex_id:
                self._by_ruex_id[row.ruex_id].append(row.employee_id)
            if login:
                self._by_computed[login].append(row.employee_id)
        self.find = lru_cache(maxsize=100_000)(self._find)

    def _logins(self, beside: Sequence[Person]) -> Mapping[str, list[int]]:
        """Each has the login that the file gives, else the computed one; a person who is there twice counts once."""
        found: Mapping[str, list[int]] = defaultdict(list)
        said = (one.ruex_id or computed_ruex_id(one.first_name, one.last_name) for one in beside)
        for one, login in zip(beside, self._folded(said), strict=True):
            if login and one.employee_id not in found[login]:
                found[login].append(one.employee_id)
        return found

    def __contains__(self, employee_id: int) -> bool:
        return employee_id in self._names

    def _find(self, said: str) -> int:
        """The employee id behind an id or a RUEX ID; BadCell when it is nobody's or several people's."""
        if said.isdigit():
            if int(said) in self._names:
                return int(said)
            raise BadCell("is no employee's id")
        folded = said.lower() if said.isascii() else self._folded([said])[0]
        if candidates := self._by_file.get(folded):
            return self._here(self._only(candidates))
        for candidates in (self._by_ruex_id.get(folded), self._by_computed.get(folded)):
            if candidates:
                return self._only(candidates)
        raise BadCell("is no employee's RUEX ID")

    def _here(self, employee_id: int) -> int:
        """The file is for matching: whoever is only in there is nobody's employee."""
        if employee_id in self._names:
            return employee_id
        name = self._beside[employee_id]
        raise BadCell(f"is the RUEX ID of {employee_id} ({name}) in the employee file, who is no employee here")

    def _only(self, candidates: Sequence[int]) -> int:
        if len(candidates) == 1:
            return candidates[0]
        listed = ", ".join(f"{one} ({self._names.get(one) or self._beside[one]})" for one in sorted(candidates)[:5])
        raise BadCell(f"is the RUEX ID of {len(candidates)} people: {listed}; use the employee id instead")

    def _folded(self, said: Iterable[str]) -> list[str]:
        """By the database's dictionary, so that both sides of the comparison are folded alike."""
        return list(self._conn.execute(_FOLDED, {"said": list(said)}).scalars())
