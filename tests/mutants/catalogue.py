"""The mutants: for each guarantee that keeps a row from being lost, a way to break it."""

from __future__ import annotations

from collections.abc import Sequence

from tests.mutants.mutant import Mutant

_ANSWERS, _LOADER, _LEDGER = (
    f"migration_tool/{name}.py" for name in ("target/answers", "target/loader", "ledger")
)
_FILES, _STORE = (f"migration_tool/state/{name}.py" for name in ("files", "store"))
_CLASSIFYING = "tests/target/test_answers.py::"
_LOADING = "tests/loading/test_loader.py::"
_COPYING = "tests/loading/test_copying.py::"
_OBSTACLES = "tests/state/test_obstacles.py::"
_COMPARING = "tests/verify/test_compare.py::"

_ACKNOWLEDGEMENT = (
    Mutant(
        "answer-without-its-key",
        "an HTTP 200 without the key that proves it is no acknowledgement",
        _ANSWERS,
        "    if not isinstance(body.get(required), list if required in _LISTS else dict):\n",
        "    if body.setdefault(required, {}) is None:\n",
        (_CLASSIFYING + "test_a_200_without_its_key_proves_nothing",),
    ),
    Mutant(
        "checksum-of-answer",
        "an answer that does not agree with its checksum is no acknowledgement",
        _ANSWERS,
        "    if not answer.crc_ok:\n",
        "    if False:\n",
        (_CLASSIFYING + "test_a_damaged_answer_proves_nothing",),
    ),
    Mutant(
        "server-fault-is-the-rows",
        "no row is rejected because a server is in trouble",
        _ANSWERS,
        "        return known if known and known in _FROM_SERVER_FAULT else Reaction.TRANSIENT\n",
        "        return known or Reaction.ROW\n",
        (
            _CLASSIFYING + "test_a_server_fault_is_never_the_rows_or_the_configurations",
            _LOADING + "test_endless_trouble_stops_resumably_and_rejects_nothing",
        ),
    ),
    Mutant(
        "unprocessed-ignored",
        "an item that comes back unprocessed is not written",
        _LOADER,
        "    return [entry for key, entry in sent.items() if key in keys]\n",
        "    return []\n",
        (_LOADING + "test_a_random_subset_unprocessed_is_sent_again_and_only_that",),
    ),
    Mutant(
        "unprocessed-of-another-request",
        "an answer that gives back what was not sent proves nothing",
        _LOADER,
        "    if len(tables) > 1 or not isinstance(returned, list) or not keys <= sent.keys():\n",
        "    if len(tables) > 1 or not isinstance(returned, list):\n",
        (_LOADING + "test_an_answer_about_another_request_proves_nothing",),
    ),
    Mutant(
        "unprocessed-not-sent-again",
        "what comes back unprocessed is sent again",
        _LOADER,
        "        queue.refused(send, left)\n",
        "        queue.refused(send, left[1:])\n",
        (
            _LOADING + "test_a_random_subset_unprocessed_is_sent_again_and_only_that",
            _LOADING + "test_a_request_in_trouble_is_never_counted_and_is_sent_again",
        ),
    ),
    Mutant(
        "retry-forgotten",
        "a request of which nothing is known is sent again",
        _LOADER,
        "        heapq.heappush(self._delayed, (now + delay, next(self._order), send))\n",
        "        send.stored()\n",
        (_LOADING + "test_a_request_in_trouble_is_never_counted_and_is_sent_again",),
    ),
    Mutant(
        "bisection-loses-a-half",
        "both halves of a refused request are tried",
        _LOADER,
        "        for part in (entries[:middle], entries[middle:]):\n",
        "        for part in (entries[:middle],):\n",
        (_LOADING + "test_a_poison_row_is_found_by_bisection",),
    ),
    Mutant(
        "bisection-rejects-all",
        "only the row at fault is rejected",
        _LOADER,
        "        middle = len(entries) // 2\n",
        "        for batch, n in entries:\n"
        "            batch.window.reject(batch.places[n], verdict.code, verdict.message, send.attempts)\n"
        "        return\n"
        "        middle = len(entries) // 2\n",
        (_LOADING + "test_a_poison_row_is_found_by_bisection",),
    ),
)

