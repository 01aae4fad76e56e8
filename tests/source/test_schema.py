from __future__ import annotations

import sqlite3

import pytest

from migration_tool.errors import SourceError
from migration_tool.model import Column, ForeignKey, Table
from migration_tool.source.schema import affinity
from migration_tool.source.sql import quote
from migration_tool.source.sqlite import SqliteSource

from ..design.helpers import THING
from .conftest import Open, Write, everything


@pytest.mark.parametrize(
    "declared",
    [
        "INT", "integer", "TINYINT", "UNSIGNED BIG INT", "FLOATING POINT", "CHARINT", "VARCHAR(70)", "NCHAR",
        "CLOB", "text", "BLOB", "", "REAL", "DOUBLE PRECISION", "float", "NUMERIC", "DECIMAL(10,5)",
        "BOOLEAN", "DATETIME", "STRING", "xBLOBx",
    ],
)  # fmt: skip
def test_affinity_is_sqlites(declared: str) -> None:
    """Told from what SQLite does to a text and a number that it stores in such a column."""
    connection = sqlite3.connect(":memory:")
    connection.execute(f"CREATE TABLE T (a {declared})")
    connection.executemany("INSERT INTO T VALUES (?)", [("5",), (5,)])
    classes = tuple(row[0] for row in connection.execute("SELECT typeof(a) FROM T ORDER BY rowid"))
    connection.close()
    kinds = {
        "INTEGER": ("integer", "integer"),
        "NUMERIC": ("integer", "integer"),
        "REAL": ("real", "real"),
        "TEXT": ("text", "text"),
        "BLOB": ("text", "integer"),
    }
    assert kinds[affinity(declared)] == classes
    assert (affinity(declared) == "INTEGER") == ("INT" in declared.upper())


def table(make: Open, statement: str) -> Table:
    source = make(statement)
    return next(iter(source.schema.tables.values()))


@pytest.mark.parametrize(
    ("columns", "alias", "without_rowid", "primary_key"),
    [
        ("a INTEGER PRIMARY KEY, b", "a", False, ("a",)),
        ("a integer primary key autoincrement", "a", False, ("a",)),
        ("a INTEGER, b, PRIMARY KEY (a)", "a", False, ("a",)),
        ("a INTEGER, PRIMARY KEY (a DESC)", "a", False, ("a",)),
        ("a INTEGER PRIMARY KEY DESC", None, False, ("a",)),
        ("a INT PRIMARY KEY", None, False, ("a",)),
        ("a BIGINT PRIMARY KEY", None, False, ("a",)),
        ("a TEXT PRIMARY KEY", None, False, ("a",)),
        ("a INTEGER, b INTEGER, PRIMARY KEY (b, a)", None, False, ("b", "a")),
        ("a, b", None, False, ()),
        ("a INTEGER UNIQUE", None, False, ()),
        ("a INTEGER PRIMARY KEY, b) WITHOUT ROWID --", None, True, ("a",)),
        ("a, b, PRIMARY KEY (b, a)) WITHOUT ROWID --", None, True, ("b", "a")),
        ("a INT PRIMARY KEY, b TEXT) STRICT --", None, False, ("a",)),
        ("a INTEGER PRIMARY KEY, b ANY) STRICT --", "a", False, ("a",)),
        ("rowid INTEGER PRIMARY KEY, _rowid_, oid", "rowid", False, ("rowid",)),
        ("rowid TEXT, _rowid_, oid, PRIMARY KEY (oid)", None, False, ("oid",)),
    ],
)
def test_what_orders_a_table(
    make: Open, columns: str, alias: str | None, without_rowid: bool, primary_key: tuple[str, ...]
) -> None:
    found = table(
        make, f"CREATE TABLE T ({columns}\n);" if "--" not in columns else f"CREATE TABLE T ({columns}\n;"
    )
    assert (found.rowid_alias, found.without_rowid, found.primary_key) == (alias, without_rowid, primary_key)


def test_what_can_be_null(make: Open) -> None:
    found = table(make, "CREATE TABLE T (a INTEGER PRIMARY KEY, b TEXT NOT NULL, c TEXT);")
    assert found.columns == (Column("a", "INTEGER", True), Column("b", "TEXT", True), Column("c", "TEXT"))
    found = table(make, "CREATE TABLE T (a TEXT PRIMARY KEY, b TEXT);")
    assert [column.not_null for column in found.columns] == [False, False], "SQLite lets NULL into such a key"
    found = table(make, "CREATE TABLE T (a TEXT PRIMARY KEY, b TEXT) WITHOUT ROWID;")
    assert [column.not_null for column in found.columns] == [True, False]


def test_unique_columns(make: Open) -> None:
    statement = """
CREATE TABLE T (a TEXT PRIMARY KEY, b UNIQUE, c, d, UNIQUE (c, d));
CREATE UNIQUE INDEX whole ON T (d);
CREATE UNIQUE INDEX part ON T (c) WHERE c > 5;
CREATE UNIQUE INDEX computed ON T (c + 1);
CREATE INDEX plain ON T (c);
"""
    assert set(table(make, statement).unique) == {("a",), ("b",), ("c", "d"), ("d",)}


