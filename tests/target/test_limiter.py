from __future__ import annotations

import math
from typing import Any

import pytest

from migration_tool.target.answers import Reaction, Throttle, Verdict
from migration_tool.target.facts import Capacity
from migration_tool.target.gate import Gate
from migration_tool.target.limiter import Limiter
from tests.target.simulation import ARN, CODE, Clock

ACCOUNT = Verdict(Reaction.THROTTLED, "RequestLimitExceeded")
HOT = Verdict(Reaction.THROTTLED, CODE, throttles=(Throttle("TableWriteKeyRangeThroughputExceeded", ARN),))
GSI2 = ARN + "/index/GSI2"
SHORT = Verdict(
    Reaction.THROTTLED, CODE, throttles=(Throttle("IndexWriteProvisionedThroughputExceeded", GSI2),)
)


def consumed(table: float, **indexes: float) -> dict[str, Any]:
    return {
        "CapacityUnits": table + sum(indexes.values()),
        "Table": {"CapacityUnits": table},
        "GlobalSecondaryIndexes": {name: {"CapacityUnits": units} for name, units in indexes.items()},
    }


def rounds(gate: Gate, count: int, width: int) -> None:
    """Good answers, with as many requests in flight as are allowed but at most `width`."""
    flying = 0
    for _ in range(count):
        while gate.wait() == 0.0 and flying < width:
            gate.sent(25)
            flying += 1
        gate.accepted(25, 25, 0, consumed(25.0))
        flying -= 1
    for _ in range(flying):
        gate.accepted(25, 25, 0, consumed(25.0))


def test_without_limits_only_the_connections_count() -> None:
    gate = Limiter(2, Clock()).gate("Music")
    assert gate.wait() == 0.0
    gate.sent(25)
    gate.sent(25)
    assert gate.wait() == math.inf
    gate.accepted(25, 25, 0, None)
    assert (gate.wait(), gate.most_items, gate.items) == (0.0, 25, 25)


def test_an_account_limit_halves_what_is_in_flight_and_good_answers_bring_it_back() -> None:
    clock = Clock()
    limiter = Limiter(16, clock)
    gate = limiter.gate("Music")
    for _ in range(16):
        gate.sent(25)
    for _ in range(16):
        gate.throttled(25, 25, ACCOUNT)
    assert limiter.allowed == 8, "throttles that arrive together count as one"
    rounds(gate, 30, 4)
    assert limiter.allowed == 8, "what is not used does not grow"
    rounds(gate, 300, 16)
    assert limiter.allowed == 16


def test_an_account_limit_slows_the_other_tables_too() -> None:
    limiter = Limiter(16, Clock())
    music, films, idle = limiter.gate("Music"), limiter.gate("Films"), limiter.gate("Idle")
    music.sent(25)
    for _ in range(8):
        films.sent(25)
        films.accepted(25, 25, 0, None)
    films.sent(25)
    music.throttled(25, 25, ACCOUNT)
    assert films.limit is not None and idle.limit is None


def test_a_hot_key_slows_nothing_else() -> None:
    clock = Clock()
    limiter = Limiter(16, clock)
    gate = limiter.gate("Music")
    for n in range(2_000):
        gate.sent(25)
        clock.now += 0.001
        if n % 20:
            gate.accepted(25, 25, 0, consumed(25.0))
        else:
            gate.throttled(25, 1, HOT)
    assert (limiter.allowed, gate.limit) == (16, None)
    assert "partitions of Music" in limiter.flow().note


