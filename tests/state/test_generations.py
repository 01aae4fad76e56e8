"""Which earlier states are at hand: backups, and the one that was last found in the tables."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from migration_tool.errors import StateError
from migration_tool.model import TableIdentity
from migration_tool.state.store import StateStore

from .samples import RUN, Time, advanced, checkpoint, names, put


def rows(store: StateStore) -> dict[int, int]:
    """The rows of one entity, by the generation that is at hand."""
    found = store.generations(RUN)
    return {g: state.entity("music_catalog", "Artist").rows_read for g, state in found.items()}


def test_the_state_and_its_backups_are_at_hand(store: StateStore, clock: Time) -> None:
    state = store.save(checkpoint())
    for read in range(6, 12):
        clock.now += 5
        state = store.save(advanced(state, read))
    assert rows(store) == {7: 11, 6: 10, 5: 9, 4: 8}
    (store.folder / f"{RUN}.json.2").write_bytes(b"\x00")
    (store.folder / f"{RUN}.json.3").unlink()
    assert rows(StateStore(store.folder)) == {7: 11, 6: 10}


def test_a_checked_state_stays_at_hand_until_another_is(store: StateStore, clock: Time) -> None:
    state = store.save(checkpoint())
    store.keep_checked(state)
    for read in range(6, 12):
        clock.now += 5
        state = store.save(advanced(state, read))
    assert rows(store) == {7: 11, 6: 10, 5: 9, 4: 8, 1: 5}
    store.keep_checked(state)
    assert rows(store) == {7: 11, 6: 10, 5: 9, 4: 8}
    assert stat.S_IMODE(store.checked_path(RUN).stat().st_mode) == 0o600
    assert store.runs() == [RUN]


def test_a_checked_state_goes_with_the_backups_when_a_table_is_begun_anew(store: StateStore) -> None:
    state = store.save(checkpoint())
    store.keep_checked(state)
    moved = state.with_target("music_catalog", TableIdentity("chinook_MusicCatalog", "arn", "another"))
    store.save(moved.rewind("music_catalog"))
    assert names(store) == {f"{RUN}.json"}


def test_a_checked_state_is_not_a_backup(store: StateStore) -> None:
    """It may be older than the reject file; and a run must not go on from it unasked."""
    store.keep_checked(store.save(checkpoint()))
    (store.folder / f"{RUN}.json").unlink()
    with pytest.raises(StateError, match="no such run"):
        store.load(RUN)


def test_a_link_is_not_written_through(store: StateStore, tmp_path: Path) -> None:
    state = store.save(checkpoint())
    put(store.checked_path(RUN), "link", tmp_path / "elsewhere")
    with pytest.raises(StateError, match="symbolic link"):
        store.keep_checked(state)
    assert (tmp_path / "elsewhere").read_bytes() == b"theirs"


def test_what_a_killed_writer_of_any_file_left_is_swept(store: StateStore) -> None:
    store.save(checkpoint())
    left = [f".{RUN}.{name}.0a1b.tmp" for name in ("json", "json.1", "validate.json", "checked.json")]
    for name in [*left, f".{RUN}.json.keep", ".other.tmp"]:
        (store.folder / name).touch()
    with store.lock():
        assert names(store) == {f"{RUN}.json", ".lock", f".{RUN}.json.keep", ".other.tmp"}
