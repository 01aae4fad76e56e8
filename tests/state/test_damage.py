"""Whatever the bytes of a state file are, they are found out; a cut or changed one never says "completed"."""

from __future__ import annotations

import os
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration_tool.errors import StateError
from migration_tool.state.checkpoint import Checkpoint
from migration_tool.state.envelope import FORMAT, MAX_BYTES, VERSION, seal, unseal
from migration_tool.state.store import StateStore

from .samples import RUN, checkpoint, checkpoints, ended, finished

pytestmark = pytest.mark.row(13)


def refused(data: bytes) -> str:
    with pytest.raises(StateError) as raised:
        unseal(data)
    return str(raised.value)


@pytest.fixture
def completed(tmp_path: Path) -> Path:
    """The file of a run that is complete."""
    store = StateStore(tmp_path)
    store.save(finished())
    return tmp_path / f"{RUN}.json"


def test_every_truncation_is_found(completed: Path) -> None:
    data = completed.read_bytes()
    assert unseal(data).status == "completed"
    for length in range(len(data)):
        refused(data[:length])


def test_every_flipped_byte_is_found(completed: Path) -> None:
    data = completed.read_bytes()
    masks = [1 << bit for bit in range(8)] + [0xFF]
    for place in range(len(data)):
        for mask in masks:
            refused(data[:place] + bytes([data[place] ^ mask]) + data[place + 1 :])


def test_truncations_and_flips_are_found_on_disk_too(completed: Path) -> None:
    data = completed.read_bytes()
    for place in range(0, len(data), 7):
        for damaged in (data[:place], data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :]):
            completed.write_bytes(damaged)
            with pytest.raises(StateError):
                StateStore(completed.parent).latest()


def test_a_damaged_completed_file_gives_the_unfinished_backup(tmp_path: Path) -> None:
    store = StateStore(tmp_path)
    store.save(ended(store.save(checkpoint())).with_status("completed"))
    path = tmp_path / f"{RUN}.json"
    data = path.read_bytes()
    for place in range(0, len(data), 97):
        path.write_bytes(data[:place] + bytes([data[place] ^ 0x04]) + data[place + 1 :])
        other = StateStore(tmp_path)
        if (found := _latest(other)) is not None:
            assert found.status == "in_progress"
            assert len(other.warnings) == 1


def _latest(store: StateStore) -> Checkpoint | None:
    try:
        return store.latest()
    except StateError as error:
        assert "format version" in str(error)
        return None


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_refused(data: bytes) -> None:
    refused(data)


@given(checkpoints(), st.data())
def test_any_change_of_any_file_is_found(state: Checkpoint, data: st.DataObject) -> None:
    good = seal(state)
    start = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(start, len(good)))
    changed = good[:start] + data.draw(st.binary(max_size=20)) + good[end:]
    if changed != good:
        refused(changed)


def test_the_same_content_in_another_form_is_damage() -> None:
    good = seal(checkpoint())
    envelope = orjson.loads(good)
    refused(orjson.dumps(envelope, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
    refused(good.rstrip(b"\n"))
    refused(good + b" ")
    refused(b"\xef\xbb\xbf" + good)
    said = b'"version":%d' % VERSION
    refused(good.replace(said, said + b"," + said))
    refused(good.replace(said, said + b".0"))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"5",
        b"{}",
        b"\x00" * 5000,
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"format": NaN}',
        f'{{"format":"{FORMAT}"}}'.encode(),
        f'{{"format":"{FORMAT}","version":true}}'.encode(),
        f'{{"format":"{FORMAT}","version":0}}'.encode(),
        f'{{"format":"{FORMAT}","version":"1"}}'.encode(),
        f'{{"format":"{FORMAT}","version":1}}'.encode(),
        f'{{"format":"{FORMAT}","version":{"9" * 400}}}'.encode(),
        b" " * (MAX_BYTES + 1),
    ],
    ids=lambda data: repr(data[:20]),
)
def test_hostile_content_is_refused(data: bytes) -> None:
    refused(data)


def test_a_position_nested_deep_is_refused() -> None:
    data = seal(checkpoint()).replace(b'{"t":"int","v":"5"}', b"[" * 900 + b"]" * 900)
    refused(data)


def test_a_huge_file_is_refused_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / f"{RUN}.json"
    with path.open("wb") as file:
        os.truncate(file.fileno(), 1 << 30)
    with pytest.raises(StateError) as raised:
        StateStore(tmp_path).latest()
    assert "is larger than" in str(raised.value)


def test_a_newer_version_is_named_even_if_all_else_is_strange() -> None:
    assert f"format version {VERSION + 1}, this tool knows {VERSION}" in refused(
        orjson.dumps({"format": FORMAT, "version": VERSION + 1, "more": []})
    )
