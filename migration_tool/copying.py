"""The one copy loop of all commands that load: rows → batches → table → watermark → checkpoint."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import orjson

from migration_tool.batches import FEW, Mixer, Supply
from migration_tool.budget import Budget
from migration_tool.config import Config
from migration_tool.errors import Interrupted, Stopped, TooManyRejects
from migration_tool.interpreter import no_search_for_cycles, quick_handover
from migration_tool.ledger import Ledger, Watcher
from migration_tool.state.checkpoint import Checkpoint
from migration_tool.steering import Steering
from migration_tool.target.batch import Lane
from migration_tool.target.loader import Loader
from migration_tool.target.objects import Objects
from migration_tool.target.outbox import Outbox

LOG = logging.getLogger(__name__)
_ROUNDS_IN_FLIGHT = 32
"""A round is the least that a checkpoint covers. In fewer of them rows would wait for slower requests, and
would have left the processor's cache before they are sent; and memory that is new costs 3 us for 4 KB."""
_ROUND_BYTES = 8 << 20
"""Of the items of a round, by the size of those before: rows are in memory several times."""
_BATCHES_PER_TURN = 16
"""How often the network has a look-in while rows become batches: every millisecond or two."""
_PATIENCE_SECONDS = 0.5
_GRACE_SECONDS = 2.0
_PAUSED_SECONDS = 0.1


@contextmanager
def enough_memory(run_id: str) -> Iterator[None]:
    """Turns a lack of memory into a stop: what was acknowledged is saved, and smaller steps need less."""
    try:
        yield
    except (MemoryError, orjson.JSONDecodeError) as error:
        if not isinstance(error, MemoryError) and "Not enough memory" not in str(error):
            raise
        raise Stopped(
            "finish the migration", run_id, "there is not enough memory for so many rows at a time",
            "Lower migration_settings.in_flight and connections, or batch_size; then `migrate.py resume`.",
        ) from error  # fmt: skip


