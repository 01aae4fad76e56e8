"""A source is checked and hashed in the background, and given up where nobody waits for it any more."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from threading import Event

import apsw
import pytest

from migration_tool.errors import SourceError
from migration_tool.source import examination, snapshot
from migration_tool.source.examination import Examination
from migration_tool.source.snapshot import fingerprint

from .conftest import Write, other_program, traces

ROWS = "CREATE TABLE T (Id INTEGER PRIMARY KEY, Name TEXT); INSERT INTO T VALUES (1, 'a'), (2, 'b');"
PATIENCE = 30


def connected(path: Path) -> bool:
    return any(Path(connection.filename) == path for connection in apsw.connections())


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_sound_source_has_its_fingerprint(write: Write, mode: str) -> None:
    path = write(f"PRAGMA journal_mode={mode};" + ROWS)
    before = traces(path.parent)
    assert Examination(path).result() == fingerprint(path)
    assert traces(path.parent) == before
    assert not connected(path)


def test_a_damaged_source_is_refused(write: Write) -> None:
    path = write(ROWS)
    path.write_bytes(path.read_bytes()[:4096])
    with pytest.raises(SourceError, match=r"malformed|damaged"):
        Examination(path).result()


def test_a_source_without_a_row_is_refused(write: Write) -> None:
    path = write("CREATE TABLE T (Id INTEGER PRIMARY KEY); CREATE VIEW V AS SELECT 1;")
    with pytest.raises(SourceError, match="no table holds a row"):
        Examination(path).result()


def test_what_is_wrong_is_said_when_the_result_is_asked_for(tmp_path: Path) -> None:
    """So that what is to be refused before the source is looked at still comes first."""
    begun = Examination(tmp_path / "nowhere")
    with pytest.raises(SourceError, match="there is no such file"):
        begun.result()


def test_a_result_may_be_asked_for_within_a_block(write: Write) -> None:
    path = write(ROWS)
    with Examination(path) as begun:
        assert begun.result() == fingerprint(path)


def test_it_is_given_up_with_its_block(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of 64 GB is hashed as far as it was when the block ended."""
    blocks, path = list[int](), write(ROWS)
    os.truncate(path, 1 << 36)

    class Digest:
        def update(self, data: bytes) -> None:
            blocks.append(len(data))

        def hexdigest(self) -> str:
            return ""

    monkeypatch.setattr(snapshot, "blake3", Digest)
    with pytest.raises(KeyboardInterrupt), Examination(path):
        raise KeyboardInterrupt
    assert sum(blocks) < 1 << 36
    assert not connected(path)


def test_the_end_of_the_hash_ends_no_lock(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system drops all locks of a process on a file when any handle of it is closed."""
    path, hashed, said = write(ROWS), Event(), list[str]()
    hash_it = examination.fingerprint_beside

    def hashing(path: Path, files: ExitStack, given_up: Event) -> str:
        found = hash_it(path, files, given_up)
        hashed.set()
        return found

    def check(path: Path, connection: apsw.Connection) -> None:
        connection.execute("BEGIN").execute("SELECT * FROM T").fetchall()
        assert hashed.wait(PATIENCE)
        with other_program(path, timeout=0) as execute:
            said.append(execute("DELETE FROM T"))

    monkeypatch.setattr(examination, "fingerprint_beside", hashing)
    monkeypatch.setattr(examination, "require_sound", check)
    assert Examination(path).result() == fingerprint(path)
    assert "locked" in said[0]
