"""The roster sheet: new people, who wait for HR in the queue before they are employees."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, text

from chalicelib.admin.queries import active_values, add_values
from chalicelib.imports.queries import wait_for_table
from chalicelib.imports.readers import Row, cells
from chalicelib.imports.readers.cells import BadCell
from chalicelib.imports.sheets.differences import changes, tell, tell_new_options
from chalicelib.imports.sheets.sheet import Column, Counts, Job, Problem, Values, normalised, record
from chalicelib.imports.sheets.verdicts import count, day, gather, judge, judge_repeated, unknown
from chalicelib.people.rules import CHOSEN, date_problems

NAME = "roster"

COLUMNS = (
    # A row's number or HR's id: review settles which.
    Column("#", "sheet_number", cells.text, filled=False),
    # Whoever is named in two columns need not be in one, and the other way round.
    Column("Name", "name", cells.text, filled=False),
    Column("Last Name", "last_name", cells.text, filled=False),
    Column("First Name", "first_name", cells.text, filled=False),
    Column("Batch", "batch", cells.text),
    Column("Supervisor", "supervisor", cells.text, filled=False),
    Column("Manager", "manager", cells.text, filled=False),
    Column("Shift", "shift", cells.text),
    Column("Department", "department", cells.text),
    Column("Role", "role", cells.text),
    Column("Hire Date", "hire_date", day),
    Column("BO User", "ruex_id", cells.text, required=False),
    Column("Axonify", "axonify_id", cells.text, required=False),
    Column("Tier", "tier", cells.whole_number, required=False),
    Column("Schedule", "schedule", cells.text, required=False),
    Column("Phase 1 Date", "phase_1_date", day, required=False),
    Column("Phase 2 Date", "phase_2_date", day, required=False),
    Column("Phase 3 Date", "phase_3_date", day, required=False),
)
_HEADERS = {column.field: column.header for column in COLUMNS}
_TYPES = {"tier": "integer"} | {column.field: "date" for column in COLUMNS if column.read is day}
_FIELDS = [column.field for column in COLUMNS if column.field != "name"]
_IDENTITY = ("first_name", "last_name", "batch", "hire_date")
_FACTS = [field for field in _FIELDS if field not in {*_IDENTITY, "sheet_number"}]
MOST_TIER = 1_000_000_000


def is_roster(rows: Iterable[Row]) -> bool:
    """Whether a sheet of people is a roster: told by a `#` and a `Name` column, and no `Odoo ID`."""
    for row in rows:
        names = {normalised(str(cell)) for cell in row.cells if cell is not None}
        if "odooid" in names:
            return False
        if {"#", "name"} <= names:
            return True
    return False


class Roster:
    name = NAME
    columns = COLUMNS
    staged = tuple((field, _TYPES.get(field, "text")) for field in _FIELDS)

    def checker(self, conn: Connection, job: Job) -> "RosterChecker":
        return RosterChecker({} if job.options.add_options else active_values(conn, CHOSEN))

    def decide(self, conn: Connection, job: Job) -> Counts:
        """Rows for the queue, rows of the queue to change, and why each of the others is neither."""
        wait_for_table(conn, table="new_employee_reviews")
        gather(conn, job, self, extra=", folded(first_name || ' ' || last_name) AS called")
        judge_repeated(conn, job, header="Name", key="called, batch, hire_date", facts=_FACTS)
        conn.execute(text(_COMPARE))
        if not job.options.update_existing:
            judge(conn, job, finding="duplicate", rows=_OTHERWISE.format(status="Pending", why=_WAITS))
        judge(conn, job, finding="duplicate", rows=_OTHERWISE.format(status="Verified", why=_JOINED))
        conn.execute(text(_VERDICTS))
        conn.execute(text(_NOTES))
        warned = record(conn, job, finding="warning", rows=_NOTED)
        if job.options.add_options:
            tell_new_options(conn, job, headers={field: _HEADERS[field] for field in CHOSEN})
        tell(conn, job, rows=_TOLD)
        counts = count(conn)
        counts.warned = warned
        return counts

    def write(self, conn: Connection, job: Job) -> None:
        if job.options.add_options:
            add_values(conn, {field: _new_values(conn, field) for field in CHOSEN})
        # A blank cell of a sheet says nothing, and one that says what it said before leaves HR's word alone. What the
        # queue was told of namesakes stays with the row.
        said = ", ".join(f"{fact} = {_news(fact)}" for fact in _FACTS)
        conn.execute(
            text(
                f"""UPDATE new_employee_reviews r SET {said}, sheet_said = coalesce(r.sheet_said, '{{}}') || {_SAID}
                FROM incoming i
                WHERE r.review_id = i.review_id AND i.verdict = 'changed' AND r.status = 'Pending'"""
            )
        )
        names = ", ".join(_FIELDS)
        conn.execute(
            text(
                f"""INSERT INTO new_employee_reviews ({names}, notes, upload_id, sheet_said)
                SELECT {names}, notes, :upload_id, {_SAID} FROM incoming i WHERE verdict = 'new' ORDER BY row_number"""
            ),
            {"upload_id": job.upload_id},
        )


class RosterChecker:
    """Checks one row by itself; who waits already, or works here, is looked at set by set later."""

    def __init__(self, active: dict[str, list[str]]) -> None:
        self._active = active

    def __call__(self, values: Values, problems: list[Problem]) -> Sequence[str | None] | None:
        problems += _named(values)
        for sentence in date_problems(values):
            field, _, reason = sentence.partition(": ")
            problems.append(Problem(_HEADERS.get(field, field), str(values.get(field)), reason))
        tier = values.get("tier")
        if tier is not None and abs(tier) > MOST_TIER:
            problems.append(Problem("Tier", str(tier), f"must be at most {MOST_TIER:,}"))
        for field, admitted in self._active.items():
            value = values.get(field)
            problems += unknown(field, value, header=_HEADERS[field], active=admitted) if value else []
        if problems:
            return None
        return [None if (value := values.get(field)) is None else str(value) for field in _FIELDS]


def _named(values: Values) -> list[Problem]:
    """Takes first and last name from `Name` where their own cells are blank; what is wrong with it."""
    if "first_name" in values and "last_name" in values:
        return []
    if "name" not in values:
        lacking = "First Name" if "first_name" not in values else "Last Name"
        return [Problem(lacking, None, "must not be empty where Name is")]
    try:
        first, last = cells.name(values["name"])
    except BadCell as bad:
        return [Problem("Name", values["name"], str(bad))]
    values.setdefault("first_name", first)
    values.setdefault("last_name", last)
    return []


def _before(fact: str, shown: str | None = None) -> str:
    """SQL: what the sheet said before, as text; of rows that are older than that memory, what stands."""
    return f"CASE WHEN r.sheet_said IS NULL THEN {shown or f'r.{fact}::text'} ELSE r.sheet_said ->> '{fact}' END"


def _news(fact: str) -> str:
    """SQL: a fact as it is to be."""
    return (
        f"CASE WHEN i.{fact}::text IS DISTINCT FROM {_before(fact)} THEN coalesce(i.{fact}, r.{fact}) ELSE r.{fact} END"
    )


def _stood(fact: str) -> str:
    """SQL: what a fact was where it changes; where it does not, what the sheet has."""
    return f"CASE WHEN {_news(fact)} IS DISTINCT FROM r.{fact} THEN r.{fact} ELSE i.{fact} END"


_SAID = f"""jsonb_strip_nulls(jsonb_build_object({
    ", ".join(f"'{name}', i.{name}::text" for name in ("called", "batch", "hire_date", *_FACTS))
}))"""
_SAME = " AND ".join(f"(i.{fact} IS NULL OR i.{fact}::text IS NOT DISTINCT FROM {_before(fact)})" for fact in _FACTS)
_THE_ONE = f"""{_before("called", "folded(r.first_name || ' ' || r.last_name)")} = i.called
            AND {_before("batch")} = i.batch AND {_before("hire_date")} = i.hire_date::text"""
# Of several rows of the queue the one that waits is meant, then the one that joined. A rejected row stays rejected
# where the sheet says the same again; with other facts it is asked for anew.
_COMPARE = f"""
    SELECT 1 FROM new_employee_reviews WHERE status = 'Pending' ORDER BY review_id FOR UPDATE;
    ALTER TABLE incoming ADD review_id bigint, ADD status text, ADD notes text;
    UPDATE incoming n SET review_id = found.review_id, status = found.status,
                          verdict = CASE WHEN found.same THEN 'unchanged' END
    FROM (SELECT DISTINCT ON (i.row_number) i.row_number, r.review_id, r.status, {_SAME} AS same
          FROM incoming i JOIN new_employee_reviews r ON {_THE_ONE}
          WHERE i.verdict IS NULL AND (r.status <> 'Rejected' OR {_SAME})
          ORDER BY i.row_number, array_position(ARRAY['Pending', 'Verified', 'Rejected'], r.status), r.review_id) found
    WHERE n.row_number = found.row_number"""
_OTHERWISE = """
    SELECT row_number, 'Name', first_name || ' ' || last_name, '{why}' FROM incoming
    WHERE verdict IS NULL AND status = '{status}'"""
_WAITS = "waits for HR already, with other facts: update-existing changes them"
_JOINED = "has joined already, with other facts: change the employee"
_VERDICTS = """
    UPDATE incoming SET verdict = CASE WHEN review_id IS NULL THEN 'new' ELSE 'changed' END WHERE verdict IS NULL"""
_NOTES = """
    UPDATE incoming n SET notes = found.notes
    FROM (SELECT i.row_number, string_agg(
                     CASE WHEN e.employee_id::text = i.sheet_number THEN '# ' || i.sheet_number || ' is the id of '
                          ELSE 'called like employee ' || e.employee_id || ', ' END || e.full_name, '; '
                     ORDER BY e.employee_id) AS notes
          FROM incoming i JOIN employees e
            ON folded(e.full_name) = i.called OR e.employee_id::text = i.sheet_number
          WHERE i.verdict = 'new' GROUP BY i.row_number) found
    WHERE n.row_number = found.row_number"""
_NOTED = "SELECT row_number, 'Name', first_name || ' ' || last_name, notes FROM incoming WHERE notes IS NOT NULL"
_TOLD = f"""
    SELECT i.row_number, i.verdict AS outcome, concat_ws(' ', i.first_name, i.last_name, i.batch, i.hire_date) AS key,
           {changes([*_IDENTITY, *_FACTS], blank_keeps=True)} AS changes
    FROM incoming i LEFT JOIN LATERAL (
        SELECT {", ".join([*(f"i.{name}" for name in _IDENTITY), *(f"{_stood(fact)} AS {fact}" for fact in _FACTS)])}
        FROM new_employee_reviews r WHERE r.review_id = i.review_id) o ON true"""


def _new_values(conn: Connection, field: str) -> list[str]:
    rows = conn.execute(
        text(
            f"""SELECT DISTINCT {field} FROM incoming i
            WHERE verdict IN ('new', 'changed') AND NOT EXISTS (
                SELECT FROM admin_options o WHERE o.category = :field AND o.value = i.{field} AND o.is_active)
            ORDER BY 1"""
        ),
        {"field": field},
    )
    return list(rows.scalars())
