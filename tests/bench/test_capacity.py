"""The model of DynamoDB's write limits, by a clock that only the test moves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from bench.capacity import TABLE, Admission, Model, TableCapacity

KEYS = ("PK", "SK")
INDEXES = {"GSI1": ("GSI1PK", "GSI1SK")}


class Clock:
    """Counts whole milliseconds, so that no rounding adds up."""

    def __init__(self) -> None:
        self._milliseconds = 1_000_000

    def __call__(self) -> float:
        return self._milliseconds / 1000

    def advance(self, seconds: float) -> None:
        self._milliseconds += round(seconds * 1000)


class Limited:
    """A table under a model, and its clock."""

    def __init__(self, indexes: Mapping[str, tuple[str, ...]] | None = None, **parameters: Any) -> None:
        self.clock = Clock()
        self._capacity = TableCapacity(Model(**parameters), KEYS, indexes or {}, self.clock)
        self._next = 0

    @property
    def allowed(self) -> float:
        return self._capacity.allowed[TABLE]

    def admit(self, *items: dict[str, Any]) -> Admission:
        return self._capacity.admit(items)

    def offer(self, count: int, partition: str = "") -> Admission:
        """Offers small items, each with a partition key of its own or all with the given one."""
        self._next += count
        numbers = range(self._next - count, self._next)
        return self.admit(*[item(partition or f"P#{n}", str(n)) for n in numbers])

    def press(self, seconds: float, per_second: float) -> list[float]:
        """Offers evenly, 50 times a second; what was consumed each time."""
        consumed = []
        for _ in range(round(seconds * 50)):
            consumed.append(self.offer(round(per_second / 50)).units)
            self.clock.advance(0.02)
        return consumed


def item(partition: str, sort: str = "S", size: int = 0, **more: str) -> dict[str, Any]:
    values = {"PK": partition, "SK": sort, **({"text": "x" * size} if size else {}), **more}
    return {name: {"S": value} for name, value in values.items()}


def provisioned(wcu: float, **parameters: Any) -> Limited:
    return Limited(**{"mode": "provisioned", "wcu": wcu, "partition_wcu": 1e9, **parameters})


def on_demand(**parameters: Any) -> Limited:
    return Limited(**{"mode": "on_demand", "partition_wcu": 1e9, **parameters})


def reasons(admission: Admission) -> list[tuple[str, str]]:
    return list(admission.refusals)


def test_within_the_limit_all_is_taken() -> None:
    table = provisioned(1000)
    assert sum(table.press(20, per_second=900)) == 20 * 900


def test_over_any_ten_seconds_a_provisioned_table_consumes_its_limit_and_no_more() -> None:
    consumed = provisioned(1000).press(25, per_second=2000)
    windows = [sum(consumed[n : n + 500]) for n in range(len(consumed) - 500)]
    assert min(windows) >= 9_990
    assert max(windows) <= 10_200


def test_unused_capacity_is_kept_for_the_burst_seconds() -> None:
    table = provisioned(100, burst_seconds=30)
    assert table.offer(5000).units == 30 * 100
    table.clock.advance(10)
    assert table.offer(5000).units == 10 * 100
    table.clock.advance(1000)
    assert table.offer(5000).units == 30 * 100


def test_a_batch_beyond_the_limit_is_taken_in_part_and_says_why() -> None:
    admission = provisioned(100).offer(25)
    assert admission.taken == [True] * 10 + [False] * 15
    assert admission.units == 10
    assert reasons(admission) == [(TABLE, "ProvisionedThroughputExceeded")]


def test_an_item_costs_its_size_in_begun_kilobytes() -> None:
    table = provisioned(10_000)
    overhead = len("PKP" + "SKS" + "text")
    assert table.admit(item("P", size=1024 - overhead)).units == 1
    assert table.admit(item("P", size=1025 - overhead)).units == 2
    assert table.admit(item("P", size=399_000)).units == 390


def test_an_item_larger_than_what_is_left_is_taken_and_the_rest_owed() -> None:
    table = provisioned(100)
    assert table.admit(item("P", size=100 * 1024)).units == 101
    table.clock.advance(0.9)
    assert table.offer(1).units == 0
    table.clock.advance(0.1)
    assert table.offer(1).units == 1


def test_a_hot_partition_is_throttled_while_the_others_are_not() -> None:
    table = Limited(mode="provisioned", wcu=40_000)
    hot = table.offer(500, partition="P#hot")
    assert hot.units == 100
    assert reasons(hot) == [(TABLE, "KeyRangeThroughputExceeded")]
    assert table.offer(500).units > 450


def test_a_partition_takes_its_limit_over_time() -> None:
    table = Limited(mode="provisioned", wcu=40_000, partitions=1)
    assert 10_000 <= sum(table.press(10, per_second=2000)) <= 10_100


def test_partitions_are_as_many_as_the_limit_needs() -> None:
    assert Model("provisioned", wcu=2500).partition_count(TABLE) == 3
    assert Model("provisioned", wcu=2500, index_wcu=900).partition_count("GSI1") == 1
    assert Model("on_demand").partition_count(TABLE) == 40
    assert Model("on_demand", partitions=7).partition_count(TABLE) == 7


def test_an_index_is_charged_only_for_items_that_have_its_keys() -> None:
    table = provisioned(1000, indexes=INDEXES)
    admission = table.admit(item("A"), item("B", GSI1PK="x"), item("C", GSI1PK="x", GSI1SK="y", size=1500))
    assert (admission.units, admission.indexes) == (4, {"GSI1": 2})


def test_an_index_that_is_full_holds_up_the_table() -> None:
    table = provisioned(1000, index_wcu=50, indexes=INDEXES)
    indexed = [item(f"P#{n}", GSI1PK=f"I#{n}", GSI1SK="y") for n in range(25)]
    admission = table.admit(*indexed)
    assert (admission.units, admission.indexes) == (5, {"GSI1": 5})
    assert reasons(admission) == [("GSI1", "ProvisionedThroughputExceeded")]
    assert table.offer(25).units == 25


def test_a_hot_partition_of_an_index_is_named() -> None:
    table = Limited(mode="provisioned", wcu=40_000, indexes=INDEXES)
    admission = table.admit(*[item(f"P#{n}", GSI1PK="hot", GSI1SK=f"{n}") for n in range(200)])
    assert admission.indexes == {"GSI1": 100}
    assert reasons(admission) == [("GSI1", "KeyRangeThroughputExceeded")]


def test_every_limit_that_refuses_is_named_once() -> None:
    table = Limited(mode="provisioned", wcu=100, partition_wcu=100)
    assert reasons(table.offer(50, partition="P")) == [
        (TABLE, "ProvisionedThroughputExceeded"),
        (TABLE, "KeyRangeThroughputExceeded"),
    ]


def test_a_new_on_demand_table_takes_4000() -> None:
    table = on_demand()
    assert table.allowed == 4000
    assert 40_000 <= sum(table.press(10, per_second=6000)) <= 40_500


def test_an_on_demand_table_doubles_what_it_has_seen_up_to_the_quota() -> None:
    table = on_demand(initial_wcu=400, account_wcu=4000, doubling_seconds=2)
    steps = []
    for _ in range(6):
        steps.append(table.allowed)
        table.press(2, per_second=5000)
    assert steps == [400, 800, 1600, 3200, 4000, 4000]


def test_growth_follows_the_peak_not_the_limit() -> None:
    table = on_demand(initial_wcu=100, doubling_seconds=10)
    table.press(10, per_second=300)
    assert table.allowed == 200
    table.press(10, per_second=150)
    assert table.allowed == pytest.approx(300, rel=0.05)
    table.clock.advance(100)
    assert table.allowed == pytest.approx(300, rel=0.05)


def test_an_on_demand_table_that_has_not_yet_grown_shows_a_key_range() -> None:
    assert reasons(on_demand().offer(500)) == [(TABLE, "KeyRangeThroughputExceeded")]


def test_at_the_quota_the_account_is_named() -> None:
    table = on_demand(initial_wcu=1000, account_wcu=1000)
    assert reasons(table.offer(500)) == [(TABLE, "AccountLimitExceeded")]


def test_a_configured_maximum_is_named_and_held() -> None:
    table = on_demand(max_wcu=200)
    assert table.allowed == 200
    assert reasons(table.offer(50)) == [(TABLE, "MaxOnDemandThroughputExceeded")]
    assert 2000 <= 20 + sum(table.press(10, per_second=1000)) <= 2040


def test_an_index_grows_by_its_own_traffic() -> None:
    clock = Clock()
    capacity = TableCapacity(Model("on_demand", doubling_seconds=2), KEYS, INDEXES, clock)
    for n in range(200):
        capacity.admit([item(f"P#{n}#{k}") for k in range(40)])
        clock.advance(0.01)
    assert capacity.allowed[TABLE] > 4000
    assert capacity.allowed["GSI1"] == 4000


@pytest.mark.parametrize("given", [{"mode": "fast"}, {}, {"mode": "provisioned", "wcus": 1}])
def test_parameters_that_are_none_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError)):
        Model(**given)
