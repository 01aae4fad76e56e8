"""The proof on every engine: what is equal is called equal, what was changed by hand is named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from migration_tool.source.sqlite import SqliteSource
from migration_tool.target.table import delete_table, wait_gone
from migration_tool.target.wire import Wire
from migration_tool.verify.claim import Claim
from migration_tool.verify.report import Report
from migration_tool.verify.validate import validate

from .helpers import NAMES, compiled_designs, expected_items, migrated, target

ITEMS = {"music_catalog": 4_125, "customer_data": 471, "playlist_data": 8_733, "employee_data": 8}
INDEXES = {
    "music_catalog GSI1": 3_850, "music_catalog GSI2": 3_778, "music_catalog GSI3": 3_503,
    "music_catalog GSI4": 4_125, "customer_data GSI1": 471, "customer_data GSI2": 59,
    "customer_data GSI3": 59, "playlist_data GSI1": 8_733, "employee_data GSI1": 7, "employee_data GSI2": 8,
}  # fmt: skip
ARTIST = {"PK": {"S": "ARTIST#22"}, "SK": {"S": "#ARTIST"}}
CALLS = {"dynamodb_local": 250, "moto": 10}
"""Of each pattern, by engine; dynoxide answers all. moto looks at every item of the table for each Query."""

GHOST = {"PK": {"S": "ARTIST#1"}, "SK": {"S": "ALBUM#9999999999"}, "EntityType": {"S": "Album"}}


class Engine(Protocol):
    name: str
    url: str


class Migrated:
    """A source with its tables on one engine."""

    def __init__(self, source: SqliteSource, wire: Wire, prefix: str) -> None:
        self.source = source
        self.wire = wire
        self.tables = [(c, migrated(wire, source, c, prefix)) for c in compiled_designs(source)]
        self.names = [name for _, name in self.tables]

    def validate(self, folder: Path, **options: Any) -> Report:
        return validate(self.source, self.tables, self.wire, folder, **options)

    def drop(self) -> None:
        for name in self.names:
            delete_table(self.wire.target, name)
            wait_gone(self.wire.target, name)


@pytest.fixture
def chinook_tables(engine: Engine, chinook: Path, table_prefix: str) -> Iterator[Migrated]:
    with SqliteSource(chinook) as source, Wire(target(engine.url)) as wire:
        tables = Migrated(source, wire, table_prefix)
        yield tables
        tables.drop()


@pytest.fixture
def sample_tables(engine: Engine, sample_db: Path, table_prefix: str) -> Iterator[Migrated]:
    with SqliteSource(sample_db) as source, Wire(target(engine.url)) as wire:
        tables = Migrated(source, wire, table_prefix)
        yield tables
        tables.drop()


def test_the_real_chinook_with_the_calls_of_every_pattern(
    chinook_tables: Migrated, engine: Engine, tmp_path: Path
) -> None:
    limit = CALLS.get(engine.name)
    report = chinook_tables.validate(tmp_path, limit=limit)
    assert report.summary() == ""
    assert {t.difference.name: t.difference.total("actual") for t in report.tables} == ITEMS
    assert all(t.difference.repeated == 0 for t in report.tables)
    counts = {f"{t.difference.name} {i.name}": i.actual for t in report.tables for i in t.indexes}
    assert counts == INDEXES
    patterns = [pattern for table in report.tables for pattern in table.access_patterns]
    assert len(patterns) == 22
    assert all(p.calls == p.passed > 0 and p.skipped == 0 for p in patterns)
    assert [min(limit or p.possible, p.possible) for p in patterns] == [p.calls for p in patterns]


def test_exactly_what_was_changed_by_hand_is_named(sample_tables: Migrated, tmp_path: Path) -> None:
    (catalogue, music), *_ = sample_tables.tables
    assert sample_tables.validate(tmp_path, limit=0, claim=Claim(0.99, 0.01, seed=1)).summary() == ""
    *_, changed = expected_items(sample_tables.source, catalogue)
    changed["Name"] = {"S": "changed by hand"}
    requests = [
        {"PutRequest": {"Item": changed}},
        {"PutRequest": {"Item": GHOST}},
        {"DeleteRequest": {"Key": ARTIST}},
    ]
    sample_tables.wire.call("BatchWriteItem", {"RequestItems": {music: requests}})
    report = sample_tables.validate(tmp_path, limit=3)
    found = {table.difference.name: table.difference for table in report.tables}
    assert [name for name in NAMES if not found[name].ok] == ["music_catalog"]
    difference = found["music_catalog"]
    assert [item.key for item in difference.missing] == [{"PK": "ARTIST#22", "SK": "#ARTIST"}]
    assert [item.key for item in difference.extra] == [{"PK": "ARTIST#1", "SK": "ALBUM#9999999999"}]
    (item,) = difference.different
    assert item.key == {"PK": changed["PK"]["S"], "SK": changed["SK"]["S"]}
    (attribute,) = item.attributes
    assert (attribute.name, attribute.actual) == ("Name", "changed by hand")
    assert attribute.expected != attribute.actual
    counts = {index.name: (index.expected, index.actual) for index in report.tables[0].indexes}
    assert counts == {"GSI1": (3_850,) * 2, "GSI2": (3_777,) * 2, "GSI3": (3_503,) * 2, "GSI4": (4_124,) * 2}
    assert not report.ok
    sample_tables.tables = sample_tables.tables[:1]
    (sampled,) = sample_tables.validate(tmp_path, limit=0, claim=Claim(0.99, 1e-9)).tables
    assert [item.key for item in sampled.difference.missing] == [{"PK": "ARTIST#22", "SK": "#ARTIST"}]
    assert sampled.difference.sample and sampled.difference.sample.bound is None
