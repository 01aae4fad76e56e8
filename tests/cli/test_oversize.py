"""A table with items over 400 KB, as a user loads, asks, proves and mends it."""

from __future__ import annotations

import json
import random
import sqlite3
from contextlib import closing
from pathlib import Path

from migration_tool.oversize import ATTRIBUTE
from tests.cli.shell import Shell
from tests.engines import request

KEYS = ("PK", "SK", "GSI1PK", "GSI1SK")
NOISE = random.Random(7).randbytes(2_000_000)
DESIGN = """
version: 1
table: Library
indexes: {GSI1: [GSI1PK, GSI1SK]}
entities:
  Article:
    oversize: compress
    keys: {PK: "A#{ArticleId}", SK: x, GSI1PK: "KIND#{Kind}", GSI1SK: "{ArticleId:5}"}
access_patterns:
  article:
    parameters: {article_id: integer}
    get: {PK: "A#{article_id}", SK: x}
    sql: SELECT * FROM Article WHERE ArticleId = :article_id
    cases: SELECT ArticleId AS article_id FROM Article WHERE ArticleId <> 3
  of_kind:
    parameters: {kind: text}
    query: {index: GSI1, partition: "KIND#{kind}"}
    sql: SELECT ArticleId, Body, Notes FROM Article WHERE Kind = :kind AND ArticleId <> 3 ORDER BY ArticleId
    cases: SELECT DISTINCT Kind AS kind FROM Article
"""


def test_a_library_with_long_articles(shell: Shell, dynoxide: str, table_prefix: str) -> None:
    library(shell.folder / "library.sqlite")
    designs = shell.folder / "config" / "designs"
    designs.mkdir(parents=True)
    (designs / "library.yaml").write_text(DESIGN)
    values = {
        "source_db": "library.sqlite", "endpoint": dynoxide, "table_prefix": table_prefix,
        "dynamodb_tables": {"library": "Library"},
        "migration_settings": {"max_rejects": 1},
    }  # fmt: skip
    (shell.folder / "config" / "migration.json").write_text(json.dumps(values))
    shell.ok("migrate", "--yes")
    found = json.loads(shell.ok("query", "library", "article", "article_id=2", "--json"))
    assert found["Body"] == "words " * 200_000 and ATTRIBUTE not in found
    report = json.loads(shell.ok("validate", "--json"))
    assert report["tables"][0]["expected"] == 3
    item = {"TableName": f"{table_prefix}Library", "Key": {"PK": {"S": "A#2"}, "SK": {"S": "x"}}}
    stored = json.loads(request(dynoxide, "GetItem", item)[1])["Item"]
    assert stored.keys() == {
        "PK",
        "SK",
        "EntityType",
        "GSI1PK",
        "GSI1SK",
        "ArticleId",
        "Kind",
        "Notes",
        ATTRIBUTE,
    }
    spoilt = stored | {ATTRIBUTE: {"M": {"Encoding": {"S": "gzip"}, "Data": {"B": "eA=="}}}}
    request(dynoxide, "PutItem", {"TableName": f"{table_prefix}Library", "Item": spoilt})
    assert shell("validate").returncode == 7
    shell.ok("validate", "--repair", "--yes")
    shell.ok("validate")


def library(path: Path) -> None:
    rows = [
        (1, "s", "short", "n"),
        (2, "l", "words " * 200_000, "n"),
        (3, "l", NOISE, "n"),
        (4, "l", "x" * 399_000, "n"),
    ]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE Article (ArticleId INTEGER PRIMARY KEY, Kind, Body, Notes)")
        connection.executemany("INSERT INTO Article VALUES (?, ?, ?, ?)", rows)
