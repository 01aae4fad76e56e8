"""Real processes, real limits: what is on disk after a kill or on a full disk is a whole older state."""

from __future__ import annotations

import os
import random
import subprocess
import time
from pathlib import Path

import pytest

from migration_tool.errors import StateError
from migration_tool.model import Reject
from migration_tool.state.checkpoint import Checkpoint, EntityProgress
from migration_tool.state.rejects import RejectLog
from migration_tool.state.store import StateStore

from .processes import kill, process, run
from .samples import RUN, checkpoint

SAVE_FOREVER = """
    state = store.latest() or store.save(checkpoint())
    print(state.generation, flush=True)
    while True:
        rows = state.entity("music_catalog", "Artist").rows_read + 25
        state = store.save(advanced(state, rows))
        print(state.generation, flush=True)
"""


@pytest.mark.row(1)
@pytest.mark.parametrize("seed", range(20))
def test_a_kill_at_any_moment_leaves_the_last_durable_state(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    reached = 0
    for _ in range(2):
        with process(tmp_path, SAVE_FOREVER) as child:
            assert child.stdout is not None
            assert int(child.stdout.readline()) >= reached
            time.sleep(chance.uniform(0, 0.05))
            printed = [int(line) for line in kill(child).split("\n")[:-1]]
        store = StateStore(tmp_path)
        state = store.latest()
        assert state is not None
        assert store.warnings == []
        assert state.generation >= max([reached, *printed])
        assert state.entity("music_catalog", "Artist").rows_read == 5 + 25 * (state.generation - 1)
        reached = state.generation
    with store.lock():
        assert not list(tmp_path.glob(".*.tmp"))


@pytest.mark.row(11)
@pytest.mark.parametrize("size", [0, 1, 1000, 1500])
def test_a_file_size_limit_leaves_the_old_state(tmp_path: Path, size: int) -> None:
    before = StateStore(tmp_path).save(checkpoint())
    there = sorted(tmp_path.iterdir())
    code = f"""
    from migration_tool.errors import StateError
    state = store.latest()
    resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))
    try:
        store.save(state)
    except StateError as error:
        print(error)
        sys.exit(error.exit_code)
    """
    status, out, err = run(tmp_path, code)
    assert (status, err) == (6, "")
    assert f"{RUN}.json" in out
    assert "File too large" in out
    assert StateStore(tmp_path).latest() == before
    assert sorted(tmp_path.iterdir()) == there


@pytest.mark.row(11)
def test_a_file_size_limit_on_the_reject_file_takes_back_the_part_that_was_written(tmp_path: Path) -> None:
    code = """
    from migration_tool.errors import StateError
    from migration_tool.model import Reject
    from migration_tool.state.rejects import RejectLog, read_rejects
    log = RejectLog(store.rejects_path("20261120T213000-a1b2c3"), 0)
    size = log.append([Reject("t", "e", "s", (1,), "rule", "reason")])
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, size + 10))
    try:
        log.append([Reject("t", "e", "s", (2,), "rule", "reason")])
    except StateError as error:
        assert str(log.path) in str(error) and "File too large" in str(error)
        assert log.size == log.path.stat().st_size == size
        assert [r.source_key for r in read_rejects(log.path)] == [(1,)]
        sys.exit(error.exit_code)
    """
    assert run(tmp_path, code) == (6, "", "")


@pytest.mark.row(11)
def test_a_full_disk_leaves_the_old_state(small_disk: Path) -> None:
    store = StateStore(small_disk / "state")
    before = store.save(checkpoint())
    (small_disk / "ballast").write_bytes(b"x" * (64 * 1024 - 4 * 4096))
    with (small_disk / "rest").open("wb", buffering=0) as rest, pytest.raises(OSError, match="No space"):
        while True:
            rest.write(b"x" * 512)
    with pytest.raises(StateError, match="No space left"):
        store.save(before)
    assert StateStore(store.folder).latest() == before
    assert [p.name for p in store.folder.iterdir()] == [f"{RUN}.json"]
    (small_disk / "ballast").unlink()
    assert store.save(before).generation == 2


@pytest.mark.row(12)
def test_a_read_only_disk_is_named(small_disk: Path) -> None:
    store = StateStore(small_disk / "state")
    before = store.save(checkpoint())
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(StateError, match=f"{RUN}.*Read-only file system"):
        store.save(before)
    with pytest.raises(StateError, match="Read-only file system"), store.lock():
        pytest.fail("the lock was taken")
    assert StateStore(store.folder).latest() == before


@pytest.mark.row(12)
@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not bind root")
def test_a_read_only_folder_is_named(tmp_path: Path) -> None:
    store = StateStore(tmp_path)
    before = store.save(checkpoint())
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(StateError, match="Permission denied"):
            store.save(before)
        assert StateStore(tmp_path).latest() == before
    finally:
        tmp_path.chmod(0o700)


REWRITE = """
    import signal
    from migration_tool.model import Reject

    def dying(real, number, after):
        seen = itertools.count(1)
        def wrapped(*arguments, **options):
            if next(seen) != number:
                return real(*arguments, **options)
            if after:
                real(*arguments, **options)
            os.kill(os.getpid(), signal.SIGKILL)
        return wrapped

    state = store.latest()
    log = store.reject_log(state)
    for holder, name in ((os, "fsync"), (Path, "replace")):
        if name == {name!r}:
            setattr(holder, name, dying(getattr(holder, name), {number}, {after}))
    log.rewrite([Reject("music_catalog", "Artist", "Artist", (2,), "rule", "reason", {{}}, 1)])
    state = state.with_entities([state.entity("music_catalog", "Artist").retried(items=1)])
    store.save(state.with_rejects(log.size, log.rewrites))
    log.settle()
"""


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("name", ["fsync", "replace"])
def test_a_kill_at_any_step_of_a_rewrite_leaves_a_state_and_the_rejects_it_counts(
    tmp_path: Path, name: str, after: bool
) -> None:
    """Two rows are rejected; one becomes an item. Either account is right, and no other."""
    outcomes = []
    for number in range(1, 20):
        folder = tmp_path / str(number)
        before = two_rejected(StateStore(folder))
        status, _, err = run(folder, REWRITE.format(name=name, number=number, after=after))
        assert status in (0, -9), err
        store = StateStore(folder)
        state = store.latest()
        assert state is not None and store.warnings == []
        entity = state.entity("music_catalog", "Artist")
        assert (entity.items_written, entity.rejected) in ((3, 2), (4, 1))
        for _ in range(2):
            assert len(list(store.rejects(state))) == entity.rejected
            store.reject_log(state)
        names = {path.name for path in folder.iterdir() if not path.name.endswith(".tmp")}
        assert names == {f"{RUN}.json", f"{RUN}.rejects.jsonl"}
        assert state == before or entity.rejected == 1
        outcomes.append(entity.rejected)
        if status == 0:
            break
    assert outcomes == sorted(outcomes, reverse=True)
    assert {1, 2} == set(outcomes) and len(outcomes) > 3


def two_rejected(store: StateStore) -> Checkpoint:
    rejects = [Reject("music_catalog", "Artist", "Artist", (n,), "rule", "reason") for n in (1, 2)]
    size = RejectLog(store.rejects_path(RUN), 0).append(rejects)
    artist = EntityProgress("music_catalog", "Artist", (5,), 5, 5, 3, 2, done=True)
    return store.save(checkpoint(entities=(artist,)).with_rejects(size, 0))
