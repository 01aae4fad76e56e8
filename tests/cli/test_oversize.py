"""A table with items over 400 KB, as a user loads, asks, proves and mends it."""

from __future__ import annotations

import base64
import json
import random
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest

from migration_tool.limits import MAX_ITEM_BYTES, item_size
from migration_tool.oversize import ATTRIBUTE, CHUNK
from migration_tool.target.lease import ATTRIBUTE as LEASE
from tests.cli.shell import Shell
from tests.engines import request

KEYS = ("PK", "SK", "GSI1PK", "GSI1SK")
NOISE = random.Random(7).randbytes(2_000_000)
WORDS = "words " * 200_000
DESIGN = """
version: 1
table: Library
indexes: {GSI1: [GSI1PK, GSI1SK]}
entities:
  Article:
    oversize: POLICY
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
    sql: SELECT ArticleId, Body, Notes FROM Article WHERE Kind = :kind AND ArticleId <> 9 ORDER BY ArticleId
    cases: SELECT DISTINCT Kind AS kind FROM Article
"""


class Library:
    """A table of four articles, two of them too long for an item."""

    def __init__(self, shell: Shell, url: str, prefix: str, policy: str) -> None:
        self.shell, self.url, self.table = shell, url, f"{prefix}Library"
        _write(shell.folder / "library.sqlite")
        designs = shell.folder / "config" / "designs"
        designs.mkdir(parents=True)
        (designs / "library.yaml").write_text(DESIGN.replace("POLICY", policy))
        values = {
            "source_db": "library.sqlite", "endpoint": url, "table_prefix": prefix,
            "dynamodb_tables": {"library": "Library"}, "migration_settings": {"max_rejects": 1},
        }  # fmt: skip
        (shell.folder / "config" / "migration.json").write_text(json.dumps(values))

    def call(self, operation: str, **body: Any) -> Any:
        return json.loads(request(self.url, operation, {"TableName": self.table, **body})[1])

    def items(self) -> list[dict[str, Any]]:
        """All but the lease, page by page of 1 MB."""
        found, page = [], self.call("Scan")
        while start := page.get("LastEvaluatedKey"):
            found += page["Items"]
            page = self.call("Scan", ExclusiveStartKey=start)
        return [item for item in [*found, *page["Items"]] if LEASE not in item]

    def asked(self, article: int) -> dict[str, Any]:
        words = ("query", "library", "article", f"article_id={article}", "--json")
        return cast(dict[str, Any], json.loads(self.shell.ok(*words)))


@pytest.mark.parametrize("policy", ["compress", "{compress: zstd}"])
def test_long_articles_compressed(shell: Shell, dynoxide: str, table_prefix: str, policy: str) -> None:
    library = Library(shell, dynoxide, table_prefix, policy)
    shell.ok("migrate", "--yes")
    assert library.asked(2)["Body"] == WORDS and ATTRIBUTE not in library.asked(2)
    assert [table["expected"] for table in json.loads(shell.ok("validate", "--json"))["tables"]] == [3]
    (stored,) = [item for item in library.items() if ATTRIBUTE in item]
    assert stored.keys() == {*KEYS, "EntityType", "ArticleId", "Kind", "Notes", ATTRIBUTE}
    spoilt = {ATTRIBUTE: {"M": {"Encoding": {"S": "gzip"}, "Data": {"B": "eA=="}}}}
    library.call("PutItem", Item=stored | spoilt)
    assert shell("validate").returncode == 7
    shell.ok("validate", "--repair", "--yes")
    shell.ok("validate")


