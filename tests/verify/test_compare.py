from __future__ import annotations

import copy
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migration_tool.design.compile import CompiledDesign
from migration_tool.errors import StateError, TargetError
from migration_tool.model import WireItem
from migration_tool.source.sqlite import SqliteSource
from migration_tool.target.wire import Wire
from migration_tool.verify.compare import compare
from migration_tool.verify.readers import Readers, Share
from migration_tool.verify.report import AttributeDifference, TableDifference

from .conftest import Bind
from .fakes import FakeWire
from .helpers import expected_items
from .shop import DESIGN, ROWS, SCHEMA

Shop = tuple[SqliteSource, CompiledDesign]


@pytest.fixture
def shop(bind: Bind) -> Shop:
    return bind(SCHEMA + ROWS, DESIGN)


@pytest.fixture
def wire(shop: Shop) -> FakeWire:
    return FakeWire(expected_items(*shop))


def run(shop: Shop, wire: FakeWire, folder: Path, **options: Any) -> TableDifference:
    return compare(*shop, Readers(cast(Wire, wire)), "Shop", folder, **options)


def counts(difference: TableDifference) -> tuple[int, ...]:
    return tuple(difference.total(kind) for kind in ("expected", "actual", "missing", "extra", "different"))


def keys(found: tuple[Any, ...]) -> list[tuple[str, str]]:
    return sorted((item.key["PK"], item.key["SK"]) for item in found)


def test_equal_sides(shop: Shop, wire: FakeWire, tmp_path: Path) -> None:
    difference = run(shop, wire, tmp_path, clock=iter([10.0, 20.0]).__next__)
    assert difference.ok
    assert counts(difference) == (7, 7, 0, 0, 0)
    assert [(e.entity, e.expected, e.actual) for e in difference.entities] == [
        ("Maker", 3, 3),
        ("Thing", 4, 4),
    ]
    assert (difference.name, difference.table) == ("shop", "Shop")
    assert (difference.scan_started, difference.scan_finished) == (10.0, 20.0)
    assert set(wire.asked) == {"Scan"}


def test_one_changed_one_deleted_one_added_are_named(shop: Shop, wire: FakeWire, tmp_path: Path) -> None:
    wire.find("MAKER#1", "THING#000001").update(Price={"N": "1"}, Name={"S": "Anvil"}, New={"BOOL": True})
    del wire.find("MAKER#1", "THING#000001")["Data"]
    wire.items.remove(wire.find("MAKER#2", "#MAKER"))
    wire.items.append({"PK": {"S": "x"}, "SK": {"S": "y"}, "EntityType": {"S": "Ghost"}})
    difference = run(shop, wire, tmp_path)
    assert counts(difference) == (7, 7, 1, 1, 1)
    assert [(item.key, item.entity) for item in difference.missing] == [
        ({"PK": "MAKER#2", "SK": "#MAKER"}, "Maker")
    ]
    assert [(item.key, item.entity) for item in difference.extra] == [({"PK": "x", "SK": "y"}, "Ghost")]
    (changed,) = difference.different
    assert (changed.key, changed.entity) == ({"PK": "MAKER#1", "SK": "THING#000001"}, "Thing")
    assert changed.attributes == (
        AttributeDifference("Data", b"\x00\xff", None),
        AttributeDifference("Name", "anvil", "Anvil"),
        AttributeDifference("New", None, True),
        AttributeDifference("Price", Decimal("0.99"), 1),
    )
    assert not difference.ok


def test_another_type_of_the_same_text_is_shown_in_wire_form(
    shop: Shop, wire: FakeWire, tmp_path: Path
) -> None:
    wire.find("MAKER#1", "THING#000001")["Data"] = {"S": "AP8="}
    wire.find("MAKER#1", "THING#000002")["Data"] = {"NULL": True}
    found = {item.key["SK"]: item.attributes for item in run(shop, wire, tmp_path).different}
    assert found == {
        "THING#000001": (AttributeDifference("Data", {"B": "AP8="}, {"S": "AP8="}),),
        "THING#000002": (AttributeDifference("Data", None, {"NULL": True}),),
    }


