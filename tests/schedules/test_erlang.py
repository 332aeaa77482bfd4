"""How many agents a forecast needs."""

from fractions import Fraction
from math import exp, factorial

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.schedules.erlang import Load, Target, agents_needed, headcount, service_level, waiting

HUNDRED = Load(Fraction(100), Fraction(180))

loads = some.builds(
    Load,
    some.integers(0, 3000).map(Fraction),
    some.integers(1, 900).map(Fraction),
    some.sampled_from([900, 1800, 3600]),
)
targets = some.builds(
    Target,
    some.integers(0, 99).map(lambda share: Fraction(share, 100)),
    some.integers(0, 120),
    some.integers(50, 99).map(lambda share: Fraction(share, 100)),
    some.integers(0, 60).map(lambda share: Fraction(share, 100)),
)


def test_the_worked_example_of_a_hundred_calls() -> None:
    assert waiting(HUNDRED, 14) == pytest.approx(0.174132, abs=5e-7)
    assert service_level(HUNDRED, 14, seconds=20) == pytest.approx(0.888350, abs=5e-7)
    assert service_level(HUNDRED, 13, seconds=20) == pytest.approx(0.7956, abs=5e-5)
    assert float(HUNDRED.erlangs / 14) == pytest.approx(0.7143, abs=5e-5)
    assert agents_needed(HUNDRED, Target()) == 14


@pytest.mark.parametrize(("erlangs", "agents"), [(1, 2), (5, 8), (10, 14), (60, 66)])
def test_the_recursion_is_the_textbook_sum(erlangs: int, agents: int) -> None:
    term = Fraction(erlangs) ** agents / factorial(agents) * Fraction(agents, agents - erlangs)
    expected = term / (sum(Fraction(erlangs) ** k / factorial(k) for k in range(agents)) + term)
    load = Load(Fraction(erlangs), Fraction(1800))
    assert waiting(load, agents) == pytest.approx(float(expected), rel=1e-12)
    level = 1 - float(expected) * exp(-(agents - erlangs) * 20 / 1800)
    assert service_level(load, agents, seconds=20) == pytest.approx(level, rel=1e-12)


def test_without_calls_nobody_is_needed() -> None:
    assert headcount(Load(Fraction(0), Fraction(180)), Target()) == 0
    assert headcount(Load(Fraction(100), Fraction(0)), Target()) == 0


def test_agents_who_cannot_keep_up_make_everybody_wait() -> None:
    assert (waiting(HUNDRED, 10), service_level(HUNDRED, 10, seconds=20)) == (1.0, 0.0)


@pytest.mark.parametrize(("shrinkage", "people"), [(0, 14), (10, 16), (30, 20), (50, 28)])
def test_shrinkage_is_put_on_top_and_rounded_up_once(shrinkage: int, people: int) -> None:
    assert headcount(HUNDRED, Target(shrinkage=Fraction(shrinkage, 100))) == people


@pytest.mark.parametrize(("occupancy", "people"), [(0, 14), (85, 14), (60, 17), (50, 20)])
def test_agents_are_not_busier_than_allowed(occupancy: int, people: int) -> None:
    assert agents_needed(HUNDRED, Target(occupancy=Fraction(occupancy, 100))) == people


def test_thousands_of_calls_neither_overflow_nor_vanish() -> None:
    busy = Load(Fraction(50_000), Fraction(300))
    assert agents_needed(busy, Target()) == 9804  # 8,333.3 erlangs over 85 %
    assert agents_needed(busy, Target(occupancy=Fraction(0))) in range(8334, 8500)
    assert 0 < waiting(busy, 8400) < 1


@given(loads, targets)
def test_the_answer_is_the_fewest_that_meet_the_target(load: Load, target: Target) -> None:
    def enough(agents: int) -> bool:
        busy_enough = load.erlangs <= agents * target.occupancy
        return busy_enough and service_level(load, agents, seconds=target.seconds) >= float(target.service_level)

    agents = agents_needed(load, target)
    assert enough(agents) or load.erlangs == 0
    assert agents == 0 or not enough(agents - 1)


@given(loads, targets, some.integers(0, 500))
def test_more_calls_never_need_fewer_people(load: Load, target: Target, more: int) -> None:
    busier = Load(load.calls + more, load.handling_seconds, load.seconds)
    assert headcount(busier, target) >= headcount(load, target)


@given(loads, some.integers(1, 200))
def test_one_more_agent_never_makes_service_worse(load: Load, spare: int) -> None:
    agents = int(load.erlangs) + spare
    assert service_level(load, agents + 1, seconds=20) >= service_level(load, agents, seconds=20)
    assert waiting(load, agents + 1) <= waiting(load, agents) <= 1
