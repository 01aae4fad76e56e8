"""The chunk items of long items: what is wrong with one is found in every way that looks at them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from migration_tool.design.compile import CompiledDesign
from migration_tool.model import WireItem
from migration_tool.oversize import CHUNK
from migration_tool.source.sqlite import SqliteSource
from migration_tool.state.validation import TableSums, Validation
from migration_tool.target.wire import Wire
from migration_tool.verify.claim import Claim
from migration_tool.verify.compare import compare
from migration_tool.verify.journal import Journal
from migration_tool.verify.moving import Due, Look, View, look_at
from migration_tool.verify.moving_report import TableLook
from migration_tool.verify.readers import Readers
from migration_tool.verify.report import TableDifference, TableReport
from migration_tool.verify.validate import validate

from . import long
from .conftest import Bind
from .fakes import FakeWire
from .helpers import expected_items
from .long import CHUNKS, FAULTS

Library = tuple[SqliteSource, CompiledDesign]

fault = pytest.mark.parametrize("fault", FAULTS)


@pytest.fixture
def library(bind: Bind, monkeypatch: pytest.MonkeyPatch) -> Library:
    long.small_items(monkeypatch)
    return bind(long.SCHEMA + long.ROWS, long.DESIGN)


@pytest.fixture
def doubted(bind: Bind, library: Library) -> Library:
    """Only the data says that no two rows share a key, so no sums are made."""
    return bind(long.SCHEMA + long.ROWS, long.DOUBTED)


def wire_with(library: Library, fault: str) -> FakeWire:
    wire = FakeWire(expected_items(*library))
    FAULTS[fault][0](wire.items)
    return wire


def compared(
    library: Library, wire: FakeWire, folder: Path, known: TableSums | None = None
) -> TableDifference:
    tables = {"shop": known} if known else {}
    journal = Journal(Validation("20261120T213000-a1b2c3", 7, 100.0, tables))
    return compare(*library, Readers(cast(Wire, wire), large=1), "Shop", folder, journal=journal)


def wrong(found: TableDifference) -> tuple[int, ...]:
    """Of the chunk items and of nothing else: how many are missing, different and extra."""
    assert {entity.entity for entity in found.entities} == {"Text", CHUNK}
    text, chunk = sorted(found.entities, key=lambda entity: entity.entity == CHUNK)
    assert (text.expected, text.actual, text.missing, text.different, text.extra) == (4, 4, 0, 0, 0)
    assert chunk.expected == CHUNKS
    return chunk.missing, chunk.different, chunk.extra


def test_equal_sums_are_a_proof_that_counts_chunk_items(library: Library, tmp_path: Path) -> None:
    wire = FakeWire(expected_items(*library))
    found = compared(library, wire, tmp_path)
    assert wrong(found) == (0, 0, 0)
    assert [(part.rows, part.items, part.chunks) for part in found.ranges["Text"]] == [(4, 4, CHUNKS)]
    again = compared(library, wire, tmp_path, TableSums(ranges=found.ranges, proved_at=50.0))
    assert (again.proved_at, again.ranges, again.entities) == (50.0, found.ranges, found.entities)


@fault
def test_a_comparison_by_sums_finds_it_and_names_it_by_pairs(
    library: Library, tmp_path: Path, fault: str
) -> None:
    found = compared(library, wire_with(library, fault), tmp_path)
    assert wrong(found) == FAULTS[fault][1] and not found.ranges
    assert {each.entity for each in (*found.missing, *found.different, *found.extra)} == {CHUNK}


def test_a_long_item_without_its_own_item(library: Library, tmp_path: Path) -> None:
    wire = FakeWire(expected_items(*library))
    wire.items.remove(wire.find("TEXT#2", "x"))
    found = compared(library, wire, tmp_path)
    assert [(each.key, each.entity) for each in found.missing] == [({"PK": "TEXT#2", "SK": "x"}, "Text")]


@fault
def test_a_proof_does_not_hide_it(library: Library, tmp_path: Path, fault: str) -> None:
    ranges = compared(library, FakeWire(expected_items(*library)), tmp_path).ranges
    proof = TableSums(ranges=ranges, proved_at=50.0)
    found = compared(library, wire_with(library, fault), tmp_path, proof)
    assert wrong(found) == FAULTS[fault][1] and found.proved_at is None


@fault
def test_a_comparison_by_pairs_finds_it(
    doubted: Library, tmp_path: Path, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_sums(*_: Any) -> None:
        raise AssertionError("a sum was made")

    monkeypatch.setattr("migration_tool.verify.compare.Sums", no_sums)
    assert wrong(compared(doubted, FakeWire(expected_items(*doubted)), tmp_path)) == (0, 0, 0)
    assert wrong(compared(doubted, wire_with(doubted, fault), tmp_path)) == FAULTS[fault][1]


ALL = Claim(0.99, 0.000_001)
"""Takes more rows than there are."""

by_key = pytest.mark.parametrize("fault", [name for name, (_, (_, _, extra)) in FAULTS.items() if not extra])
"""Where the rows are the beginning, nothing leads to an extra item; that is said in so many words."""


def sampled(library: Library, wire: FakeWire, folder: Path, claim: Claim = ALL) -> TableReport:
    tables = [(library[1], "Shop")]
    (table,) = validate(library[0], tables, cast(Wire, wire), folder, limit=0, claim=claim).tables
    return table


def test_a_sample_compares_the_chunk_items_of_its_rows(library: Library, tmp_path: Path) -> None:
    table = sampled(library, FakeWire(expected_items(*library)), tmp_path)
    assert table.ok and wrong(table.difference) == (0, 0, 0)
    assert table.difference.sample and table.difference.sample.bound == 0.0
    assert table.checked[-1].startswith(f"{CHUNKS} chunk items of items over 400 KB were compared, too")
    assert table.not_checked[0].startswith("Extra items were not looked for")


@by_key
def test_a_sample_finds_it_where_the_row_is_drawn(library: Library, tmp_path: Path, fault: str) -> None:
    """One row is wrong, however many of its items are."""
    table = sampled(library, wire_with(library, fault), tmp_path)
    assert wrong(table.difference) == FAULTS[fault][1]
    sample = table.difference.sample
    assert sample and (sample.looked_at, sample.wrong, sample.bound) == (4, 1, 0.25)


def test_a_sample_without_the_long_rows_asks_for_no_chunk_item(library: Library, tmp_path: Path) -> None:
    wire = FakeWire(expected_items(*library))
    for item in long.chunks(wire.items):
        item["Data"] = {"B": "eA=="}
    found = [sampled(library, wire, tmp_path, Claim(0.5, 0.5, seed)).difference for seed in range(9)]
    drawn = {tuple(entity.entity for entity in each.entities): each.ok for each in found}
    assert drawn == {("Text",): True, ("Text", CHUNK): False}


def test_a_row_is_looked_at_when_all_of_its_items_are(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last chunk items would be in a further group: the sample ends before, and so claims no bound."""
    monkeypatch.setattr("migration_tool.verify.lookup.MOST_KEYS", 3)
    wire = FakeWire(expected_items(*library))
    wire.items.remove(wire.find("TEXT#4", "x"))
    wire.target.connections = 1
    sample = sampled(library, wire, tmp_path).difference.sample
    assert sample and sample.wrong == 1 and sample.looked_at < 4 and sample.bound is None


