"""What the database refuses, said in the API's words: one place, matched by constraint name."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError

from chalicelib.core.errors import Conflict, Invalid, NotFound, OpsdbError, Unavailable

CONFLICTS = {
    "employees_pkey": "employee_id: is already an employee",
    "employees_company_email_key": "company_email: belongs to another employee",
    "schedules_no_overlap": "start_time: overlaps another shift of this person",
    "schedules_timed_or_untimed": "nominal_date: already holds a day off, or shifts; it cannot hold both",
    "schedules_archived": "nominal_date: that day is archived and cannot be written to",
    "attendances_archived": "date: that day is archived and cannot be written to",
    "attendances_employee_id_date_key": "date: this person already has an attendance on that day",
    "month_closed": "date: that month is closed; an admin may correct it, as an adjustment",
    "assignments_no_overlap": "effective_date: overlaps another assignment of this person",
    "employments_no_overlap": "hire_date: falls into another employment of this person",
    "exceptions_employee_id_exception_type_start_date_key": "start_date: this person already has that exception",
    "absences_no_overlap": "start_date: overlaps another absence of this person",
    "db_users_username_key": "username: there is a database user of that name, or was",
    "deputies_no_overlap": "start_date: this person already stands in for that lead then",
    "users_username_key": "username: belongs to another user",
    "users_email_key": "email: belongs to another user",
    "users_last_admin": "role: this is the last admin who may sign in; make another one first",
    "points_never_below_zero": "points: the balance would fall below zero",
    "employee_rewards_reverses_key": "reward_id: is reversed already",
    "admin_options_category_value_key": "value: exists already in this category",
    "reward_reasons_reason_key": "reason: exists already",
    "erased_when_gone": "employee_id: still works here; people are erased when they have left",
}

INVALID = {
    "employees_status_check": "status: must be one of: Active, Inactive, On Leave",
    "employees_attrition_date_check": "attrition_date: must not be before hire_date",
    "employees_tier_check": "tier: must not be negative",
    "deputies_another_check": "employee_id: nobody stands in for themselves",
    "employments_last_day_check": "attrition_date: must not be before hire_date",
    "schedules_stop_after_start_check": "stop_time: must be after start_time",
    "schedules_one_day_check": "stop_date: must be start_date or the day after",
    "schedules_nominal_date_check": "nominal_date: must be within one day of start_date",
    "schedules_times_check": "stop_time: start_time and stop_time come together or not at all",
}

MISSING = {
    "schedules_employee_id_fkey": "employee_id: is nobody known here",
    "attendances_cover_up_for_employee_id_fkey": "cover_up_for_employee_id: is nobody known here",
}


@contextmanager
def translated() -> Iterator[None]:
    """Database errors of the body as members of our family; anything unforeseen passes through."""
    try:
        yield
    except DBAPIError as error:
        translation = translate(error)
        if translation is None:
            raise
        raise translation from error


def translate(error: DBAPIError) -> OpsdbError | None:
    """Our error for one of the driver's, or None for a bug."""
    name = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
    code = getattr(error.orig, "pgcode", None)
    if isinstance(error, IntegrityError) and name in CONFLICTS:
        return Conflict(CONFLICTS[name])
    if isinstance(error, IntegrityError) and name in INVALID:
        return Invalid(INVALID[name])
    if isinstance(error, IntegrityError) and name in MISSING:
        return NotFound(MISSING[name])
    if code in {"40001", "40P01"}:
        return Conflict("somebody else changed the same rows at the same moment: try again")
    if code == "57014":
        return Unavailable("the database took too long: ask for less at once")
    if code == "3F000":
        return Unavailable("this database has no doorkeeper yet: let its administrator run the bootstrap step again")
    if isinstance(error, DataError) and code in {"22003", "22008", "22021", "22P05"}:
        return Invalid("a value is out of range for the database")
    if error.connection_invalidated or isinstance(error, OperationalError):
        return Unavailable("the database does not answer")
    return None
