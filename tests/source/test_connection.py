"""Files that are no sound database are refused with a reason; nothing is ever written or left behind."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from threading import Event

import apsw
import pytest

from migration_tool.attributes import CONVERTERS, encode, key_text
from migration_tool.design.functions import FUNCTIONS
from migration_tool.errors import RowRejected, SourceError
from migration_tool.model import ChildRead, ColumnRef, Join, Read, TooLarge
from migration_tool.source import connection as connection_module
from migration_tool.source.connection import connect
from migration_tool.source.examination import Examination
from migration_tool.source.snapshot import copy_database, fingerprint, fingerprint_beside, schema_fingerprint
from migration_tool.source.sqlite import SqliteSource, check_source

from .conftest import Write, everything, other_program, traces

ROWS = "CREATE TABLE T (Id INTEGER PRIMARY KEY, Name TEXT); INSERT INTO T VALUES (1, 'a'), (2, 'b');"


def examined(path: Path) -> str:
    return Examination(path).result()


def refusal(path: Path) -> SourceError:
    with pytest.raises(SourceError) as raised:
        check_source(path)
    assert str(path) == raised.value.obj
    assert raised.value.hint
    return raised.value


@pytest.mark.row(14)
@pytest.mark.parametrize(
    ("make", "cause"),
    [
        (lambda path: None, "there is no such file"),
        (lambda path: path.mkdir(), "it is not a regular file"),
        (os.mkfifo, "it is not a regular file"),
        (lambda path: path.symlink_to("nowhere"), "there is no such file"),
        (lambda path: path.touch(), "the file is empty"),
        (lambda path: path.write_bytes(b"x"), "it is not a SQLite database, or it is encrypted"),
        (lambda path: path.write_bytes(bytes(range(256)) * 32), "it is not a SQLite database, or it is"),
        (lambda path: path.write_bytes(b"SQLite format 3\0" + b"\xff" * 8000), "it is not a SQLite database"),
    ],
    ids=["missing", "directory", "fifo", "dangling link", "empty", "short", "junk", "bad header"],
)  # fmt: skip
@pytest.mark.parametrize("open_it", [check_source, SqliteSource, schema_fingerprint])
def test_what_is_no_database(
    tmp_path: Path, make: Callable[[Path], object], cause: str, open_it: Callable[[Path], object]
) -> None:
    path = tmp_path / "source.sqlite"
    make(path)
    names = list(tmp_path.iterdir())
    with pytest.raises(SourceError) as raised:
        open_it(path)
    assert raised.value.cause.startswith(cause)
    assert raised.value.obj == str(path)
    assert raised.value.hint
    assert list(tmp_path.iterdir()) == names, "nothing is created"


def test_a_name_with_nul(tmp_path: Path) -> None:
    assert refusal(Path(f"{tmp_path}/a\x00b")).cause == "there is no such file"


@pytest.mark.parametrize("name", ["a b", "a?mode=rwc", "a#b", "a%20b", "é", "a'b\"", "file:x"])
def test_any_file_name_will_do(tmp_path: Path, write: Write, name: str) -> None:
    path = write(ROWS).rename(tmp_path / name)
    assert check_source(path).rows == {"T": 2}
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_may_not_be_read(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = write(ROWS)
    monkeypatch.setattr(Path, "open", refuse)
    assert refusal(path).cause == "Permission denied"


@pytest.mark.parametrize(
    "statements", ["CREATE TABLE T (a);", "CREATE TABLE T (a); CREATE VIEW V AS SELECT 1;"]
)
def test_a_database_without_rows(write: Write, statements: str) -> None:
    assert refusal(write(statements)).cause == "no table holds a row"


@pytest.fixture
def large(write: Write) -> Path:
    numbers = "WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n WHERE i < 200)"
    return write(ROWS + f"{numbers} INSERT INTO T SELECT i, hex(randomblob(500)) FROM n;")


@pytest.mark.row(14)
def test_a_database_that_was_cut_off_is_refused_at_every_page(large: Path) -> None:
    data = large.read_bytes()
    for size in range(4096, len(data), 4096):
        large.write_bytes(data[:size])
        assert "malformed" in str(refusal(large)) or "damaged" in str(refusal(large))


@pytest.mark.row(14)
def test_a_page_of_zeros_is_found_before_a_row_is_read(large: Path) -> None:
    data = bytearray(large.read_bytes())
    data[5 * 4096 : 6 * 4096] = bytes(4096)
    large.write_bytes(data)
    assert "malformed" in refusal(large).cause


def test_what_quick_check_finds_is_said(write: Write) -> None:
    error = refusal(
        write(
            "CREATE TABLE T (Id INTEGER PRIMARY KEY, Name TEXT); INSERT INTO T VALUES (1, NULL);"
            "PRAGMA writable_schema=ON; UPDATE sqlite_master SET sql = replace(sql, 'TEXT', 'TEXT NOT NULL');"
        )
    )
    assert error.cause == "SQLite's own check finds it damaged"
    assert error.faults == ("NULL value in T.Name",)


@pytest.mark.row(14)
def test_a_page_of_zeros_is_never_the_end_of_the_rows(large: Path) -> None:
    data = bytearray(large.read_bytes())
    data[20 * 4096 : 21 * 4096] = bytes(4096)
    large.write_bytes(data)
    with SqliteSource(large) as source, pytest.raises(SourceError, match="malformed"):
        list(source.rows(everything(source, "T")))


@pytest.fixture
def crashed(large: Path, tmp_path: Path) -> Path:
    """What a program leaves that is killed in the middle of a transaction: half of it, and a hot journal."""
    folder = tmp_path / "crashed"
    folder.mkdir()
    with closing(sqlite3.connect(large, isolation_level=None)) as connection:
        connection.execute("PRAGMA cache_size=2")
        connection.execute("BEGIN")
        connection.execute("UPDATE T SET Name = 'half done'")
        for ending in ("", "-journal"):
            shutil.copyfile(f"{large}{ending}", folder / f"left.sqlite{ending}")
        connection.execute("ROLLBACK")
    return folder / "left.sqlite"


@pytest.mark.row(14)
def test_a_hot_journal_is_refused_and_left_alone(crashed: Path) -> None:
    before = traces(crashed.parent)
    error = refusal(crashed)
    assert "a crashed program left changes half done (left.sqlite-journal)" in error.cause
    assert "Open the database once with the program that writes it" in error.hint
    assert traces(crashed.parent) == before
    with closing(sqlite3.connect(crashed)) as connection:
        assert connection.execute("SELECT count(*) FROM T WHERE Name = 'half done'").fetchone() == (0,)
    assert check_source(crashed).rows == {"T": 200}


@pytest.mark.parametrize("mode", ["delete", "truncate", "persist", "wal"])
def test_reading_leaves_no_trace(write: Write, tmp_path: Path, mode: str) -> None:
    path = write(f"PRAGMA journal_mode={mode};" + ROWS)
    before = traces(tmp_path)
    check_source(path)
    with SqliteSource(path) as source:
        assert len(list(source.rows(everything(source, "T")))) == 2
        assert source.facts().journal_mode == {"persist": "delete", "truncate": "delete"}.get(mode, mode)
    fingerprint(path)
    schema_fingerprint(path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    copy_database(path, elsewhere / "copy", lambda done, total: None)
    assert [file.name for file in elsewhere.iterdir()] == ["copy"]
    shutil.rmtree(elsewhere)
    assert traces(tmp_path) == before


@pytest.mark.row(14)
def test_the_rows_of_a_live_wal_are_seen(write: Write) -> None:
    path = write("PRAGMA journal_mode=wal;" + ROWS)
    with other_program(path) as writer:
        writer("INSERT INTO T VALUES (3, 'c')")
        with SqliteSource(path) as source:
            writer("INSERT INTO T VALUES (4, 'd')")
            assert [row for _, row in source.rows(everything(source, "T"))] == [(1, "a"), (2, "b"), (3, "c")]
            assert source.facts().rows == {"T": 3}, "one snapshot, from the first read on"
        assert check_source(path).rows == {"T": 4}


@pytest.mark.row(14)
def test_a_wal_that_a_crash_left_is_read(write: Write, tmp_path: Path) -> None:
    path = write("PRAGMA journal_mode=wal;" + ROWS)
    left = tmp_path / "left"
    left.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("INSERT INTO T VALUES (3, 'c')")
        for ending in ("", "-wal"):
            shutil.copyfile(f"{path}{ending}", left / f"x{ending}")
    before = traces(left)
    assert check_source(left / "x").rows == {"T": 3}
    after = traces(left)
    assert {name: after[name] for name in before} == before


@pytest.mark.row(14)
def test_a_copy_of_a_live_database_without_its_wal_is_refused(write: Write, tmp_path: Path) -> None:
    """SQLite itself would open it as it was at the last checkpoint."""
    path = write("PRAGMA journal_mode=wal;" + ROWS)
    copy = tmp_path / "copy"
    copy.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("INSERT INTO T VALUES (3, 'c')")
        for ending in ("", "-shm"):
            shutil.copyfile(f"{path}{ending}", copy / f"x{ending}")
    before = traces(copy)
    error = refusal(copy / "x")
    assert error.cause == "its write-ahead log x-wal is missing, and with it the newest commits"
    assert ".backup" in error.hint
    assert traces(copy) == before


def test_a_value_above_the_limit_is_not_read(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither one that is stored nor one that an expression of the schema makes; its row comes without it."""
    monkeypatch.setattr(connection_module, "MAX_VALUE_BYTES", 100_000)
    path = write(
        "CREATE TABLE T (Id INTEGER PRIMARY KEY, A, B AS (hex(zeroblob(Id * 100000))));"
        "INSERT INTO T VALUES (0, 'a'), (1, zeroblob(200000)), (2, 'c');"
    )
    assert check_source(path).rows == {"T": 3}
    with SqliteSource(path) as source:
        for column, small in (("A", ["a", None, "c"]), ("B", ["", None, None])):
            read = Read("x", "T", (), (ColumnRef("x", "Id"), ColumnRef("x", column)))
            found = [row for _, row in source.rows(read)]
            assert [row[0] for row in found] == [0, 1, 2]
            assert [None if isinstance(row[1], TooLarge) else row[1] for row in found] == small
        assert source.query("SELECT Id FROM T", {})[1] == [(0,), (1,), (2,)]
        with pytest.raises(SourceError, match="more than 100,000 bytes"):
            list(source.rows(Read("x", "T", (), (ColumnRef("x", "Id"),), where="hex(x.A) <> ''")))


