"""The usual way of a list: Flask, the ORM, a to_dict for each object, jsonify. Its test client asks, as the handler is
asked beside it: no network either."""

import hashlib
import os
import time
from datetime import date, datetime
from datetime import time as clock
from typing import Any

from flask import Flask, Response, abort, jsonify, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, joinedload, mapped_column, relationship

from bench.contestants.telling import asked, peak_mb, tell


class Base(DeclarativeBase):
    """The tables of this app."""


app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg2://", 1)
db = SQLAlchemy(app, model_class=Base)


def plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime | clock) else value


class ApiKey(db.Model):
    __tablename__ = "api_keys"

    key_id: Mapped[int] = mapped_column(primary_key=True)
    secret_hash: Mapped[bytes]
    revoked_at: Mapped[datetime | None]


class Balance(db.Model):
    __tablename__ = "point_balances"

    employee_id: Mapped[int] = mapped_column(ForeignKey("employees.employee_id"), primary_key=True)
    point_balance: Mapped[int]


class Employee(db.Model):
    __tablename__ = "employees"

    employee_id: Mapped[int] = mapped_column(primary_key=True)
    first_name: Mapped[str | None]
    last_name: Mapped[str | None]
    full_name: Mapped[str]
    company_email: Mapped[str | None]
    access_card: Mapped[str | None]
    token_serial: Mapped[str | None]
    building_card: Mapped[str | None]
    batch: Mapped[str | None]
    agent_id: Mapped[str | None]
    ruex_id: Mapped[str | None]
    axonify_id: Mapped[str | None]
    supervisor: Mapped[str | None]
    manager: Mapped[str | None]
    tier: Mapped[int | None]
    shift: Mapped[str | None]
    department: Mapped[str | None]
    role: Mapped[str | None]
    hire_date: Mapped[date | None]
    phase_1_date: Mapped[date | None]
    phase_2_date: Mapped[date | None]
    phase_3_date: Mapped[date | None]
    status: Mapped[str]
    attrition_date: Mapped[date | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    balance: Mapped[Balance | None] = relationship(uselist=False, viewonly=True)

    def to_dict(self) -> dict[str, Any]:
        facts = {column.name: plain(getattr(self, column.name)) for column in self.__table__.columns}
        return {**facts, "point_balance": self.balance.point_balance if self.balance else 0}


class Schedule(db.Model):
    __tablename__ = "effective_schedules"

    schedule_id: Mapped[int] = mapped_column(primary_key=True)
    employee_id: Mapped[int] = mapped_column(ForeignKey("employees.employee_id"))
    nominal_date: Mapped[date]
    start_date: Mapped[date]
    start_time: Mapped[clock | None]
    stop_date: Mapped[date]
    stop_time: Mapped[clock | None]
    planned_work_code: Mapped[str] = mapped_column("work_code")
    work_code: Mapped[str] = mapped_column("effective_work_code")
    work_class: Mapped[str | None] = mapped_column("effective_class")
    why: Mapped[str]
    origin: Mapped[str]
    given_away: Mapped[bool]
    change_id: Mapped[int | None]
    covers_schedule_id: Mapped[int | None]
    upload_id: Mapped[int | None]
    created_at: Mapped[datetime]
    employee: Mapped[Employee | None] = relationship(viewonly=True)

    def to_dict(self) -> dict[str, Any]:
        person = ("full_name", "first_name", "last_name", "department", "supervisor", "batch")
        own = [attribute.key for attribute in self.__mapper__.column_attrs]
        return {name: plain(getattr(self, name)) for name in own} | {
            name: getattr(self.employee, name) for name in person
        }


@app.before_request
def authenticate() -> None:
    _, key_id, secret = request.headers.get("X-API-Key", "").split("_")
    found = db.session.get(ApiKey, int(key_id))
    if found is None or found.revoked_at or found.secret_hash != hashlib.sha256(secret[:-6].encode()).digest():
        abort(401)


def page(chosen: Any) -> Response:
    limit, offset = request.args.get("limit", 100, int), request.args.get("offset", 0, int)
    found = chosen.limit(limit).offset(offset).all()
    return jsonify(
        {"total": chosen.count(), "limit": limit, "offset": offset, "data": [one.to_dict() for one in found]}
    )


@app.get("/api/employees")
def employees() -> Response:
    chosen = Employee.query.filter_by(status="Active").order_by(Employee.employee_id)
    return page(chosen.options(joinedload(Employee.balance)))


@app.get("/api/schedules")
def schedules() -> Response:
    chosen = Schedule.query.filter(Schedule.nominal_date.between(request.args["start_date"], request.args["end_date"]))
    return page(chosen.options(joinedload(Schedule.employee)).order_by(Schedule.nominal_date, Schedule.schedule_id))


if __name__ == "__main__":
    headers = {"X-API-Key": os.environ["BENCH_KEY"]}
    with app.test_client() as client:
        tell()
        for question in asked():
            seconds, body = [], ""
            for _ in range(question["calls"]):
                began = time.perf_counter()
                answer = client.get(question["path"], query_string=question["query"], headers=headers)
                body = answer.get_data(as_text=True)
                seconds.append(time.perf_counter() - began)
                assert answer.status_code == 200, body
            tell(ms=[1000 * one for one in seconds], peak_mb=peak_mb(), body=body if question.get("show") else None)
