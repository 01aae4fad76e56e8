from __future__ import annotations

from pathlib import Path

import pytest

from migration_tool.errors import SourceError
from migration_tool.source import sqlite as module

from .conftest import Open, traces

ROWS = (
    "CREATE TABLE T (Id INTEGER PRIMARY KEY, Name TEXT); INSERT INTO T VALUES (1, 'ÀB'), (2, 'c'), (3, NULL);"
)
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


def test_columns_and_rows(make: Open) -> None:
    columns, rows = make(ROWS).query(
        "SELECT Id, Name AS \"-order\", 1.5 AS x, x'00' FROM T WHERE Id < :limit", {"limit": 3}
    )
    assert columns == ["Id", "-order", "x", "x'00'"]
    assert rows == [(1, "ÀB", 1.5, b"\x00"), (2, "c", 1.5, b"\x00")]


def test_no_rows_still_have_columns(make: Open) -> None:
    assert make(ROWS).query("SELECT Id FROM T WHERE 0", {}) == (["Id"], [])


def test_broken_text_is_told_from_text(make: Open) -> None:
    rows = make(ROWS).query("SELECT CAST(x'ff' AS TEXT), 'ok'", {})[1]
    assert [type(value).__name__ for value in rows[0]] == ["InvalidText", "str"]


@pytest.mark.parametrize("prefix", ["", "unicode_"])
@pytest.mark.parametrize(
    ("value", "lower", "upper"),
    [
        ("'ÀÉ Ж ß'", "àé ж ß", "ÀÉ Ж SS"),
        ("'ﬁ'", "ﬁ", "FI"),
        ("NULL", None, None),
        ("12", "12", "12"),
        ("x'41'", b"A", b"A"),
        ("''", "", ""),
    ],
)
def test_lower_and_upper_know_all_letters(
    make: Open, prefix: str, value: str, lower: object, upper: object
) -> None:
    rows = make(ROWS).query(f"SELECT {prefix}lower({value}), {prefix}upper({value})", {})[1]
    assert rows == [(lower, upper)]


@pytest.mark.parametrize(
    "schema",
    [
        "CREATE INDEX i ON T (lower(Name));",
        "CREATE VIEW V AS SELECT UPPER (Name) FROM T;",
        "CREATE TABLE G (a TEXT, b AS (lower(a)));",
    ],
)
def test_a_schema_that_is_built_with_lower_keeps_its_own(make: Open, schema: str) -> None:
    """Else its index would be searched with texts that are not in it."""
    source = make(ROWS + schema)
    asked = "SELECT Id FROM T WHERE lower(Name) = lower(:name)"
    assert source.query(asked, {"name": "Àb"})[1] == [(1,)]
    assert source.query(asked, {"name": "àb"})[1] == []
    assert source.query(asked.replace("lower", "unicode_lower"), {"name": "àB"})[1] == [(1,)]


def test_a_view_that_uses_lower_can_be_asked(make: Open) -> None:
    source = make(ROWS + "CREATE VIEW V AS SELECT lower(Name) AS n FROM T WHERE Id = 2;")
    assert source.query("SELECT n FROM V", {}) == (["n"], [("c",)])


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO T VALUES (9, 'x')",
        "UPDATE T SET Name = 'x'",
        "DELETE FROM T",
        "DROP TABLE T",
        "CREATE TABLE U (a)",
        "CREATE TEMP TABLE U (a)",
        "ATTACH '{other}' AS other",
        "DETACH main",
        "PRAGMA query_only = OFF",
        "PRAGMA journal_mode = WAL",
        "SELECT * FROM pragma_table_info('T')",
        "SELECT load_extension('{other}')",
        "SELECT writefile('{other}', 'x')",
        "VACUUM INTO '{other}'",
        "BEGIN",
        "COMMIT",
        "ROLLBACK",
        "SAVEPOINT x",
        "REINDEX i",
        "ANALYZE",
        "SELECT 1; DROP TABLE T",
        "WITH x AS (SELECT 1) INSERT INTO T SELECT 9, 'x'",
        "EXPLAIN SELECT 1; DELETE FROM T",
    ],
)
def test_only_questions_are_answered(make: Open, tmp_path: Path, statement: str) -> None:
    source = make(ROWS + "CREATE INDEX i ON T (Name);")
    before = traces(tmp_path)
    with pytest.raises(SourceError) as raised:
        source.query(statement.format(other=tmp_path / "other"), {})
    assert raised.value.hint
    assert traces(tmp_path) == before
    assert source.query("SELECT count(*) FROM T", {})[1] == [(3,)]


