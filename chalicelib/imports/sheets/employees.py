"""The employees sheet: people who join, and what changed about those who are here."""

from collections.abc import Sequence

from sqlalchemy import Connection, text

from chalicelib.admin.queries import active_values, add_values
from chalicelib.imports.queries import wait_for_table
from chalicelib.imports.readers import cells
from chalicelib.imports.sheets.differences import tell_new_options, tell_verdicts
from chalicelib.imports.sheets.sheet import Column, Counts, Job, Problem, Values, record, stage_as
from chalicelib.imports.sheets.verdicts import count, day, unknown
from chalicelib.people.queries import record_assignments, record_employments
from chalicelib.people.rules import CHOSEN, date_problems

COLUMNS = (
    Column("Odoo ID", "employee_id", cells.employee_id),
    Column("First Name", "first_name", cells.text),
    Column("Last Name", "last_name", cells.text),
    Column("Batch", "batch", cells.text),
    # Somebody is at the top: these columns must be there, their cells may be blank.
    Column("Supervisor", "supervisor", cells.text, filled=False),
    Column("Manager", "manager", cells.text, filled=False),
    Column("Shift", "shift", cells.text),
    Column("Department", "department", cells.text),
    Column("Role", "role", cells.text),
    Column("Hire Date", "hire_date", day),
    Column("Company Email", "company_email", cells.email),
    Column("Tier", "tier", cells.whole_number, required=False),
    Column("Agent ID", "agent_id", cells.text, required=False),
    Column("BO User", "ruex_id", cells.text, required=False),
    Column("Axonify", "axonify_id", cells.text, required=False),
    Column("Phase 1 Date", "phase_1_date", day, required=False),
    Column("Phase 2 Date", "phase_2_date", day, required=False),
    Column("Phase 3 Date", "phase_3_date", day, required=False),
    Column("Access Card", "access_card", cells.text, required=False),
    Column("Token Serial", "token_serial", cells.text, required=False),
    Column("Building Card", "building_card", cells.text, required=False),
)
_TYPES = {"employee_id": "bigint", "tier": "integer"} | {
    column.field: "date" for column in COLUMNS if column.read is day
}
_FIELDS = [column.field for column in COLUMNS]
_FACTS = [field for field in _FIELDS if field != "employee_id"]
_HEADERS = {column.field: column.header for column in COLUMNS}


class Employees:
    name = "employees"
    columns = COLUMNS
    staged = tuple((field, _TYPES.get(field, "text")) for field in _FIELDS)

    def checker(self, conn: Connection, job: Job) -> "EmployeeChecker":
        return EmployeeChecker({} if job.options.add_options else active_values(conn, CHOSEN))

    def decide(self, conn: Connection, job: Job) -> Counts:
        """New people, people to change, and why each of the others is neither."""
        wait_for_table(conn, table="employees")
        stage_as(conn, "incoming", kind=self, job=job)
        conn.execute(text("ALTER TABLE incoming ADD verdict text"))
        for rows in _REPEATED:
            _refuse(conn, job, rows)
        conn.execute(text(_COMPARE))
        _refuse(conn, job, _EMAIL_TAKEN)
        if not job.options.update_existing:
            conn.execute(text("UPDATE incoming SET verdict = 'duplicate' WHERE verdict = 'changed'"))
            record(conn, job, finding="duplicate", rows=_DUPLICATES)
        if job.options.add_options:
            tell_new_options(conn, job, headers={field: _HEADERS[field] for field in CHOSEN})
        standing = "LEFT JOIN employees o USING (employee_id)"
        tell_verdicts(conn, job, key=["employee_id"], facts=_FACTS, standing=standing, blank_keeps=True)
        return count(conn)

    def write(self, conn: Connection, job: Job) -> None:
        if job.options.add_options:
            add_values(conn, {field: _new_values(conn, field) for field in CHOSEN})
        listed = ", ".join(_FIELDS)
        conn.execute(text(f"INSERT INTO employees ({listed}) SELECT {listed} FROM incoming WHERE verdict = 'new'"))
        # A blank cell of a sheet says nothing; it never erases what is known.
        assigned = ", ".join(f"{field} = coalesce(i.{field}, e.{field})" for field in _FACTS)
        conn.execute(
            text(
                f"UPDATE employees e SET {assigned}, updated_at = now()"
                " FROM incoming i WHERE i.employee_id = e.employee_id AND i.verdict = 'changed'"
            )
        )
        touched = conn.execute(text("SELECT employee_id FROM incoming WHERE verdict IN ('new', 'changed')"))
        employee_ids = list(touched.scalars())
        record_assignments(conn, employee_ids=employee_ids, effective_date=job.local_now.date())
        record_employments(conn, employee_ids=employee_ids)


