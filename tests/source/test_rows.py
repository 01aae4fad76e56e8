from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migration_tool.errors import SourceError
from migration_tool.model import ChildRead, ColumnRef, InvalidText, Join, Position, Read, Row
from migration_tool.source import sql
from migration_tool.source import sqlite as module
from migration_tool.source.sqlite import SqliteSource

from .conftest import Open, everything


def resumable(source: SqliteSource, read: Read) -> list[tuple[Position, Row]]:
    """All rows, after it is shown that they go on rightly behind each of them."""
    found = list(source.rows(read))
    positions = {(*position, *map(type, position)) for position, _ in found}
    assert len(positions) == len(found) == source.count(read)
    for k, (position, _) in enumerate(found):
        assert list(source.rows(read, position)) == found[k + 1 :]
    return found


def values(source: SqliteSource, table: str) -> list[Row]:
    return [row for _, row in resumable(source, everything(source, table))]


@pytest.mark.parametrize(
    ("columns", "rows", "expected"),
    [
        (
            "a INTEGER PRIMARY KEY",
            "(5), (-3), (0), (9223372036854775807), (-9223372036854775808)",
            [(-(2**63),), (-3,), (0,), (5,), (2**63 - 1,)],
        ),
        ("a", "(NULL), ('x'), (NULL), (1)", [(None,), ("x",), (None,), (1,)]),
        ("a TEXT PRIMARY KEY", "(NULL), ('b'), (NULL), ('a')", [(None,), ("b",), (None,), ("a",)]),
        ("a INTEGER PRIMARY KEY DESC", "(1), (3), (2)", [(1,), (3,), (2,)]),
        ("rowid, b", "('x', 1), ('x', 2)", [("x", 1), ("x", 2)]),
        ("rowid, _rowid_, b", "('x', 7, 1), ('x', 7, 2)", [("x", 7, 1), ("x", 7, 2)]),
        ("oid INTEGER PRIMARY KEY, rowid, _rowid_", "(2, 1, 1), (1, 1, 1)", [(1, 1, 1), (2, 1, 1)]),
    ],
)
def test_rows_of_a_rowid_table(make: Open, columns: str, rows: str, expected: list[Row]) -> None:
    source = make(f"CREATE TABLE T ({columns}); INSERT INTO T VALUES {rows};")
    assert values(source, "T") == expected


def test_rows_that_have_negative_numbers_without_a_key(make: Open) -> None:
    source = make("CREATE TABLE T (a); INSERT INTO T(rowid, a) VALUES (-5, 'x'), (0, 'y'), (7, 'z');")
    assert [position for position, _ in resumable(source, everything(source, "T"))] == [(-5,), (0,), (7,)]


@pytest.mark.parametrize(
    ("columns", "rows", "expected"),
    [
        (
            "a, b, PRIMARY KEY (a, b)",
            "(1, 'x'), ('1', 'x'), (x'31', 'x'), (1.5, 'x'), (1, 2), (1, x'00'), ('', '')",
            [(1, 2), (1, "x"), (1, b"\x00"), (1.5, "x"), ("", ""), ("1", "x"), (b"1", "x")],
        ),
        ("a, b, PRIMARY KEY (b, a)", "(1, 2), (2, 1), (1, 1)", [(1, 1), (2, 1), (1, 2)]),
        ("a, b, PRIMARY KEY (b DESC, a)", "(1, 2), (2, 1), (1, 1)", [(1, 1), (2, 1), (1, 2)]),
        ("a TEXT COLLATE NOCASE PRIMARY KEY", "('b'), ('A'), ('C')", [("A",), ("b",), ("C",)]),
        (
            "a TEXT COLLATE NOCASE, PRIMARY KEY (a COLLATE BINARY)",
            "('a'), ('A'), ('b'), ('B')",
            [("A",), ("B",), ("a",), ("b",)],
        ),
        ("a TEXT, PRIMARY KEY (a COLLATE NOCASE)", "('b'), ('A'), ('C')", [("A",), ("b",), ("C",)]),
        ('"x""y" TEXT, "select", PRIMARY KEY ("x""y", "select")', "('b', 1), ('a', 2)", [("a", 2), ("b", 1)]),
        ("rowid TEXT PRIMARY KEY, oid", "('b', 1), ('a', 2)", [("a", 2), ("b", 1)]),
        (
            "a REAL PRIMARY KEY",
            "(9e999), (-9e999), (0.1), (3)",
            [(float("-inf"),), (0.1,), (3.0,), (float("inf"),)],
        ),
    ],
)
def test_rows_of_a_table_without_rowid(make: Open, columns: str, rows: str, expected: list[Row]) -> None:
    source = make(f"CREATE TABLE T ({columns}) WITHOUT ROWID; INSERT INTO T VALUES {rows};")
    assert values(source, "T") == expected


KEYS = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
    st.binary(max_size=4),
)


