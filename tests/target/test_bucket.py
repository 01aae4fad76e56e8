from __future__ import annotations

import random

import pytest

from migration_tool.target.bucket import Bucket
from tests.target.simulation import Clock


def test_a_request_may_leave_while_nothing_is_owed() -> None:
    clock = Clock()
    bucket = Bucket(100.0, clock)
    assert bucket.seconds() == 0.0
    bucket.take(25)
    assert bucket.seconds() == pytest.approx(0.25)
    clock.now += 0.25
    assert bucket.seconds() == 0.0


def test_the_answer_replaces_the_guess_and_later_requests_count_at_what_it_taught() -> None:
    clock = Clock()
    bucket = Bucket(100.0, clock)
    bucket.take(10)
    bucket.settle(10, 10, 40.0)
    assert bucket.cost == 4.0
    assert bucket.seconds() == pytest.approx(0.4)
    clock.now += 0.4
    bucket.take(10)
    assert bucket.seconds() == pytest.approx(0.4)
    bucket.settle(10, 10, 0.0)
    assert bucket.seconds() == 0.0


def test_what_was_refused_or_not_told_does_not_teach_a_cost() -> None:
    bucket = Bucket(100.0, Clock(), cost=3.0)
    bucket.take(5)
    bucket.settle(5, 0, 0.0)
    assert (bucket.cost, bucket.seconds()) == (3.0, 0.0)
    bucket.take(5)
    bucket.settle(5, 5, None)
    assert bucket.seconds() == pytest.approx(0.15)
    assert bucket.cost == 3.0


def test_a_fifth_of_a_second_is_saved_beside_what_is_on_its_way() -> None:
    clock = Clock()
    bucket = Bucket(100.0, clock, on_the_way=50)
    clock.now += 60.0
    assert bucket.seconds() == 0.0
    bucket.take(21)
    assert bucket.seconds() == pytest.approx(0.01)


def test_a_new_rate_holds_from_now_on() -> None:
    clock = Clock()
    bucket = Bucket(100.0, clock)
    bucket.take(100)
    clock.now += 0.5
    bucket.set_rate(10.0)
    assert bucket.seconds() == pytest.approx(5.0)


@pytest.mark.parametrize("latency", [0.0003, 0.05, 1.0])
@pytest.mark.parametrize("rate", [200.0, 5_000.0])
def test_any_ten_seconds_are_within_five_per_cent(rate: float, latency: float) -> None:
    """Costs, latencies and pauses of the loop at random; some answers never come."""
    chance, clock = random.Random(3), Clock()
    bucket, flying = Bucket(rate, clock), list[tuple[float, int, float]]()
    spent: list[tuple[float, float]] = []
    items = 25 if rate > 1000 else 3
    while clock.now < 1060.0:
        for answer in [one for one in flying if one[0] <= clock.now]:
            flying.remove(answer)
            bucket.settle(answer[1], answer[1], None if chance.random() < 0.01 else answer[2])
        while bucket.seconds() == 0.0:
            cost = sum(chance.choice((1.0, 2.0, 6.0)) for _ in range(items))
            bucket.take(items)
            flying.append((clock.now + latency * (0.5 + chance.random()), items, cost))
            spent.append((clock.now, cost))
        clock.now += chance.choice((0.001, 0.001, 0.01, 0.05))
    for begin in range(1005, 1050):
        units = sum(cost for at, cost in spent if begin <= at < begin + 10)
        assert units == pytest.approx(10 * rate, rel=0.05)
