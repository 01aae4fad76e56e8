"""Rows by their keys: the ones that were asked for, from whatever table, as a whole reading gives them."""

from __future__ import annotations

import math
import random
import sqlite3
import struct
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace

import pytest

from migration_tool.errors import SourceError
from migration_tool.model import ChildRead, ColumnRef, InvalidText, Position, Read, Row
from migration_tool.source import sql
from migration_tool.source.sqlite import SqliteSource

from .conftest import Open, Write, everything

HIDDEN = "CREATE TABLE T (n TEXT); INSERT INTO T VALUES ('a'), ('b'), ('c'), ('d');"
NUMBERED = "CREATE TABLE T (id INTEGER PRIMARY KEY, n); INSERT INTO T VALUES (-5, 'x'), (2, 'y'), (9, 'z');"
KEYED = """
CREATE TABLE T (a, b TEXT, n, PRIMARY KEY (a, b)) WITHOUT ROWID;
INSERT INTO T VALUES (1, 'it''s', 1), (1, 'a' || char(0) || 'b', 2), (0.1, 'é', 3), (x'00ff', '', 4),
  ('text', CAST(x'ff41' AS TEXT), 5), ('x''00''', '--', 6), (-9223372036854775808, 'k', 7), (9e999, 'k', 8);
"""
COLLATED = """
CREATE TABLE T (a TEXT COLLATE NOCASE PRIMARY KEY, n) WITHOUT ROWID; INSERT INTO T VALUES ('A', 1), ('b', 2);
"""


def found(source: SqliteSource, keys: Sequence[Position]) -> list[tuple[Position, Row]]:
    return list(source.chosen(everything(source, "T"), keys))


@pytest.mark.parametrize("tables", [HIDDEN, NUMBERED, KEYED, COLLATED])
def test_each_row_is_found_by_its_key_and_is_the_same(make: Open, tables: str) -> None:
    source = make(tables)
    rows = list(source.rows(everything(source, "T")))
    for position, row in rows:
        assert found(source, [position]) == [(position, row)]
    assert found(source, [position for position, _ in rows[::2]]) == rows[::2]
    assert found(source, []) == []


@pytest.mark.parametrize(
    ("tables", "key"), [(HIDDEN, (77,)), (NUMBERED, (3,)), (KEYED, (1, "it")), (KEYED, (b"1", "it's"))]
)
def test_a_key_that_no_row_has_gives_none(make: Open, tables: str, key: Position) -> None:
    assert found(make(tables), [key]) == []


def test_keys_are_equal_that_are_so_for_sqlite(make: Open) -> None:
    source = make(COLLATED)
    assert [position for position, _ in found(source, [("a",), ("B",)])] == [("A",), ("b",)]


def test_the_condition_of_the_entity_counts_as_well(make: Open) -> None:
    source = make(NUMBERED)
    read = replace(everything(source, "T"), where="n <> 'y' OR n IS NULL -- a remark")
    assert [position for position, _ in source.chosen(read, [(2,), (9,)])] == [(9,)]


@pytest.mark.parametrize("keyed", [False, True])
def test_hundreds_of_keys_take_several_statements(make: Open, keyed: bool) -> None:
    key = "a, b, PRIMARY KEY (a, b)) WITHOUT ROWID" if keyed else "a INTEGER PRIMARY KEY, b)"
    source = make(
        f"CREATE TABLE T ({key}; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000)"
        "INSERT INTO T SELECT i, i * 2 FROM n;"
    )
    keys: list[Position] = [(n, n * 2) if keyed else (n,) for n in range(1, 1_001, 2)]
    assert [position for position, _ in found(source, keys)] == keys


def test_embedded_rows_come_along(make: Open) -> None:
    source = make(NUMBERED + "CREATE TABLE C (p, v); INSERT INTO C VALUES (2, 'c1'), (9, 'c2'), (2, 'c3');")
    child = ChildRead("C", "C", "C", (("p", "id"),), (), (), (ColumnRef("C", "v"),))
    read = replace(everything(source, "T"), children=(child,))
    rows = [row for _, row in source.chosen(read, [(2,), (-5,)])]
    assert rows == [(-5, "x", []), (2, "y", [("c1",), ("c3",)])]


def test_row_numbers_that_cannot_be_named_are_the_usual_error(make: Open) -> None:
    source = make("CREATE TABLE T (rowid, _rowid_, oid); INSERT INTO T VALUES (1, 2, 3);")
    with pytest.raises(SourceError, match="hide the table's row numbers"):
        found(source, [(1,)])


def test_reals_are_found_to_the_last_bit(write: Write) -> None:
    chance = random.Random(0)
    drawn = {struct.unpack("d", chance.randbytes(8))[0] for _ in range(400)}
    keys = [(real,) for real in sorted(filter(math.isfinite, drawn))]
    path = write("CREATE TABLE T (a REAL PRIMARY KEY) WITHOUT ROWID;")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany("INSERT INTO T VALUES (?)", keys)
    with SqliteSource(path) as source:
        assert [key for key, _ in found(source, keys)] == keys


def test_the_read_of_a_key_is_a_search_and_no_scan() -> None:
    keys: list[tuple[sql.Cursor, tuple[Position, ...]]] = [
        (sql.Cursor(("rowid",)), ((1,), (2,), (3,))),
        (sql.Cursor(('"a"', '"b"'), ("BINARY", "RTRIM")), (("x", 1), ("y", InvalidText(b"\xff")))),
        (sql.Cursor(('"a"',), ("NOCASE",)), (("x",), ("y",))),
    ]
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(
            "CREATE TABLE T0 (a, b);"
            "CREATE TABLE T1 (a TEXT, b, PRIMARY KEY (a, b COLLATE RTRIM)) WITHOUT ROWID;"
            "CREATE TABLE T2 (a TEXT, b, PRIMARY KEY (a COLLATE NOCASE)) WITHOUT ROWID;"
        )
        for number, (cursor, positions) in enumerate(keys):
            read, among = Read("x", f"T{number}", (), (ColumnRef("x", "b"),)), sql.Among(positions)
            statement = f"EXPLAIN QUERY PLAN {sql.select(read, cursor, among, False)}"
            plan = [row[3] for row in connection.execute(statement, among.arguments)]
            assert any(line.startswith("SEARCH") for line in plan), plan
            assert not any(line.startswith("SCAN") for line in plan), plan