def test_what_an_index_tells_apart_and_a_comparison_does_not_is_not_unique(make: Open) -> None:
    """The other way round it is: what no index tells apart cannot be there twice."""
    statement = """
CREATE TABLE T (a TEXT COLLATE NOCASE, b TEXT, c TEXT COLLATE RTRIM, d TEXT COLLATE NOCASE UNIQUE);
CREATE UNIQUE INDEX fine ON T (b COLLATE NOCASE);
CREATE UNIQUE INDEX finer ON T (a COLLATE BINARY);
CREATE UNIQUE INDEX other ON T (c COLLATE NOCASE, b);
CREATE UNIQUE INDEX same ON T (c, a);
"""
    assert set(table(make, statement).unique) == {("b",), ("d",), ("c", "a")}


def test_generated_columns_are_columns(make: Open) -> None:
    source = make(
        "CREATE TABLE T (a INTEGER PRIMARY KEY, b AS (a * 2), c TEXT AS (lower('X' || a)) STORED);"
        "INSERT INTO T(a) VALUES (4);"
    )
    assert [column.name for column in source.schema.tables["T"].columns] == ["a", "b", "c"]
    assert list(source.rows(everything(source, "T"))) == [((4,), (4, 8, "x4"))]


def test_names_are_found_as_sqlite_compares_them(make: Open) -> None:
    schema = make('CREATE TABLE Thing (Name, "É", "é"); CREATE TABLE "Ä" (a); CREATE TABLE "ä" (a);').schema
    found = schema.table("THING")
    assert found is schema.tables["Thing"]
    assert [found.column(name) for name in ("nAME", "É", "é", "x")] == [*found.columns, None]
    assert (schema.table("ä"), schema.table("Ä")) == (schema.tables["ä"], schema.tables["Ä"])
    assert schema.table("x") is None


def test_what_is_not_read_does_not_stand_in_the_way(make: Open) -> None:
    """A view of a table that is gone, a virtual table, and SQLite's own tables."""
    source = make(
        THING + "CREATE TABLE Gone (a); CREATE VIEW Broken AS SELECT * FROM Gone; DROP TABLE Gone;"
        "CREATE VIEW Fine AS SELECT Name FROM Thing; CREATE VIRTUAL TABLE Words USING fts5(body);"
        "CREATE TABLE Counted (a INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO Counted VALUES (1);"
    )
    names = [name for name in source.schema.tables if not name.startswith("Words_")]
    assert names == ["Thing", "Fine", "Counted"]
    assert source.schema.tables["Fine"].is_view
    assert source.facts().rows["Counted"] == 1
    assert "Fine" not in source.facts().rows


def test_a_rowid_that_is_hidden_is_refused_only_where_it_is_needed(make: Open) -> None:
    source = make("CREATE TABLE A (rowid, _ROWID_, oid); CREATE TABLE B (a); INSERT INTO B VALUES (5);")
    assert [row for _, row in source.rows(everything(source, "B"))] == [(5,)]
    with pytest.raises(SourceError, match="hide the table's row numbers") as raised:
        list(source.rows(everything(source, "A")))
    assert raised.value.obj == "A"


def test_a_database_whose_schema_is_broken(write: Write) -> None:
    path = write(THING + "PRAGMA writable_schema=ON; UPDATE sqlite_master SET sql = 'CREATE TABLE broken';")
    with pytest.raises(SourceError, match="malformed database schema"):
        SqliteSource(path)


@pytest.mark.row(21)
@pytest.mark.parametrize(
    ("name", "quoted"), [("a", '"a"'), ('a"b', '"a""b"'), ("", '""'), ("a;--", '"a;--"')]
)
def test_quoted_names(name: str, quoted: str) -> None:
    assert quote(name) == quoted


def test_no_name_with_nul() -> None:
    with pytest.raises(ValueError, match="NUL"):
        quote("a\x00b")


def test_foreign_keys_are_read_as_declared(make: Open) -> None:
    source = make(
        "CREATE TABLE P (a, b, PRIMARY KEY (a, b));"
        "CREATE TABLE C (x, y, z REFERENCES P ON DELETE CASCADE, FOREIGN KEY (x, y) REFERENCES P (b, a))"
    )
    assert source.schema.tables["C"].foreign_keys == (
        ForeignKey(("z",), "P", (), True),
        ForeignKey(("x", "y"), "P", ("b", "a"), False),
    )


def test_the_rowid_goes_by_three_names_that_columns_can_hide(make: Open) -> None:
    source = make("CREATE TABLE T (oid TEXT); CREATE TABLE W (a PRIMARY KEY) WITHOUT ROWID")
    found = source.schema.tables["T"]
    assert found.readable("ROWID") == Column("ROWID", "INTEGER", True)
    assert found.readable("oid") == Column("oid", "TEXT")
    assert source.schema.tables["W"].readable("rowid") is None
