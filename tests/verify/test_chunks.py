"""The chunk items of long items: what is wrong with one is found in every way that looks at them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from migration_tool.design.compile import CompiledDesign
from migration_tool.oversize import CHUNK
from migration_tool.source.sqlite import SqliteSource
from migration_tool.state.validation import TableSums, Validation
from migration_tool.target.wire import Wire
from migration_tool.verify.compare import compare
from migration_tool.verify.journal import Journal
from migration_tool.verify.readers import Readers
from migration_tool.verify.report import TableDifference

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
