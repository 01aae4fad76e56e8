"""The share of the possible that a loader with these brakes reaches, in simulated seconds.

The share is of what was taken; "refused" is of what was offered: never much faster than the table takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest

from migration_tool.target.facts import Capacity
from migration_tool.target.limiter import Flow, Limiter
from tests.target.simulation import Clock, Item, Loader, Table, collections, hot, possible, spread

pytestmark = pytest.mark.row(5)

MANY = 10**7
NEAR: dict[str, Any] = {"connections": 16, "latency": 0.0003}
FAR: dict[str, Any] = {"connections": 64, "latency": 0.01}
BEGIN, END = 1.5, 4.0


def load(
    table: Table,
    source: Iterable[Sequence[Item]],
    seconds: float = END,
    max_wcu: float | None = None,
    capacities: Mapping[str, Capacity] | None = None,
    **how: Any,
) -> Flow:
    clock = Clock()
    limiter = Limiter(how.get("connections", 16), clock)
    limiter.keep_to(max_wcu, capacities)
    Loader(table, limiter, clock, source, **how).run(seconds)
    return limiter.flow()


def refused(table: Table) -> float:
    return table.refused / table.offered


@pytest.mark.parametrize("how", [NEAR, FAR], ids=["16 at 0.3 ms", "64 at 10 ms"])
def test_spread_keys_reach_95_per_cent_of_what_40_partitions_take(how: dict[str, Any]) -> None:
    table = Table(40_000, partitions=40)
    load(table, spread(MANY), **how)
    assert table.rate(BEGIN, END) >= 0.95 * possible(table, spread(MANY), BEGIN, END)
    assert refused(table) < 0.12


@pytest.mark.parametrize("how", [NEAR, FAR], ids=["16 at 0.3 ms", "64 at 10 ms"])
@pytest.mark.parametrize("reason", ["ProvisionedThroughputExceeded", "AccountLimitExceeded"])
def test_spread_keys_reach_98_per_cent_of_the_tables_limit(reason: str, how: dict[str, Any]) -> None:
    table = Table(40_000, partitions=80, reason=reason)
    load(table, spread(MANY), **how)
    assert table.rate(BEGIN, END) >= 0.98 * 40_000
    assert refused(table) < 0.12


def test_an_index_of_half_the_capacity_is_the_limit() -> None:
    table = Table(40_000, partitions=80, indexes={"GSI1": 20_000})
    load(table, spread(MANY), **FAR)
    assert table.rate(BEGIN, END) >= 0.95 * 2 * 20_000
    assert refused(table) < 0.12


def test_a_known_capacity_is_reached_with_hardly_a_throttle() -> None:
    table = Table(40_000, partitions=80, indexes={"GSI1": 20_000})
    flow = load(table, spread(MANY), capacities={"Music": Capacity(40_000, {"GSI1": 20_000})}, **NEAR)
    assert table.rate(BEGIN, END) >= 0.98 * 2 * 20_000
    assert refused(table) < 0.01
    assert flow.limit_wcu == pytest.approx(40_000, rel=0.01)


@pytest.mark.parametrize("how", [NEAR, FAR], ids=["16 at 0.3 ms", "64 at 10 ms"])
@pytest.mark.parametrize("share", [0.2, 0.05])
def test_a_hot_key_reorders_and_everything_else_goes_on(share: float, how: dict[str, Any]) -> None:
    table = Table(40_000, partitions=40)
    load(table, hot(MANY, share), **how)
    assert table.rate(BEGIN, END) >= 0.95 * possible(table, hot(MANY, share), BEGIN, END)


@pytest.mark.parametrize("how", [NEAR, FAR], ids=["16 at 0.3 ms", "64 at 10 ms"])
def test_a_single_collection_reaches_95_per_cent_of_its_partition(how: dict[str, Any]) -> None:
    table = Table(40_000, partitions=40)
    load(table, collections(MANY, MANY), seconds=12.0, **how)
    assert table.rate(2.0, 12.0) >= 0.95 * 1000


def test_sorted_collections_go_side_by_side() -> None:
    table = Table(40_000, partitions=40)
    load(table, collections(MANY, 1000), seconds=12.0, **NEAR)
    assert table.rate(2.0, 12.0) >= 2 * 1000


def test_an_on_demand_table_that_grows_is_followed() -> None:
    """4,000 at first, twice as much every 3 s; that it has not grown yet shows as a key range exceeded."""
    table = Table(4_000, partitions=40, doubling=3.0, reason="KeyRangeThroughputExceeded")
    load(table, spread(MANY), seconds=12.0, **NEAR)
    for begin, rate in ((1.0, 4_000), (4.0, 8_000), (7.0, 16_000)):
        assert table.rate(begin, begin + 2.0) >= 0.95 * rate


@pytest.mark.parametrize("latency", [0.0003, 0.05])
@pytest.mark.parametrize("rate", [100, 5_000])
def test_max_wcu_is_held_within_5_per_cent_over_any_10_seconds(rate: float, latency: float) -> None:
    """With an index, items of different sizes, requests without an answer, and a client that pauses."""
    table = Table(400_000, partitions=400, indexes={"GSI1": 400_000})
    stalls = {5.5: 0.15, 14.0: 0.1, 20.2: 0.15}
    source = spread(MANY, (1.0, 2.0, 4.0))
    load(table, source, 30.0, max_wcu=rate, latency=latency, stalls=stalls)
    for tenth in range(10, 200):
        assert table.rate(tenth / 10, tenth / 10 + 10) == pytest.approx(rate, rel=0.05)


def test_requests_without_an_answer_count_against_max_wcu() -> None:
    table = Table(400_000, partitions=400)
    load(table, spread(MANY), 20.0, max_wcu=5_000, lost=0.1)
    assert table.rate(5.0, 20.0) == pytest.approx(5_000, rel=0.05)


def test_pauses_of_the_client_do_not_teach_a_wrong_limit() -> None:
    table = Table(40_000, partitions=80)
    stalls = {1.0: 0.1, 2.0: 0.1, 3.0: 0.1}
    load(table, spread(MANY), stalls=stalls, **NEAR)
    assert table.rate(BEGIN, END) >= 0.93 * 40_000


@pytest.mark.parametrize("whim", [0.1, 0.3])
def test_a_table_that_refuses_whatever_the_pace_is_still_loaded(whim: float) -> None:
    """No slower offer would help. Without that insight it were one unit a second in the end."""
    table = Table(4_000, partitions=40, whim=whim)
    load(table, spread(MANY), seconds=8.0, **FAR)
    assert table.rate(4.0, 8.0) >= 0.25 * 4_000