@pytest.mark.parametrize(
    ("statement", "cause"),
    [
        ("SELECT Nam FROM T", "no such column: Nam"),
        ("SELECT * FROM U", "no such table: U"),
        ("SELECT :missing", "missing"),
        ("SELEC 1", "syntax error"),
        ("SELECT 'a\x00b'", "null character"),
    ],
)
def test_sql_that_does_not_run(make: Open, statement: str, cause: str) -> None:
    with pytest.raises(SourceError) as raised:
        make(ROWS).query(statement, {})
    assert cause in raised.value.cause
    assert raised.value.operation == "run the SQL of an access pattern"


@pytest.mark.row(21)
@pytest.mark.parametrize("statement", [ENDLESS, "SELECT * FROM Endless"])
def test_a_query_without_end_is_cut(make: Open, monkeypatch: pytest.MonkeyPatch, statement: str) -> None:
    source = make(ROWS + f"CREATE VIEW Endless AS {ENDLESS};")
    now = iter(range(10**9))
    monkeypatch.setattr(module, "monotonic", lambda: next(now))
    with pytest.raises(SourceError) as raised:
        source.query(statement, {})
    assert raised.value.cause == "the query took more than 120 s"
    monkeypatch.undo()
    assert source.query("SELECT 1", {})[1] == [(1,)], "the next one has its own time"


def test_text_that_is_no_utf8_is_named_where_its_case_is_asked_for(make: Open) -> None:
    source = make("CREATE TABLE T (A TEXT); INSERT INTO T VALUES (CAST(x'61ff' AS TEXT));")
    with pytest.raises(SourceError, match="text that is not UTF-8") as raised:
        source.query("SELECT lower(A) FROM T", {})
    assert "--items-only" in raised.value.hint


@pytest.mark.parametrize("most", [1, None])
@pytest.mark.parametrize("statement", ["SELECT 1; SELECT 2", "SELECT Id FROM T; SELECT 2;", "SELECT 1; SEL"])
def test_one_statement_and_no_more(make: Open, statement: str, most: int | None) -> None:
    """Also where the answer of the first is not read to its end."""
    with pytest.raises(SourceError):
        make(ROWS).query(statement, {}, most)


@pytest.mark.parametrize("statement", ["SELECT 1;", "SELECT 1 -- one;", "SELECT 1; /* ; */ -- that is all"])
def test_a_comment_is_no_statement(make: Open, statement: str) -> None:
    """Nor within another statement."""
    source = make(ROWS)
    assert source.query(statement, {})[1] == [(1,)]
    assert source.query(f"SELECT * FROM ({source.bare(statement, {})}\n)", {})[1] == [(1,)]
    with pytest.raises(SourceError, match="more than one"):
        source.bare(f"{statement}\n; SELECT 2", {})


@pytest.mark.parametrize("end", ["", ";", " -- the end;", "\n;\n"])
def test_broken_text_stands_among_everything_else(make: Open, end: str) -> None:
    """In the order that was asked for, with the names of the columns, and blobs as they are."""
    source = make(
        "CREATE TABLE V (a, b); INSERT INTO V VALUES (1, x'61ff'), (2.5, 'a' || char(0) || 'b'), "
        "(NULL, CAST(x'61ff' AS TEXT)), (-7, '');"
    )
    names, rows = source.query(f"SELECT b, a AS b, b FROM V WHERE :p ORDER BY rowid DESC{end}", {"p": 1})
    assert names == ["b", "b", "b"]
    assert rows == [
        ("", -7, ""), (b"a\xff", None, b"a\xff"), ("a\x00b", 2.5, "a\x00b"), (b"a\xff", 1, b"a\xff"),
    ]  # fmt: skip
    assert [type(row[0]).__name__ for row in rows] == ["str", "InvalidText", "str", "bytes"]
    assert source.query("SELECT b FROM V ORDER BY rowid DESC", {}, 2)[1] == [("",), (b"a\xff",)]


def test_broken_text_of_a_table_that_is_called_as_the_careful_statement_calls_its_own(make: Open) -> None:
    source = make('CREATE TABLE "~asked" (c0); INSERT INTO "~asked" VALUES (CAST(x\'61ff\' AS TEXT));')
    assert source.query('SELECT c0 FROM main."~asked"', {})[1] == [(b"a\xff",)]