@settings(max_examples=50)
@given(rows=st.lists(st.tuples(KEYS, KEYS), max_size=12))
@pytest.mark.parametrize("collation", ["BINARY", "NOCASE", "RTRIM"])
def test_any_composite_key_can_be_resumed_from(
    tmp_path_factory: pytest.TempPathFactory, collation: str, rows: list[tuple[Any, Any]]
) -> None:
    path = tmp_path_factory.mktemp("keys") / "keys.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"CREATE TABLE T (a, b, PRIMARY KEY (a COLLATE {collation}, b)) WITHOUT ROWID")
        connection.executemany("INSERT OR IGNORE INTO T VALUES (?, ?)", rows)
        connection.commit()
        (count,) = connection.execute("SELECT count(*) FROM T").fetchone()
    with SqliteSource(path) as source:
        assert len(values(source, "T")) == count


BROKEN = "CAST(x'61ff' AS TEXT)"


@pytest.mark.parametrize("chunk", [1, 2, 3, 1000])
def test_broken_text_in_the_middle(make: Open, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(module, "_CHUNK", chunk)
    source = make(
        "CREATE TABLE T (Id INTEGER PRIMARY KEY, a TEXT);"
        f"INSERT INTO T VALUES (1, 'é'), (2, 'b'), (3, 'c'), (4, {BROKEN}), (5, 'e'), (6, {BROKEN}), (7, '');"
    )
    found = values(source, "T")
    assert found == [(1, "é"), (2, "b"), (3, "c"), (4, b"a\xff"), (5, "e"), (6, b"a\xff"), (7, "")]
    assert [type(row[1]) for row in found] == [str, str, str, InvalidText, str, InvalidText, str]


def test_broken_text_in_a_key(make: Open) -> None:
    source = make(
        "CREATE TABLE T (a TEXT PRIMARY KEY, n) WITHOUT ROWID;"
        f"INSERT INTO T VALUES ('a', 1), ({BROKEN}, 2), ('b', 3), (x'61ff', 4), ('z', 5);"
    )
    found = resumable(source, everything(source, "T"))
    assert [row[1] for _, row in found] == [1, 2, 3, 5, 4]
    assert [type(position[0]) for position, _ in found] == [str, InvalidText, str, str, bytes]


def test_text_with_nul_and_the_last_characters(make: Open) -> None:
    source = make("CREATE TABLE T (a TEXT); INSERT INTO T VALUES ('a' || char(0) || 'b'), (char(1114111));")
    assert values(source, "T") == [("a\x00b",), ("\U0010ffff",)]


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16le", "UTF-16be"])
def test_any_encoding(make: Open, encoding: str) -> None:
    source = make(
        f"PRAGMA encoding = '{encoding}'; CREATE TABLE T (a); INSERT INTO T VALUES ('é\U0001f600');"
    )
    assert values(source, "T") == [("é\U0001f600",)]
    assert source.facts().encoding == encoding


def test_streams_do_not_disturb_each_other(make: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of them needs the careful decoder, the other the fast one."""
    monkeypatch.setattr(module, "_CHUNK", 1)
    source = make(
        "CREATE TABLE T (a TEXT); CREATE TABLE U (a TEXT);"
        f"INSERT INTO T VALUES ({BROKEN}), ('x'), ({BROKEN}), ('y');"
        "INSERT INTO U VALUES ('1'), ('2'), ('3'), ('4');"
    )
    one, other = source.rows(everything(source, "T")), source.rows(everything(source, "U"))
    found = []
    for (_, mine), (_, theirs) in zip(one, other, strict=True):
        found.append((*mine, *theirs))
    assert found == [(b"a\xff", "1"), ("x", "2"), (b"a\xff", "3"), ("y", "4")]


LINES = """
CREATE TABLE P ("I d" TEXT, "where" TEXT, Kind, PRIMARY KEY ("I d", "where")) WITHOUT ROWID;
CREATE TABLE C (Id INTEGER PRIMARY KEY, Parent TEXT, Place TEXT, N INT, Name INT);
CREATE TABLE N (Id INTEGER PRIMARY KEY, Text);
INSERT INTO P VALUES ('a', 'x', 1), ('a', 'y', 2), ('b', 'x', 1), ('c', 'x', 1), ('d', '', NULL);
INSERT INTO N VALUES (1, 'one');
INSERT INTO C VALUES (1, 'a', 'x', 9, 1), (2, 'a', 'x', 8, 2), (3, 'b', 'x', 7, 1), (4, 'd', '', 6, NULL),
  (5, 'a', 'z', 1, 1), (6, 'zz', 'x', 1, 1), (7, NULL, NULL, 1, 1), (8, 'b', 'x', 7, NULL),
  (9, 'a', 'y', 5, 1);
"""


def parents(where: str | None = None) -> Read:
    child = ChildRead(
        name="list",
        alias='C"1',
        table="C",
        on=(("Parent", "I d"), ("Place", "where")),
        order=("N",),
        joins=(Join("N", "N", (("Id", ColumnRef('C"1', "Name")),)),),
        columns=(ColumnRef('C"1', "Id"), ColumnRef("N", "Text")),
    )
    other = ChildRead("ids", "C", "C", (("Parent", "I d"),), (), (), (ColumnRef("C", "Id"),))
    return Read("P", "P", (), (ColumnRef("P", "I d"), ColumnRef("P", "where")), (), (child, other), where)


@pytest.mark.parametrize("index", ["", "CREATE INDEX i ON C (Parent, Place);", "CREATE INDEX i ON C (N);"])
def test_embedded_rows_follow_their_parents(make: Open, index: str) -> None:
    source = make(LINES + index)
    assert [row for _, row in resumable(source, parents())] == [
        ("a", "x", [(2, None), (1, "one")], [(1,), (2,), (5,), (9,)]),
        ("a", "y", [(9, "one")], [(1,), (2,), (5,), (9,)]),
        ("b", "x", [(3, "one"), (8, None)], [(3,), (8,)]),
        ("c", "x", [], []),
        ("d", "", [(4, None)], [(4,)]),
    ]


@pytest.mark.parametrize("where", ["Kind = 1", '"P".Kind = 1 -- only these', "Kind = 1 OR 0"])
def test_embedded_rows_of_the_parents_that_are_kept(make: Open, where: str) -> None:
    source = make(LINES)
    assert [row[:3] for _, row in resumable(source, parents(where))] == [
        ("a", "x", [(2, None), (1, "one")]),
        ("b", "x", [(3, "one"), (8, None)]),
        ("c", "x", []),
    ]


def test_embedded_rows_of_a_rowid_table_with_a_condition(make: Open) -> None:
    source = make(
        "CREATE TABLE P (Id INT, Name); CREATE TABLE C (P INT, V);"
        "INSERT INTO P VALUES (1, 'a'), (2, 'b'), (3, 'c');"
        "INSERT INTO C VALUES (3, 'x'), (1, 'y'), (2, 'z'), (1, 'w');"
    )
    child = ChildRead("list", "C", "C", (("P", "Id"),), (), (), (ColumnRef("C", "V"),))
    read = Read("P", "P", (), (ColumnRef("P", "Id"),), (), (child,), "Name <> 'b'")
    assert [row for _, row in resumable(source, read)] == [(1, [("y",), ("w",)]), (3, [("x",)])]


def test_broken_text_in_an_embedded_row(make: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CHUNK", 2)
    source = make(
        "CREATE TABLE P (Id INTEGER PRIMARY KEY); CREATE TABLE C (P INT, V TEXT);"
        "INSERT INTO P VALUES (1), (2), (3), (4);"
        f"INSERT INTO C VALUES (1, 'a'), (3, 'b'), (3, {BROKEN}), (4, 'd');"
    )
    child = ChildRead("list", "C", "C", (("P", "Id"),), (), (), (ColumnRef("C", "V"),))
    read = Read("P", "P", (), (ColumnRef("P", "Id"),), (), (child,))
    assert [row for _, row in resumable(source, read)] == [
        (1, [("a",)]), (2, []), (3, [("b",), (b"a\xff",)]), (4, [("d",)]),
    ]  # fmt: skip


def test_embedded_rows_are_streamed(make: Open) -> None:
    """The plan begins with the parents, however many; what it sorts are the children of one of them."""
    source = make(
        "CREATE TABLE P (Id INTEGER PRIMARY KEY); CREATE TABLE C (P INT, N INT); CREATE INDEX i ON C (P);"
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)"
        "INSERT INTO P SELECT i FROM n; INSERT INTO C VALUES (1, 1); ANALYZE;"
    )
    child = ChildRead("list", "C", "C", (("P", "Id"),), ("N",), (), (ColumnRef("C", "N"),))
    read = Read("P", "P", (), (ColumnRef("P", "Id"),), (), (child,))
    statement = sql.select_children(read, [(child, sql.Cursor(("rowid",)))], sql.Cursor(("rowid",)), None)
    connection = source._moment._connection
    connection.set_authorizer(None)
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
    assert plan[0] == "SCAN ~parent"
    assert "USE TEMP B-TREE FOR ORDER BY" not in plan


def test_a_typo_in_a_read_is_an_error_and_no_text(make: Open) -> None:
    """SQLite takes an unqualified "typo" for a string constant."""
    source = make("CREATE TABLE T (a); INSERT INTO T VALUES (1);")
    with pytest.raises(SourceError, match=r"no such column: x\.typo"):
        list(source.rows(Read("x", "T", (), (ColumnRef("x", "typo"),))))


@pytest.mark.parametrize("where", ["a = (", "b = 1", "(SELECT load_extension('x'))"])
def test_a_condition_that_does_not_run(make: Open, where: str) -> None:
    source = make("CREATE TABLE T (a); INSERT INTO T VALUES (1);")
    with pytest.raises(SourceError) as raised:
        list(source.rows(Read("x", "T", (), (ColumnRef("x", "a"),), (), (), where)))
    assert raised.value.operation == "read the table T"
