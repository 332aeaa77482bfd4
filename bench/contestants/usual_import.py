"""The usual way: a data frame, a query for each row, an ORM object for each row, one commit. `usual_import FILE ROWS`.

Kinder to it than it often is written: the table has its columns but no constraint, trigger or index beside the primary
key; the column searched by has an index; and the objects are added together at the end, since a session that has some
already flushes them one by one at each query.
"""

import os
import sys
import time
from datetime import date, datetime, timedelta
from datetime import time as clock

import pandas
from sqlalchemy import BigInteger, create_engine, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from bench.contestants.telling import cpu_seconds, peak_mb, tell


class Base(DeclarativeBase):
    type_annotation_map = {int: BigInteger}


class Employee(Base):
    __tablename__ = "employees"

    employee_id: Mapped[int] = mapped_column(primary_key=True)
    ruex_id: Mapped[str | None]


class Schedule(Base):
    __tablename__ = "plain_schedules"

    schedule_id: Mapped[int] = mapped_column(primary_key=True)
    employee_id: Mapped[int]
    nominal_date: Mapped[date]
    start_date: Mapped[date]
    start_time: Mapped[clock | None]
    stop_date: Mapped[date]
    stop_time: Mapped[clock | None]
    work_code: Mapped[str]
    upload_id: Mapped[int | None]


def import_sheet(session: Session, path: str, rows: int) -> int:
    frame = pandas.read_excel(path, nrows=rows)
    schedules = []
    for _, row in frame.iterrows():
        employee = session.scalars(
            select(Employee).where(func.lower(Employee.ruex_id) == row["Employee - ID"].lower())
        ).first()
        if employee is None:
            continue
        day: datetime = row["Date - Nominal Date"]
        start, stop = row["Earliest - Start"], row["Latest - Stop"]
        if pandas.isna(start) or pandas.isna(stop):
            start = stop = None
        overnight = start is not None and stop <= start
        schedules.append(
            Schedule(
                employee_id=employee.employee_id,
                nominal_date=day.date(),
                start_date=day.date(),
                start_time=start,
                stop_date=day.date() + timedelta(days=overnight),
                stop_time=stop,
                work_code=row["Work - Code"],
                upload_id=1,
            )
        )
    session.add_all(schedules)
    session.commit()
    return len(schedules)


if __name__ == "__main__":
    engine = create_engine(os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg2://", 1))
    began, computed = time.perf_counter(), cpu_seconds()
    with Session(engine) as session:
        done = import_sheet(session, sys.argv[1], int(sys.argv[2]))
    seconds, computed = time.perf_counter() - began, cpu_seconds() - computed
    tell(seconds=seconds, cpu_seconds=computed, peak_mb=peak_mb(), rows=done)
