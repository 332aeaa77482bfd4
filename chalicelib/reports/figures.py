"""The rates of domain.md, Figures: minutes are summed first, then divided; None where there is nothing to divide by.

They are shares (0.833 is 83.3 %), rounded by nobody: how many digits to show is for whoever shows them.
"""

from typing import NamedTuple

from chalicelib.reports.totals import Totals


class Shrinkage(NamedTuple):
    """Shares of the gross minutes; the whole is their sum."""

    planned: float | None
    unplanned: float | None


def ratio(part: float, whole: float) -> float | None:
    """A rate whose denominator is zero is None (domain.md, Figures)."""
    return part / whole if whole else None


def attendance_rate(totals: Totals) -> float | None:
    """People: present / net scheduled (domain.md, Figures). From 0 to 1."""
    return ratio(totals.present, totals.net_people)


def late_rate(totals: Totals) -> float | None:
    """People: late arrivals / present (domain.md, Figures). From 0 to 1."""
    return ratio(totals.late, totals.present)


def absenteeism(totals: Totals) -> float | None:
    """Minutes: away_unplanned (sick, no-show, absent) / (gross minus away_planned) (domain.md, Figures). From 0 to 1.

    Untimed away days are on both sides, as in shrinkage: a sick day without times is no less a sick day. Late and early
    stay outside.
    """
    return ratio(totals.unplanned_minutes, _gross(totals) - totals.planned_minutes)


def adherence(totals: Totals) -> float | None:
    """Minutes: worked inside the schedule / net scheduled (domain.md, Figures). From 0 to 1.

    Hours on leave are on neither side, nor is what a shift in progress has still before it.
    """
    return ratio(totals.inside_minutes, totals.due_minutes)


def conformance(totals: Totals) -> float | None:
    """Minutes: worked, without unapproved overtime / net scheduled (domain.md, Figures), of what is over as in
    `adherence`. From 0, and above 1 where people work more than is scheduled."""
    return ratio(totals.worked_minutes, totals.due_minutes)


def shrinkage(totals: Totals) -> Shrinkage:
    """Minutes: class away or training, absence, late and early / gross (domain.md, Figures). Each from 0 to 1, as is
    their sum. Training and planned leave are planned, all else is not; untimed away days are on both sides."""
    return Shrinkage(
        ratio(totals.planned_minutes + totals.training_minutes, _gross(totals)),
        ratio(totals.unplanned_minutes + totals.lost_minutes, _gross(totals)),
    )


def _gross(totals: Totals) -> int:
    """Gross minutes with the away days that the plan has no times for."""
    return totals.gross_minutes + totals.untimed_minutes