def test_long_articles_in_chunks(shell: Shell, dynoxide: str, table_prefix: str) -> None:
    library = Library(shell, dynoxide, table_prefix, "split")
    account = shell.ok("migrate", "--yes")
    assert "4 rows = 4 items + 0 rejected" in account
    assert library.asked(2)["Body"] == WORDS
    assert base64.b64decode(library.asked(3)["Body"]) == NOISE
    (table,) = json.loads(shell.ok("validate", "--json"))["tables"]
    chunks = [item for item in library.items() if item["EntityType"] == {"S": CHUNK}]
    assert len(chunks) == 4 + 8 and table["expected"] == table["actual"] == 4 + len(chunks)
    assert table["proved_at"]
    looked_at(shell, [("Article", 4), (CHUNK, len(chunks))], "--while-running", code=0)
    sampled(shell, 0, "--seed", "1")
    assert "Article" in shell.ok("design", "show", "library")
    lost, spoilt = chunks[0], chunks[5] | {"Data": {"B": "eA=="}}
    library.call("DeleteItem", Key={name: lost[name] for name in ("PK", "SK")})
    library.call("PutItem", Item=spoilt)
    library.call("PutItem", Item=spoilt | {"SK": {"S": "99999"}})
    looked_at(shell, [("Article", 4), (CHUNK, len(chunks) - 2)], "--while-running", code=7)
    sampled(shell, 1 if lost["PK"] == spoilt["PK"] else 2)
    found = shell("validate", "--json")
    report = json.loads(found.stdout)
    (table,) = report["tables"]
    assert found.returncode == 7
    assert [len(table[kind]) for kind in ("missing", "different", "extra")] == [1, 1, 1]
    assert any(pattern["passed"] < pattern["calls"] for pattern in report["access_patterns"])
    shell.ok("validate", "--repair", "--delete-extra", "--yes")
    shell.ok("validate")


LOCAL = """
version: 1
table: Library
indexes: {INDEXES}
entities:
  Article:
    oversize: POLICY
    keys: {KEYS, PK: "A#{Kind}", SK: "{ArticleId}"}
"""


@pytest.mark.parametrize("policy", ["compress", "split", "reject"])
@pytest.mark.parametrize(("indexes", "length"), [(1, 220_000), (5, 90_000)])
def test_what_counts_is_the_item_with_its_copies_in_local_indexes(
    shell: Shell, dynoxide: str, table_prefix: str, policy: str, indexes: int, length: int
) -> None:
    """One of them is of a length that SQLite alone would write."""
    library = Library(shell, dynoxide, table_prefix, policy)
    names = [f"Local{n}" for n in range(indexes)]
    local = ", ".join(f"{name}: {{keys: [PK, {name}K], local: true}}" for name in names)
    keys = ", ".join(f'{name}K: "{{Notes}}"' for name in names)
    design = LOCAL.replace("{INDEXES}", f"{{{local}}}").replace("KEYS", keys).replace("POLICY", policy)
    (shell.folder / "config" / "designs" / "library.yaml").write_text(design)
    with closing(sqlite3.connect(shell.folder / "library.sqlite")) as connection, connection:
        connection.execute("UPDATE Article SET Body = substr(?, 1, ?)", (WORDS, length))
        connection.execute("UPDATE Article SET Body = 'short' WHERE ArticleId = 1")
        connection.execute("UPDATE Article SET Notes = NULL WHERE ArticleId = 4")
    checked = shell("design", "check").stdout
    assert ("2 rows would be rejected: item_too_large" in checked) == (policy == "reject"), checked
    shell.ok("migrate", "--yes", "--max-rejects", "2")
    articles = [item for item in library.items() if item["EntityType"] == {"S": "Article"}]
    stored = {item["ArticleId"]["N"] for item in articles if ATTRIBUTE in item}
    assert stored == (set() if policy == "reject" else {"2", "3"})
    assert len(articles) == (2 if policy == "reject" else 4)
    assert all((1 + indexes) * item_size(item) <= MAX_ITEM_BYTES for item in articles if "Local0K" in item)


def looked_at(shell: Shell, verified: list[tuple[str, int]], *words: str, code: int) -> None:
    done = shell("validate", "--json", *words)
    assert done.returncode == code, done.stderr
    (table,) = json.loads(done.stdout)["tables"]
    assert [(entity["entity"], entity["verified"]) for entity in table["entities"]] == verified


def sampled(shell: Shell, wrong: int, *words: str) -> None:
    """All four rows, by a claim that needs them."""
    done = shell("validate", "--sample", "--at-most", "0.1%", "--items-only", "--json", *words)
    assert done.returncode == (7 if wrong else 0), done.stderr
    (table,) = json.loads(done.stdout)["tables"]
    assert table["sample"]["looked_at"] <= 4 and table["sample"]["wrong"] == wrong


def _write(path: Path) -> None:
    rows = [
        (1, "s", "short", "n"),
        (2, "l", WORDS, "n"),
        (3, "l", NOISE, "n"),
        (4, "l", "x" * 399_000, "n"),
    ]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE Article (ArticleId INTEGER PRIMARY KEY, Kind, Body, Notes)")
        connection.executemany("INSERT INTO Article VALUES (?, ?, ?, ?)", rows)
