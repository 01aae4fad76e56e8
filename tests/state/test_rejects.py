from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migration_tool.errors import StateError
from migration_tool.model import InvalidText, Reject
from migration_tool.state.rejects import RejectLog, read_rejects
from migration_tool.state.store import StateStore

from .samples import counts, positions, put, scalars, texts

rejects = st.builds(
    Reject,
    table=texts,
    entity=texts,
    source_table=texts,
    source_key=positions,
    rule=texts,
    reason=texts,
    row=st.dictionaries(texts, scalars | st.binary(max_size=9).map(InvalidText), max_size=4),
    attempts=counts,
)


def reject(number: int, **row: Any) -> Reject:
    return Reject("music_catalog", "Track", "Track", (number,), "item_too_large", "too large\n", row, 2)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "20261120T213000-a1b2c3.rejects.jsonl"


@settings(max_examples=60)
@given(st.lists(st.lists(rejects, max_size=3), max_size=3))
def test_every_reject_is_read_back(tmp_path: Path, batches: list[list[Reject]]) -> None:
    path = tmp_path / "any.jsonl"
    path.unlink(missing_ok=True)
    log = RejectLog(path, 0)
    for batch in batches:
        assert log.append(batch) == log.size
    assert list(read_rejects(path)) == [r for batch in batches for r in batch]


def test_the_size_is_that_of_the_file(path: Path) -> None:
    log = RejectLog(path, 0)
    assert not path.exists()
    assert log.append([]) == 0
    first = log.append([reject(1)])
    second = log.append([reject(2), reject(3)])
    assert (first < second) is (path.stat().st_size == second)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes().count(b"\n") == 3


def test_what_the_checkpoint_does_not_know_is_cut_off(path: Path) -> None:
    log = RejectLog(path, 0)
    known = log.append([reject(1)])
    log.append([reject(2), reject(3)])
    again = RejectLog(path, known)
    assert path.stat().st_size == known
    again.append([reject(4)])
    assert [r.source_key for r in read_rejects(path)] == [(1,), (4,)]
    RejectLog(path, 0)
    assert list(read_rejects(path)) == []


def test_a_half_written_line_beyond_the_known_size_is_cut_off(path: Path) -> None:
    known = RejectLog(path, 0).append([reject(1)])
    with path.open("ab") as file:
        file.write(b'{"table":"mus')
    assert list(read_rejects(path, known)) == [reject(1)]
    RejectLog(path, known)
    assert list(read_rejects(path)) == [reject(1)]


@pytest.mark.parametrize("there", [True, False])
def test_a_file_shorter_than_the_checkpoint_knows_is_an_error(path: Path, there: bool) -> None:
    size = RejectLog(path, 0).append([reject(1)]) if there else 0
    with pytest.raises(StateError, match=f"it has {size} bytes, the saved state knows of {size + 1}"):
        RejectLog(path, size + 1)


def test_another_writer_is_noticed(path: Path) -> None:
    log = RejectLog(path, 0)
    size = log.append([reject(1)])
    with path.open("ab") as file:
        file.write(b"x")
    with pytest.raises(StateError, match=f"{size + 1} bytes, not {size}"):
        log.append([reject(2)])


def test_a_value_without_a_form_leaves_the_file_alone(path: Path) -> None:
    log = RejectLog(path, 0)
    size = log.append([reject(1)])
    with pytest.raises(StateError, match="no form for this type"):
        log.append([reject(2), reject(3, x=object())])
    assert path.stat().st_size == size == log.append([])


@pytest.mark.row(12)
@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_what_is_no_regular_file_is_refused(path: Path, kind: str, tmp_path: Path) -> None:
    path.parent.mkdir()
    victim = tmp_path / "victim"
    put(path, kind, victim)
    with pytest.raises(StateError, match=path.name):
        RejectLog(path, 0)
    with pytest.raises(StateError, match=path.name):
        next(read_rejects(path))
    assert not victim.exists() or victim.read_bytes() == b"theirs"


def test_no_file_holds_no_rejects(path: Path) -> None:
    assert list(read_rejects(path)) == []


