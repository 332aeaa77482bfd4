"""Who may sign in at the demo's console: somebody of each role, all with one password."""

from sqlalchemy import Connection, text

from chalicelib.admin import passwords

NAMES = {
    "admin": "admin",
    "planner": "planner",
    "hr": "hr",
    "lead": "supervisor",
    "duty": "duty_lead",
    "viewer": "viewer",
}
"""Username -> role."""

SIGN_IN_FILE = "demo_sign_in"
"""What they sign in with, in the folder of the stack."""

# Whose people are most: a lead with nobody would have nothing to look at.
_LEAD = """
    SELECT a.supervisor_id FROM assignments a JOIN employees e ON e.employee_id = a.supervisor_id
    WHERE a.valid_to IS NULL AND a.supervisor_id <> a.employee_id AND e.status = 'Active'
    GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"""

_DEPARTMENTS = """
    SELECT department FROM employees WHERE status = 'Active' AND department IS NOT NULL
    GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 2"""

_ADD = """
    INSERT INTO users (username, role, employee_id, departments, password_hash)
    VALUES (:username, :role, :employee_id, :departments, :password_hash)"""


def let_in(conn: Connection, *, password: str) -> list[str]:
    """Make them where nobody may sign in yet; who can sign in with that password."""
    if conn.execute(text("SELECT 1 FROM users LIMIT 1")).first():
        mine = text("SELECT username, password_hash FROM users WHERE username = 'admin'")
        known = conn.execute(mine).one_or_none()
        return list(NAMES) if known and passwords.matches(known.password_hash, password) else []
    lead = conn.execute(text(_LEAD)).scalar()
    departments = list(conn.execute(text(_DEPARTMENTS)).scalars())
    made, hashed = [], passwords.hashed(password)
    for username, role in NAMES.items():
        if role == "supervisor" and lead is None:
            continue
        facts = {
            "username": username,
            "role": role,
            "employee_id": lead if role == "supervisor" else None,
            "departments": departments if role == "duty_lead" else [],
            "password_hash": hashed,
        }
        conn.execute(text(_ADD), facts)
        made.append(username)
    return made
