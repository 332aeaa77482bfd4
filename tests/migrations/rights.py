"""What each role may do, declared: a table, a view or a function that does not stand here fails a test.

Letters are create, read, update and delete, of rows. Roles that are not named may nothing.
"""

import msgspec

ROLES = ("opsdb_app", "opsdb_readonly", "opsdb_backup", "opsdb_drill", "reader")
"""`reader` is a database user, who must have what opsdb_readonly has."""


class May(msgspec.Struct, frozen=True):
    """By role; a dump reads everything."""

    app: str = ""
    readonly: str = ""
    backup: str = "r"

    def of(self, role: str) -> str:
        by_role = {"opsdb_app": self.app, "opsdb_backup": self.backup, "opsdb_drill": ""}
        return by_role.get(role, self.readonly)


FLOOR = May(app="crud", readonly="r")
LEDGER = May(app="cr", readonly="r")
FOLLOWS = May(app="r", readonly="r")
"""Triggers, functions of the owner or migrations write it."""

HIDDEN = May(app="crud")
"""Analysts have no business with it: secrets, who signs in, what sheets said before anybody looked at it."""

RECORD = May(app="r")
"""Neither: the application asks the owner's functions to write it."""

TABLES = {
    "absences": FOLLOWS,
    "adjustments": FOLLOWS,
    "admin_options": FLOOR,
    "alembic_version": FOLLOWS,
    "api_keys": HIDDEN,
    "assignments": FLOOR,
    "attendances": FLOOR,
    "attendances_history": FLOOR,
    "audit_log": RECORD,
    "backups": May(app="crud", readonly="r", backup="cru"),
    "calendar_feeds": HIDDEN,
    "db_users": HIDDEN,
    "deputies": FLOOR,
    "employee_reward_redemptions": FLOOR,
    "employee_rewards": LEDGER,
    "employees": FLOOR,
    "employees_history": FLOOR,
    "employments": FLOOR,
    "erasures": RECORD,
    "exceptions": FLOOR,
    "floor_notes": FLOOR,
    "forecasts": FLOOR,
    "holidays": FLOOR,
    "last_uses": HIDDEN,
    "leave_allowances": FLOOR,
    "leave_requests": FLOOR,
    "new_employee_reviews": FLOOR,
    "people": LEDGER,
    "periods": LEDGER,
    "request_keys": HIDDEN,
    "request_rates": HIDDEN,
    "requirements": FLOOR,
    "reward_reasons": FLOOR,
    "schedule_changes": FLOOR,
    "schedules": FLOOR,
    "schedules_history": FLOOR,
    "sessions": HIDDEN,
    "sign_in_attempts": HIDDEN,
    "token_issuers": RECORD,
    "upload_awards": HIDDEN,
    "upload_errors": HIDDEN,
    "upload_outcomes": HIDDEN,
    "upload_rows": HIDDEN,
    "uploads": FLOOR,
    "users": HIDDEN,
}

VIEWS = {
    "effective_schedules": FLOOR,
    "point_balances": FLOOR,
}

EVERYBODY = set(ROLES)
"""What only works out what it is given, or reads with the rights of whoever calls it."""

THE_APP = {"opsdb_app"}

FUNCTIONS = {
    "audit_actor": EVERYBODY,
    "audit_event": THE_APP,
    "audit_image": EVERYBODY,
    "earlier_instant": EVERYBODY,
    "erase_again": set(),
    "erase_person": THE_APP,
    "erased_here": set(),
    "finding": EVERYBODY,
    "folded": EVERYBODY,
    "follow_kept_ids": THE_APP,
    "forget_audit": THE_APP,
    "instant_near": EVERYBODY,
    "known_as": EVERYBODY,
    "naming_fields": EVERYBODY,
    "personal_fields": EVERYBODY,
    "searchable": EVERYBODY,
    "shift_start": EVERYBODY,
    "shift_stop": EVERYBODY,
    "opsdb_roles.change_login": THE_APP,
    "opsdb_roles.checked": set(),
    "opsdb_roles.drop_login": THE_APP,
    "opsdb_roles.make_login": THE_APP,
}
"""Triggers' functions cannot be called, and stand in none of this; procedures change definitions."""

PROCEDURES = {"audit_table": EVERYBODY, "closing_table": EVERYBODY}
"""With the rights of the caller, who must own the table."""