_ACCOUNT = (
    Mutant(
        "reject-not-counted",
        "a rejected row counts against the budget and in the account",
        _LEDGER,
        "            before.rejected + rejected,\n",
        "            before.rejected,\n",
        (_COPYING + "test_within_the_budget_rejects_are_counted_and_the_account_adds_up",),
    ),
    Mutant(
        "reject-counted-as-written",
        "a rejected row is not a written one",
        _LEDGER,
        "            before.items_written + window.rows - rejected,\n",
        "            before.items_written + window.rows,\n",
        (_COPYING + "test_within_the_budget_rejects_are_counted_and_the_account_adds_up",),
    ),
    Mutant(
        "rejects-after-the-checkpoint",
        "rejected rows are durable before a checkpoint passes them",
        _LEDGER,
        "        size = self._reject_log.append(self._rejects)\n        self._rejects = []\n",
        "        size, rejects, self._rejects = self._reject_log.size, self._rejects, []\n"
        "        self._store.save(self.checkpoint)\n"
        "        self._reject_log.append(rejects)\n",
        (_COPYING + "test_within_the_budget_rejects_are_counted_and_the_account_adds_up",),
    ),
    Mutant(
        "budget-ignored",
        "more rejected rows than allowed end the run",
        "migration_tool/copying.py",
        "        if self._ledger.rejected > budget:\n",
        "        if self._ledger.rejected > budget + 1:\n",
        (_COPYING + "test_the_first_reject_stops_the_run_by_default",),
    ),
    Mutant(
        "early-end-is-an-end",
        "the end of the rows is the end of the table",
        "migration_tool/copying.py",
        "        if progress.rows_read != progress.rows_total:\n",
        "        if progress.rows_read > progress.rows_total:\n",
        (_COPYING + "test_fewer_rows_than_counted_is_never_done",),
    ),
    Mutant(
        "no-bound-on-what-is-sent-again",
        "a resume sends again at most the window",
        "migration_tool/copying.py",
        "        while self._ledger.uncovered >= self._settings.in_flight:\n",
        "        while self._ledger.uncovered >= 4 * self._settings.in_flight:\n",
        (_COPYING + "test_the_window_bounds_what_is_sent_and_not_yet_saved",),
    ),
    Mutant(
        "last-save-forgotten",
        "what is acknowledged when a run breaks down is saved",
        "migration_tool/copying.py",
        "        finally:\n            self._ledger.settle()\n            self._ledger.save()\n",
        "        finally:\n            self._ledger.settle()\n",
        (
            _COPYING + "test_all_rows_arrive_and_the_last_save_says_so",
            _COPYING + "test_a_breakdown_saves_what_was_acknowledged",
        ),
    ),
    Mutant(
        "checkpoint-goes-back",
        "a newer checkpoint never holds a lower figure",
        "migration_tool/state/checkpoint.py",
        "        fault = later.fault() or later.fault_after(earlier)\n",
        "        fault = later.fault()\n",
        ("tests/state/test_checkpoint.py::test_a_checkpoint_never_goes_backwards",),
    ),
    Mutant(
        "completed-too-early",
        "a run is complete only when every entity is done",
        "migration_tool/state/checkpoint.py",
        "not (names and all(e.done for e in self.entities)):\n",
        "not (names and any(e.done for e in self.entities)):\n",
        ("tests/state/test_checkpoint.py::test_completed_needs_every_entity_done",),
    ),
)

