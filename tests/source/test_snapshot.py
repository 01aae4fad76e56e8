from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from migration_tool.errors import SourceError
from migration_tool.source.snapshot import copy_database, fingerprint, same_content, schema_fingerprint
from migration_tool.source.sqlite import SqliteSource, check_source

from .conftest import Write, everything, other_program

ROWS = """
CREATE TABLE T (Id INTEGER PRIMARY KEY, Name TEXT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
INSERT INTO T SELECT i, hex(zeroblob(500)) FROM n;
"""


def quiet(done: int, total: int) -> None:
    """Nobody is told."""


@pytest.fixture(params=["delete", "wal"])
def source(request: pytest.FixtureRequest, write: Write) -> Path:
    return write(f"PRAGMA journal_mode={request.param};" + ROWS)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    (tmp_path / "state").mkdir()
    return tmp_path / "state" / "run.snapshot"


def contents(path: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT * FROM T ORDER BY Id").fetchall()


def test_a_copy_is_whole_and_private(source: Path, copy: Path) -> None:
    told: list[tuple[int, int]] = []
    old = os.umask(0)
    try:
        copy_database(source, copy, lambda done, total: told.append((done, total)))
    finally:
        os.umask(old)
    assert contents(copy) == contents(source)
    assert copy.stat().st_mode & 0o777 == 0o600
    assert list(copy.parent.iterdir()) == [copy]
    assert told[-1][0] == told[-1][1] > 0
    assert check_source(copy).journal_mode == "delete"


def test_an_earlier_copy_is_replaced(source: Path, copy: Path) -> None:
    copy.write_text("old")
    copy.with_name("run.snapshot.partial").write_text("half of one that was killed")
    copy_database(source, copy, quiet)
    assert contents(copy) == contents(source)
    assert list(copy.parent.iterdir()) == [copy]


def test_commits_that_are_only_in_the_wal_are_copied(write: Write, copy: Path) -> None:
    path = write("PRAGMA journal_mode=wal;" + ROWS)
    with other_program(path) as execute:
        execute("INSERT INTO T VALUES (1000, 'in the wal')")
        copy_database(path, copy, quiet)
        assert contents(copy)[-1] == (1000, "in the wal")


@pytest.mark.row(16)
def test_a_copy_is_one_moment_while_somebody_writes(write: Write, copy: Path) -> None:
    """Each transaction moves an amount from one row to another: every moment has one sum."""
    path = write(
        "PRAGMA journal_mode=wal;" + ROWS + "ALTER TABLE T ADD COLUMN Amount INT; UPDATE T SET Amount = 100;"
    )
    stop = threading.Event()
    moved = 0

    def hammer() -> None:
        nonlocal moved
        while not stop.is_set():
            execute("BEGIN")
            execute("UPDATE T SET Amount = Amount - 1 WHERE Id = ?", moved % 500 + 1)
            execute("UPDATE T SET Amount = Amount + 1 WHERE Id = ?", moved * 7 % 500 + 1)
            execute("COMMIT")
            moved += 1

    with other_program(path) as execute:
        thread = threading.Thread(target=hammer)
        thread.start()
        try:
            for _ in range(20):
                copy_database(path, copy, quiet)
                with SqliteSource(copy) as source:
                    assert source.query("SELECT sum(Amount), count(*) FROM T", {})[1] == [(50_000, 500)]
                    assert source.query("SELECT count(*) FROM T WHERE Amount <> 100", {})[1][0][0] <= 500
        finally:
            stop.set()
            thread.join()
    assert moved > 0


@pytest.mark.row(16)
def test_a_copy_is_of_the_moment_it_began(write: Write, copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is committed between its steps is not in it, nor does it begin again."""
    monkeypatch.setattr("migration_tool.source.snapshot._PAGES_PER_STEP", 20)
    path = write("PRAGMA journal_mode=wal;" + ROWS)
    before = contents(path)
    steps = []
    with other_program(path) as execute:

        def step(done: int, total: int) -> None:
            steps.append(done)
            execute("UPDATE T SET Name = ? WHERE Id IN (1, 500)", str(len(steps)))

        copy_database(path, copy, step)
    assert contents(copy) == before
    assert steps == sorted(set(steps))
    assert len(steps) > 2


@pytest.mark.row(16)
def test_a_read_in_place_is_one_moment_while_somebody_writes(write: Write) -> None:
    path = write("PRAGMA journal_mode=wal;" + ROWS)
    with other_program(path) as execute, SqliteSource(path) as source:
        rows = source.rows(everything(source, "T"))
        first = next(rows)
        execute("DELETE FROM T WHERE Id > 1")
        execute("INSERT INTO T VALUES (9999, 'new')")
        assert [position for position, _ in [first, *rows]] == [(n,) for n in range(1, 501)]
        assert source.count(everything(source, "T")) == 500


@pytest.mark.parametrize("trouble", ["missing folder", "is a folder"])
def test_a_copy_that_cannot_be_made_leaves_nothing(source: Path, copy: Path, trouble: str) -> None:
    if trouble == "missing folder":
        shutil.rmtree(copy.parent)
    else:
        copy.mkdir()
    with pytest.raises(SourceError) as raised:
        copy_database(source, copy, quiet)
    assert raised.value.obj == str(copy)
    assert "source_snapshot" in raised.value.hint
    assert not copy.with_name("run.snapshot.partial").exists()


def test_an_interruption_leaves_nothing(source: Path, copy: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy_database(source, copy, interrupt)
    assert list(copy.parent.iterdir()) == []


def test_a_damaged_source_is_not_copied(source: Path, copy: Path) -> None:
    data = source.read_bytes()
    source.write_bytes(data[: len(data) // 2])
    with pytest.raises(SourceError):
        copy_database(source, copy, quiet)
    assert list(copy.parent.iterdir()) == []


def test_a_full_disk_is_named(source: Path, copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise apsw.FullError("database or disk is full")

    monkeypatch.setattr("migration_tool.source.snapshot._make_durable", full)
    with pytest.raises(SourceError) as raised:
        copy_database(source, copy, quiet)
    assert raised.value.hint.startswith("Free space")
    assert list(copy.parent.iterdir()) == []


def test_a_fingerprint_stands_still_while_nothing_changes(source: Path) -> None:
    before = fingerprint(source)
    check_source(source)
    with closing(sqlite3.connect(source)) as connection:
        connection.execute("SELECT count(*) FROM T").fetchone()
        assert fingerprint(source) == before, "an empty write-ahead log changes nothing"
    assert fingerprint(source) == before


@pytest.mark.row(15)
def test_a_changed_row_is_noticed_at_the_same_size_and_time(source: Path) -> None:
    before, was = fingerprint(source), source.stat()
    with closing(sqlite3.connect(source)) as connection:
        connection.execute("UPDATE T SET Name = hex(zeroblob(499)) || 'ff' WHERE Id = 7")
        connection.commit()
    os.utime(source, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert (source.stat().st_size, source.stat().st_mtime_ns) == (was.st_size, was.st_mtime_ns)
    assert fingerprint(source) != before


@pytest.mark.row(15)
def test_a_commit_that_is_only_in_the_wal_is_noticed(write: Write) -> None:
    path = write("PRAGMA journal_mode=wal;" + ROWS)
    with other_program(path) as execute:
        execute("UPDATE T SET Name = 'one' WHERE Id = 1")
        first, data = fingerprint(path), path.read_bytes()
        execute("UPDATE T SET Name = 'two' WHERE Id = 1")
        assert path.read_bytes() == data, "nothing but the log has changed"
        assert fingerprint(path) != first


def test_a_source_that_is_gone_has_no_fingerprint(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="source database"):
        fingerprint(tmp_path / "gone")


def test_a_checkpoint_of_the_log_moves_bytes_but_changes_nothing(write: Write, copy: Path) -> None:
    path = write("PRAGMA journal_mode=wal;" + ROWS)
    with other_program(path) as execute:
        execute("UPDATE T SET Name = 'x' WHERE Id < 50")
        copy_database(path, copy, quiet)
        before = fingerprint(path)
        execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert fingerprint(path) != before
    assert same_content(path, copy, copy.with_suffix(".scratch"))
    assert list(copy.parent.iterdir()) == [copy]


def test_a_change_that_is_taken_back_is_none(source: Path, copy: Path) -> None:
    copy_database(source, copy, quiet)
    before = fingerprint(source)
    with other_program(source) as execute:
        for first in ("f", "0"):
            execute("UPDATE T SET Name = ? || substr(Name, 2) WHERE Id = 1", first)
        assert fingerprint(source) != before
        assert same_content(source, copy, copy.with_suffix(".scratch"))


def test_a_copy_by_another_version_of_sqlite_is_the_same(source: Path, copy: Path) -> None:
    """Its header holds the version that wrote it, and counts commits."""
    copy_database(source, copy, quiet)
    with copy.open("r+b") as file:
        for place, size in ((24, 4), (92, 8)):
            file.seek(place)
            file.write(b"\x07" * size)
    assert same_content(source, copy, copy.with_suffix(".scratch"))


@pytest.mark.row(15)
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE T SET Name = 'x' WHERE Id = 500",
        "DELETE FROM T WHERE Id = 3",
        "INSERT INTO T VALUES (501, '')",
        "CREATE TABLE U (a)",
        "PRAGMA user_version = 5",
    ],
)
def test_any_other_change_is_one(source: Path, copy: Path, change: str) -> None:
    copy_database(source, copy, quiet)
    assert same_content(source, copy, copy.with_suffix(".scratch"))
    with other_program(source) as execute:
        execute(change)
    assert not same_content(source, copy, copy.with_suffix(".scratch"))
    assert list(copy.parent.iterdir()) == [copy]


@pytest.mark.row(15)
def test_a_vacuum_that_gives_rows_other_numbers_is_a_change(write: Write, copy: Path) -> None:
    """The position of a run in a table without an INTEGER PRIMARY KEY is the number of a row."""
    path = write("CREATE TABLE T (Name TEXT); INSERT INTO T (rowid, Name) VALUES (1, 'a'), (7, 'b');")
    copy_database(path, copy, quiet)
    before = fingerprint(path)
    with other_program(path) as execute:
        execute("VACUUM")
        assert execute("SELECT rowid FROM T") == [[1], [2]]
    assert fingerprint(path) != before
    assert not same_content(path, copy, copy.with_suffix(".scratch"))


@pytest.mark.row(15)
def test_the_fingerprint_of_the_schema_is_of_the_schema(source: Path) -> None:
    before = schema_fingerprint(source)
    with other_program(source) as execute:
        execute("UPDATE T SET Name = 'x'")
        assert schema_fingerprint(source) == before
        execute("ALTER TABLE T ADD COLUMN More")
    assert schema_fingerprint(source) != before
