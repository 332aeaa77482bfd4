"""What tests of rewards begin with: reasons and points."""

from datetime import date
from typing import Any

from sqlalchemy import Connection, insert

from chalicelib.core import auth
from chalicelib.core.tables import employee_rewards, reward_reasons
from tests import make
from tests.api import Api

TODAY = date(2026, 10, 5)


def reason(conn: Connection, name: str = "Compliment", points: int = 30, **facts: Any) -> int:
    """A reason; its id."""
    made = insert(reward_reasons).values(reason=name, points=points, **facts)
    return conn.execute(made.returning(reward_reasons.c.reason_id)).scalar_one()


def given(conn: Connection, employee_id: int, points: int) -> int:
    """An award; its id."""
    made = insert(employee_rewards).values(
        employee_id=employee_id, points=points, date_awarded=TODAY, awarded_by="test"
    )
    return conn.execute(made.returning(employee_rewards.c.reward_id)).scalar_one()


def caller(role: str, employee_id: int | None = None) -> Api:
    """The API as somebody of that role calls it; a machine unless it is a person's key."""
    with make.written() as conn:
        return Api(auth.create_key(conn, name=role, role=role, employee_id=employee_id)[1])


def balance(api: Api, employee_id: int) -> int:
    found: int = api.get(f"/rewards/employee/{employee_id}/balance").body["point_balance"]
    return found
