"""The formulas of docs/costs.md, reckoned by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migration_tool.costs import GB, Traffic, Volume, Way, months, recommended, units_to_read, ways
from migration_tool.prices import load_prices

PRICES = load_prices(None).of("us-east-1")
VOLUME = Volume(
    items=1_000_000,
    bytes=500_000_000,
    copies=3_000_000,
    stored=1_500_000_000,
    write_units=3_000_000,
    busiest=1_000_000,
    hottest=1_000,
    json_bytes=GB,
)


def way(name: str, *volumes: Volume, wcu: int = 4_000) -> Way:
    return next(way for way in ways(volumes or (VOLUME,), PRICES, wcu) if way.name == name)


def test_writing_on_demand() -> None:
    found = way("on_demand")
    assert found.seconds == 1_000_000 / 4_000
    assert found.dollars == pytest.approx(3 * 0.625)


@pytest.mark.parametrize(
    ("units", "seconds"),
    [
        (0, 0), (7_200_000, 1_800), (7_200_000 + 14_400_000, 3_600), (50_400_000, 5_400),
        (50_400_000 + 57_600_000, 7_200), (108_000_000 + 40_000, 7_201),
    ],
)  # fmt: skip
def test_a_new_table_doubles_every_half_hour_up_to_its_quota(units: int, seconds: float) -> None:
    assert way("on_demand", replace(VOLUME, busiest=units, hottest=0)).seconds == pytest.approx(seconds)


def test_no_load_is_faster_than_its_hottest_partition() -> None:
    hot = replace(VOLUME, hottest=900_000)
    assert [found.seconds for found in ways([VOLUME, hot], PRICES, 10_000_000)] == [900.0, 900.0, 900.0, None]


def test_tables_are_loaded_side_by_side() -> None:
    assert way("on_demand", VOLUME, VOLUME).seconds == 250.0
    assert way("on_demand", VOLUME, VOLUME).dollars == pytest.approx(6 * 0.625)
    assert way("provisioned", VOLUME, VOLUME).seconds == 1_500.0


def test_provisioned_capacity_is_paid_by_whole_hours() -> None:
    assert way("provisioned").dollars == pytest.approx(4_000 * 0.00065)
    assert way("provisioned", wcu=500).seconds == 6_000.0
    assert way("provisioned", wcu=500).dollars == pytest.approx(2 * 500 * 0.00065)


def test_an_import_is_paid_by_what_is_read_and_put() -> None:
    assert way("s3_import").dollars == pytest.approx(0.15 + 128 * 0.005 / 1000 + 0.023 * 24 / 730)
    assert way("s3_import").seconds is None


def test_the_way_that_is_recommended() -> None:
    small = [replace(VOLUME, write_units=1_000_000, json_bytes=GB // 2)]
    assert recommended(ways(small, PRICES, 4_000), []).name == "on_demand"
    large = [replace(VOLUME, write_units=60_000_000, json_bytes=20 * GB)]
    assert recommended(ways(large, PRICES, 4_000), []).name == "s3_import"
    there = recommended(ways(large, PRICES, 4_000), ["Shop is in the way"])
    assert there.name == "provisioned"
    assert there.reason == "$24.50 cheaper than writing on demand; Shop is in the way"
    assert "Shop" in recommended(ways(small, PRICES, 4_000), ["Shop is in the way"]).reason
    assert "is not known" in recommended(ways(large, None, 4_000), []).reason
    partly = replace(PRICES, import_gb=None)
    there = recommended(ways(large, partly, 4_000), [])
    assert (there.name, "not known" in there.reason) == ("provisioned", True)
    bare = replace(partly, standard=replace(PRICES.standard, write_hour=None))
    assert [found.dollars for found in ways(large, bare, 4_000)] == [37.5, 37.5, None, None]
    assert recommended(ways(large, bare, 4_000), []).name == "on_demand"


def test_a_load_is_paid_in_the_class_of_its_table() -> None:
    rare = replace(VOLUME, table_class="infrequent_access")
    assert way("on_demand", VOLUME, rare).dollars == pytest.approx(3 * 0.625 + 3 * 0.78)
    assert way("provisioned", VOLUME, rare).dollars == pytest.approx(4_000 * 0.00081)
    without = replace(PRICES, infrequent_access=None)
    assert [found.dollars for found in ways([rare], without, 1)][:3] == [None] * 3
    assert {month.table_class for month in months([rare], without, Traffic(1, 1))} == {"standard"}


def test_recovery_is_paid_by_what_is_kept() -> None:
    kept = replace(VOLUME, recoverable=2 * GB)
    plain, found = (months(given, PRICES, Traffic(1, 1))[0] for given in ([VOLUME], [VOLUME, kept]))
    assert (plain.recovery, found.recovery) == (0, pytest.approx(0.4))
    assert found.total == pytest.approx(found.storage + 0.4 + found.reads + found.writes)
    unknown = months([kept], replace(PRICES, pitr_gb_month=None), Traffic(1, 1))[0]
    assert (unknown.recovery, unknown.total) == (None, unknown.storage + unknown.reads + unknown.writes)


def test_a_month() -> None:
    demand, provisioned, rare, _ = months([VOLUME], PRICES, Traffic(reads=100, writes=10))
    assert (demand.billing, demand.table_class) == ("on_demand", "standard")
    assert demand.storage == pytest.approx(0.25 * (1_500_000_000 + 300_000_000) / GB)
    assert demand.reads == pytest.approx(50 * 730 * 3_600 * 0.125e-6)
    assert demand.writes == pytest.approx(30 * 730 * 3_600 * 0.625e-6)
    assert provisioned.reads == pytest.approx(72 * 730 * 0.00013)
    assert provisioned.writes == pytest.approx(43 * 730 * 0.00065)
    assert rare.storage == pytest.approx(demand.storage * 0.10 / 0.25)
    assert demand.total == demand.storage + demand.reads + demand.writes


def test_objects_are_put_and_kept() -> None:
    large = replace(VOLUME, objects=200_000, object_bytes=100 * GB)
    assert way("on_demand", VOLUME, large).dollars == pytest.approx(6 * 0.625 + 200 * 0.005)
    assert way("provisioned", large).dollars == pytest.approx(4_000 * 0.00065 + 200 * 0.005)
    month = months([VOLUME, large], PRICES, Traffic(reads=1, writes=10))[0]
    put = 10 * 730 * 3_600 * 0.1 * 0.005 / 1000
    assert month.objects == pytest.approx(100 * 0.023 + put)
    assert month.total == pytest.approx(month.storage + (month.objects or 0) + month.reads + month.writes)
    unknown = replace(PRICES, s3=None)
    assert [found.dollars for found in ways([large], unknown, 4_000)] == [None] * 4
    assert months([large], unknown, Traffic(1, 1))[0].objects is None
    assert months([VOLUME], unknown, Traffic(1, 1))[0].objects == 0


@pytest.mark.parametrize(("size", "units"), [(0, 0.5), (4_096, 0.5), (4_097, 1.0), (409_600, 50.0)])
def test_a_read_is_half_a_unit_for_each_4_kb(size: int, units: float) -> None:
    assert units_to_read(size) == units


def test_tables_without_items_cost_nothing() -> None:
    empty = Volume(0, 0, 0, 0, 0, 0, 0, 0)
    assert [found.seconds for found in ways([empty], PRICES, 1)] == [0.0, 0.0, 0.0, None]
    assert months([empty], PRICES, Traffic(0, 0))[0].total == 0
