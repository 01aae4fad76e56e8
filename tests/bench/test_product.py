"""The product against the sink: what it needs of a DynamoDB, under limits and without."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from migration_tool.config import write_config
from tests.bench.conftest import Sink, Start
from tests.cli.shell import Shell

ROWS = 400
DESIGN = """\
version: 1
table: Shop
indexes:
  GSI1: [GSI1PK, GSI1SK]
entities:
  Thing:
    from: Thing
    keys:
      PK: "THING#{ThingId}"
      SK: "#THING"
      GSI1PK: "KIND#{Kind}"
      GSI1SK: "{ThingId:8}"
    attributes:
      "*": Thing
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "shop.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE Thing (ThingId INTEGER PRIMARY KEY, Kind TEXT, Text TEXT)")
        rows = [(n, None if n % 3 else "even", f'"quoted" \\ é {n}' * 20) for n in range(ROWS)]
        connection.executemany("INSERT INTO Thing VALUES (?, ?, ?)", rows)
    return path


def project(folder: Path, source: Path, sink: Sink, *, validation: bool) -> Shell:
    designs = folder / "config" / "designs"
    designs.mkdir(parents=True)
    (designs / "shop.yaml").write_text(DESIGN)
    values: dict[str, Any] = {
        "source_db": str(source),
        "endpoint": sink.url,
        "dynamodb_tables.shop": "Shop",
        "migration_settings.enable_validation": validation,
    }
    write_config(folder / "config" / "migration.json", values)
    return Shell(folder)


def test_a_migration_is_counted(start: Start, tmp_path: Path, shop: Path) -> None:
    sink = start()
    project(tmp_path, shop, sink, validation=False).ok("migrate")
    stats = sink.stats()
    assert (stats["items"], stats["batches"]) == (ROWS, ROWS // 25)


def test_a_migration_into_a_sink_that_keeps_is_compared_item_by_item(
    start: Start, tmp_path: Path, shop: Path
) -> None:
    sink = start("--keep")
    shell = project(tmp_path, shop, sink, validation=True)
    shell.ok("migrate")
    status = json.loads(shell.ok("status", "--json"))
    assert sink.stats()["items"] == ROWS
    assert "COMPLETE" in json.dumps(status).upper()


def test_a_throttled_migration_loses_nothing(start: Start, tmp_path: Path, shop: Path) -> None:
    sink = start("--keep", capacity={"mode": "provisioned", "wcu": 400, "partition_wcu": 1000})
    shell = project(tmp_path, shop, sink, validation=True)
    shell.ok("migrate")
    stats = sink.stats()
    assert stats["throttled_items"] > 0
    assert stats["items"] == ROWS
