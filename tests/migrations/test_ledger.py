"""Points: a balance that never falls below zero, entries that are never edited."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

from psycopg2.errors import CheckViolation, UniqueViolation
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from chalicelib.core import db
from tests import make
from tests.conftest import Site
from tests.migrations.refusal import change, refused

DAY = date(2026, 10, 5)


def award(conn: Connection, ada: int, points: int, reverses: int | None = None) -> int:
    return change(
        conn,
        """INSERT INTO employee_rewards (employee_id, points, date_awarded, awarded_by, reverses)
           VALUES (:ada, :points, :day, 'test', :reverses) RETURNING reward_id""",
        ada=ada,
        points=points,
        day=DAY,
        reverses=reverses,
    )[0].reward_id


def redeem(conn: Connection, ada: int, points: int, status: str = "Pending") -> int:
    return change(
        conn,
        """INSERT INTO employee_reward_redemptions
           (employee_id, points_redeemed, redemption_date, redemption_type, status)
           VALUES (:ada, :points, :day, 'Gift Card', :status) RETURNING redemption_id""",
        ada=ada,
        points=points,
        day=DAY,
        status=status,
    )[0].redemption_id


def set_status(conn: Connection, redemption: int, status: str) -> None:
    change(
        conn,
        "UPDATE employee_reward_redemptions SET status = :status WHERE redemption_id = :id",
        status=status,
        id=redemption,
    )


def balance(conn: Connection, ada: int) -> int:
    found = change(conn, "SELECT point_balance FROM point_balances WHERE employee_id = :ada", ada=ada)
    return found[0].point_balance if found else 0


def test_a_balance_is_awards_and_reversals_less_what_is_redeemed_or_asked_for(conn: Connection) -> None:
    ada = make.employee(conn)
    award(conn, ada, 100)
    wrong = award(conn, ada, 30)
    award(conn, ada, -30, reverses=wrong)
    redeem(conn, ada, 20)
    redeem(conn, ada, 25, status="Approved")
    redeem(conn, ada, 40, status="Rejected")
    redeem(conn, ada, 40, status="Reversed")
    assert balance(conn, ada) == 100 - 20 - 25
    assert balance(conn, make.employee(conn)) == 0


def test_nobody_redeems_more_than_they_have(conn: Connection) -> None:
    ada = make.employee(conn)
    award(conn, ada, 100)
    redeem(conn, ada, 60)
    refused(conn, CheckViolation, "points_never_below_zero", lambda: redeem(conn, ada, 41))
    redeem(conn, ada, 40)
    assert balance(conn, ada) == 0


def test_a_rejected_redemption_gives_the_points_back_and_cannot_be_taken_up_again_without_them(
    conn: Connection,
) -> None:
    ada = make.employee(conn)
    award(conn, ada, 100)
    first = redeem(conn, ada, 100)
    set_status(conn, first, "Rejected")
    redeem(conn, ada, 80)
    refused(conn, CheckViolation, "points_never_below_zero", lambda: set_status(conn, first, "Approved"))
    assert balance(conn, ada) == 20


def test_a_redemption_that_grows_is_checked_too(conn: Connection) -> None:
    ada = make.employee(conn)
    award(conn, ada, 100)
    asked = redeem(conn, ada, 90)
    more = "UPDATE employee_reward_redemptions SET points_redeemed = :points WHERE redemption_id = :id"
    refused(conn, CheckViolation, "points_never_below_zero", lambda: change(conn, more, points=101, id=asked))
    change(conn, more, points=100, id=asked)
    assert balance(conn, ada) == 0


def test_a_reversal_below_zero_needs_an_admin_who_allows_the_debt(conn: Connection) -> None:
    ada = make.employee(conn)
    given = award(conn, ada, 100)
    redeem(conn, ada, 60, status="Approved")
    refused(conn, CheckViolation, "points_never_below_zero", lambda: award(conn, ada, -100, reverses=given))
    change(conn, "SELECT set_config('opsdb.allow_debt', 'on', true)")
    award(conn, ada, -100, reverses=given)
    assert balance(conn, ada) == -60


def test_an_award_is_reversed_once(conn: Connection) -> None:
    ada = make.employee(conn)
    given = award(conn, ada, 50)
    award(conn, ada, 50)
    award(conn, ada, -50, reverses=given)
    refused(conn, UniqueViolation, "employee_rewards_reverses_key", lambda: award(conn, ada, -50, reverses=given))
    refused(conn, CheckViolation, "employee_rewards_reverses_check", lambda: award(conn, ada, 5, reverses=given))
    refused(conn, CheckViolation, "employee_rewards_points_check", lambda: award(conn, ada, 0))
    assert balance(conn, ada) == 50


def test_not_even_the_owner_edits_an_entry(site: Site) -> None:
    with make.written() as conn:
        award(conn, make.employee(conn), 50)
    engine = db.make_engine(site.url("opsdb_owner"))
    for statement in ("UPDATE employee_rewards SET points = 500", "DELETE FROM employee_rewards"):
        with engine.connect() as conn:
            refused(
                conn,
                CheckViolation,
                "employee_rewards_append_only",
                lambda conn=conn, statement=statement: change(conn, statement),
            )
    engine.dispose()
    with db.reading() as conn:
        assert change(conn, "SELECT points FROM employee_rewards")[0].points == 50


def at_the_same_moment(times: int, entry: Callable[[Connection], object]) -> int:
    """`entry` on so many real connections, none of which commits before all have begun; how many were accepted."""
    ready = Barrier(times)

    def one(_: int) -> str | None:
        """The constraint that refused it, if one did."""
        try:
            with db.writing(db.Actor("test")) as conn:
                conn.execute(text("SELECT 1"))
                ready.wait(timeout=30)
                entry(conn)
        except IntegrityError as refusal:
            return str(refusal.orig.diag.constraint_name)  # type: ignore[union-attr]
        return None

    with ThreadPoolExecutor(times) as pool:
        outcomes = list(pool.map(one, range(times)))
    assert set(outcomes) <= {None, "points_never_below_zero"}
    return outcomes.count(None)


def test_of_eight_redemptions_at_the_same_moment_only_those_go_through_that_are_covered(site: Site) -> None:
    with make.written() as conn:
        ada = make.employee(conn)
        award(conn, ada, 100)
    assert at_the_same_moment(8, lambda conn: redeem(conn, ada, 30)) == 3
    with db.reading() as conn:
        assert balance(conn, ada) == 10


def test_a_reversal_and_a_redemption_at_the_same_moment_do_not_both_go_through(site: Site) -> None:
    with make.written() as conn:
        ada = make.employee(conn)
        given = award(conn, ada, 100)
    turns = iter([lambda conn: award(conn, ada, -100, reverses=given), lambda conn: redeem(conn, ada, 100)])
    assert at_the_same_moment(2, lambda conn: next(turns)(conn)) == 1
    with db.reading() as conn:
        assert balance(conn, ada) == 0
