"""The account of a run: what is done, and the checkpoint that says so durably.

The invariant: a checkpoint holds a position only when every row up to it is acknowledged or durably in the
reject file. The line that would break it is in `Ledger.save`: rejects before checkpoint.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

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


class Ledger:
    """Takes done windows into the account, and saves it when a save is due.

    hold   asked before each save: until when the tables are leased; raises where they no longer are
    saved  the newest checkpoint that is durable
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        store: StateStore,
        loader: Loader,
        watcher: Watcher,
        hold: Callable[[], float | None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.checkpoint = self.saved = checkpoint
        self.rejected = checkpoint.rejected
        self.unsaved = 0
        self._store = store
        self._loader = loader
        self._watcher = watcher
        self._hold = hold
        self._clock = clock
        self._before = checkpoint
        self.forecast = Forecast(clock)
        self._reject_log = RejectLog(store.rejects_path(checkpoint.run_id), checkpoint.rejects_bytes)
        self._rejects: list[Reject] = []
        self._due = self._began = clock()

    @property
    def uncovered(self) -> int:
        """Batches that were sent, or are being sent, and that no checkpoint covers yet."""
        return self._loader.waiting + self.unsaved

    @property
    def rejects_path(self) -> Path:
        return self._reject_log.path

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
        size = self._reject_log.append(self._rejects)
        self._rejects = []
        checkpoint = self.checkpoint.with_rejects(size).with_counters(self._figures()).with_lease(lease)
        self.saved = self._store.save(checkpoint.with_pace(self._pace()).with_flow(self._flow()))
        self.checkpoint = self.saved
        self.unsaved = 0
        now = self._clock()
        self._due = now + min(_LONGEST_PAUSE, max(_SHORTEST_PAUSE, (now - began) * _SAVE_SHARE))
        self._watcher.progress(self.checkpoint)

    def finish(self, lane: Lane) -> None:
        self.checkpoint = self.checkpoint.finish(lane.table, lane.entity)
        self.unsaved += 1

    def _enter(self, window: Window) -> None:
        lane, rejected = window.lane, len(window.rejects)
        before = self.checkpoint.entity(lane.table, lane.entity)
        self.checkpoint = self.checkpoint.advance(
            lane.table,
            lane.entity,
            window.position,
            before.rows_read + window.rows,
            before.items_written + window.rows - rejected,
            before.rejected + rejected,
        )
        told = {"table": lane.table, "entity": lane.entity, "rows": window.rows, "rejected": rejected}
        LOG.debug("rows done", extra={**told, "batches": window.batches})
        self.rejected += rejected
        self._rejects += window.rejects
        self.unsaved += window.batches

    def tune(self, tuning: Tuning) -> None:
        """Says that this is in force; saved, it acknowledges the wish."""
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
        done = checkpoint.items_written + checkpoint.rejected
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