def test_a_row_is_too_large_with_what_belongs_to_it(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read through another key, embedded, or looked up: the rows before and behind it come as they are."""
    monkeypatch.setattr(connection_module, "MAX_VALUE_BYTES", 100_000)
    path = write(
        "CREATE TABLE Up (Id INTEGER PRIMARY KEY, A);"
        "CREATE TABLE T (K TEXT PRIMARY KEY, U, S) WITHOUT ROWID;"
        "CREATE TABLE C (K TEXT, B); CREATE INDEX I ON C (K);"
        "INSERT INTO Up VALUES (1, 'a'), (2, zeroblob(200000));"
        "INSERT INTO T VALUES ('a', 1, 0), ('b', 2, 0), ('c', 1, zeroblob(200000)), ('d', 1, 0), ('e', 1, 0);"
        "INSERT INTO C VALUES ('a', 1), ('d', zeroblob(200000)), ('d', 2), ('e', 3), ('e', 4);"
    )
    columns = (ColumnRef("x", "K"), ColumnRef("x", "S"), ColumnRef("Up", "A"))
    inner = ChildRead("In", "In", "C", (("K", "K"),), (), (), (ColumnRef("In", "K"),))
    lines = ChildRead(
        "Lines", "Lines", "C", (("K", "K"),), (), (), (ColumnRef("Lines", "B"),), children=(inner,)
    )
    join = Join("Up", "Up", (("Id", ColumnRef("x", "U")),))
    with SqliteSource(path) as source:
        read = Read("x", "T", (join,), columns, children=(lines,))
        found = dict(source.rows(read))
    assert list(found) == [("a",), ("b",), ("c",), ("d",), ("e",)]
    assert found[("a",)] == ("a", 0, "a", [(1, [("a",)])])
    assert found[("e",)] == ("e", 0, "a", [(3, [("e",), ("e",)]), (4, [("e",), ("e",)])])
    for key in "bcd":
        own, ((first, ((within,),)),) = found[(key,)][1:3], found[(key,)][3]
        assert all(isinstance(value, TooLarge) for value in (*own, first, within))


@pytest.mark.parametrize("use", [*CONVERTERS.values(), *FUNCTIONS.values(), encode, key_text])
def test_whatever_is_made_of_what_is_too_large_is_rejected(use: Callable[[object], object]) -> None:
    with pytest.raises(RowRejected) as raised:
        use(TooLarge())
    assert raised.value.rule == "value_too_large"


def test_a_journal_at_rest_is_not_blamed(write: Write) -> None:
    path = write("PRAGMA journal_mode=persist;" + ROWS)
    assert path.with_name("source.sqlite-journal").exists()
    with SqliteSource(path) as source, pytest.raises(SourceError, match="no such table: Gone"):
        source.query("SELECT * FROM Gone", {})


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_nothing_can_be_written_through_it(write: Write, mode: str) -> None:
    path = write(f"PRAGMA journal_mode={mode};" + ROWS)
    with closing(connect(path)) as connection, pytest.raises(apsw.ReadOnlyError, match="readonly"):
        connection.execute("INSERT INTO T VALUES (9, 'x')")


def test_a_database_that_somebody_writes_is_waited_for_or_named(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(ROWS)
    monkeypatch.setattr(connection_module, "_PATIENCE_MS", 10)
    with other_program(path) as writer:
        writer("BEGIN EXCLUSIVE")
        error = refusal(path)
    assert "locked" in error.cause
    assert "Wait until the other program has finished" in error.hint


def test_a_primary_key_out_of_order_is_damage(write: Write) -> None:
    """The quick check does not see it, and a resume behind a row would miss others."""
    path = write(
        "CREATE TABLE T (k TEXT PRIMARY KEY) WITHOUT ROWID; INSERT INTO T VALUES ('first'), ('other');"
    )
    assert check_source(path).rows == {"T": 2}
    path.write_bytes(path.read_bytes().replace(b"first", b"wrong"))
    assert "PRIMARY KEY" in refusal(path).faults[0]


@pytest.mark.parametrize("open_it", [check_source, SqliteSource, schema_fingerprint])
def test_an_absurd_size_is_refused(tmp_path: Path, open_it: Callable[[Path], object]) -> None:
    """Some versions of SQLite give up for want of memory, and Python has an error of its own for that."""
    data = bytearray(1024)
    data[:24] = b"SQLite format 3\0\x02\0\0\0\0\x40\x20\x20"
    data[100:110] = b"\x0d\0\0\0\x01\0\0\0\x01\xac"
    data[428:440] = b"\xff" * 9 + b"\0\x20\x2d"
    (tmp_path / "source.sqlite").write_bytes(data)
    with pytest.raises(SourceError, match=r"memory|malformed"):
        open_it(tmp_path / "source.sqlite")


def test_a_table_whose_name_is_kept_as_a_blob(write: Write) -> None:
    path = write(
        "CREATE TABLE T (x, up AS (upper(x))); INSERT INTO T VALUES ('a'); PRAGMA writable_schema=ON; "
        "UPDATE sqlite_master SET name = CAST(name AS BLOB), sql = CAST(sql AS BLOB);"
    )
    with SqliteSource(path) as source:
        assert [row for _, row in source.rows(everything(source, "T"))] == [("a", "A")]
    path = write(
        "CREATE TABLE T (x); PRAGMA writable_schema=ON; UPDATE sqlite_master SET name = 'T' || char(0);"
    )
    with pytest.raises(SourceError):
        SqliteSource(path)


@pytest.mark.parametrize("open_it", [check_source, SqliteSource, schema_fingerprint])
def test_a_broken_schema_whose_names_are_not_utf8(write: Write, open_it: Callable[[Path], object]) -> None:
    """The message of SQLite names the table, so that not even the message can be read."""
    path = write("CREATE TABLE Table1 (x INT); INSERT INTO Table1 VALUES (1);")
    data = path.read_bytes()
    path.write_bytes(data.replace(b"Table1", b"\xffable1").replace(b"(x INT)", b"(, INT)"))
    with pytest.raises(SourceError):
        open_it(path)


@pytest.mark.parametrize("open_it", [check_source, examined, SqliteSource, schema_fingerprint])
@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_database_that_is_open_in_another_library_is_refused(
    write: Write, mode: str, open_it: Callable[[Path], object]
) -> None:
    """Neither would see the other's locks; closing ours could take away the log that the other one writes."""
    path = write(f"PRAGMA journal_mode={mode};" + ROWS)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("SELECT * FROM T").fetchall()
        before = traces(path.parent)
        with pytest.raises(SourceError, match="another SQLite library") as raised:
            open_it(path)
        assert "Close that connection" in raised.value.hint
        assert traces(path.parent) == before
    open_it(path)


def test_our_own_connection_is_none_of_another_library(write: Write) -> None:
    path = write(ROWS)
    with SqliteSource(path), SqliteSource(path) as second:
        assert second.facts().rows == {"T": 2}


def test_a_fingerprint_beside_a_connection_ends_no_lock(write: Write) -> None:
    """The system drops all locks of a process on a file when any handle of it is closed."""
    path = write(ROWS)
    expected = fingerprint(path)
    connection = connect(path)
    connection.execute("BEGIN")
    connection.execute("SELECT * FROM T").fetchall()
    with ExitStack() as files, closing(connection):
        assert fingerprint_beside(path, files, Event()) == expected
        with other_program(path, timeout=0) as execute:
            assert "locked" in execute("DELETE FROM T")


def test_a_statement_is_planned_once_whatever_is_bound_to_it(write: Write) -> None:
    """SQLite asks the authorizer about every column of a statement that it plans."""
    asked = list[int]()

    def ask(action: int, *_: object) -> int:
        asked.append(action)
        return apsw.SQLITE_OK

    with closing(connect(write(ROWS))) as connection:
        connection.set_authorizer(ask)
        statement = "SELECT group_concat(Name) FROM (SELECT Name FROM T WHERE Id > ? ORDER BY Id LIMIT ?)"
        assert connection.execute(statement, (0, 2)).fetchall() == [("a,b",)]
        assert asked
        asked.clear()
        assert connection.execute(statement, (1, 1)).fetchall() == [("b",)]
        assert connection.execute(statement, (0, 1)).fetchall() == [("a",)]
        assert not asked