def looked_at(library: Library, wire: FakeWire, *meanwhile: Any) -> TableLook:
    events = iter(meanwhile)
    look = Look(library[1], "Shop", [Due(None, 4, 0)])
    with View(library[0].path, moves=True) as view:
        (found,) = look_at(view, cast(Wire, wire), [look], sleep=lambda _: next(events, lambda: None)())
    return found


def counted(found: TableLook) -> dict[str, tuple[int, int, int]]:
    return {each.entity: (each.verified, each.suspended, each.different) for each in found.entities}


def test_chunk_items_are_looked_at_while_running(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    wire = FakeWire(expected_items(*library))
    assert counted(looked_at(library, wire)) == {"Text": (4, 0, 0), CHUNK: (CHUNKS, 0, 0)}
    monkeypatch.setattr("migration_tool.verify.lookup.MOST_KEYS", 3)
    wire.asked.clear()
    assert counted(looked_at(library, wire))[CHUNK] == (CHUNKS, 0, 0)
    assert len(wire.asked) == 2 + 2 * 3 + 1


@by_key
def test_what_is_wrong_with_one_is_found_while_running(library: Library, fault: str) -> None:
    found = looked_at(library, wire_with(library, fault))
    number = sum(FAULTS[fault][1])
    assert counted(found) == {"Text": (4, 0, 0), CHUNK: (CHUNKS - number, 0, number)}
    assert {(each.entity, each.in_source) for each in found.differences} == {(CHUNK, True)}
    assert all(each.in_table == (fault != "missing") for each in found.differences)


def test_chunk_items_that_are_being_written_are_waited_for(library: Library) -> None:
    """One is missing, then another, then missing again; at last it is there, or another still."""
    wire = FakeWire(expected_items(*library))
    last = wire.items.pop(wire.items.index(long.chunks(wire.items)[-1]))

    def put(item: WireItem) -> Callable[[], None]:
        return lambda: wire.items.append(item)

    spoil = put({**last, "Data": {"B": "eA=="}})
    for end, counts in ((put(last), (CHUNKS, 0, 0)), (spoil, (CHUNKS - 1, 1, 0))):
        assert counted(looked_at(library, wire, spoil, wire.items.pop, end))[CHUNK] == counts
        wire.items.pop()


def test_an_entity_that_is_begun_anew_has_no_chunk_items_either(library: Library) -> None:
    wire = FakeWire([{**item, "Odd": {"S": "x"}} for item in expected_items(*library)])
    look = Look(library[1], "Shop", [Due(None, 4, 0)], begun_anew=lambda entity: entity == "Text")
    with View(library[0].path, moves=False) as view:
        (found,) = look_at(view, cast(Wire, wire), [look], sleep=lambda _: None)
    assert {each.entity: (each.pending, each.different) for each in found.entities} == {
        "Text": (4, 0),
        CHUNK: (CHUNKS, 0),
    }
