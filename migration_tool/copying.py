"""The one copy loop, for `migrate` and for `resume`: rows → batches → table → watermark → checkpoint.

The invariant: a checkpoint holds a position only when every row up to it is acknowledged or durably in the
reject file. The line that would break it is in `Ledger.save`: rejects before checkpoint.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from migration_tool.batches import batches
from migration_tool.config import Config
from migration_tool.errors import Interrupted, SourceError, TooManyRejects
from migration_tool.job import Bound
from migration_tool.model import Reject
from migration_tool.source.sqlite import SqliteSource
from migration_tool.state.checkpoint import Checkpoint, Counters
from migration_tool.state.rejects import RejectLog
from migration_tool.state.store import StateStore
from migration_tool.target.batch import Batch, Lane
from migration_tool.target.loader import Loader

LOG = logging.getLogger(__name__)
_SAVE_SHARE = 40
"""A save may come when 40 times its own duration has passed: at most 2.5 % of the time goes into saving."""
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.005, 1.0


class Watcher(Protocol):
    """Who is told how far the loading is, and who may ask it to stop."""

    def progress(self, checkpoint: Checkpoint) -> None: ...

    def stopping(self) -> bool: ...


class Ledger:
    """The account of a run: what batches are done, and the checkpoint that says so durably."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        store: StateStore,
        loader: Loader,
        watcher: Watcher,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.checkpoint = checkpoint
        self.rejected = checkpoint.rejected
        self._store = store
        self._loader = loader
        self._watcher = watcher
        self._clock = clock
        self._counters = checkpoint.counters
        self._reject_log = RejectLog(store.rejects_path(checkpoint.run_id), checkpoint.rejects_bytes)
        self._rejects: list[Reject] = []
        self._unsaved = 0
        self._due = self._began = clock()

    @property
    def uncovered(self) -> int:
        """Batches that were sent, or are being sent, and that no checkpoint covers yet."""
        return self._loader.waiting + self._unsaved

    @property
    def rejects_path(self) -> Path:
        return self._reject_log.path

    def settle(self) -> None:
        """Takes what is done into the account; saves it when a save is due."""
        for batch in self._loader.done():
            self._enter(batch)
        if self._unsaved and self._clock() >= self._due:
            self.save()

    def save(self) -> None:
        """Makes the account durable, then shows it."""
        began = self._clock()
        size = self._reject_log.append(self._rejects)
        self._rejects = []
        checkpoint = self.checkpoint.with_rejects(size).with_counters(self._figures())
        self.checkpoint = self._store.save(checkpoint)
        self._unsaved = 0
        now = self._clock()
        self._due = now + min(_LONGEST_PAUSE, max(_SHORTEST_PAUSE, (now - began) * _SAVE_SHARE))
        self._watcher.progress(self.checkpoint)

    def finish(self, lane: Lane) -> None:
        self.checkpoint = self.checkpoint.finish(lane.table, lane.entity)
        self._unsaved += 1

    def _enter(self, batch: Batch) -> None:
        lane = batch.lane
        before = self.checkpoint.entity(lane.table, lane.entity)
        self.checkpoint = self.checkpoint.advance(
            lane.table,
            lane.entity,
            batch.position,
            before.rows_read + batch.rows,
            before.items_written + len(batch.items) - batch.rejected_items,
            before.rejected + len(batch.rejects),
        )
        LOG.debug(
            "batch done",
            extra={
                "table": lane.table,
                "entity": lane.entity,
                "batch": batch.number,
                "items": len(batch.items),
                "rejected": len(batch.rejects),
            },
        )
        self.rejected += len(batch.rejects)
        self._rejects += batch.rejects
        self._unsaved += 1

    def _figures(self) -> Counters:
        """The figures of earlier processes of this run plus those of this one."""
        old, new = self._counters, self._loader.figures
        return replace(
            old,
            requests=old.requests + new.requests,
            batches=old.batches + new.batches,
            retries=old.retries + new.retries,
            throttles=old.throttles + new.throttles,
            resent_items=old.resent_items + new.resent_items,
            wcu=round(old.wcu + new.wcu, 1),
            loading_seconds=round(old.loading_seconds + self._clock() - self._began, 3),
        )


