"""Predicted write units against what the engines report for the same load, by table and index."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from migration_tool.checking.survey import survey
from migration_tool.design.compile import CompiledDesign, compile_design
from migration_tool.design.definition import table_definition
from migration_tool.design.load import load_design
from migration_tool.source.sqlite import SqliteSource
from tests.engines import Engine
from tests.verify.helpers import compiled_designs, expected_items


def consumed(engine: Engine, table: str, source: SqliteSource, compiled: CompiledDesign) -> Counter[str]:
    """Loads the table; units that the engine reports, for the table under ""."""
    engine.call("CreateTable", table_definition(table, compiled.design))
    found: Counter[str] = Counter()
    puts = [{"PutRequest": {"Item": item}} for item in expected_items(source, compiled)]
    for first in range(0, len(puts), 25):
        body: dict[str, Any] = {
            "RequestItems": {table: puts[first : first + 25]}, "ReturnConsumedCapacity": "INDEXES",
        }  # fmt: skip
        answer = engine.call("BatchWriteItem", body)
        assert answer["UnprocessedItems"] == {}
        (capacity,) = answer["ConsumedCapacity"]
        found[""] += capacity["Table"]["CapacityUnits"]
        for units in capacity.get("LocalSecondaryIndexes", {}).values():
            found[""] += units["CapacityUnits"]
        for name, units in capacity.get("GlobalSecondaryIndexes", {}).items():
            found[name] += units["CapacityUnits"]
    return found


def compare(engine: Engine, source: SqliteSource, compiled: CompiledDesign, prefix: str) -> None:
    predicted = survey(source, compiled)
    reported = consumed(engine, prefix + compiled.name, source, compiled)
    for spread in (predicted.table, *predicted.indexes):
        assert spread.write_units == pytest.approx(reported[spread.name], rel=0.02), spread.name
    assert predicted.write_units == pytest.approx(reported.total(), rel=0.02)


@pytest.mark.engine
def test_predicted_units_are_those_of_the_engine(
    real_engine: Engine, small_db: Path, table_prefix: str
) -> None:
    with SqliteSource(small_db) as source:
        for compiled in compiled_designs(source):
            compare(real_engine, source, compiled, table_prefix)


EVERY_KIND = """
version: 1
table: Sizes
indexes:
  All: [G, GSK]
  Keys: {keys: G, projection: keys_only}
  Some: {keys: [G, GSK], projection: {include: [Name, Number]}}
  Sparse: {keys: R}
  Local: {keys: [PK, L], local: true, projection: {include: [Name]}}
  LocalKeys: {keys: [PK, R], local: true, projection: keys_only}
entities:
  Thing:
    oversize: split
    keys:
      {PK: "T#{shard(Id, 7)}", SK: "{Id:6}", G: "G#{shard(Id, 3)}", GSK: "{Name}", L: "L#{Id:6}", R: "{Rare}"}
    attributes: {"*": Thing}
"""
SIZES = (0, 1, 700, 900, 1_000, 1_023, 1_024, 1_025, 2_000, 5_000, 20_000, 100_000, 380_000, 450_000)


@pytest.mark.engine
def test_units_of_every_size_in_indexes_of_every_kind(
    real_engine: Engine, tmp_path: Path, table_prefix: str
) -> None:
    """Local, sparse, projecting all, some or keys; text of one to four bytes, numbers, binary, chunks."""
    database = tmp_path / "sizes.sqlite"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(
            "CREATE TABLE Thing (Id INTEGER PRIMARY KEY, Name TEXT, Number, Text TEXT, Data BLOB, Rare TEXT)"
        )
        rows = [
            (n, f"n{n}", (n * 1_000_003, -n / 7, None)[n % 3], "xé€😀"[n % 4] * (size // (n % 4 + 1)),
             b"\xff" * (size % 1_000), f"r{n}" if n % 5 == 0 else None)
            for n, size in enumerate(SIZES * 5)
        ]  # fmt: skip
        connection.executemany("INSERT INTO Thing VALUES (?, ?, ?, ?, ?, ?)", rows)
        connection.commit()
    (tmp_path / "sizes.yaml").write_text(EVERY_KIND)
    with SqliteSource(database) as source:
        compiled = compile_design(load_design(tmp_path / "sizes.yaml"), source.schema)
        compare(real_engine, source, compiled, table_prefix)
