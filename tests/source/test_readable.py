"""SQL that changes the case of text that is not UTF-8: it is run without the rows that hold such text."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from migration_tool.errors import BrokenText, SourceError
from migration_tool.source.sqlite import SqliteSource

ROWS = """
PRAGMA encoding = 'ENCODING';
CREATE TABLE Artist (ArtistId INTEGER PRIMARY KEY, Name TEXT, Face BLOB);
CREATE TABLE "odd ""table" (id, word);
CREATE TABLE Pair (a TEXT, b TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID;
CREATE VIEW Names AS SELECT Name FROM Artist;
INSERT INTO Artist VALUES (1, 'ÄRA', x'ff'), (2, CAST(x'BROKEN' AS TEXT), NULL), (3, 'Bo', x'00'),
  (4, NULL, 7);
INSERT INTO "odd ""table" VALUES (1, 'Word'), (CAST(x'BROKEN' AS TEXT), 'Other');
INSERT INTO Pair VALUES ('A', 'B');
"""
LOWER = "SELECT ArtistId, lower(Name) AS n, Face FROM Artist ORDER BY n"


@pytest.fixture(params=["UTF-8", "UTF-16le"])
def source(tmp_path: Path, request: pytest.FixtureRequest) -> SqliteSource:
    path = tmp_path / "source.sqlite"
    broken = {"UTF-8": "41ff", "UTF-16le": "00d8"}[request.param]
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(ROWS.replace("ENCODING", request.param).replace("BROKEN", broken))
    return SqliteSource(path)


def test_broken_text_is_named_and_left_out(source: SqliteSource) -> None:
    with source:
        if source.encoding == "UTF-8":
            with pytest.raises(BrokenText, match="text that is not UTF-8"):
                source.query(LOWER, {})
        assert source.query(LOWER, {}, readable=True) == (
            ["ArtistId", "n", "Face"],
            [(4, None, 7), (3, "bo", b"\0"), (1, "ära", b"\xff")],
        )
        odd = 'SELECT upper(word) FROM "odd ""table" WHERE word <> :none'
        assert source.query(odd, {"none": ""}, readable=True)[1] == [("WORD",)]
        assert source.query("SELECT a, b FROM Pair", {}, readable=True)[1] == [("A", "B")]


def test_afterwards_everything_is_as_before(source: SqliteSource) -> None:
    """Also where the statement fails; nothing of it can be written then either."""
    with source:
        for bad in ("SELECT nothing FROM Artist", "DELETE FROM Artist", "CREATE TEMP TABLE x (y)"):
            with pytest.raises(SourceError):
                source.query(bad, {}, readable=True)
        assert source.query("SELECT count(*), max(rowid) FROM Artist", {})[1] == [(4, 4)]
        assert source.query("SELECT count(*) FROM temp.sqlite_master", {})[1] == [(0,)]
        with pytest.raises(SourceError, match="not authorized"):
            source.query("CREATE TEMP VIEW x AS SELECT 1", {})
        assert source.query("SELECT count(*) FROM Names", {}, readable=True)[1] == [(4,)]
