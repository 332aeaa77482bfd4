"""The least that a Chalice function with a database does."""

import os

import psycopg2  # noqa: F401, what the engine connects with
from chalice import Chalice
from sqlalchemy import create_engine, text

app = Chalice(app_name="bare")
engine = create_engine(os.environ["DATABASE_URL"].replace("postgresql:", "postgresql+psycopg2:"))


@app.route("/one")
def one() -> dict[str, int]:
    with engine.connect() as conn:
        return {"one": conn.execute(text("select 1")).scalar_one()}