class Copy:
    """Loads all rows of some supplies. `ledger.saved` says how far, whatever happens.

    objects  where what leaves items of over 400 KB goes; None where no design sends it there
    """

    def __init__(
        self,
        config: Config,
        loader: Loader,
        ledger: Ledger,
        watcher: Watcher,
        steering: Steering,
        objects: Objects | None = None,
    ) -> None:
        self._config = config
        self._settings = config.settings
        self._loader = loader
        self._ledger = ledger
        self._watcher = watcher
        self._steering = steering
        self._outbox = Outbox(objects, lambda: self._turn(0)) if objects else None
        self._stop_by: float | None = None

    def run(self, supplies: Sequence[Supply]) -> None:
        """Returns when every row is stored or rejected within the budget.

        Raises Interrupted, TooManyRejects, Stopped, TargetError, SourceError, StateError; what is
        acknowledged by then is saved first.
        """
        through = self._outbox.through if self._outbox else iter
        mixer = Mixer(supplies, self._config.batch_size, self._round, through)
        try:
            self._over_budget()
            self._follow()
            with no_search_for_cycles(), quick_handover():
                self._load(mixer, list(supplies))
        finally:
            self._ledger.settle()
            self._ledger.save()

    def _load(self, mixer: Mixer, supplies: list[Supply]) -> None:
        """All entities, to their last row and their last acknowledgement."""
        for number, batch in enumerate(mixer):
            self._make_room(batch.window.lane)
            self._loader.submit(batch)
            if number % _BATCHES_PER_TURN == 0:
                self._turn(0)
                self._finish(supplies)
            if self._stop_by:
                mixer.end_after_round()
        while supplies and not self._asked_to_stop():
            self._turn()
            self._finish(supplies)
        if supplies:
            self._interrupt()

    def _round(self) -> int:
        """Batches that the next round may have."""
        most, sent = round_of(self._config, self._ledger.saved), self._loader.figures
        if size := sent.bytes + (self._outbox.bytes if self._outbox else 0):
            most = min(most, _ROUND_BYTES * sent.requests // size)
        return most

    def _make_room(self, lane: Lane) -> None:
        """Waits until a batch can leave soon and what is in flight has place for it.

        Not for ever: large items can make a window of more batches than may be in flight, and none of them
        is covered before all have left.
        """
        while self._loader.crowded(lane):
            self._turn()
        while self._ledger.uncovered >= self._settings.in_flight:
            if self._ledger.unsaved:
                self._ledger.save()
            elif self._loader.idle:
                return
            else:
                self._turn()

    def _turn(self, patience: float = _PATIENCE_SECONDS) -> None:
        """Sends, takes answers, for at most so many seconds; and what follows from them."""
        self._loader.pump(patience)
        self._ledger.settle()
        self._follow()
        self._asked_to_stop()

    def _follow(self) -> None:
        """Takes a new wish over: a limit at once, a pause when what is on its way has arrived."""
        tuning = self._steering.news()
        if tuning is None:
            return
        if tuning.paused:
            self._loader.arrive(self._settings.timeout)
            self._ledger.settle()
        self._ledger.tune(tuning)
        LOG.info("wish in force", extra={"max_wcu": tuning.max_wcu, "paused": tuning.paused})
        if tuning.paused:
            self._wait()

    def _wait(self) -> None:
        """Holds its place until the user lets it go on. Raises Interrupted."""
        with self._ledger.forecast.paused():
            while (tuning := self._steering.news()) is None or tuning.paused:
                if tuning:
                    self._ledger.tune(tuning)
                if self._watcher.stopping():
                    raise self._interrupted()
                time.sleep(_PAUSED_SECONDS)
        self._ledger.tune(tuning)

    def _finish(self, supplies: list[Supply]) -> None:
        """Closes the entities that are read to their end and acknowledged to their last row."""
        for supply in [supply for supply in supplies if supply.ended]:
            lane = supply.lane
            if self._loader.finished(lane):
                self._ledger.finish(lane)
                supplies.remove(supply)
                LOG.info("entity loaded", extra={"table": lane.table, "entity": lane.entity})

    def _asked_to_stop(self) -> bool:
        """Whether to begin no further round. Raises Interrupted when the present one takes too long."""
        self._over_budget()
        if not self._watcher.stopping():
            return False
        now = time.monotonic()
        self._stop_by = self._stop_by or now + _GRACE_SECONDS
        if now >= self._stop_by:
            self._interrupt()
        return True

    def _interrupt(self) -> None:
        self._drain()
        raise self._interrupted()

    def _interrupted(self) -> Interrupted:
        return Interrupted(
            "finish the migration",
            self._ledger.saved.run_id,
            "you stopped it; its place is saved",
            "Run `migrate.py resume` to go on.",
        )

    def _over_budget(self) -> None:
        if self._ledger.over_budget:
            self._drain()
            raise too_many_rejects(self._ledger.account, self._settings.max_rejects)

    def _drain(self) -> None:
        """Lets what is on its way arrive, for at most one request's time."""
        until = time.monotonic() + self._settings.timeout
        while not self._loader.idle and time.monotonic() < until:
            self._loader.pump(_PATIENCE_SECONDS)
            self._ledger.settle()


def read_ahead(supplies: Iterable[Supply], config: Config, checkpoint: Checkpoint) -> None:
    """Begins with the first windows, before there is anywhere to send them to."""
    for supply in supplies:
        supply.ask(min(FEW, round_of(config, checkpoint)), config.batch_size)


def round_of(config: Config, checkpoint: Checkpoint) -> int:
    """Batches of a round, by the settings: never more than the target takes in a second or so."""
    most = config.settings.in_flight // _ROUNDS_IN_FLIGHT
    if rate := checkpoint.pace.items_per_second:
        most = min(most, int(rate / config.batch_size))
    return max(1, most)


def require_budget(checkpoint: Checkpoint, budget: Budget) -> None:
    """For after the loading: a retry has tried every row by then. Raises TooManyRejects."""
    if checkpoint.rejected > budget.of(checkpoint.items_total):
        raise too_many_rejects(checkpoint, budget)


def too_many_rejects(checkpoint: Checkpoint, budget: Budget) -> TooManyRejects:
    """The end of a run that has rejected more rows than it may."""
    count = f"{checkpoint.rejected:,} {'row is' if checkpoint.rejected == 1 else 'rows are'} rejected"
    accept = "`migrate.py resume --max-rejects N`"
    mend = "mend the rows or the design and send them with `migrate.py retry-rejects`"
    then = f"Then {mend}, or accept them with {accept}."
    if not checkpoint.loaded:
        then = f"Go on with {accept}, then {mend}."
    return TooManyRejects(
        "finish the migration",
        checkpoint.run_id,
        f"{count}, the budget (max_rejects) is {budget.told(checkpoint.items_total)}",
        f"`migrate.py rejects` says why. {then}",
    )
