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

from migration_tool.book import Book
from migration_tool.forecast import Forecast
from migration_tool.state.checkpoint import Checkpoint, Counters, Flow, Pace, Tuning
from migration_tool.state.store import StateStore
from migration_tool.target.batch import Lane, Window
from migration_tool.target.loader import Loader

LOG = logging.getLogger(__name__)
_SAVE_SHARE = 200
"""A save may come when 200 times its own duration has passed: at most 0.5 % of the time goes into saving."""
_SUPPOSED_SECONDS = 0.001
"""Of a save, before one has been timed."""
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.005, 1.0


class Watcher(Protocol):
    """Who is told how far the loading is, and who may ask it to stop."""

    def progress(self, checkpoint: Checkpoint) -> None: ...

    def stopping(self) -> bool: ...


class Ledger:
    """Takes done windows into the account, and saves it when a save is due.

    saved  the newest account that is durable
    hold   asked before each save: until when the tables are leased; raises where they no longer are
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
        self.saved = self._before = checkpoint
        self.unsaved = 0
        self._store = store
        self._loader = loader
        self._watcher = watcher
        self._book = book
        self._hold = hold
        self._clock = clock
        self._tuning = checkpoint.tuning
        self.forecast = Forecast(clock)
        self._began = clock()
        self._due = self._began + _SUPPOSED_SECONDS * _SAVE_SHARE

    @property
    def uncovered(self) -> int:
        """Batches that were sent, or are being sent, and that no checkpoint covers yet."""
        return self._loader.waiting + self.unsaved

    @property
    def over_budget(self) -> bool:
        """Whether more rows are rejected than may be."""
        return self._book.over_budget

    @property
    def account(self) -> Checkpoint:
        """What is done, durable or not."""
        return self._book.account(self.saved)

    def settle(self) -> None:
        """Takes what is done into the account; saves it when a save is due, and once a second in any case."""
        for window in self._loader.done():
            self._enter(window)
        if self._clock() >= (self._due if self.unsaved else self._due + _LONGEST_PAUSE):
            self.save()

    def save(self) -> None:
        """Makes the account durable, then shows it. Raises what `hold` raises, with nothing written."""
        lease = replace(self.saved.lease, until=self._hold())
        began = self._clock()
        account = self._book.store(self.saved).with_lease(lease).with_tuning(self._tuning)
        account = account.with_pace(self._pace(account)).with_flow(self._flow())
        self.saved = self._store.save(account.with_counters(self._figures()))
        self._book.stored()
        self.unsaved = 0
        now = self._clock()
        self._due = now + min(_LONGEST_PAUSE, max(_SHORTEST_PAUSE, (now - began) * _SAVE_SHARE))
        self._watcher.progress(self.saved)

    def finish(self, lane: Lane) -> None:
        self._book.finish(lane)
        self.unsaved += 1

    def _enter(self, window: Window) -> None:
        lane, rejected = window.lane, len(window.rejects)
        self._book.enter(window)
        told = {"table": lane.table, "entity": lane.entity, "rows": window.rows, "rejected": rejected}
        LOG.debug("rows done", extra={**told, "batches": window.batches})
        self.unsaved += window.batches

    def tune(self, tuning: Tuning) -> None:
        """Says that this is in force; saved, it acknowledges the wish."""
        if tuning != self.saved.tuning:
            self._tuning = tuning
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

    def _pace(self, account: Checkpoint) -> Pace:
        done = account.items_written + account.rejected + account.skipped
        self.forecast.record(done)
        found = self.forecast.estimate(account.items_total - done)
        seconds = None if found.seconds_left is None else round(found.seconds_left, 1)
        return Pace(round(found.items_per_second, 1), seconds, found.trend)

    def _flow(self) -> Flow:
        """What the loader says, its sums on top of those of earlier processes."""
        old, new = self._before.flow, self._loader.flow()
        reasons, places = Counter(old.reasons), Counter(old.indexes)
        reasons.update(new.reasons)
        places.update(new.places)
        return Flow(new.allowed, new.limit_wcu, reasons, places, new.note)
