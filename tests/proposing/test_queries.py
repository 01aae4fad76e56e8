"""What is understood of the application's queries, and which of them a design answers."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from migration_tool.errors import UsageError
from migration_tool.model import Column, Schema, Table
from migration_tool.proposing.drafts import Answer
from migration_tool.proposing.proposals import propose
from migration_tool.proposing.queries import WeightedQuery, read_queries
from tests.fuzz.target import time_limit

from .corpus import CORPUS, write

SCHEMA = Schema(
    {
        "Artist": Table("Artist", (Column("ArtistId", "INTEGER"), Column("Name", "TEXT")), ("ArtistId",)),
        "odd name": Table("odd name", (Column("a b", "TEXT"), Column("ArtistId", "INTEGER")), ()),
    }
)


def understood(tmp_path: Path, text: str) -> list[WeightedQuery]:
    path = tmp_path / "queries.sql"
    path.write_text(text, encoding="utf-8")
    return list(read_queries(path, SCHEMA))


@pytest.mark.parametrize(
    ("statement", "tables", "given"),
    [
        ("SELECT * FROM Artist WHERE ArtistId = ?", {"Artist"}, {("Artist", "ArtistId")}),
        ("select name from artist as a where a.artistid=:id and Name IS 'x'", {"Artist"},
         {("Artist", "ArtistId"), ("Artist", "Name")}),
        ("SELECT 1 FROM Artist a WHERE 5 = a.ArtistId ORDER BY Name LIMIT 3", {"Artist"},
         {("Artist", "ArtistId")}),
        ('SELECT * FROM "odd name" WHERE [a b] == @x', {"odd name"}, {("odd name", "a b")}),
        ("SELECT * FROM Artist JOIN `odd name` o ON o.ArtistId = Artist.ArtistId WHERE Artist.ArtistId = ';'",
         {"Artist", "odd name"}, {("Artist", "ArtistId")}),
        ("SELECT * FROM Artist WHERE ArtistId > ?", {"Artist"}, set()),
        ("SELECT * FROM Artist, `odd name` WHERE ArtistId = ?", {"Artist", "odd name"}, set()),
        ("SELECT * FROM Artist WHERE ArtistId = 1 OR Name = 'x'", None, set()),
        ("SELECT count(*) FROM Artist", None, set()),
        ("SELECT * FROM Nowhere WHERE x = 1", None, set()),
        ("SELECT * FROM Artist WHERE ArtistId IN (SELECT 1)", None, set()),
        ("SELECT * FROM", None, set()),
        ("SELECT * FROM WHERE x = 1", None, set()),
    ],
)  # fmt: skip
def test_tables_and_the_columns_that_are_compared_with_values(
    tmp_path: Path, statement: str, tables: set[str] | None, given: set[tuple[str, str]]
) -> None:
    (found,) = understood(tmp_path, statement + ";\n")
    assert (found.tables, found.given) == (tables and frozenset(tables), frozenset(given))


def test_weights_are_named_or_counted(tmp_path: Path) -> None:
    text = """
    -- weight: 10
    SELECT * FROM Artist
      WHERE ArtistId = 1; -- of ;one
    SELECT 2 /* ; */ FROM Artist WHERE Name = ';';
    UPDATE Artist SET Name = 'x';
    SELECT 2 FROM Artist WHERE Name = ';';
    """
    found = {query.text: query.weight for query in understood(tmp_path, text)}
    assert found == {
        "SELECT * FROM Artist WHERE ArtistId = 1": 10,
        "SELECT 2 FROM Artist WHERE Name = ';'": 2,
    }


def test_a_trace_has_a_statement_in_each_line(tmp_path: Path) -> None:
    text = "SELECT * FROM Artist WHERE ArtistId = 1\nINSERT INTO Artist VALUES (1)\n" * 3
    (found,) = understood(tmp_path, text)
    assert found.weight == 3


def test_the_trace_of_a_program_is_read(tmp_path: Path) -> None:
    """As SQLite writes it: no semicolons but those in texts, lines as they were, values in their places."""
    path = tmp_path / "trace.log"
    with closing(sqlite3.connect(":memory:")) as connection, path.open("w") as log:
        connection.execute("CREATE TABLE Artist (ArtistId INTEGER, Name TEXT)")
        connection.set_trace_callback(lambda statement: print(statement, file=log))
        for number in range(4):
            connection.execute("SELECT *\n  FROM Artist -- all\n WHERE ArtistId = ?", (number,))
            connection.execute("SELECT 1 FROM Artist WHERE Name = ?;", (f"a;'{number}\nSELECT 2",))
            connection.execute("WITH x AS (\nSELECT 1)\nSELECT * FROM x UNION ALL\nSELECT ?", (number,))
            connection.execute("INSERT INTO Artist\nSELECT ?, ''", (number,))
            connection.execute("WITH x AS (SELECT 1) DELETE FROM Artist")
            connection.rollback()
    found = read_queries(path, SCHEMA)
    assert [(query.text.partition(" WHERE")[0], query.weight) for query in found] == [
        ("SELECT * FROM Artist", 4),
        ("SELECT 1 FROM Artist", 4),
        ("WITH x AS ( SELECT 1) SELECT * FROM x UNION ALL SELECT 0", 4),
    ]
    assert [query.tables for query in found] == [{"Artist"}, {"Artist"}, None]


def test_a_file_without_queries_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no SELECT"):
        understood(tmp_path, "UPDATE x SET y = 1;")
    with pytest.raises(UsageError, match="No such file"):
        read_queries(tmp_path / "missing.sql", SCHEMA)


def test_what_looks_like_a_comment_in_a_text_is_of_the_text(tmp_path: Path) -> None:
    """And a semicolon in a quoted name ends nothing."""
    text = "SELECT * FROM Artist AS [a;] WHERE Name = '-- /*' AND ArtistId = 1"
    (found,) = understood(tmp_path, f"{text}; -- it's the end")
    assert found.text == text
    assert found.given == {("Artist", "Name"), ("Artist", "ArtistId")}


@pytest.mark.parametrize("opening", ["/*", "[", "'x'' ", '"', "`"])
def test_what_never_ends_is_read_in_one_go(tmp_path: Path, opening: str) -> None:
    with time_limit(60), pytest.raises(UsageError, match="no SELECT"):
        understood(tmp_path, opening * 300_000)


def test_an_answer_needs_all_tables_and_one_whole_set_of_columns() -> None:
    key = frozenset({("A", "x"), ("A", "y")})
    answer = Answer(frozenset({"A", "B"}), (key, frozenset({("B", "x")})))
    asked = [
        WeightedQuery("", 1, frozenset({"A"}), key),
        WeightedQuery("", 1, frozenset({"A", "B"}), frozenset({("B", "x"), ("B", "z")})),
        WeightedQuery("", 1, frozenset({"A"}), frozenset({("A", "x")})),
        WeightedQuery("", 1, frozenset({"A", "C"}), key),
        WeightedQuery("", 1, None, key),
    ]
    assert [query.is_answered([answer]) for query in asked] == [True, True, False, False, False]


def test_queries_of_aggregates_put_aggregates_first(tmp_path: Path) -> None:
    database = write(CORPUS["not_declared"], tmp_path / "shop.sqlite")
    queries = tmp_path / "queries.sql"
    queries.write_text(
        "-- weight: 9\nSELECT * FROM orders JOIN customers c ON customer_id = c.id WHERE c.id = ?;"
        "SELECT sku FROM products WHERE title = ?;"
    )
    found = propose(database, queries=queries).ranked
    shares = {proposal.kind: proposal.answered for proposal in found}
    assert shares == {"aggregate": 0.9, "aggregates": 0.9, "adjacency": 0.0, "relations": 0.0}
    assert found[0].answered == 0.9 and found[0].unanswered == ("SELECT sku FROM products WHERE title = ?",)
