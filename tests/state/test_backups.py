from __future__ import annotations

from pathlib import Path

import pytest

from migration_tool.errors import StateError
from migration_tool.state import files
from migration_tool.state.envelope import unseal
from migration_tool.state.store import StateStore

from .samples import LATER_RUN, RUN, Time, advanced, checkpoint, ended, finished, names


def test_backups_rotate_at_most_every_five_seconds(store: StateStore, clock: Time) -> None:
    state = store.save(checkpoint())
    for _ in range(30):
        clock.now += 1.0
        state = store.save(state)
    files_there = [store.folder / f"{RUN}.json.{n}" for n in (1, 2, 3)]
    generations = [_generation(path) for path in files_there]
    assert generations == [26, 21, 16]
    assert names(store) == {f"{RUN}.json", *(p.name for p in files_there)}


def test_a_damaged_file_is_replaced_by_its_newest_sound_backup(store: StateStore, clock: Time) -> None:
    state = store.save(checkpoint())
    for rows in (6, 7, 8):
        clock.now += 5
        state = store.save(advanced(state, rows))
    (store.folder / f"{RUN}.json").write_bytes(b"")
    (store.folder / f"{RUN}.json.1").write_bytes(b"\x00" * 4096)
    other = StateStore(store.folder)
    found = other.load(RUN)
    assert found.generation == 2
    assert found.entity("music_catalog", "Artist").rows_read == 6
    (warning,) = other.warnings
    assert f"backup {RUN}.json.2" in warning
    assert f"{RUN}.json: " in warning
    assert f"{RUN}.json.1: " in warning


def test_a_missing_file_is_replaced_by_its_backup_too(store: StateStore, clock: Time) -> None:
    state = store.save(checkpoint())
    clock.now += 5
    store.save(state)
    (store.folder / f"{RUN}.json").unlink()
    other = StateStore(store.folder)
    assert other.runs() == [RUN]
    assert other.load(RUN) == state
    assert "is missing" in other.warnings[0]


def test_work_goes_on_from_a_backup(store: StateStore, clock: Time) -> None:
    state = store.save(checkpoint())
    clock.now += 5
    store.save(state)
    (store.folder / f"{RUN}.json").write_bytes(b"{}")
    other = StateStore(store.folder)
    found = other.load(RUN)
    saved = other.save(advanced(found, 9))
    assert StateStore(store.folder).load(RUN) == saved


def test_an_older_run_never_stands_in_for_a_damaged_newer_one(store: StateStore) -> None:
    store.save(finished(RUN))
    store.save(checkpoint(LATER_RUN))
    (store.folder / f"{LATER_RUN}.json").write_bytes(b"?")
    with pytest.raises(StateError, match="no sound state file or backup"):
        StateStore(store.folder).latest()


def test_backups_that_are_no_way_back_are_dropped(store: StateStore, clock: Time) -> None:
    state = store.save(checkpoint())
    for rows in (6, 7, 8):
        clock.now += 5
        state = store.save(advanced(state, rows))
    assert len(names(store)) == 4
    clock.now += 5
    state = store.save(state.rewind("music_catalog"))
    assert names(store) == {f"{RUN}.json"}
    clock.now += 5
    store.save(state)
    assert names(store) == {f"{RUN}.json", f"{RUN}.json.1"}


def test_a_completed_run_that_begins_again_leaves_no_completed_backup(store: StateStore, clock: Time) -> None:
    state = store.save(ended(store.save(checkpoint())).with_status("completed"))
    clock.now += 5
    state = store.save(state)
    assert _status(store.folder / f"{RUN}.json.1") == "completed"
    store.save(state.rewind("employee_data"))
    (store.folder / f"{RUN}.json").write_bytes(b"?")
    with pytest.raises(StateError, match="no sound state"):
        StateStore(store.folder).latest()


def test_a_failing_backup_is_told_and_stops_nothing(store: StateStore, clock: Time) -> None:
    state = store.save(checkpoint())
    (store.folder / f"{RUN}.json.2").touch()
    (store.folder / f"{RUN}.json.3").mkdir()
    clock.now += 5
    saved = store.save(state)
    assert StateStore(store.folder).load(RUN) == saved
    (warning,) = store.warnings
    assert "no backup of" in warning
    assert not [name for name in names(store) if name.endswith(".tmp")]


def test_an_unreadable_disk_is_damage(
    store: StateStore, clock: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = store.save(checkpoint())
    clock.now += 5
    store.save(state)
    real = files.read_whole

    def failing(path: Path, limit: int) -> bytes:
        if path.name.endswith(".json"):
            raise OSError(5, "Input/output error")
        return real(path, limit)

    monkeypatch.setattr(files, "read_whole", failing)
    other = StateStore(store.folder)
    assert other.load(RUN) == state
    assert "Input/output error" in other.warnings[0]


def _generation(path: Path) -> int:
    return unseal(path.read_bytes()).generation


def _status(path: Path) -> str:
    return unseal(path.read_bytes()).status
