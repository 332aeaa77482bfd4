"""Who a sheet means: an employee id, or a RUEX ID (domain.md, rule 9)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from sqlalchemy import Connection, text

from chalicelib.imports.readers.cells import BadCell
from chalicelib.people.rules import computed_ruex_id

_PEOPLE = text("SELECT employee_id, full_name, first_name, last_name, folded(ruex_id) AS ruex_id FROM employees")
_FOLDED = text(
    "SELECT folded(one) FROM unnest(CAST(:said AS text[])) WITH ORDINALITY AS said (one, place) ORDER BY place"
)


class Directory:
    """Everybody who can be meant, loaded once per run."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._names: dict[int, str] = {}
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

    def __contains__(self, employee_id: int) -> bool:
        return employee_id in self._names

    def _find(self, said: str) -> int:
        """The employee id behind an id or a RUEX ID; BadCell when it is nobody's or several people's."""
        if said.isdigit():
            if int(said) in self._names:
                return int(said)
            raise BadCell("is no employee's id")
        folded = said.lower() if said.isascii() else self._folded([said])[0]
        for candidates in (self._by_ruex_id.get(folded), self._by_computed.get(folded)):
            if candidates:
                return self._only(candidates)
        raise BadCell("is no employee's RUEX ID")

    def _only(self, candidates: Sequence[int]) -> int:
        if len(candidates) == 1:
            return candidates[0]
        listed = ", ".join(f"{one} ({self._names[one]})" for one in sorted(candidates)[:5])
        raise BadCell(f"is the RUEX ID of {len(candidates)} people: {listed}; use the employee id instead")

    def _folded(self, said: Iterable[str]) -> list[str]:
        """By the database's dictionary, so that both sides of the comparison are folded alike."""
        return list(self._conn.execute(_FOLDED, {"said": list(said)}).scalars())
