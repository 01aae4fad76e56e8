from __future__ import annotations

from pathlib import Path

import pytest

from migration_tool.design.uniqueness import proof
from migration_tool.errors import DesignError
from migration_tool.verify.collisions import (
    NAMED,
    Collision,
    SourceRow,
    find_collisions,
    require_unique_keys,
    table_collisions,
)

from .conftest import Bind

pytestmark = pytest.mark.row(19)

SCHEMA = "CREATE TABLE Loose (Key, Name TEXT); CREATE TABLE Firm (Id INTEGER PRIMARY KEY);"
DESIGN = """
entities:
  Loose: {from: Loose, keys: {PK: "K#{Key}", SK: "x"}, attributes: {"*": Loose}}
  Firm: {from: Firm, keys: {PK: "K#{Id}", SK: "x"}, attributes: {"*": Firm}}
"""


def test_rows_that_share_a_key_are_named(bind: Bind, tmp_path: Path) -> None:
    loose = "INSERT INTO Loose VALUES (1, 'a'), ('1', 'b'), (2, 'c'), (x'31', 'd');"
    rows = loose + "INSERT INTO Firm VALUES (2), (3);"
    source, compiled = bind(SCHEMA + rows, DESIGN)
    found = find_collisions(source, compiled, tmp_path, proof(compiled), memory=40, bucket=40)
    assert found.count == 2
    assert set(found.named) == {
        Collision(
            ("K#1", "x"), SourceRow("Loose", "Loose", (1,), True), SourceRow("Loose", "Loose", (2,), True)
        ),
        Collision(("K#2", "x"), SourceRow("Loose", "Loose", (3,), True), SourceRow("Firm", "Firm", (2,))),
    }
    assert found.named == table_collisions(source, compiled)
    with pytest.raises(DesignError, match="Loose rowid 1 and Loose rowid 2 share the key 'K#1', 'x'"):
        require_unique_keys(source, compiled, tmp_path)


@pytest.mark.parametrize(
    ("theirs", "ours", "twice"),
    [
        ("TEXT", "INT", True), ("TEXT", "TEXT", False), ("TEXT", "", False), ("INT", "TEXT", False),
        ("", "INT", True), ("", "TEXT", False), ("", "", False), ("TEXT COLLATE NOCASE", "NUMERIC", True),
    ],
)  # fmt: skip
def test_a_row_comes_twice_where_a_lookup_finds_two(
    bind: Bind, tmp_path: Path, theirs: str, ours: str, twice: bool
) -> None:
    """A number equals '1' and '01' of a text column, 1 and '1' of one without a type."""
    other = "'01'" if theirs else "1"
    source, compiled = bind(
        f"CREATE TABLE Code (Code {theirs} UNIQUE, Name TEXT); INSERT INTO Code VALUES ('1', 'one');"
        f"INSERT OR IGNORE INTO Code VALUES ({other}, 'two');"
        f"CREATE TABLE Thing (Id INTEGER PRIMARY KEY, Code {ours}); INSERT INTO Thing VALUES (7, 1);",
        """
entities:
  Thing:
    lookup: {Found: {table: Code, by: Code, to: Code}}
    keys: {PK: "T#{Id}", SK: "x"}
    attributes: {Name: Found.Name}
""",
    )
    found = find_collisions(source, compiled, tmp_path, proof(compiled))
    assert (found.count, bool(proof(compiled))) == (int(twice), twice)
    assert [str(one) for one in found.named] == [
        "Thing 7 comes twice, with the key 'T#7', 'x': one of its lookups finds two rows"
    ] * twice


def test_none_where_the_data_is_clean(bind: Bind, tmp_path: Path) -> None:
    source, compiled = bind(
        SCHEMA + "INSERT INTO Loose VALUES (1, 'a'), (2, 'b'); INSERT INTO Firm VALUES (3);", DESIGN
    )
    require_unique_keys(source, compiled, tmp_path)
    assert find_collisions(source, compiled, tmp_path, proof(compiled)).count == 0


def test_the_count_is_exact_where_the_names_are_capped(bind: Bind, tmp_path: Path) -> None:
    rows = ", ".join(f"({n % 300}, '{n}')" for n in range(1_000))
    source, compiled = bind(f"{SCHEMA} INSERT INTO Loose VALUES {rows};", DESIGN)
    found = find_collisions(source, compiled, tmp_path, proof(compiled), memory=4_000, bucket=400)
    assert found.count == 700
    assert len(found.named) == NAMED


def test_rows_without_an_item_collide_with_nothing(bind: Bind, tmp_path: Path) -> None:
    source, compiled = bind(
        SCHEMA + "INSERT INTO Loose VALUES (NULL, 'a'), (NULL, 'b'), (x'00', 'c');", DESIGN
    )
    assert find_collisions(source, compiled, tmp_path, proof(compiled)).count == 0


def test_without_doubts_no_row_is_read(bind: Bind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    firm = "entities: {Firm: {from: Firm, keys: {PK: 'F#{Id}', SK: x}, attributes: {'*': Firm}}}"
    source, compiled = bind(SCHEMA + "INSERT INTO Firm VALUES (1);", firm)
    monkeypatch.setattr(source, "rows", None)
    monkeypatch.setattr(source, "chunks", None)
    require_unique_keys(source, compiled, tmp_path)