def test_long_values_are_cut_to_where_they_differ(bind: Bind, tmp_path: Path) -> None:
    text = "x" * 5_000
    shop = bind(SCHEMA + f"INSERT INTO Maker VALUES (1, '{text}A{text}');", DESIGN)
    wire = FakeWire(expected_items(*shop))
    wire.find("MAKER#1", "#MAKER")["Name"] = {"S": f"{text}B{text}"}
    (changed,) = run(shop, wire, tmp_path).different
    (name,) = changed.attributes
    assert "A" in name.expected and "B" in name.actual
    assert len(name.expected) < 400
    assert "10,003 characters" in name.expected


def test_numbers_in_another_form_are_equal(shop: Shop, wire: FakeWire, tmp_path: Path) -> None:
    wire.find("MAKER#1", "THING#000001")["Price"] = {"N": "0.990"}
    wire.find("MAKER#2", "THING#000004")["Price"] = {"N": "1E+20"}
    assert run(shop, wire, tmp_path).ok


def test_an_item_that_a_scan_gives_twice_counts_once(shop: Shop, wire: FakeWire, tmp_path: Path) -> None:
    wire.twice = True
    difference = run(shop, wire, tmp_path)
    assert difference.ok
    assert (difference.total("actual"), difference.repeated) == (7, 7)


@pytest.mark.parametrize(
    "item",
    [{"PK": {"N": "1"}, "SK": {"S": "x"}}, {"PK": {"B": "AA=="}, "SK": {"B": "AA=="}}, {"id": {"S": "x"}}],
)
def test_an_item_without_text_keys_is_extra(
    shop: Shop, wire: FakeWire, tmp_path: Path, item: WireItem
) -> None:
    wire.items.append(item)
    difference = run(shop, wire, tmp_path)
    assert counts(difference) == (7, 8, 0, 1, 0)
    assert len(difference.extra) == 1


@pytest.mark.parametrize(
    "odd", ["x", {"PK": "MAKER#1"}, {"PK": {"S": ["MAKER#1"]}, "SK": {"S": "x"}}, {"N": {"N": "é"}}]
)
def test_what_is_no_item_is_an_error_that_names_it(
    shop: Shop, wire: FakeWire, tmp_path: Path, odd: Any
) -> None:
    answer = wire._page
    wire._page = lambda items, body: {**answer(items, body), "Items": [odd]}  # type: ignore[method-assign]
    with pytest.raises(TargetError, match="no item"):
        run(shop, wire, tmp_path)


def test_a_failure_that_no_item_explains_stays_what_it_is(wire: FakeWire) -> None:
    def look(items: list[WireItem]) -> None:
        raise KeyError("ours")

    with pytest.raises(KeyError, match="ours"):
        list(Share(0, "Shop", 1, [0], look).pages(cast(Wire, wire)))


def test_rejected_rows_are_counted_with_their_reasons(bind: Bind, tmp_path: Path) -> None:
    broken = "INSERT INTO Thing (ThingId, MakerId, Price) VALUES (7, 1, 9e999), (-1, 1, 0), (8, NULL, 0);"
    shop = bind(SCHEMA + ROWS + broken, DESIGN)
    difference = run(shop, FakeWire([]), tmp_path)
    assert difference.total("rejected") == 4
    assert {(r.source_table, r.source_key, r.rule) for r in difference.rejections} == {
        ("Maker", (1,), "number_not_finite"), ("Thing", (-1,), "does_not_fit"),
        ("Thing", (7,), "number_not_finite"), ("Thing", (8,), "null_key"),
    }  # fmt: skip
    assert counts(difference) == (6, 0, 6, 0, 0)


def test_of_two_rows_with_one_key_one_is_missing(bind: Bind, tmp_path: Path) -> None:
    design = DESIGN.replace('SK: "THING#{ThingId:6}"', 'SK: "THING#0"').split("access_patterns")[0]
    shop = bind(SCHEMA + ROWS, design)
    survivors = {(item["PK"]["S"], item["SK"]["S"]): item for item in expected_items(*shop)}
    difference = run(shop, FakeWire(survivors.values()), tmp_path)
    assert counts(difference) == (7, 5, 2, 0, 0)
    assert keys(difference.missing) == [("MAKER#1", "THING#0"), ("MAKER#2", "THING#0")]


def test_counts_are_exact_where_names_are_capped(shop: Shop, wire: FakeWire, tmp_path: Path) -> None:
    for item in wire.items:
        item["Name"] = {"S": "changed"}
    wire.items += [{"PK": {"S": str(n)}, "SK": {"S": "x"}} for n in range(20)]
    difference = run(shop, wire, tmp_path, details=2)
    assert counts(difference) == (7, 27, 0, 20, 7)
    assert (len(difference.extra), len(difference.different)) == (2, 2)


