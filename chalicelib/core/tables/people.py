"""People: who is and was here, where they belong and since when."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    Date,
    ForeignKey,
    Index,
    Integer,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint

from chalicelib.core.tables.columns import created_at, identity, moment, of_upload, one_of, person, table, words

STATUSES = ("Active", "Inactive", "On Leave")
SEARCHED = ("full_name", "first_name", "last_name", "ruex_id", "company_email", "agent_id", "axonify_id")
"""What somebody may be looked for by."""


def _facts() -> list[Column[Any]]:
    """What is known of one employee: the same columns live, archived and under review."""
    return [
        words("first_name"),
        words("last_name"),
        words("company_email"),
        words("access_card"),
        words("token_serial"),
        words("building_card"),
        words("batch"),
        words("agent_id"),
        words("ruex_id"),
        words("axonify_id"),
        words("supervisor"),
        words("manager"),
        Column("tier", Integer),
        words("shift"),
        words("department"),
        words("role"),
        Column("hire_date", Date),
        Column("phase_1_date", Date),
        Column("phase_2_date", Date),
        Column("phase_3_date", Date),
    ]


people = table("people", Column("employee_id", BigInteger, primary_key=True, autoincrement=False), created_at())

employees = table(
    "employees",
    person(primary_key=True, autoincrement=False),
    *_facts(),
    Column(
        "full_name",
        Text,
        Computed("btrim(coalesce(first_name, '') || ' ' || coalesce(last_name, ''))", persisted=True),
        nullable=False,
    ),
    words("status", nullable=False, server_default="Active"),
    Column("attrition_date", Date),
    created_at(),
    moment("updated_at", nullable=False, server_default=func.now(), onupdate=func.now()),
    of_upload(),
    also=lambda: (
        CheckConstraint("employee_id > 0", name="employee_id"),
        CheckConstraint("full_name <> ''", name="full_name"),
        CheckConstraint(one_of("status", *STATUSES), name="status"),
        CheckConstraint("attrition_date >= hire_date", name="attrition_date"),
        CheckConstraint("tier >= 0", name="tier"),
        Index("employees_company_email_key", func.lower(text("company_email")), unique=True),
        Index("employees_ruex_id_idx", func.lower(text("ruex_id"))),
        Index(
            "employees_full_name_idx",
            func.folded(text("full_name")).label("name"),
            postgresql_using="gin",
            postgresql_ops={"name": "gin_trgm_ops"},
        ),
        Index(
            "employees_search_idx",
            func.searchable(*map(text, SEARCHED)).label("words"),
            postgresql_using="gin",
            postgresql_ops={"words": "gin_trgm_ops"},
        ),
        Index("employees_supervisor_idx", "supervisor"),
        Index("employees_department_idx", "department"),
    ),
)

employees_history = table(
    "employees_history",
    identity("history_id"),
    person(),
    *_facts(),
    words("full_name", nullable=False),
    words("status", nullable=False),
    Column("attrition_date", Date),
    moment("created_at", nullable=False),
    moment("updated_at", nullable=False),
    Column("archived_date", Date, nullable=False),
    words("reason"),
    Column("future_schedule", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    moment("restored_at"),
    also=lambda: (Index("employees_history_employee_id_idx", "employee_id"),),
)

assignments = table(
    "assignments",
    identity("assignment_id"),
    person(),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    words("supervisor"),
    person("supervisor_id", nullable=True),
    words("manager"),
    person("manager_id", nullable=True),
    words("department"),
    words("role"),
    words("shift"),
    Column("tier", Integer),
    of_upload(),
    also=lambda: (
        CheckConstraint("valid_to > valid_from", name="valid_to"),
        ExcludeConstraint(
            ("employee_id", "="),
            (text("daterange(valid_from, valid_to)"), "&&"),
            name="assignments_no_overlap",
            using="gist",
        ),
    ),
)

deputies = table(
    "deputies",
    identity("deputy_id"),
    person("lead_id"),
    person(),
    Column("start_date", Date, nullable=False),
    Column("end_date", Date, nullable=False),
    created_at(),
    also=lambda: (
        CheckConstraint("start_date <= end_date", name="end_date"),
        CheckConstraint("lead_id <> employee_id", name="another"),
        ExcludeConstraint(
            ("employee_id", "="),
            ("lead_id", "="),
            (text("daterange(start_date, end_date, '[]')"), "&&"),
            name="deputies_no_overlap",
            using="gist",
        ),
    ),
)

employments = table(
    "employments",
    identity("employment_id"),
    person(),
    Column("hire_date", Date, nullable=False),
    Column("last_day", Date),
    words("reason"),
    words("batch"),
    of_upload(),
    also=lambda: (
        CheckConstraint("last_day >= hire_date", name="last_day"),
        ExcludeConstraint(
            ("employee_id", "="),
            (text("daterange(hire_date, last_day, '[]')"), "&&"),
            name="employments_no_overlap",
            using="gist",
        ),
    ),
)

new_employee_reviews = table(
    "new_employee_reviews",
    identity("review_id"),
    person(nullable=True),
    *_facts(),
    Column("sheet_number", Text),
    words("schedule"),
    words("notes"),
    words("status", nullable=False, server_default="Pending"),
    words("reviewed_by"),
    moment("reviewed_at"),
    Column("upload_id", BigInteger),
    created_at(),
    Column("sheet_said", JSONB),
    also=lambda: (CheckConstraint(one_of("status", "Pending", "Verified", "Rejected"), name="status"),),
)

erasures = table(
    "erasures",
    Column("employee_id", BigInteger, ForeignKey("people.employee_id"), primary_key=True, autoincrement=False),
    moment("erased_at", nullable=False, server_default=func.now()),
    words("erased_by", nullable=False),
    words("reason", nullable=False),
)
