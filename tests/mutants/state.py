"""Mutants of the files that survive: how they are written, read, locked and kept."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

_FILES, _STORE, _BACKUPS = (f"migration_tool/state/{name}.py" for name in ("files", "store", "backups"))
_COPYING = "tests/loading/test_copying.py::"
_OBSTACLES = "tests/state/test_obstacles.py::"

STATE = (
    Mutant(
        "state-not-flushed",
        "a state file is on the disk before it gets its name",
        _FILES,
        "            file.flush()\n            os.fsync(file.fileno())\n        if read_whole",
        "            file.flush()\n        if read_whole",
        (_OBSTACLES + "test_a_save_is_flushed_before_and_after_the_rename",),
    ),
    Mutant(
        "folder-not-flushed",
        "a save is durable when it returns: the name too",
        _FILES,
        "        discard(temporary)\n        raise\n    sync_folder(path.parent)\n",
        "        discard(temporary)\n        raise\n",
        (_OBSTACLES + "test_a_save_is_flushed_before_and_after_the_rename",),
    ),
    Mutant(
        "state-not-read-back",
        "a state file is read back before it replaces the earlier one",
        _FILES,
        "        if read_whole(temporary, len(data)) != data:\n",
        "        if False:\n",
        (_OBSTACLES + "test_a_disk_that_keeps_less_than_it_was_given_is_noticed",),
    ),
    Mutant(
        "state-written-in-place",
        "the earlier state stays whole until the new one is",
        _FILES,
        "        temporary.replace(path)\n",
        "        path.write_bytes(temporary.read_bytes())\n        temporary.unlink()\n",
        (
            _OBSTACLES + "test_a_save_is_flushed_before_and_after_the_rename",
            "tests/state/test_durability.py::test_a_kill_at_any_moment_leaves_the_last_durable_state",
        ),
    ),
    Mutant(
        "checksum-of-state",
        "a state file that is not as it was written is not believed",
        "migration_tool/state/envelope.py",
        "    if written != data:\n",
        "    if False:\n",
        ("tests/state/test_damage.py::test_every_flipped_byte_is_found",),
    ),
    Mutant(
        "backups-in-the-wrong-order",
        "the newest sound backup is the one that is read",
        _BACKUPS,
        "        for number in range(BACKUPS, 1, -1):\n",
        "        for number in range(2, BACKUPS + 1):\n",
        ("tests/state/test_backups.py::test_backups_rotate_at_most_every_five_seconds",),
    ),
    Mutant(
        "backup-of-another-world",
        "a backup that is no way back is dropped",
        _STORE,
        "            self._drop_backups(path)\n            return",
        "            return",
        ("tests/state/test_backups.py::test_backups_that_are_no_way_back_are_dropped",),
    ),
    Mutant(
        "stale-checkpoint-saved",
        "a process that is behind does not overwrite the state",
        _STORE,
        "        if known is not None and known.checkpoint.generation != checkpoint.generation:\n",
        "        if False:\n",
        ("tests/state/test_store.py::test_a_stale_checkpoint_is_not_saved",),
    ),
    Mutant(
        "lock-not-taken",
        "one run at a time works on a state folder",
        "migration_tool/state/lock.py",
        "                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)\n",
        "                fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)\n",
        ("tests/state/test_lock.py::test_a_second_process_is_refused_with_the_name_of_the_first",),
    ),
    Mutant(
        "rejects-not-cut",
        "rejects that no checkpoint knows are written anew, not twice",
        "migration_tool/state/rejects.py",
        "            if found > size:\n                self._cut()\n",
        "            self.size = found\n",
        (
            "tests/state/test_rejects.py::test_what_the_checkpoint_does_not_know_is_cut_off",
            _COPYING + "test_rejects_written_after_the_last_checkpoint_are_not_doubled",
        ),
    ),
    Mutant(
        "rejects-not-flushed",
        "rejected rows are on the disk when the append returns",
        "migration_tool/state/rejects.py",
        "            file.write(data)\n            file.flush()\n            os.fsync(file.fileno())\n",
        "            file.write(data)\n            file.flush()\n",
        ("tests/state/test_rejects.py::test_an_append_is_flushed_to_the_disk",),
    ),
)