def test_an_item_that_is_gone_when_looked_at_again(shop: Shop, wire: FakeWire, tmp_path: Path) -> None:
    wire.find("MAKER#1", "#MAKER")["Name"] = {"S": "changed"}
    wire._getitem = lambda body: {"ConsumedCapacity": {}}  # type: ignore[method-assign]
    (changed,) = run(shop, wire, tmp_path).different
    assert {attribute.actual for attribute in changed.attributes} == {None}


def test_progress_counts_every_row_and_item(shop: Shop, wire: FakeWire, tmp_path: Path) -> None:
    steps: list[int] = []
    run(shop, wire, tmp_path, advance=steps.append)
    assert sum(steps) == 14


def test_progress_begins_anew_with_the_second_reading(shop: Shop, wire: FakeWire, tmp_path: Path) -> None:
    wire.find("MAKER#1", "#MAKER")["Name"] = {"S": "changed"}
    steps: list[int] = []
    run(shop, wire, tmp_path, advance=steps.append)
    (back,) = (at for at, step in enumerate(steps) if step < 0)
    assert sum(steps[:back]) == -steps[back] == sum(steps[back + 1 :]) == 14


def test_equal_sides_are_read_once_and_keep_nothing(shop: Shop, wire: FakeWire, tmp_path: Path) -> None:
    assert run(shop, wire, tmp_path / "work", memory=40).ok
    pages = len(wire.asked)
    assert not (tmp_path / "work").exists()
    wire.find("MAKER#1", "#MAKER")["Name"] = {"S": "changed"}
    assert not run(shop, wire, tmp_path / "work", memory=40).ok
    assert wire.asked.count("Scan") == 3 * pages


def test_two_rows_with_one_item_are_not_hidden_by_a_scan_that_gives_it_twice(
    bind: Bind, tmp_path: Path
) -> None:
    design = 'entities: {Loose: {from: Loose, keys: {PK: "K#{Key}", SK: x}, attributes: {Key: Key}}}'
    shop = bind("CREATE TABLE Loose (Key); INSERT INTO Loose VALUES ('a'), ('a');", design)
    wire = FakeWire([*expected_items(*shop)][:1])
    wire.twice = True
    difference = run(shop, wire, tmp_path)
    assert counts(difference) == (2, 1, 1, 0, 0)
    assert difference.repeated == 1


def test_working_files_that_cannot_be_written(shop: Shop, wire: FakeWire, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    wire.items.pop()
    with pytest.raises(StateError):
        run(shop, wire, tmp_path / "file", memory=40)


PLANTED = st.lists(st.sampled_from(["keep", "delete", "change", "keep"]), min_size=60, max_size=60)


@given(PLANTED, st.integers(0, 30), st.booleans())
@settings(max_examples=40)
def test_exactly_what_was_planted_is_found(
    many: Shop, tmp_path: Path, fates: list[str], added: int, twice: bool
) -> None:
    wire = FakeWire(copy.deepcopy(item) for item in expected_items(*many))
    wire.twice = twice
    planted: dict[str, set[tuple[str, str]]] = {"delete": set(), "change": set(), "keep": set()}
    for item, fate in zip(wire.items[:], fates, strict=True):
        planted[fate].add((item["PK"]["S"], item["SK"]["S"]))
        if fate == "delete":
            wire.items.remove(item)
        elif fate == "change":
            item["Name"] = {"S": "changed"}
    wire.items += [{"PK": {"S": f"MAKER#{n}"}, "SK": {"S": "#EXTRA"}} for n in range(added)]
    difference = run(many, wire, tmp_path, memory=120, bucket=80)
    assert keys(difference.missing) == sorted(planted["delete"])
    assert keys(difference.different) == sorted(planted["change"])
    assert keys(difference.extra) == sorted((f"MAKER#{n}", "#EXTRA") for n in range(added))
    assert all([a.name for a in item.attributes] == ["Name"] for item in difference.different)


@pytest.fixture
def many(bind: Bind) -> Shop:
    rows = ", ".join(f"({n}, 'maker {n}')" for n in range(60))
    return bind(f"{SCHEMA} INSERT INTO Maker VALUES {rows};", DESIGN)
