"""A small database with rows of every kind of key, some of them broken, and a migration of it in a folder."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from migration_tool import attributes
from migration_tool.config import write_config
from migration_tool.design.compile import compile_design
from migration_tool.design.load import load_design
from migration_tool.errors import RowRejected
from migration_tool.model import Reject
from migration_tool.source.sqlite import SqliteSource
from migration_tool.state.checkpoint import Checkpoint
from migration_tool.state.store import StateStore
from migration_tool.target.lease import ATTRIBUTE
from tests import warm
from tests.engines import Engine

ROOT = Path(__file__).resolve().parents[2]
DESIGN = """
version: 1
table: Shop
entities:
  Person:
    keys: {PK: "PERSON#{PersonId}", SK: "{Name}"}
    attributes: {"*": Person, Born: {as: date}}
    embed:
      Pets: {from: Pet, match: {PersonId: PersonId}, order: [Name]}
  Tag:
    keys: {PK: "TAG#{escape(Kind)}", SK: "{escape(Label)}"}
    attributes: {"*": Tag, Weight: {as: number}}
  Note:
    where: "Level > 0"
    keys: {PK: "NOTE#{Level}", SK: "{Text}"}
"""
SOURCE = """
CREATE TABLE Person (PersonId INTEGER PRIMARY KEY, Name TEXT, Born TEXT);
CREATE TABLE Pet (PersonId INTEGER, Name TEXT);
CREATE TABLE Tag (Kind TEXT, Label TEXT, Weight TEXT, PRIMARY KEY (Kind, Label)) WITHOUT ROWID;
CREATE TABLE Note (Level INTEGER, Text TEXT UNIQUE);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 120)
INSERT INTO Person SELECT i, 'Name ' || i, '2001-02-03' FROM n;
INSERT INTO Pet SELECT PersonId, 'Pet of ' || Name FROM Person WHERE PersonId % 3 = 0;
INSERT INTO Tag SELECT 'k' || (PersonId % 5), 'l' || PersonId, PersonId FROM Person;
INSERT INTO Note SELECT PersonId % 4, 'Text ' || PersonId FROM Person;
"""
BREAKS = (
    (
        "UPDATE Person SET Name = x'00ff' WHERE PersonId = 3;",
        "UPDATE Person SET Name = 'Mended' WHERE PersonId = 3;",
        "DELETE FROM Person WHERE PersonId = 3;",
    ),
    (
        "UPDATE Person SET Name = CAST(x'4dff' AS TEXT) WHERE PersonId = 50;",
        "UPDATE Person SET Name = 'Mended' WHERE PersonId = 50;",
        "DELETE FROM Person WHERE PersonId = 50;",
    ),
    (
        "UPDATE Person SET Name = replace(hex(zeroblob(600)), '0', 'x') WHERE PersonId = 77;",
        "UPDATE Person SET Name = 'Mended' WHERE PersonId = 77;",
        "DELETE FROM Person WHERE PersonId = 77;",
    ),
    (
        "UPDATE Person SET Born = 'some day' WHERE PersonId IN (5, 119);",
        "UPDATE Person SET Born = '2001-02-04' WHERE PersonId IN (5, 119);",
        "DELETE FROM Person WHERE PersonId IN (5, 119);",
    ),
    (
        "UPDATE Tag SET Weight = 'heavy' WHERE Label IN ('l8', 'l9');",
        "UPDATE Tag SET Weight = '7.5' WHERE Label IN ('l8', 'l9');",
        "DELETE FROM Tag WHERE Label IN ('l8', 'l9');",
    ),
    (
        "UPDATE Note SET Text = NULL WHERE Text = 'Text 41';",
        "UPDATE Note SET Text = 'Mended' WHERE Text IS NULL;",
        "UPDATE Note SET Level = 0 WHERE Text IS NULL;",
    ),
)
"""What breaks rows, mends them, and takes them away."""
BROKEN, MENDED = ("".join(statements) for statements in list(zip(*BREAKS, strict=True))[:2])
REJECTED = 8
"""Rows that BROKEN breaks."""
ROWS = 120 + 120 + 90


@dataclass
class Shop:
    """A project folder with the database, and the independent looks at what became of it."""

    folder: Path
    engine: Engine
    prefix: str

    def __post_init__(self) -> None:
        self.database = self.folder / "shop.sqlite"
        self.design = self.folder / "config/designs/shop.yaml"
        if self.design.exists():
            return
        self.configure()
        self.design.parent.mkdir()
        self.design.write_text(DESIGN)
        self.sql(SOURCE + BROKEN)

    def configure(self, **settings: object) -> None:
        values: dict[str, Any] = {
            "source_db": str(self.database),
            "endpoint": self.engine.url,
            "table_prefix": self.prefix,
            "batch_size": 10,
            "dynamodb_tables": {"shop": "Shop"},
        }
        write_config(self.folder / "config/migration.json", {**values, "migration_settings": settings})

    def sql(self, statements: str) -> None:
        with closing(sqlite3.connect(self.database)) as connection:
            connection.executescript(statements)

    def run(self, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """A command that has to end with that code."""
        done = self.process(str(ROOT / "migrate.py"), *words)
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        return done

    def killed(self, point: str, number: int, *words: str) -> bool:
        """Runs a command that dies at the point (tests/resume/killer.py); False when it ended before."""
        done = self.process(str(ROOT / "tests/resume/killer.py"), point, str(number), *words)
        assert done.returncode in (-9, 0), done.stderr
        return done.returncode == -9

    def process(self, *words: str) -> subprocess.CompletedProcess[str]:
        return warm.run(words, self.folder)

    def loaded(self, *words: str) -> None:
        """The whole migration, but for the broken rows."""
        self.run("migrate", "--max-rejects", "3%", *words)

    def status(self) -> dict[str, Any]:
        return dict(json.loads(self.run("status", "--json").stdout))

    def saved(self) -> Checkpoint | None:
        return StateStore(self.folder / "state").latest()

    def state(self) -> tuple[Checkpoint, list[Reject]]:
        """What is saved, after a look at whether it adds up."""
        checkpoint = self.saved()
        assert checkpoint is not None
        rejects = list(StateStore(self.folder / "state").rejects(checkpoint))
        of_entity = Counter((reject.table, reject.entity) for reject in rejects)
        for e in checkpoint.entities:
            assert e.rows_read == e.items_written + e.rejected + e.skipped <= e.rows_total, e
            assert of_entity[e.table, e.entity] == e.rejected, e
        return checkpoint, rejects

    def account(self) -> tuple[int, int, int, int]:
        """Rows, items, rejected, skipped; the items are counted in the table, too."""
        checkpoint, _ = self.state()
        assert checkpoint.loaded and sum(self.actual().values()) == checkpoint.items_written
        return checkpoint.items_total, checkpoint.items_written, checkpoint.rejected, checkpoint.skipped

    def expected(self) -> Counter[str]:
        """Every item that the source gives, by the design as it is."""
        found: Counter[str] = Counter()
        with SqliteSource(self.database) as source:
            for entity in compile_design(load_design(self.design), source.schema).entities:
                for _, row in source.rows(entity.read):
                    try:
                        found[entity.item(row)[2]] += 1
                    except RowRejected:
                        continue
        return found

    def actual(self) -> Counter[str]:
        """Every item of the table, but for the lease of a run that did not end well."""
        page = self.engine.call("Scan", {"TableName": f"{self.prefix}Shop", "ConsistentRead": True})
        assert "LastEvaluatedKey" not in page
        items = [item for item in page["Items"] if ATTRIBUTE not in item]
        return Counter(map(attributes.canonical_item, items))

    def delete(self, item: str) -> None:
        key = {name: value for name, value in json.loads(item).items() if name in ("PK", "SK")}
        self.engine.call("DeleteItem", {"TableName": f"{self.prefix}Shop", "Key": key})
