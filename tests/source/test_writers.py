"""Windows that two connections share are those that one would write, of the same moment."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from migration_tool.design.compile import compile_design
from migration_tool.design.load import load_design
from migration_tool.model import Made
from migration_tool.source import writers
from migration_tool.source.sqlite import SqliteSource
from migration_tool.source.windows import Windows

DESIGN = """
version: 1
table: Staff
entities:
  Person:
    from: Person
    where: "PersonId % 7 <> 0"
    ancestry: {Path: Boss}
    embed:
      Pets: {from: Pet, match: {PersonId: PersonId}, order: PetId, attributes: {"*": Pet}}
    keys: {PK: "PERSON#{PersonId}", SK: "#PERSON"}
    attributes: {"*": Person, Path: Path}
access_patterns: {}
"""
PEOPLE = 95


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(writers, "_WORTH_SHARING", 2)
    (tmp_path / "staff.yaml").write_text(DESIGN)
    path = tmp_path / "staff.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE Person (PersonId INTEGER PRIMARY KEY, Name TEXT, Boss INTEGER)")
        people = [(n * n, f"Person {n}", (n // 2) ** 2 or None) for n in range(1, PEOPLE + 1)]
        connection.executemany("INSERT INTO Person VALUES (?, ?, ?)", people)
        connection.execute("CREATE TABLE Pet (PetId INTEGER PRIMARY KEY, PersonId INTEGER, Name TEXT)")
        connection.execute("CREATE INDEX PetPerson ON Pet (PersonId)")
        pets = [(n, (n % PEOPLE) ** 2, f"Pet {n}") for n in range(1, 3 * PEOPLE)]
        connection.executemany("INSERT INTO Pet VALUES (?, ?, ?)", pets)
        connection.commit()
    return path


def windows_of(source: SqliteSource) -> Windows:
    design = compile_design(load_design(source.path.with_name("staff.yaml")), source.schema)
    (entity,) = design.entities
    return source.windows(entity.read, None, entity.item, entity.shape)


def texts(windows: Windows, size: int) -> Iterator[bytes]:
    ended = False
    while not ended:
        made, ended = windows.take(size)
        assert isinstance(made, Made)
        yield from (text.rstrip(b"\n") for text in made.texts)


def prepared(windows: Windows) -> bool:
    """Whether the second connection writes, too; waits until it could."""
    assert windows._writer
    return windows._writer._helper.result(30) is not None


@pytest.mark.parametrize("size", [2, 3, 10, 39, 40, 41, 81, 82, 83, 84, 200])
def test_halves_are_the_whole(database: Path, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with SqliteSource(database) as source:
        windows = windows_of(source)
        assert prepared(windows)
        shared = list(texts(windows, size))
    monkeypatch.setattr(writers, "_WORTH_SHARING", 10_000)
    with SqliteSource(database) as source:
        alone = list(texts(windows_of(source), size))
    assert shared == alone
    assert len(alone) == PEOPLE - PEOPLE // 7


def test_a_writer_cannot_commit_between_the_two(database: Path) -> None:
    """Nor after the second is gone, although closing a file ends a process's locks on it."""
    with SqliteSource(database) as source:
        assert prepared(windows_of(source))
        assert is_locked(database)
        source._writers.close()
        assert is_locked(database)
    assert not is_locked(database)


def test_no_second_connection_where_a_commit_could_come_in_between(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    with SqliteSource(database) as source:
        windows = windows_of(source)
        assert not prepared(windows)
        assert len(list(texts(windows, 10))) == PEOPLE - PEOPLE // 7


def test_without_embedded_rows_one_connection_is_enough(database: Path) -> None:
    design = database.with_name("staff.yaml")
    design.write_text(
        "\n".join(line for line in DESIGN.splitlines() if "embed" not in line and "Pet" not in line)
    )
    with SqliteSource(database) as source:
        windows = windows_of(source)
        assert not prepared(windows)
        assert len(list(texts(windows, 10))) == PEOPLE - PEOPLE // 7


def test_without_room_for_the_paths_one_connection_is_enough(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SqliteSource(database) as source:
        twin = source._moment.twin()
        assert twin

        def full(read: object) -> None:
            raise apsw.FullError("database or disk is full")

        monkeypatch.setattr(twin, "prepare", full)
        monkeypatch.setattr(source._moment, "twin", lambda: twin)
        windows = windows_of(source)
        assert not prepared(windows)
        assert len(list(texts(windows, 10))) == PEOPLE - PEOPLE // 7


def is_locked(database: Path) -> bool:
    """Whether another process would be kept from committing."""
    script = (
        "import sqlite3, sys\n"
        "try:\n"
        "    with sqlite3.connect(sys.argv[1], timeout=0) as c: c.execute('UPDATE Person SET Name = 1')\n"
        "except sqlite3.OperationalError as e: sys.exit('locked' in str(e))\n"
    )
    return subprocess.run([sys.executable, "-c", script, str(database)]).returncode == 1
