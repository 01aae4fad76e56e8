"""Tables loaded without the tool's own loader, so that the proof is tested by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson

from migration_tool.design.compile import CompiledDesign, compile_design
from migration_tool.design.load import load_design
from migration_tool.model import WireItem
from migration_tool.oversize import chunks_of
from migration_tool.source.sqlite import SqliteSource
from migration_tool.target.session import Target
from migration_tool.target.table import create_table, wait_active
from migration_tool.target.wire import Wire

DESIGNS = Path(__file__).resolve().parents[2] / "config/designs"
NAMES = ("music_catalog", "customer_data", "playlist_data", "employee_data")


def compiled_designs(source: SqliteSource, names: Iterable[str] = NAMES) -> list[CompiledDesign]:
    return [compile_design(load_design(DESIGNS / f"{name}.yaml"), source.schema) for name in names]


def expected_items(source: SqliteSource, compiled: CompiledDesign) -> Iterator[WireItem]:
    for entity in compiled.entities:
        for _, row in source.rows(entity.read):
            text = entity.item(row)[2]
            yield orjson.loads(str(text))
            yield from (orjson.loads(chunk) for _, _, chunk in chunks_of(text))


def load(wire: Wire, table: str, items: Iterable[WireItem]) -> None:
    """Writes the items, 25 at a time."""
    batch: list[dict[str, Any]] = []
    for item in items:
        batch.append({"PutRequest": {"Item": item}})
        if len(batch) == 25:
            _write(wire, table, batch)
            batch = []
    if batch:
        _write(wire, table, batch)


def _write(wire: Wire, table: str, batch: Sequence[dict[str, Any]]) -> None:
    answer = wire.call("BatchWriteItem", {"RequestItems": {table: batch}})
    assert answer["UnprocessedItems"] == {}


def migrated(wire: Wire, source: SqliteSource, compiled: CompiledDesign, prefix: str) -> str:
    """The name of a new table that holds what the source should become."""
    name = prefix + compiled.design.table
    create_table(wire.target, name, compiled.design)
    wait_active(wire.target, name)
    load(wire, name, expected_items(source, compiled))
    return name


def target(url: str, connections: int = 4) -> Target:
    return Target(url, "us-east-1", 30, connections)
