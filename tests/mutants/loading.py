"""Mutants of the way to the table: what counts as acknowledged, and the account of it."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

_ANSWERS, _OUTCOME, _LOADER, _BATCH = (
    f"migration_tool/target/{name}.py" for name in ("answers", "outcome", "loader", "batch")
)
_LEDGER, _BOOK, _LOOP = (f"migration_tool/{name}.py" for name in ("ledger", "book", "copying"))
_PROGRESS = "migration_tool/state/progress.py"
_CLASSIFYING = "tests/target/test_answers.py::"
_LOADING = "tests/loading/test_loader.py::"
_COPYING = "tests/loading/test_copying.py::"

ACKNOWLEDGEMENT = (
    Mutant(
        "answer-without-its-key",
        "an HTTP 200 without the key that proves it is no acknowledgement",
        _ANSWERS,
        "        if type(body.get(key)) is not wanted:\n",
        "        if body.setdefault(key, {}) is None:\n",
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
        _OUTCOME,
        "    return [entry for key, entry in sent.items() if key in keys]\n",
        "    return []\n",
        (_LOADING + "test_a_random_subset_unprocessed_is_sent_again_and_only_that",),
    ),
    Mutant(
        "unprocessed-of-another-request",
        "an answer that gives back what was not sent proves nothing",
        _OUTCOME,
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
        "        self._queue_parts(queue, (entries[:middle], entries[middle:]))\n",
        "        self._queue_parts(queue, (entries[:middle],))\n",
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

ACCOUNT = (
    Mutant(
        "watermark-last-acknowledged",
        "a checkpoint never passes a row that is not stored or durably rejected",
        _BATCH,
        "            while lane and not lane[0].open:\n"
        "                self.waiting -= lane[0].batches\n"
        "                yield lane.popleft()\n",
        "            for window in [window for window in lane if not window.open]:\n"
        "                self.waiting -= window.batches\n"
        "                lane.remove(window)\n"
        "                yield window\n",
        (_LOADING + "test_the_watermark_never_passes_an_open_batch",),
    ),
    Mutant(
        "position-of-another-row",
        "the position of a window is that of its last row",
        _BATCH,
        "        return self.chunk.position(-1)\n",
        "        return self.chunk.position(0)\n",
        ("tests/test_batches.py::test_every_row_of_a_window_is_an_item_or_a_reject",),
    ),
    Mutant(
        "reject-forgotten",
        "a rejected row goes into the reject file",
        _BATCH,
        "        self.rejects.append(reject)\n",
        "",
        ("tests/test_batches.py::test_a_reject_says_what_and_why",),
    ),
    Mutant(
        "chunks-not-waited-for",
        "a row is done when all that belongs to its item is stored",
        "migration_tool/batches.py",
        "    window.open += len(pairs) - len(items)\n",
        "",
        ("tests/test_batches.py::test_chunk_items_go_with_their_rows_and_no_request_is_too_long",),
    ),
    Mutant(
        "one-key-twice-in-a-window",
        "two rows with one key are an error, not one item",
        "migration_tool/batches.py",
        "        if len(keys) < count:\n",
        "        if False:\n",
        ("tests/test_batches.py::test_two_rows_of_a_window_with_one_key_are_named",),
    ),
    Mutant(
        "end-by-the-count",
        "only rows that do not come say that a table has ended",
        "migration_tool/batches.py",
        "        self.left -= len(chunk)\n",
        "        self.left -= len(chunk)\n        self.ending = self.left <= 0\n",
        ("tests/test_batches.py::test_the_count_of_rows_is_no_end_of_data",),
    ),
    Mutant(
        "reject-not-counted",
        "a rejected row counts against the budget and in the account",
        _BOOK,
        "advance(window.position, window.rows, rejected, window.skipped)",
        "advance(window.position, window.rows, 0, window.skipped)",
        (_COPYING + "test_within_the_budget_rejects_are_counted_and_the_account_adds_up",),
    ),
    Mutant(
        "reject-counted-as-written",
        "a rejected row is not a written one",
        _PROGRESS,
        "            self.items_written + rows - rejected - skipped,",
        "            self.items_written + rows - skipped,",
        (_COPYING + "test_within_the_budget_rejects_are_counted_and_the_account_adds_up",),
    ),
    Mutant(
        "rejects-after-the-checkpoint",
        "rejected rows are durable before a checkpoint passes them",
        _LEDGER,
        "        account = self._book.store(self.saved)",
        "        self.saved = self._store.save(self.account)\n        account = self._book.store(self.saved)",
        (_COPYING + "test_where_a_reject_cannot_be_written_the_saved_place_is_before_its_row",),
    ),
    Mutant(
        "lease-not-asked-for",
        "a run that lost its lease saves nothing more",
        _LEDGER,
        "        lease = replace(self.saved.lease, until=self._hold())\n",
        "        lease = replace(self.saved.lease, until=None)\n",
        (_COPYING + "test_a_run_that_lost_its_lease_saves_nothing_more",),
    ),
    Mutant(
        "budget-ignored",
        "more rejected rows than allowed end the run",
        _BOOK,
        "        return self._may_be_rejected < 0\n",
        "        return self._may_be_rejected < -1\n",
        (_COPYING + "test_the_first_reject_stops_the_run_by_default",),
    ),
    Mutant(
        "early-end-is-an-end",
        "the end of the rows is the end of the table",
        _BOOK,
        "        if progress.unread:\n",
        "        if progress.unread < 0:\n",
        (_COPYING + "test_fewer_rows_than_counted_is_never_done",),
    ),
    Mutant(
        "no-bound-on-what-is-sent-again",
        "a resume sends again at most the window",
        _LOOP,
        "        while self._ledger.uncovered >= self._settings.in_flight:\n",
        "        while self._ledger.uncovered >= 4 * self._settings.in_flight:\n",
        (_COPYING + "test_the_window_bounds_what_is_sent_and_not_yet_saved",),
    ),
    Mutant(
        "last-save-forgotten",
        "what is acknowledged when a run breaks down is saved",
        _LOOP,
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
        _PROGRESS,
        "        fault = later.fault() or later.fault_after(self)\n",
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
