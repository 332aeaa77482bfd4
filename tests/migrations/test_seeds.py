"""The dropdown values that every floor starts with."""

from local import postgres
from tests.conftest import PASSWORDS
from tests.migrations.catalogue import catalogue

WORK_CODES = {
    "REG": "work",
    "NIGHT": "work",
    "OT": "work",
    "OFF": "off",
    "TRAIN": "training",
    "NEST": "nesting",
    "VACATION": "away_planned",
    "SICK": "away_unplanned",
    "PERSONAL": "away_planned",
    "BEREAVEMENT": "away_planned",
    "UNPAID": "away_planned",
}
VALUES = {
    "leave_type": {"Vacation", "Sick", "Personal", "Bereavement", "Unpaid"},
    "attendance_type": {
        "Absent",
        "No Show",
        "Late",
        "Early Leave",
        "Overtime",
        "OT",
        "Cover Up",
        "Leave",
        "Sick",
        "Vacation",
    },
    "exception_type": {
        "Training",
        "New Hire Training",
        "Nesting",
        "Vacation",
        "Leave",
        "Cover Up",
        "Overtime",
        "Swap",
    },
    "status": {"Active", "Inactive", "On Leave"},
    "shift": {"Morning", "Evening", "Night", "Rotating"},
    "redemption_type": {"Gift Card", "Merchandise", "Donation"},
}
"""As domain.md names them. Departments and roles are each floor's own."""


def seeds(server: postgres.Server, database: str, columns: str, where: str) -> set[tuple[str, ...]]:
    question = {"seeds": f"SELECT {columns} FROM admin_options WHERE is_active AND {where}"}
    return catalogue(server.url("opsdb_owner", PASSWORDS["opsdb_owner"], database), question)["seeds"]


def test_every_value_that_the_domain_names_can_be_chosen(server: postgres.Server, migrated: str) -> None:
    expected = {(category, value) for category, values in VALUES.items() for value in values}
    assert seeds(server, migrated, "category, value", "category <> 'work_code'") == expected


def test_work_codes_have_the_classes_that_figures_use(server: postgres.Server, migrated: str) -> None:
    assert dict(seeds(server, migrated, "value, class", "category = 'work_code'")) == WORK_CODES  # type: ignore[arg-type]


def test_leave_and_exceptions_name_a_work_code_of_their_own_class(server: postgres.Server, migrated: str) -> None:
    types = seeds(server, migrated, "value, class, work_code", "category IN ('leave_type', 'exception_type')")
    # Leave of the exception kind has no pay code of its own; unpaid is away as planned, too.
    assert {(value, WORK_CODES[code]) for value, _, code in types} == {(value, kind) for value, kind, _ in types}
