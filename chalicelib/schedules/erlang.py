"""How many agents a forecast needs: Erlang C, the queue in which nobody hangs up."""

from fractions import Fraction
from math import ceil, exp, floor

import msgspec


class Target(msgspec.Struct, frozen=True):
    """What service is aimed at; shares are between 0 and 1, an occupancy of 0 is no limit."""

    service_level: Fraction = Fraction(80, 100)
    seconds: int = 20
    occupancy: Fraction = Fraction(85, 100)
    shrinkage: Fraction = Fraction(0)


class Load(msgspec.Struct, frozen=True):
    """Calls that arrive in an interval of so many seconds, and the average handling time of one, seconds."""

    calls: Fraction
    handling_seconds: Fraction
    seconds: int = 1800

    @property
    def erlangs(self) -> Fraction:
        return self.calls * self.handling_seconds / self.seconds


def waiting(load: Load, agents: int) -> float:
    """The probability that a call has to wait, Pw; 1 when the agents cannot keep up."""
    erlangs = float(load.erlangs)
    return _delayed(_blocking(erlangs, agents), erlangs, agents)


def service_level(load: Load, agents: int, *, seconds: int) -> float:
    """The share of calls that are answered within `seconds`; 0 when the agents cannot keep up."""
    erlangs = float(load.erlangs)
    if erlangs == 0:
        return 1.0
    return _served(_blocking(erlangs, agents), erlangs, agents, seconds / float(load.handling_seconds))


def agents_needed(load: Load, target: Target) -> int:
    """The fewest agents that meet the target, shrinkage left out; none without calls."""
    exact = load.erlangs
    if exact == 0:
        return 0
    agents = floor(exact) + 1
    if target.occupancy:
        agents = max(agents, ceil(exact / target.occupancy))
    erlangs, wanted = float(exact), float(target.service_level)
    patience = target.seconds / float(load.handling_seconds)
    blocking = _blocking(erlangs, agents)
    while _served(blocking, erlangs, agents, patience) < wanted:
        agents += 1
        blocking = _one_more(blocking, erlangs, agents)
    return agents


def headcount(load: Load, target: Target) -> int:
    """How many people must be scheduled, so that the agents needed are there."""
    return ceil(agents_needed(load, target) / (1 - target.shrinkage))


def _blocking(erlangs: float, agents: int) -> float:
    """Erlang B, by its recursion over agents: no factorial and no power, so it neither overflows nor cancels."""
    found = 1.0
    for number in range(1, agents + 1):
        found = _one_more(found, erlangs, number)
    return found


def _one_more(blocking: float, erlangs: float, agents: int) -> float:
    return erlangs * blocking / (agents + erlangs * blocking)


def _delayed(blocking: float, erlangs: float, agents: int) -> float:
    """Erlang C out of Erlang B."""
    return agents * blocking / (agents - erlangs * (1 - blocking)) if erlangs < agents else 1.0


def _served(blocking: float, erlangs: float, agents: int, patience: float) -> float:
    """The share answered in time; `patience` is that time, in handling times."""
    if erlangs >= agents:
        return 0.0
    return 1 - _delayed(blocking, erlangs, agents) * exp(-(agents - erlangs) * patience)