_STATE = (
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
        "    if seal(checkpoint, version) != data:\n",
        "    if False:\n",
        ("tests/state/test_damage.py::test_every_flipped_byte_is_found",),
    ),
    Mutant(
        "backups-in-the-wrong-order",
        "the newest sound backup is the one that is read",
        _STORE,
        "            for number in range(BACKUPS, 1, -1):\n",
        "            for number in range(2, BACKUPS + 1):\n",
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

_WORLD = (
    Mutant(
        "log-not-fingerprinted",
        "a commit that only the write-ahead log holds is a change",
        "migration_tool/source/snapshot.py",
        "            _hash_into(digest, log)\n",
        "            pass\n",
        (
            "tests/source/test_snapshot.py::test_a_commit_that_is_only_in_the_wal_is_noticed",
            "tests/resume/test_changed_world.py::test_a_commit_that_only_the_write_ahead_log_holds_is_noticed",
        ),
    ),
    Mutant(
        "changed-rows-accepted",
        "a run does not go on with rows that have changed",
        "migration_tool/world.py",
        '    elif now["content"] != known["content"] and not _copy_is_current(config, checkpoint):\n',
        "    elif False:\n",
        (
            "tests/resume/test_changed_world.py::test_a_changed_source_is_refused_and_the_copy_still_completes_the_run",
        ),
    ),
    Mutant(
        "table-of-the-same-name",
        "a table that was dropped and made anew is another one",
        "migration_tool/world.py",
        "    if now == known:\n",
        "    if now and now.name == known.name:\n",
        ("tests/resume/test_changed_world.py::test_a_table_that_was_dropped_is_refused_then_loaded_again",),
    ),
    Mutant(
        "changed-design-accepted",
        "a run does not go on with another design",
        "migration_tool/world.py",
        "        if find_design(config, name).fingerprint != known:\n",
        "        if False:\n",
        ("tests/resume/test_changed_world.py::test_a_changed_design_is_refused_then_loaded_again",),
    ),
    Mutant(
        "damage-not-looked-for",
        "a damaged source is refused before the first write",
        "migration_tool/source/sqlite.py",
        '    return [problem for problem in found if problem != "ok"]\n',
        "    return []\n",
        (
            "tests/source/test_connection.py::test_what_quick_check_finds_is_said",
            "tests/source/test_connection.py::test_a_primary_key_out_of_order_is_damage",
        ),
    ),
)

_COMPARISON = (
    Mutant(
        "missing-not-counted",
        "a row without its item is a difference",
        "migration_tool/verify/pairing.py",
        "        self.missing_count[_entity(record)] += 1\n",
        "",
        (_COMPARING + "test_one_changed_one_deleted_one_added_are_named",),
    ),
    Mutant(
        "extra-not-counted",
        "an item that no row gives is a difference",
        "migration_tool/verify/pairing.py",
        "        self.extra_count[_entity(record)] += 1\n",
        "",
        (_COMPARING + "test_one_changed_one_deleted_one_added_are_named",),
    ),
    Mutant(
        "different-not-counted",
        "an item with another value is a difference",
        "migration_tool/verify/pairing.py",
        "        self.different_count[_entity(record)] += 1\n",
        "",
        (_COMPARING + "test_one_changed_one_deleted_one_added_are_named",),
    ),
    Mutant(
        "sums-of-keys-only",
        "the sums are of whole items, not of their keys",
        "migration_tool/verify/tallies.py",
        "        self._difference += _sum(text.encode() for _, _, text in items)\n",
        "        self._difference += _sum(text[:1].encode() for _, _, text in items)\n",
        (_COMPARING + "test_equal_sides_are_read_once_and_keep_nothing",),
    ),
    Mutant(
        "sums-ignore-how-often",
        "an item that is there twice is not one",
        "migration_tool/verify/tallies.py",
        "    return sum([int.from_bytes(blake2b(text).digest()) for text in texts])\n",
        "    return sum({int.from_bytes(blake2b(text).digest()) for text in texts})\n",
        ("tests/verify/test_tallies.py::test_sums_are_equal_where_every_item_is_there_equally_often",),
    ),
    Mutant(
        "sums-although-keys-may-collide",
        "two rows with one item are not hidden by a scan that gives it twice",
        "migration_tool/verify/compare.py",
        "        if proof(self.compiled):\n            return None\n",
        "",
        (_COMPARING + "test_two_rows_with_one_item_are_not_hidden_by_a_scan_that_gives_it_twice",),
    ),
    Mutant(
        "scan-ends-with-its-first-page",
        "a scan ends only where an answer says so",
        "migration_tool/target/reader.py",
        '            if start := page.get("LastEvaluatedKey"):\n                ask(segment, start)\n',
        "",
        ("tests/target/test_reader.py::test_a_scan_follows_each_segment_to_its_end_over_empty_pages",),
    ),
    Mutant(
        "share-of-a-lost-helper",
        "what a reader that was killed had begun is read again",
        "migration_tool/verify/readers.py",
        "        self._left += [helper.share] if helper.share else []\n",
        "",
        ("tests/verify/test_readers.py::test_what_a_killed_helper_had_begun_is_read_again",),
    ),
    Mutant(
        "collisions-not-counted",
        "rows that share a key are found before the first write",
        "migration_tool/verify/collisions.py",
        "                count += more\n",
        "",
        ("tests/verify/test_collisions.py::test_rows_that_share_a_key_are_named",),
    ),
    Mutant(
        "any-column-is-unique",
        "a design is proved only by a whole unique key of its table",
        "migration_tool/design/uniqueness.py",
        "    if any(set(key) <= readable for key in unique):\n",
        "    if any(set(key) & readable for key in unique):\n",
        ("tests/verify/test_uniqueness.py",),
    ),
    Mutant(
        "differences-are-no-failure",
        "complete means compared: a difference is not completion",
        "migration_tool/run.py",
        "        if not report.ok:\n",
        "        if False:\n",
        (),
    ),
)

MUTANTS: Sequence[Mutant] = (*_ACKNOWLEDGEMENT, *_ACCOUNT, *_STATE, *_WORLD, *_COMPARISON)
