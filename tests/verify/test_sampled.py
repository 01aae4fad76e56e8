"""The sample of one table: what it finds, where it ends, and what it says."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from migration_tool.design.compile import CompiledDesign
from migration_tool.source.sqlite import SqliteSource
from migration_tool.target.wire import Wire
from migration_tool.verify.claim import Claim, upper_bound
from migration_tool.verify.expected import Expected
from migration_tool.verify.explain import parsed
from migration_tool.verify.report import AttributeDifference, Report, Sample, TableReport
from migration_tool.verify.validate import validate

from .conftest import Bind
from .fakes import FakeWire
from .helpers import expected_items
from .shop import DESIGN, ROWS, SCHEMA

Shop = tuple[SqliteSource, CompiledDesign]

MORE = """
WITH RECURSIVE n(i) AS (SELECT 5 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
INSERT INTO Thing SELECT i, 1 + i % 2, 'thing ' || i, i, NULL, NULL FROM n;
"""
ALL = Claim(0.99, 0.000_001)
"""Takes more rows than there are."""


@pytest.fixture
def shop(bind: Bind) -> Shop:
    return bind(SCHEMA + ROWS, DESIGN)


@pytest.fixture
def large(bind: Bind) -> Shop:
    return bind(SCHEMA + ROWS + MORE, DESIGN)


def run(shop: Shop, wire: FakeWire, folder: Path, claim: Claim) -> Report:
    return validate(shop[0], [(shop[1], "Shop")], cast(Wire, wire), folder, limit=0, claim=claim)


def sample_of(report: Report) -> tuple[TableReport, Sample]:
    (table,) = report.tables
    assert table.difference.sample
    return table, table.difference.sample


def test_a_sample_without_a_fault_shows_its_claim(large: Shop, tmp_path: Path) -> None:
    wire = FakeWire(expected_items(*large))
    report = run(large, wire, tmp_path, Claim(0.95, 0.05, seed=7))
    table, sample = sample_of(report)
    assert report.ok and report.sampled
    assert sample == Sample(0.95, 0.05, 7, 1_003, 60, 60, 0, upper_bound(0, 59, 0.95))
    assert [(e.entity, e.expected, e.actual) for e in table.difference.entities] == [
        ("Maker", 1, 1),
        ("Thing", 59, 59),
    ]
    assert set(wire.asked) == {"BatchGetItem"}
    assert table.checked == (
        "Of 1,003 source rows 60 were drawn at random (seed 7), of each entity in proportion, and 60 looked "
        "at: the items of 0 are missing or different, by key and attributes, read strongly consistent.",
        "With 95 % confidence at most 4.951 % of the rows have an item that is missing or different: the "
        "exact binomial bound.",
    )
    assert table.not_checked[:2] == (
        "Extra items were not looked for: rows of the source do not lead to what none of them gives.",
        "A sample finds rates, not single losses: of one lost batch (25 items) these 60 rows meet an item "
        "with a probability of at least 78.6 %; for 95 % it takes 114 rows.",
    )
    assert "(GSI1) were not compared item by item and not counted" in table.not_checked[2]


def test_what_is_missing_or_different_is_named(shop: Shop, tmp_path: Path) -> None:
    wire = FakeWire(expected_items(*shop))
    wire.items.remove(wire.find("MAKER#2", "#MAKER"))
    report = run(shop, wire, tmp_path, ALL)
    table, sample = sample_of(report)
    assert report.summary() == "shop: 1 item missing"
    assert [(d.key, d.entity) for d in table.difference.missing] == [
        ({"PK": "MAKER#2", "SK": "#MAKER"}, "Maker")
    ]
    assert (sample.drawn, sample.looked_at, sample.wrong, sample.bound) == (7, 3, 1, None)
    assert "it cannot show the claim any more" in table.checked[1]
    wire = FakeWire(expected_items(*shop))
    wire.find("MAKER#1", "THING#000001")["Price"] = {"N": "1"}
    table, sample = sample_of(run(shop, wire, tmp_path, ALL))
    (changed,) = table.difference.different
    assert changed.key == {"PK": "MAKER#1", "SK": "THING#000001"}
    assert [a.name for a in changed.attributes] == ["Price"]
    assert isinstance(changed.attributes[0], AttributeDifference)
    assert (sample.looked_at, sample.wrong, sample.bound) == (7, 1, 1 / 7)


def test_the_sample_ends_where_the_claim_has_failed(large: Shop, tmp_path: Path) -> None:
    wire = FakeWire([])
    wire.target.connections = 1
    table, sample = sample_of(run(large, wire, tmp_path, Claim(0.99, 0.01)))
    assert sample.drawn >= Claim(0.99, 0.01).size == 459
    assert sample.looked_at == sample.wrong == len(table.difference.missing) == 2
    assert len(wire.asked) == 4 < 1 + len(range(0, 458, 100))


def test_a_claim_about_all_rows_bears_what_it_says(large: Shop, tmp_path: Path) -> None:
    """With 99 % and 0.3 % it takes 1,533 rows, more than the 1,003: 3 of these may be wrong."""
    for wrong, bound in ((3, 3 / 1_003), (4, None)):
        wire = FakeWire(expected_items(*large))
        for item in [item for item in wire.items if item["SK"]["S"].startswith("THING#")][:wrong]:
            item["Price"] = {"N": "-1"}
        report = run(large, wire, tmp_path, Claim(0.99, 0.003))
        table, sample = sample_of(report)
        assert (report.ok, sample.drawn, sample.wrong, sample.bound) == (False, 1_003, wrong, bound)
        assert ("0.2992 % of them have a wrong item" in table.checked[1]) == (wrong == 3)


def test_a_probability_is_never_rounded_up_to_certainty(large: Shop, tmp_path: Path) -> None:
    table, _ = sample_of(run(large, FakeWire(expected_items(*large)), tmp_path, Claim(0.999_999, 0.015)))
    assert "probability of at least 99.99 %; for 99.9999 % it takes" in table.not_checked[1]


def test_numbers_in_another_form_are_equal(shop: Shop, tmp_path: Path) -> None:
    wire = FakeWire(expected_items(*shop))
    wire.find("MAKER#1", "THING#000001")["Price"] = {"N": "0.990"}
    report = run(shop, wire, tmp_path, ALL)
    assert report.ok
    _, sample = sample_of(report)
    assert (sample.rows, sample.drawn, sample.bound) == (7, 7, 0.0)
    assert report.tables[0].checked == (
        "The claim takes all 7 source rows, 7 were looked at: the items of 0 are missing or different, by "
        "key and attributes, read strongly consistent.",
        "These are all rows: 0 % of them have a wrong item.",
    )
    assert not any("losses" in sentence for sentence in report.tables[0].not_checked)


def test_extra_items_are_not_seen(shop: Shop, tmp_path: Path) -> None:
    wire = FakeWire([*expected_items(*shop), {"PK": {"S": "x"}, "SK": {"S": "y"}}])
    assert run(shop, wire, tmp_path, ALL).ok


def test_a_row_that_cannot_be_an_item_was_looked_at(bind: Bind, tmp_path: Path) -> None:
    shop = bind(SCHEMA + ROWS + "INSERT INTO Thing (ThingId, MakerId) VALUES (-1, NULL), (8, NULL);", DESIGN)
    parts = Expected(shop[0], shop[1].entities).parts()
    good = [parsed(text) for part in parts for _, _, text in part.items]
    report = run(shop, FakeWire(good), tmp_path, ALL)
    table, sample = sample_of(report)
    assert report.ok
    assert (sample.rows, sample.looked_at, table.difference.total("rejected")) == (9, 9, 2)
    assert {rejection.rule for rejection in table.difference.rejections} == {"does_not_fit", "null_key"}


def test_rows_with_one_key_are_each_compared(bind: Bind, tmp_path: Path) -> None:
    design = DESIGN.replace('SK: "THING#{ThingId:6}"', 'SK: "THING#0"').split("access_patterns")[0]
    shop = bind(SCHEMA + ROWS, design)
    survivors = {(item["PK"]["S"], item["SK"]["S"]): item for item in expected_items(*shop)}
    report = run(shop, FakeWire(survivors.values()), tmp_path, ALL)
    assert not report.ok
    assert report.tables[0].difference.total("different") >= 1


def test_an_empty_source_has_nothing_to_sample(bind: Bind, tmp_path: Path) -> None:
    report = run(bind(SCHEMA, DESIGN), FakeWire([]), tmp_path, ALL)
    _, sample = sample_of(report)
    assert (report.ok, sample.drawn, sample.bound) == (True, 0, 0.0)