class Copy:
    """Loads every entity that is not done yet. `ledger.checkpoint` says how far, whatever happens."""

    def __init__(
        self, config: Config, source: SqliteSource, loader: Loader, ledger: Ledger, watcher: Watcher
    ) -> None:
        self._config = config
        self._source = source
        self._loader = loader
        self._ledger = ledger
        self._watcher = watcher

    def run(self, tables: Sequence[Bound]) -> None:
        """Returns when every row is stored or rejected within the budget.

        Raises Interrupted, TooManyRejects, Stopped, TargetError, SourceError, StateError; what is
        acknowledged by then is saved first.
        """
        try:
            self._over_budget()
            for lane, stream in self._lanes(tables):
                self._load(lane, stream)
        finally:
            self._ledger.settle()
            self._ledger.save()

    def _lanes(self, tables: Sequence[Bound]) -> Iterator[tuple[Lane, Iterator[Batch]]]:
        for bound in tables:
            for entity in bound.compiled.entities:
                progress = self._ledger.checkpoint.entity(bound.name, entity.name)
                if progress.done:
                    continue
                keys, table = bound.compiled.design.keys, entity.table.name
                lane = Lane(bound.name, entity.name, bound.table_name, keys, table, entity.labels)
                rows = self._source.rows(entity.read, progress.position)
                yield lane, batches(lane, rows, entity.item, self._config.batch_size)

    def _load(self, lane: Lane, stream: Iterator[Batch]) -> None:
        """One entity, to its last row and its last acknowledgement."""
        for batch in stream:
            self._make_room()
            self._loader.submit(batch)
            self._loader.pump(0)
            self._ledger.settle()
            self._check()
        while not self._loader.finished(lane):
            self._turn()
        self._require_all_rows(lane)
        self._ledger.finish(lane)
        LOG.info("entity loaded", extra={"table": lane.table, "entity": lane.entity})

    def _make_room(self) -> None:
        """Waits until a batch can leave at once and the window has place for it."""
        while not self._loader.ready:
            self._turn()
        while self._ledger.uncovered >= self._config.settings.in_flight:
            self._ledger.save()
            self._turn()

    def _turn(self) -> None:
        self._loader.pump()
        self._ledger.settle()
        self._check()

    def _check(self) -> None:
        if self._watcher.stopping():
            self._drain()
            raise Interrupted(
                "finish the migration",
                self._ledger.checkpoint.run_id,
                "you stopped it; its place is saved",
                "Run `migrate.py resume` to go on.",
            )
        self._over_budget()

    def _over_budget(self) -> None:
        budget = self._config.settings.max_rejects
        if self._ledger.rejected > budget:
            self._drain()
            raise TooManyRejects(
                "finish the migration",
                self._ledger.checkpoint.run_id,
                f"{self._ledger.rejected} rows were rejected, the budget (max_rejects) is {budget}",
                f"See {self._ledger.rejects_path}. Mend the rows and `migrate.py migrate --force`, "
                "or raise migration_settings.max_rejects and `migrate.py resume`.",
            )

    def _drain(self) -> None:
        """Lets what is on its way arrive, for at most one request's time."""
        until = time.monotonic() + self._config.settings.timeout
        while not self._loader.idle and time.monotonic() < until:
            self._loader.pump()
            self._ledger.settle()

    def _require_all_rows(self, lane: Lane) -> None:
        """The end of the rows must be the end of the table: an unread row is never "done"."""
        progress = self._ledger.checkpoint.entity(lane.table, lane.entity)
        if progress.rows_read != progress.rows_total:
            raise SourceError(
                "read the whole table", lane.source_table,
                f"{progress.rows_read:,} rows were read, {progress.rows_total:,} were counted",
                "Check the database with `sqlite3 DB 'PRAGMA integrity_check'`, then begin anew with "
                "`migrate.py migrate --force`.",
            )  # fmt: skip