class EmployeeChecker:
    """Checks one row by itself; what needs the other rows or the table is decided set by set later."""

    def __init__(self, active: dict[str, list[str]]) -> None:
        self._active = active

    def __call__(self, values: Values, problems: list[Problem]) -> Sequence[str | None] | None:
        problems += [self._dated(sentence, values) for sentence in date_problems(values)]
        for field, admitted in self._active.items():
            value = values.get(field)
            problems += unknown(field, value, header=_HEADERS[field], active=admitted) if value else []
        if problems:
            return None
        return [None if (value := values.get(field)) is None else str(value) for field in _FIELDS]

    @staticmethod
    def _dated(sentence: str, values: Values) -> Problem:
        field, _, reason = sentence.partition(": ")
        return Problem(_HEADERS.get(field, field), str(values.get(field)), reason)


def _refuse(conn: Connection, job: Job, rows: str) -> None:
    """Record these rows as errors and leave them out of everything that follows."""
    if record(conn, job, finding="error", rows=rows):
        conn.execute(
            text(
                """UPDATE incoming i SET verdict = 'error' FROM upload_errors e
                WHERE e.upload_id = :upload_id AND e.row_number = i.row_number AND e.finding = 'error'"""
            ),
            {"upload_id": job.upload_id},
        )


def _repeated(field: str, key: str, reason: str) -> str:
    """Rows that share what only one person may have; each names the others."""
    return f"""
        SELECT row_number, '{_HEADERS[field]}', {field}::text,
               '{reason} ' || array_to_string(array_remove(sharing, row_number), ', ')
        FROM (SELECT row_number, {field}, array_agg(row_number) OVER (PARTITION BY {key}) AS sharing
              FROM incoming WHERE verdict IS NULL AND {field} IS NOT NULL) shared
        WHERE cardinality(sharing) > 1"""


_REPEATED = (
    _repeated("employee_id", "employee_id", "this person is also in row"),
    _repeated("company_email", "lower(company_email)", "this address is also in row"),
)
_SAME = " AND ".join(f"(i.{field} IS NULL OR i.{field} IS NOT DISTINCT FROM e.{field})" for field in _FACTS)
_COMPARE = f"""
    UPDATE incoming n SET verdict = CASE WHEN e.employee_id IS NULL THEN 'new'
                                         WHEN {_SAME} THEN 'unchanged' ELSE 'changed' END
    FROM incoming i LEFT JOIN employees e USING (employee_id)
    WHERE n.row_number = i.row_number AND n.verdict IS NULL"""
_EMAIL_TAKEN = """
    SELECT i.row_number, 'Company Email', i.company_email, 'belongs to ' || e.full_name || ' (' || e.employee_id || ')'
    FROM incoming i JOIN employees e ON lower(e.company_email) = lower(i.company_email)
    WHERE i.verdict IN ('new', 'changed') AND e.employee_id <> i.employee_id"""
_DUPLICATES = """
    SELECT row_number, 'Odoo ID', employee_id::text, 'is here already, with other facts: update-existing changes them'
    FROM incoming WHERE verdict = 'duplicate'"""


def _new_values(conn: Connection, field: str) -> list[str]:
    rows = conn.execute(
        text(
            f"""SELECT DISTINCT {field} FROM incoming i
            WHERE verdict IN ('new', 'changed') AND {field} IS NOT NULL AND NOT EXISTS (
                SELECT 1 FROM admin_options o WHERE o.category = :field AND o.value = i.{field} AND o.is_active)
            ORDER BY 1"""
        ),
        {"field": field},
    )
    return list(rows.scalars())
