from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from migration_tool.errors import StateError
from migration_tool.state.checkpoint import Checkpoint
from migration_tool.state.envelope import VERSION
from migration_tool.state.store import StateStore

from .samples import LATER_RUN, RUN, Time, checkpoint, checkpoints, names


def test_nothing_is_there_before_the_first_save(store: StateStore) -> None:
    assert store.latest() is None
    assert store.runs() == []
    assert store.files(RUN) == []
    assert store.remove(RUN) == []
    assert not store.folder.exists()
    with pytest.raises(StateError, match="no such run"):
        store.load(RUN)


def test_a_saved_checkpoint_is_read_back(store: StateStore, clock: Time) -> None:
    saved = store.save(checkpoint())
    assert (saved.generation, saved.updated_at) == (1, clock.now)
    clock.now += 1
    again = store.save(saved)
    assert (again.generation, again.updated_at) == (2, clock.now)
    other = StateStore(store.folder)
    assert other.latest() == again == other.load(RUN)
    assert other.warnings == []


@settings(max_examples=60)
@given(checkpoints())
def test_any_checkpoint_survives(tmp_path: Path, state: Checkpoint) -> None:
    store = StateStore(tmp_path / "any")
    store.remove(RUN)
    saved = store.save(state)
    assert StateStore(store.folder).load(RUN) == saved


def test_files_and_folder_are_for_the_owner_alone(store: StateStore, clock: Time) -> None:
    state = store.save(checkpoint())
    clock.now += 10
    store.save(state)
    with store.lock():
        modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in store.folder.iterdir()}
    assert modes == {f"{RUN}.json": 0o600, f"{RUN}.json.1": 0o600, ".lock": 0o600}
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700


def test_runs_are_newest_first_and_foreign_files_are_none(store: StateStore) -> None:
    store.save(checkpoint(RUN))
    store.save(checkpoint(LATER_RUN))
    for name in (
        ".gitkeep",
        "embedded.json",
        f"{RUN}.rejects.jsonl",
        "20269999T000000-abcdef.json",
        "99991231T235959-abcdef.json",
        f"x{RUN}.json",
    ):
        (store.folder / name).touch()
    assert store.runs() == [LATER_RUN, RUN]
    latest = store.latest()
    assert latest is not None
    assert latest.run_id == LATER_RUN


@pytest.mark.row(23)
def test_a_new_run_sorts_last_whatever_the_clock_says(store: StateStore) -> None:
    first = store.new_run_id(1795210200.0)
    assert first.startswith("20261120T")
    store.save(checkpoint(first))
    second = store.new_run_id(1795210200.0)
    store.save(checkpoint(second))
    third = store.new_run_id(0.0)
    store.save(checkpoint(third))
    assert store.runs() == [third, second, first]


@pytest.mark.parametrize("run_id", ["", "..", "../x", "20261120T213000-A1B2C3", f"{RUN}\n", f"{RUN}.json"])
def test_a_name_that_is_no_run_is_refused(store: StateStore, run_id: str) -> None:
    for use in (
        store.load,
        store.remove,
        store.files,
        store.rejects_path,
        store.snapshot_path,
        store.control_path,
    ):
        with pytest.raises(StateError, match="not the name of a run"):
            use(run_id)
    with pytest.raises(StateError, match="not the name of a run"):
        store.save(checkpoint(run_id))


def test_a_state_of_a_newer_version_is_refused_and_untouched(store: StateStore, clock: Time) -> None:
    state = store.save(checkpoint())
    clock.now += 5
    store.save(state)
    path = store.folder / f"{RUN}.json"
    newer = path.read_bytes().replace(b'"version":%d}' % VERSION, b'"version":%d}' % (VERSION + 1))
    path.write_bytes(newer)
    with pytest.raises(StateError, match=f"format version {VERSION + 1}, this tool knows {VERSION}"):
        StateStore(store.folder).latest()
    with pytest.raises(StateError, match=f"format version {VERSION + 1}"):
        StateStore(store.folder).save(state)
    assert path.read_bytes() == newer


def test_the_state_of_another_run_is_refused(store: StateStore) -> None:
    store.save(checkpoint())
    (store.folder / f"{RUN}.json").rename(store.folder / f"{LATER_RUN}.json")
    with pytest.raises(StateError, match=f"another run, {RUN}"):
        StateStore(store.folder).latest()


def test_a_stale_checkpoint_is_not_saved(store: StateStore) -> None:
    state = store.save(checkpoint())
    store.save(state)
    for writer in (store, StateStore(store.folder)):
        with pytest.raises(StateError, match="holds generation 2"):
            writer.save(state)
    with pytest.raises(StateError, match="holds generation 2"):
        StateStore(store.folder).save(checkpoint())


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "completed"},
        {"created_at": float("nan")},
        {"endpoint": "\ud800"},
        {"tables": {}},
        {"rejects_bytes": 2**70},
        {"region": "x" * (9 * 1024 * 1024)},
    ],
)
def test_what_could_not_be_read_is_not_written(store: StateStore, changes: dict[str, Any]) -> None:
    before = store.save(checkpoint())
    with pytest.raises(StateError):
        store.save(checkpoint(generation=1, **changes))
    assert StateStore(store.folder).load(RUN) == before
    assert names(store) == {f"{RUN}.json"}


def test_remove_takes_everything_of_one_run(store: StateStore, clock: Time) -> None:
    state = store.save(checkpoint())
    clock.now += 5
    store.save(state)
    kept = store.save(checkpoint(LATER_RUN))
    store.rejects_path(RUN).touch()
    store.snapshot_path(RUN).touch()
    store.control_path(RUN).touch()
    (store.folder / f".{RUN}.control.json.0a0b0c0d.tmp").touch()
    Path(f"{store.snapshot_path(RUN)}-wal").touch()
    (store.folder / f".{RUN}.json.0a0b0c0d.tmp").touch()
    expected = store.files(RUN)
    assert len(expected) == 8
    assert expected[-1].name == f"{RUN}.json"
    assert store.remove(RUN) == expected
    assert names(store) == {f"{LATER_RUN}.json"}
    assert store.latest() == kept
    assert store.save(checkpoint()).generation == 1


def test_paths_of_a_run_lie_in_the_folder(store: StateStore) -> None:
    assert store.rejects_path(RUN) == store.folder / f"{RUN}.rejects.jsonl"
    assert store.snapshot_path(RUN) == store.folder / f"{RUN}.snapshot.sqlite"


def test_the_lock_sweeps_what_killed_writers_left(store: StateStore) -> None:
    store.save(checkpoint())
    (store.folder / f".{RUN}.json.0a0b0c0d.tmp").touch()
    (store.folder / f".{RUN}.json.1.0a0b0c0d.tmp").touch()
    (store.folder / ".other.tmp").touch()
    with store.lock():
        assert names(store) == {f"{RUN}.json", ".lock", ".other.tmp"}
