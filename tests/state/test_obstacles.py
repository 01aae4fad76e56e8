from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from migration_tool.errors import StateError
from migration_tool.state import files
from migration_tool.state.store import StateStore

from .samples import LATER_RUN, RUN, checkpoint, names, put


@pytest.mark.row(12)
@pytest.mark.parametrize("kind", ["link", "broken link", "folder", "pipe"])
def test_what_is_no_regular_file_is_refused(store: StateStore, kind: str, tmp_path: Path) -> None:
    store.folder.mkdir(mode=0o700)
    path = store.folder / f"{RUN}.json"
    elsewhere = tmp_path / "elsewhere"
    put(path, kind, elsewhere)
    words = {"folder": "a folder", "pipe": "a named pipe"}.get(kind, "a symbolic link")
    for use in (lambda: store.save(checkpoint()), store.latest, lambda: store.load(RUN)):
        with pytest.raises(StateError, match=f"{RUN}.json.*{words}"):
            use()
    assert names(store) == {f"{RUN}.json"}
    assert not elsewhere.exists() or elsewhere.read_bytes() == b"theirs"


@pytest.mark.row(12)
@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_a_lock_that_is_no_regular_file_is_refused(store: StateStore, kind: str, tmp_path: Path) -> None:
    store.folder.mkdir(mode=0o700)
    put(store.folder / ".lock", kind, tmp_path / "elsewhere")
    with pytest.raises(StateError, match=r"\.lock"), store.lock():
        pytest.fail("the lock was taken")


@pytest.mark.row(12)
@pytest.mark.parametrize("kind", ["link", "file"])
def test_a_state_folder_that_is_none_is_refused(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "state"
    if kind == "link":
        (tmp_path / "real").mkdir()
        folder.symlink_to("real")
    else:
        folder.touch()
    with pytest.raises(StateError, match="state"):
        StateStore(folder).save(checkpoint())
    with pytest.raises(StateError, match="state"), StateStore(folder).lock():
        pytest.fail("the lock was taken")


@pytest.mark.row(11)
@pytest.mark.parametrize("operation", ["fsync", "replace"])
def test_a_failing_disk_leaves_the_old_state(
    store: StateStore, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    before = store.save(store.save(checkpoint()))
    there = names(store)
    calls = []

    def fail(*arguments: object) -> None:
        calls.append(arguments)
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail) if operation == "fsync" else patch.setattr(Path, "replace", fail)
        with pytest.raises(StateError, match=f"{RUN}.json.*Input/output error"):
            store.save(before)
    assert len(calls) == 1
    assert names(store) == there
    assert StateStore(store.folder).load(RUN) == before
    assert store.save(before).generation == 3


def test_a_save_is_flushed_before_and_after_the_rename(
    store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.save(checkpoint(LATER_RUN))
    events: list[str] = []
    real_fsync, real_replace = os.fsync, Path.replace

    def fsync(fd: int) -> None:
        events.append("fsync folder" if stat.S_ISDIR(os.fstat(fd).st_mode) else "fsync file")
        real_fsync(fd)

    def rename(self: Path, target: Path) -> Path:
        events.append("rename")
        return real_replace(self, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", rename)
    store.save(checkpoint())
    assert events == ["fsync file", "rename", "fsync folder"]


@pytest.mark.row(11)
def test_a_disk_that_keeps_less_than_it_was_given_is_noticed(
    store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = store.save(checkpoint())
    with monkeypatch.context() as patch:
        patch.setattr(files, "read_whole", lambda path, limit: b"short")
        with pytest.raises(StateError, match="reads back different"):
            store.save(before)
    assert names(store) == {f"{RUN}.json"}
    assert StateStore(store.folder).load(RUN) == before


def test_backups_that_cannot_be_dropped_leave_the_old_state(store: StateStore) -> None:
    before = store.save(checkpoint())
    (store.folder / f"{RUN}.json.1").mkdir()
    with pytest.raises(StateError, match=f"{RUN}.json"):
        store.save(before.rewind("music_catalog"))
    assert names(store) == {f"{RUN}.json", f"{RUN}.json.1"}
    assert StateStore(store.folder).load(RUN) == before


def test_a_state_file_without_permission_is_no_reason_to_use_a_backup(
    store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.save(store.save(checkpoint()))

    def refuse(path: Path, limit: int) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(files, "read_whole", refuse)
    with pytest.raises(StateError, match=f"{RUN}.json.*permission denied"):
        StateStore(store.folder).latest()