def test_a_short_index_is_named_and_its_table_goes_at_what_it_takes() -> None:
    clock = Clock()
    limiter = Limiter(16, clock)
    gate = limiter.gate("Music")
    for n in range(100):
        gate.sent(25)
        clock.now += 0.01
        if n % 2:
            gate.accepted(25, 25, 0, consumed(25.0, GSI2=25.0))
        else:
            gate.throttled(25, 25, SHORT)
    flow = limiter.flow()
    assert flow.limit_wcu == pytest.approx(2500.0, rel=0.15)
    assert flow.places == {"index GSI2 of Music": 50}
    assert flow.reasons == {"IndexWriteProvisionedThroughputExceeded": 50}
    assert flow.allowed < 16
    assert flow.note.startswith("index GSI2 of Music is short of write capacity: ")
    assert flow.note.endswith("0 of 16 requests in flight")


def test_one_limit_for_all_tables_counts_indexes_too() -> None:
    clock = Clock()
    limiter = Limiter(16, clock)
    limiter.keep_to(100.0)
    music, films = limiter.gate("Music"), limiter.gate("Films")
    music.sent(10)
    music.accepted(10, 10, 0, consumed(10.0, GSI1=10.0, GSI2=20.0))
    assert films.wait() == pytest.approx(0.4)
    assert limiter.flow().limit_wcu == 100.0
    assert limiter.flow().note == "held at 100 WCU/s"


def test_a_limit_may_come_change_and_go_while_requests_are_on_their_way() -> None:
    clock = Clock()
    limiter = Limiter(16, clock)
    gate = limiter.gate("Music")
    gate.sent(25)
    limiter.keep_to(100.0)
    assert gate.wait() == 0.0
    gate.accepted(25, 25, 0, consumed(50.0))
    assert gate.wait() == pytest.approx(0.25), "what the new limit took for 25 units were 50"
    limiter.keep_to(None, {"Music": Capacity(10.0)})
    gate.sent(1)
    assert gate.wait() == pytest.approx(0.1)
    limiter.keep_to(None)
    assert gate.wait() == 0.0
    gate.lost(1)
    assert (gate.items, limiter.flow().limit_wcu) == (0, None)


def test_table_and_indexes_are_kept_to_what_each_has() -> None:
    limiter = Limiter(16, Clock())
    limiter.keep_to(None, {"Music": Capacity(100.0, {"GSI1": 10.0})})
    gate, other = limiter.gate("Music"), limiter.gate("Films")
    gate.sent(5)
    gate.accepted(5, 5, 0, consumed(5.0, GSI1=5.0))
    assert gate.wait() == pytest.approx(0.5)
    assert limiter.flow().limit_wcu == pytest.approx(20.0), "10 in the index are 20 in all"
    assert other.wait() == 0.0


def test_under_a_small_limit_requests_are_small() -> None:
    limiter = Limiter(16, Clock())
    limiter.keep_to(100.0)
    gate = limiter.gate("Music")
    assert gate.most_items == 10
    gate.sent(10)
    gate.accepted(10, 10, 0, consumed(20.0, GSI1=20.0))
    assert gate.most_items == 2
    limiter.keep_to(0.5)
    assert gate.most_items == 1


def test_what_nobody_answered_counts_as_expected() -> None:
    limiter = Limiter(16, Clock())
    limiter.keep_to(100.0)
    gate = limiter.gate("Music")
    gate.sent(10)
    gate.lost(10)
    assert gate.wait() == pytest.approx(0.1)


def test_answers_that_tell_no_consumption_count_at_one_unit_an_item() -> None:
    limiter = Limiter(16, Clock())
    limiter.keep_to(100.0)
    gate = limiter.gate("Music")
    gate.sent(10)
    gate.accepted(10, 10, 0, None)
    assert gate.wait() == pytest.approx(0.1)


def test_an_index_that_holds_no_item_holds_nothing_up() -> None:
    limiter = Limiter(16, Clock())
    limiter.keep_to(None, {"Music": Capacity(None, {"GSI1": 10.0})})
    gate = limiter.gate("Music")
    gate.sent(25)
    gate.accepted(25, 25, 0, consumed(25.0))
    assert (gate.wait(), gate.most_items, limiter.flow().limit_wcu) == (0.0, 25, None)
