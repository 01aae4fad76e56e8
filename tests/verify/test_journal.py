"""What is known of the sides is not read again, is written down, and never makes equal what is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import orjson
import pytest

from migration_tool.design.compile import CompiledDesign
from migration_tool.errors import TargetError
from migration_tool.model import Chunk, Position, Read
from migration_tool.source.sqlite import SqliteSource
from migration_tool.state.proofs import KeyRange
from migration_tool.state.validation import TableSums, Validation, read_validation
from migration_tool.target.wire import Wire
from migration_tool.verify import readers
from migration_tool.verify.compare import compare
from migration_tool.verify.expected import Expected
from migration_tool.verify.journal import SAVE_SECONDS, Journal
from migration_tool.verify.readers import Readers
from migration_tool.verify.report import TableDifference

from .conftest import Bind
from .fakes import FakeWire
from .helpers import expected_items
from .shop import DESIGN, ROWS, SCHEMA

RUN = "20261120T213000-a1b2c3"
BEGUN = Validation(RUN, 7, 100.0)
Shop = tuple[SqliteSource, CompiledDesign]


class Clock:
    """Each look at it is half the time of a save later."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += SAVE_SECONDS / 2
        return self.now


@pytest.fixture
def shop(bind: Bind, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A source that gives one row at a time."""
    source, compiled = bind(SCHEMA + ROWS, DESIGN)
    monkeypatch.setattr("migration_tool.source.sqlite._CHUNK", 1)
    return source, compiled


@pytest.fixture
def asked(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Position | None]]:
    """Which rows are read: of which table, behind which cursor."""
    seen: list[tuple[str, Position | None]] = []
    real = SqliteSource.chunks

    def chunks(self: SqliteSource, read: Read, after: Position | None = None) -> Iterator[Chunk]:
        seen.append((read.table, after))
        return real(self, read, after)

    monkeypatch.setattr(SqliteSource, "chunks", chunks)
    return seen


def run(shop: Shop, wire: FakeWire, folder: Path, journal: Journal, **options: Any) -> TableDifference:
    readers, indexes = Readers(cast(Wire, wire), large=1), shop[1].design.indexes
    return compare(*shop, readers, "Shop", folder, indexes=indexes, journal=journal, **options)


def noted(tables: dict[str, TableSums]) -> Journal:
    return Journal(replace(BEGUN, tables=tables))


def test_a_proof_stands_for_the_source(shop: Shop, tmp_path: Path, asked: list[Any]) -> None:
    wire = FakeWire(expected_items(*shop))
    first = run(shop, wire, tmp_path, Journal())
    assert {name: [(r.until, r.rows, r.items) for r in parts] for name, parts in first.ranges.items()} == {
        "Maker": [((3,), 3, 3)],
        "Thing": [((4,), 4, 4)],
    }
    assert (first.proved_at, first.continued) == (None, False)
    asked.clear()
    known = TableSums({}, ranges=first.ranges, proved_at=50.0)
    again = run(shop, wire, tmp_path, noted({"shop": known}))
    assert asked == []
    assert again.ok and (again.proved_at, again.continued) == (50.0, False)
    assert (again.entities, again.ranges) == (first.entities, first.ranges)


def test_rows_that_are_no_items_are_counted_by_a_proof_too(bind: Bind, tmp_path: Path) -> None:
    broken = "INSERT INTO Thing (ThingId, MakerId) VALUES (-1, NULL); "
    shop = bind(SCHEMA + ROWS + broken, DESIGN)
    parts = Expected(shop[0], shop[1].entities).parts()
    wire = FakeWire(orjson.loads(text) for part in parts for _, _, text in part.items)
    first = run(shop, wire, tmp_path, Journal())
    assert first.ok and first.total("rejected") == 1 and len(first.rejections) == 1
    known = TableSums({}, ranges=first.ranges, proved_at=50.0)
    again = run(shop, wire, tmp_path, noted({"shop": known}))
    assert again.ok and (again.total("rejected"), again.rejections) == (1, ())


def test_what_a_proof_does_not_find_is_found_by_reading(shop: Shop, tmp_path: Path, asked: list[Any]) -> None:
    """A table that was changed, and a proof of something else: in both cases the source has the last word."""
    wire = FakeWire(expected_items(*shop))
    ranges = run(shop, wire, tmp_path, Journal()).ranges
    wire.find("MAKER#1", "#MAKER")["Name"] = {"S": "changed"}
    found = run(shop, wire, tmp_path, noted({"shop": TableSums({}, ranges=ranges, proved_at=50.0)}))
    assert found.total("different") == 1 and found.proved_at is None and not found.ranges
    assert [item.key for item in found.different] == [{"PK": "MAKER#1", "SK": "#MAKER"}]
    wrong = {**ranges, "Maker": (KeyRange((3,), 3, 3, 0, 1),)}
    wire = FakeWire(expected_items(*shop))
    asked.clear()
    found = run(shop, wire, tmp_path, noted({"shop": TableSums({}, ranges=wrong, proved_at=50.0)}))
    assert found.ok and found.proved_at is None and not found.ranges
    assert [table for table, _ in asked] == ["Maker", "Thing"]


def test_the_place_is_written_down_and_gone_on_from(shop: Shop, tmp_path: Path, asked: list[Any]) -> None:
    """Stopped at every step there is: nothing that was whole is read again, and the result is the same."""
    path = tmp_path / "state" / f"{RUN}.validate.json"
    path.parent.mkdir()
    whole = run(shop, FakeWire(expected_items(*shop)), tmp_path, Journal(clock=Clock()), rows=9)
    assert whole.members == {"GSI1": 4}
    steps = 0
    while True:
        steps += 1
        journal = Journal(BEGUN, path, Clock())
        if not stopped(shop, tmp_path, journal, steps):
            assert not path.exists()
            break
        left = read_validation(path, RUN)
        assert left and (left.generation, left.begun_at) == (7, 100.0)
        known = left.tables["shop"]
        asked.clear()
        wire = FakeWire(expected_items(*shop))
        with Journal(left, path) as later:
            difference = run(shop, wire, tmp_path, later, rows=9)
        assert difference == replace(whole, continued=True, scan_started=known.started,
                                     scan_finished=difference.scan_finished)  # fmt: skip
        assert dict(asked) == {
            name: known.ranges[name][-1].until if name in known.ranges else None
            for name in ("Maker", "Thing")
        }
        assert wire.asked.count("Scan") <= 2 * known.width * (known.shares - len(known.actual))
        assert not path.exists()
    assert steps > 10


def stopped(shop: Shop, folder: Path, journal: Journal, steps: int) -> bool:
    """Whether the comparison was interrupted after so many steps; it may have come to its end before."""
    left = iter(range(steps))

    def advance(more: int) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt

    try:
        with journal:
            run(shop, FakeWire(expected_items(*shop)), folder, journal, rows=9, advance=advance)
    except KeyboardInterrupt:
        return True
    return False


def test_a_share_that_went_wrong_meanwhile_does_not_hide(shop: Shop, tmp_path: Path) -> None:
    """The sum of a share may be of an older table: then the sums differ, and both sides are read."""
    wire = FakeWire(expected_items(*shop))
    plan = Readers(cast(Wire, wire), large=1).plan(9)
    stale = TableSums({}, 1.0, plan.shares, plan.width, {0: 12345})
    difference = run(shop, wire, tmp_path, noted({"shop": stale}), rows=9)
    assert difference.ok and difference.total("actual") == 7 and not difference.ranges


def test_a_place_that_cannot_be_saved_does_not_stop_the_comparison(shop: Shop, tmp_path: Path) -> None:
    journal = Journal(BEGUN, tmp_path / "nowhere" / f"{RUN}.validate.json", Clock())
    with journal:
        assert run(shop, FakeWire(expected_items(*shop)), tmp_path, journal).ok
    assert "No such file" in journal.fault and not journal.saved


def test_an_error_before_the_first_step_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / f"{RUN}.validate.json"
    path.write_bytes(b"earlier")
    with pytest.raises(TargetError), Journal(BEGUN, path):
        raise TargetError("reach the target", "t", "down")
    assert path.read_bytes() == b"earlier"


def test_large_tables_are_cut_into_shares_for_one_process_too() -> None:
    wire = FakeWire([])
    assert Readers(cast(Wire, wire), 1).plan(readers.LARGE - 1).shares == 1
    assert Readers(cast(Wire, wire), 1).plan(1_000_000).shares == 20
