from __future__ import annotations

import pytest

from migration_tool.target.pace import Pace
from tests.target.simulation import Clock


def interval(pace: Pace, clock: Clock, taken: float, refused: float = 0.0) -> float | None:
    """One interval of 0.1 s with such units in ten answers."""
    for _ in range(10):
        clock.now += 0.01
        pace.answered(taken / 10, refused / 10)
    clock.now += 0.01
    pace.answered(0.0, 0.0)
    return pace.rate


def test_without_a_refusal_there_is_no_limit() -> None:
    clock = Clock()
    pace = Pace(clock)
    assert {interval(pace, clock, units) for units in (10.0, 1e6, 0.0)} == {None}


def test_what_was_taken_is_the_rate() -> None:
    clock = Clock()
    pace = Pace(clock)
    assert interval(pace, clock, 400.0, 100.0) == pytest.approx(4000.0, rel=0.1)


def test_a_few_refusals_are_no_reason_to_fall() -> None:
    clock = Clock()
    pace = Pace(clock)
    assert interval(pace, clock, 400.0, 10.0) is None


def test_it_grows_slowly_at_first_and_then_fast() -> None:
    clock = Clock()
    pace = Pace(clock)
    before = interval(pace, clock, 400.0, 100.0) or 0.0
    growths = []
    for _ in range(8):
        after = interval(pace, clock, before * 0.11) or 0.0
        growths.append(round(after / before - 1, 2))
        before = after
    assert growths == [0.02, 0.04, 0.08, 0.16, 0.32, 0.5, 0.5, 0.5]
    fallen = interval(pace, clock, before * 0.08, before * 0.03) or 0.0
    assert 0.7 * before <= fallen < 0.85 * before
    assert interval(pace, clock, fallen * 0.11) == pytest.approx(fallen * 1.02)


def test_one_bad_interval_takes_less_than_a_third() -> None:
    clock = Clock()
    pace = Pace(clock)
    before = interval(pace, clock, 400.0, 100.0) or 0.0
    assert interval(pace, clock, 1.0, before) == pytest.approx(0.7 * before)


def test_it_does_not_grow_unused_and_is_forgotten_in_the_end() -> None:
    clock = Clock()
    pace = Pace(clock)
    before = interval(pace, clock, 400.0, 100.0)
    assert interval(pace, clock, 100.0) == before
    for _ in range(100):
        interval(pace, clock, 100.0)
    assert pace.rate is None


def test_a_slow_table_is_looked_at_over_enough_answers() -> None:
    clock = Clock()
    pace = Pace(clock)
    for _ in range(7):
        clock.now += 0.5
        assert not pace.answered(1.0, 1.0)
    clock.now += 0.5
    assert pace.answered(1.0, 1.0)
    assert pace.rate == pytest.approx(2.0)


def test_it_makes_way_for_others() -> None:
    clock = Clock()
    pace = Pace(clock)
    before = interval(pace, clock, 400.0, 100.0) or 0.0
    pace.slow(0.9)
    assert pace.rate == pytest.approx(0.9 * before)


def test_refusals_that_a_slower_offer_does_not_lessen_do_not_stop_it() -> None:
    """Three of ten are refused at any rate: it falls to a third, sees that this is in vain, and grows."""
    clock = Clock()
    pace = Pace(clock)
    rates = [interval(pace, clock, 700.0, 300.0) or 0.0]
    for _ in range(20):
        rates.append(interval(pace, clock, 0.07 * rates[-1], 0.03 * rates[-1]) or 0.0)
    assert 0.2 * rates[0] < min(rates) < 0.5 * rates[0] < rates[0] < rates[-1]


def test_refusals_that_no_rate_ends_are_not_tolerated_where_they_are_most() -> None:
    clock = Clock()
    pace = Pace(clock)
    rate = interval(pace, clock, 300.0, 700.0) or 0.0
    for _ in range(40):
        rate = interval(pace, clock, 0.03 * rate, 0.07 * rate) or 0.0
    assert rate == 1.0


def test_a_capacity_that_falls_to_a_hundredth_is_followed_all_the_way() -> None:
    clock = Clock()
    pace = Pace(clock)
    rate = interval(pace, clock, 1000.0, 100.0) or 0.0
    while rate > 100.0:
        after = interval(pace, clock, 10.0, 0.1 * rate - 10.0) or 0.0
        assert after < rate
        rate = after


def test_nothing_taken_yet_says_nothing_of_what_a_table_takes() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.slow(0.9)
    assert pace.rate is None
    assert interval(pace, clock, 0.0, 500.0) == pytest.approx(0.7 * 5000.0, rel=0.1)
