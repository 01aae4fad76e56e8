from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from migration_tool.design.compile import CompiledDesign
from migration_tool.errors import DesignError
from migration_tool.source.sqlite import SqliteSource
from migration_tool.target.wire import Wire
from migration_tool.verify import validate as room
from migration_tool.verify.expected import Expected
from migration_tool.verify.explain import parsed
from migration_tool.verify.readers import usual_processes
from migration_tool.verify.report import IndexCount, Report
from migration_tool.verify.validate import validate

from .conftest import Bind
from .fakes import FakeWire
from .helpers import expected_items
from .shop import DESIGN, ROWS, SCHEMA

Shop = tuple[SqliteSource, CompiledDesign]


@pytest.fixture
def shop(bind: Bind) -> Shop:
    return bind(SCHEMA + ROWS, DESIGN)


def run(shop: Shop, wire: FakeWire, folder: Path, **options: Any) -> Report:
    return validate(shop[0], [(shop[1], "p_Shop")], cast(Wire, wire), folder, **options)


def test_all_is_equal(shop: Shop, tmp_path: Path) -> None:
    wire = FakeWire(expected_items(*shop))
    report = run(shop, wire, tmp_path / "work", run_id="r", clock=lambda: 100.0, source_name="shop.db")
    assert report.ok and report.summary() == ""
    assert (report.run_id, report.checked_at, report.source, report.endpoint) == (
        "r",
        100.0,
        "shop.db",
        "http://fake",
    )
    (table,) = report.tables
    assert (table.difference.name, table.difference.table) == ("shop", "p_Shop")
    assert [pattern.calls for pattern in table.access_patterns] == [3, 3, 5]
    assert table.checked == (
        "Every item was compared, key and attributes: 7 items that the source gives with 7 items that the "
        "table holds.",
        "The source was read in one snapshot; the table by a strongly consistent scan from "
        "1970-01-01T00:01:40Z to 1970-01-01T00:01:40Z.",
        "The items of each index were counted, by eventually consistent scans: GSI1 4 of 4.",
        "3 access patterns answered 11 calls; the values, number and order of the items were compared with "
        "15 rows of the SQL. GetItem and Query only.",
    )
    assert table.not_checked == (
        "The indexes (GSI1) were not compared item by item, only as far as the access patterns read them; "
        "DynamoDB itself copies items into them.",
        "Writes to the table after it was read, by this tool or another, are not seen.",
    )
    assert not (tmp_path / "work").exists()


def test_what_was_not_checked_is_said(bind: Bind, tmp_path: Path) -> None:
    broken = "INSERT INTO Thing (ThingId, MakerId) VALUES (-1, NULL); "
    shop = bind(SCHEMA + ROWS + broken, DESIGN)
    report = run(shop, FakeWire([]), tmp_path, limit=1, details=2)
    (table,) = report.tables
    assert "1 source row cannot become items" in table.not_checked[1]
    assert "things: 1 of 6 parameter sets were tried, in even distances." in table.not_checked
    assert "Of 7 differences 2 are named; the counts are exact." in table.not_checked
    assert not report.ok


def test_text_that_is_not_utf8_is_left_out_of_sql_that_changes_its_case(bind: Bind, tmp_path: Path) -> None:
    """A thing with such a name is no item, nor is its maker, whose list has it; all else is compared."""
    broken = "INSERT INTO Thing (ThingId, MakerId, Name) VALUES (7, 1, CAST(x'41ff' AS TEXT)); "
    shop = bind(SCHEMA + ROWS + broken, DESIGN)
    parts = Expected(shop[0], shop[1].entities).parts()
    wire = FakeWire(parsed(text) for part in parts for _, _, text in part.items)
    (table,) = run(shop, wire, tmp_path).tables
    assert table.ok and table.difference.total("rejected") == 2
    patterns = {found.name: found for found in table.access_patterns}
    assert {name: found.partial for name, found in patterns.items()} == {
        "maker": 0,
        "things_of": 0,
        "things": 2,
    }
    assert (patterns["things"].calls, patterns["things"].possible) == (5, 5)
    assert any(told.startswith("things: 2 calls met text that is not UTF-8") for told in table.not_checked)
    wire.find("MAKER#2", "THING#000003")["Name"] = {"S": "Tub"}
    (table,) = run(shop, wire, tmp_path).tables
    assert [found.name for found in table.access_patterns if not found.ok] == ["things_of", "things"]


def test_progress_grows_to_its_total(shop: Shop, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    run(shop, FakeWire(expected_items(*shop)), tmp_path, progress=lambda *step: seen.append(step))
    assert {(name, total) for name, _, total in seen} == {("shop", 25)}
    done = [step for _, step, _ in seen]
    assert done == sorted(done) and done[-1] == 25


def test_progress_ends_whole_where_the_table_is_empty(shop: Shop, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    run(shop, FakeWire([]), tmp_path, limit=1, progress=lambda *step: seen.append(step))
    assert seen[-1] == ("shop", 17, 17)


def test_sql_is_looked_at_before_a_single_request(bind: Bind, tmp_path: Path) -> None:
    shop = bind(SCHEMA + ROWS, DESIGN.replace("SELECT ThingId, Name FROM", "SELECT Name, Name FROM"))
    wire = FakeWire([])
    with pytest.raises(DesignError):
        run(shop, wire, tmp_path)
    assert wire.asked == []


def test_without_patterns_the_items_are_all_that_is_asked_for(bind: Bind, tmp_path: Path) -> None:
    shop = bind(SCHEMA + ROWS, DESIGN.replace("SELECT ThingId, Name FROM", "SELECT Name, Name FROM"))
    wire = FakeWire(expected_items(*shop))
    seen: list[tuple[str, int, int]] = []
    report = run(shop, wire, tmp_path, limit=0, indexes=False, progress=lambda *step: seen.append(step))
    (table,) = report.tables
    assert report.ok and table.access_patterns == ()
    assert set(wire.asked) == {"Scan"}
    assert seen[-1] == ("shop", 14, 14)
    assert "3 access patterns were not tried." in table.not_checked
    assert "(GSI1) were not compared item by item and not counted, only" in table.not_checked[0]
    assert not any("access pattern" in sentence for sentence in table.checked)


def test_an_index_that_lacks_an_item_is_a_difference(shop: Shop, tmp_path: Path) -> None:
    wire = FakeWire(expected_items(*shop))
    wire.behind = 1
    report = run(shop, wire, tmp_path, limit=0)
    (table,) = report.tables
    assert table.difference.ok and table.indexes == (IndexCount("GSI1", 4, 3),)
    assert report.summary() == "shop: GSI1 holds 3 items, not 4"


def test_a_large_table_is_read_by_as_many_processes_as_asked_for(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    class Counted(room.Readers):
        def __init__(self, wire: Wire, processes: int) -> None:
            asked.append(processes)
            super().__init__(wire)

    monkeypatch.setattr(room, "Readers", Counted)
    run(shop, FakeWire(expected_items(*shop)), tmp_path, processes=3)
    run(shop, FakeWire(expected_items(*shop)), tmp_path)
    assert asked == [3, usual_processes()]