def test_every_truncation_gives_whole_rows_and_then_an_error(path: Path) -> None:
    RejectLog(path, 0).append([reject(1, Name="é", Data=b"\xff"), reject(2, Price=0.99)])
    data = path.read_bytes()
    whole = {0: 0, data.index(b"\n") + 1: 1, len(data): 2}
    for length in range(len(data) + 1):
        path.write_bytes(data[:length])
        if length in whole:
            assert len(list(read_rejects(path))) == whole[length]
        else:
            with pytest.raises(StateError, match="is damaged"):
                list(read_rejects(path))


@pytest.mark.parametrize(
    "line", [b"null\n", b"{}\n", b"\n", b"\xff\n", b"[" * 5000 + b"\n", b'{"table":1}\n']
)
def test_a_damaged_line_is_named(path: Path, line: bytes) -> None:
    RejectLog(path, 0).append([reject(1)])
    with path.open("ab") as file:
        file.write(line)
    rows = read_rejects(path)
    assert next(rows) == reject(1)
    with pytest.raises(StateError, match="line 2 is damaged"):
        next(rows)


@pytest.mark.parametrize(
    ("good", "changed"),
    [
        (b'"AA=="', b'"AB=="'),
        (b'"attempts":2', b'"attempts":0,"attempts":2'),
        (b'"attempts":2', b'"attempts": 2'),
        (b'{"t":"int"', b'{"t":"int","t":"int"'),
    ],
)
def test_a_line_in_another_form_is_damaged(path: Path, good: bytes, changed: bytes) -> None:
    """Base64 and JSON let one value be said in several ways; a line that we did not write is not believed."""
    RejectLog(path, 0).append([reject(1, Data=b"\0")])
    data = path.read_bytes()
    path.write_bytes(data.replace(good, changed))
    assert path.read_bytes() != data
    with pytest.raises(StateError, match="line 1 is damaged"):
        next(read_rejects(path))


def test_an_append_is_flushed_to_the_disk(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[bool] = []
    real = os.fsync

    def fsync(fd: int) -> None:
        flushed.append(stat.S_ISREG(os.fstat(fd).st_mode))
        real(fd)

    log = RejectLog(path, 0)
    path.parent.mkdir()
    monkeypatch.setattr(os, "fsync", fsync)
    log.append([reject(1)])
    log.append([reject(2)])
    assert flushed == [True, False, True]


def test_a_rewritten_file_counts_when_the_checkpoint_says_so(path: Path) -> None:
    """The three steps one by one, with what another process would find after each."""
    log = RejectLog(path, 0)
    before = log.append([reject(1), reject(2)])
    log.rewrite([reject(3)])
    assert list(read_rejects(path, before, 0)) == [reject(1), reject(2)]
    assert list(read_rejects(path, log.size, log.rewrites)) == [reject(3)]
    log.settle()
    assert list(read_rejects(path, log.size, log.rewrites)) == [reject(3)]
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    log.append([reject(4)])
    again = RejectLog(path, log.size, log.rewrites)
    again.rewrite([])
    again.settle()
    assert (again.size, again.rewrites, path.read_bytes()) == (0, 2, b"")


@pytest.mark.parametrize("saved", [False, True])
def test_who_opens_it_next_finishes_or_undoes_what_was_begun(path: Path, saved: bool) -> None:
    log = RejectLog(path, 0)
    before = log.append([reject(1), reject(2)])
    log.rewrite([reject(2)])
    found = RejectLog(path, log.size, 1) if saved else RejectLog(path, before, 0)
    assert list(read_rejects(path)) == ([reject(2)] if saved else [reject(1), reject(2)])
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    found.append([reject(5)])
    assert list(read_rejects(path))[-1] == reject(5)


@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_a_rewritten_file_that_is_none_is_refused(path: Path, kind: str, tmp_path: Path) -> None:
    size = RejectLog(path, 0).append([reject(1)])
    put(path.with_name(f"{path.name}.1"), kind, tmp_path / "victim")
    for use in (lambda: RejectLog(path, size, 1), lambda: next(read_rejects(path, size, 1))):
        with pytest.raises(StateError, match=path.name):
            use()


def test_what_a_killed_writer_left_is_swept(path: Path) -> None:
    RejectLog(path, 0).append([reject(1)])
    for name in (f".{path.name}.1.0123abcd.tmp", f".{path.name}.0123abcd.tmp"):
        path.with_name(name).write_bytes(b"half")
    with StateStore(path.parent).lock():
        pass
    assert sorted(entry.name for entry in path.parent.iterdir()) == [".lock", path.name]
