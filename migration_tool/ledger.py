"""The account of a run: what is done, and the checkpoint that says so durably.

The invariant: a checkpoint holds a position only when every row up to it is acknowledged or durably in the
reject file. The line that would break it is in `Ledger.save`: rejects before checkpoint. Where a save fails,
`saved` is what holds: the account in memory may speak of rejects that are nowhere.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from migration_tool.errors import SourceError
from migration_tool.forecast import Forecast
from migration_tool.model import Reject
from migration_tool.state.checkpoint import Checkpoint, Counters, Flow, Pace, Tuning
from migration_tool.state.rejects import RejectLog
from migration_tool.state.store import StateStore
from migration_tool.target.batch import Lane, Window
from migration_tool.target.loader import Loader

LOG = logging.getLogger(__name__)
_SAVE_SHARE = 200
"""A save may come when 200 times its own duration has passed: at most 0.5 % of the time goes into saving."""
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.005, 1.0


class Watcher(Protocol):
    """Who is told how far the loading is, and who may ask it to stop."""

    def progress(self, checkpoint: Checkpoint) -> None: ...

    def stopping(self) -> bool: ...


class Book(Protocol):
    """How windows that are done change the account, and where rejected rows are kept meanwhile."""

    def enter(self, checkpoint: Checkpoint, window: Window) -> Checkpoint: ...

    def finish(self, checkpoint: Checkpoint, lane: Lane) -> Checkpoint:
        """With every row of the lane in the account. Raises SourceError where one is not."""

    def over_budget(self, checkpoint: Checkpoint) -> bool: ...

    def store(self, checkpoint: Checkpoint) -> Checkpoint:
        """Makes the rejected rows durable; what is returned has to be saved next. Raises StateError."""

    def stored(self) -> None:
        """What `store` returned is saved. Raises StateError."""


class Reading:
    """The book of rows that are read for the first time, of which `most` may be rejected."""

    def __init__(self, log: RejectLog, most: int) -> None:
        self._log = log
        self._most = most
        self._rejects: list[Reject] = []

    def enter(self, checkpoint: Checkpoint, window: Window) -> Checkpoint:
        lane, rejected = window.lane, len(window.rejects)
        before = checkpoint.entity(lane.table, lane.entity)
        self._rejects += window.rejects
        return checkpoint.advance(
            lane.table,
            lane.entity,
            window.position,
            before.rows_read + window.rows,
            before.items_written + window.rows - rejected - window.skipped,
            before.rejected + rejected,
            before.skipped + window.skipped,
        )

    def finish(self, checkpoint: Checkpoint, lane: Lane) -> Checkpoint:
        """The end of the rows must be the end of the table: an unread row is never "done"."""
        progress = checkpoint.entity(lane.table, lane.entity)
        if progress.rows_read != progress.rows_total:
            raise SourceError(
                "read the whole table", lane.source_table,
                f"{progress.rows_read:,} rows were read, {progress.rows_total:,} were counted",
                "Check the database with `sqlite3 DB 'PRAGMA integrity_check'`, then begin anew with "
                "`migrate.py migrate --force`.",
            )  # fmt: skip
        return checkpoint.finish(lane.table, lane.entity)

    def over_budget(self, checkpoint: Checkpoint) -> bool:
        return checkpoint.rejected > self._most

    def store(self, checkpoint: Checkpoint) -> Checkpoint:
        size = self._log.append(self._rejects)
        self._rejects = []
        return checkpoint.with_rejects(size, self._log.rewrites)

    def stored(self) -> None: ...


class Ledger:
    """Takes done windows into the account, and saves it when a save is due.

    checkpoint  the account as it is now
    saved       the newest one that is durable
    hold        asked before each save: until when the tables are leased; raises where they no longer are
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        store: StateStore,
        loader: Loader,
        watcher: Watcher,
        book: Book,
        hold: Callable[[], float | None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.checkpoint = self.saved = checkpoint
        self.unsaved = 0
        self._store = store
        self._loader = loader
        self._watcher = watcher
        self._book = book
        self._hold = hold
        self._clock = clock
        self._before = checkpoint
        self.forecast = Forecast(clock)
        self._due = self._began = clock()

    @property
    def uncovered(self) -> int:
        """Batches that were sent, or are being sent, and that no checkpoint covers yet."""
        return self._loader.waiting + self.unsaved

    @property
    def over_budget(self) -> bool:
        """Whether more rows are rejected than may be."""
        return self._book.over_budget(self.checkpoint)

    def settle(self) -> None:
        """Takes what is done into the account; saves it when a save is due, and once a second in any case."""
        for window in self._loader.done():
            self._enter(window)
        if self._clock() >= (self._due if self.unsaved else self._due + _LONGEST_PAUSE):
            self.save()

    def save(self) -> None:
        """Makes the account durable, then shows it. Raises what `hold` raises, with nothing written."""
        lease = replace(self.checkpoint.lease, until=self._hold())
        began = self._clock()
        checkpoint = self._book.store(self.checkpoint).with_counters(self._figures()).with_lease(lease)
        self.saved = self._store.save(checkpoint.with_pace(self._pace()).with_flow(self._flow()))
        self.checkpoint = self.saved
        self._book.stored()
        self.unsaved = 0
        now = self._clock()
        self._due = now + min(_LONGEST_PAUSE, max(_SHORTEST_PAUSE, (now - began) * _SAVE_SHARE))
        self._watcher.progress(self.checkpoint)

    def finish(self, lane: Lane) -> None:
        self.checkpoint = self._book.finish(self.checkpoint, lane)
        self.unsaved += 1

    def _enter(self, window: Window) -> None:
        lane, rejected = window.lane, len(window.rejects)
        self.checkpoint = self._book.enter(self.checkpoint, window)
        told = {"table": lane.table, "entity": lane.entity, "rows": window.rows, "rejected": rejected}
        LOG.debug("rows done", extra={**told, "batches": window.batches})
        self.unsaved += window.batches

    def tune(self, tuning: Tuning) -> None:
        """Says that this is in force; saved, it acknowledges the wish."""
        if tuning != self.saved.tuning:
            self.checkpoint = self.checkpoint.with_tuning(tuning)
            self.save()

    def _figures(self) -> Counters:
        """The figures of earlier processes of this run plus those of this one."""
        old, new = self._before.counters, self._loader.figures
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

    def _pace(self) -> Pace:
        checkpoint = self.checkpoint
        done = checkpoint.items_written + checkpoint.rejected + checkpoint.skipped
        self.forecast.record(done)
        found = self.forecast.estimate(checkpoint.items_total - done)
        seconds = None if found.seconds_left is None else round(found.seconds_left, 1)
        return Pace(round(found.items_per_second, 1), seconds, found.trend)

    def _flow(self) -> Flow:
        """What the loader says, its sums on top of those of earlier processes."""
        old, new = self._before.flow, self._loader.flow()
        reasons, places = Counter(old.reasons), Counter(old.indexes)
        reasons.update(new.reasons)
        places.update(new.places)
        return Flow(new.allowed, new.limit_wcu, reasons, places, new.note)
