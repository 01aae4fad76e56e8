from __future__ import annotations

import math

import pytest

from migration_tool.target.aside import Aside
from tests.target.simulation import Clock


def aside(clock: Clock, base: float = 0.1, longest: float = 20.0) -> Aside[int]:
    return Aside(clock, base, longest, lambda: 0.5)


def due(one: Aside[int], clock: Clock, most: int = 25) -> list[tuple[str, int]]:
    clock.now += one.seconds()
    return one.due(most)


def test_nothing_waits_at_first() -> None:
    one = aside(Clock())
    assert not one
    assert (one.seconds(), one.due(25), one.waiting) == (math.inf, [], 0)


def test_items_of_a_refused_key_queue_up_behind_it() -> None:
    clock = Clock()
    one = aside(clock)
    one.refused("hot", [1, 2])
    assert "hot" in one and "cold" not in one
    one.add("hot", 3)
    assert one.due(25) == [], "the first try is put off"
    assert one.seconds() == pytest.approx(0.05)
    order = []
    while one.waiting:
        for key, entry in due(one, clock):
            order.append(entry)
            one.answered(key, 1)
    assert order == [1, 2, 3]


def test_what_is_refused_again_stays_in_front() -> None:
    clock = Clock()
    one = aside(clock)
    one.refused("hot", list(range(60)))
    first = due(one, clock)
    assert [entry for _, entry in first] == list(range(15))
    one.answered("hot", 5, [entry for _, entry in first[5:]])
    assert [entry for _, entry in due(one, clock)][:3] == [5, 6, 7]


def test_other_keys_do_not_wait_for_a_hot_one() -> None:
    clock = Clock()
    one = aside(clock)
    one.refused("hot", [1])
    for _ in range(30):
        one.answered("hot", 0, [due(one, clock)[0][1]])
    waits = one.seconds()
    one.refused("new", [2])
    assert one.seconds() == pytest.approx(0.1) and waits > 1.0
    assert due(one, clock) == [("new", 2)]


def test_keys_share_a_request_and_a_request_has_its_size() -> None:
    clock = Clock()
    one = aside(clock)
    for n in range(40):
        one.refused(f"k{n}", [n])
    clock.now += 1.0
    assert (len(one.due(25)), len(one.due(25)), one.waiting) == (25, 15, 0)


def test_the_rate_of_a_key_follows_what_is_taken() -> None:
    """1,000 a second are taken and 40,000 wait: nearly all the time the partition has something to do."""
    clock = Clock()
    one = aside(clock, base=0.03)
    one.refused("hot", list(range(40_000)))
    level, at, began, taken, refused = 0.0, clock.now, clock.now, 0, 0
    while clock.now < began + 20.0:
        tried = due(one, clock)
        level, at = min(50.0, level + 1000 * (clock.now - at)), clock.now
        good = min(len(tried), int(level))
        level -= good
        one.answered("hot", good, [entry for _, entry in tried[good:]])
        taken, refused = taken + good, refused + len(tried) - good
        clock.now += 0.001
    assert taken > 0.95 * 20_000
    assert refused < 0.1 * taken


def test_the_time_between_tries_doubles_up_to_the_longest_while_nothing_is_taken() -> None:
    clock = Clock()
    one = aside(clock, base=0.05, longest=20.0)
    one.refused("k", [1])
    times = []
    for _ in range(60):
        one.answered("k", 0, [entry for _, entry in due(one, clock)])
        times.append(one.seconds())
    assert times == sorted(times)
    assert times[21] / times[20] == pytest.approx(2.0)
    assert times[-1] == pytest.approx(20.0, rel=0.01)


def test_it_grows_gently_while_other_keys_get_through() -> None:
    clock = Clock()
    one = aside(clock, base=0.05)
    one.refused("k", [1])
    for _ in range(40):
        one.answered("k", 0, [1])
        one.refused("other", [2])
        clock.now += one.seconds()
        for key, entry in one.due(25):
            one.answered(key, *((1, ()) if key == "other" else (0, [entry])))
    assert one.seconds() < 20.0


def test_a_key_that_nothing_waits_for_is_forgotten() -> None:
    clock = Clock()
    one = aside(clock)
    one.refused("hot", [1])
    due(one, clock)
    clock.now += 60.0
    assert one.seconds() == math.inf and "hot" in one, "its item is being tried"
    one.answered("hot", 1)
    assert "hot" in one
    clock.now += 1.01
    assert one.seconds() == math.inf
    assert not one


def test_a_second_refusal_of_a_key_that_had_nothing_waiting() -> None:
    clock = Clock()
    one = aside(clock)
    one.refused("hot", [1])
    due(one, clock)
    one.refused("hot", [2])
    assert due(one, clock) == [("hot", 2)]
