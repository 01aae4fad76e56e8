"""The leases of a run: while it has them, no other host and no other state folder loads its tables.

They are renewed three times in the life of one, from a thread, so that no long step of the run and no pause
lets them lapse. A process that stood still, or was cut off, does not know that another one has its tables
now; so `hold` is asked before every checkpoint. docs/decisions/0006-one-writer.md
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Self

from migration_tool.claims import CLOCK, Claims, Clock, Watcher, written_now
from migration_tool.config import Config
from migration_tool.errors import MigrationError, StateError, Stopped, TargetError
from migration_tool.job import Bound
from migration_tool.state.store import StateStore
from migration_tool.target import lease
from migration_tool.target.facts import TableFacts
from migration_tool.target.lease import Place, Record
from migration_tool.target.session import Target

LOG = logging.getLogger(__name__)
_RENEWALS = 3
_WITHOUT = "No lease: nothing keeps another host from loading the same tables meanwhile"


class Leases:
    """What this process has leased; with `migration_settings.lease` off nothing, and no request is made.

    take_over  take a table also from a holder that is alive
    until      unix seconds when it is over unless it is renewed; None: nothing is leased

    Leaving the block gives back what is still held, unless the target has failed: then it would wait for it.
    """

    def __init__(
        self,
        config: Config,
        target: Target,
        store: StateStore,
        run_id: str,
        watcher: Watcher,
        take_over: bool = False,
        clock: Clock = CLOCK,
    ) -> None:
        self.until: float | None = None
        self._target = target
        self._seconds = config.settings.lease or 0.0
        self._claims = Claims(target, store, run_id, self._seconds, take_over, watcher, clock)
        self._watcher = watcher
        self._now = clock.now
        self._held: dict[Place, Record] = {}
        self._good_until = float("inf")
        self._lost: StateError | None = None
        self._lock = Lock()
        self._ended = Event()

    def __enter__(self) -> Self:
        if self._seconds:
            Thread(target=self._keep, name="lease", daemon=True).start()
        else:
            LOG.warning("no lease", extra={"reason": "migration_settings.lease is off"})
            self._watcher.notice(_WITHOUT)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if not isinstance(error, TargetError | Stopped):
            self._give_back()

    def take(self, tables: Sequence[Bound], known: Mapping[str, int]) -> Mapping[str, int]:
        """Takes all tables, in an order that is the same on every host; their generations by design name.

        known  generations of leases that earlier processes of the run had
        Raises StateError naming the holder of a table who is alive; TargetError, Interrupted.
        """
        taken = {}
        for bound in sorted(tables, key=lambda bound: bound.table_name) if self._seconds else ():
            place = Place(bound.table_name, bound.compiled.design.keys)
            taken[bound.name] = self._take(place, known.get(bound.name, 0))
        self._claims.until_alone()
        return {**known, **taken}

    def seize(self, tables: Sequence[TableFacts]) -> None:
        """For tables that are to be deleted: their leases go with them. Raises as `take` does."""
        try:
            for facts in sorted(tables, key=lambda facts: facts.name) if self._seconds else ():
                if {facts.types[key] for key in facts.keys} == {"S"}:
                    self._take(Place(facts.name, facts.keys), 0)
            self._claims.until_alone()
        except MigrationError:
            self._give_back()
            raise
        self._forget()

    def hold(self) -> float | None:
        """`until`, once it is certain that every lease is still ours.

        Raises StateError naming who has one now, Stopped where the target cannot say.
        """
        if self._now() >= self._good_until and not self._lost:
            try:
                self._renew()
            except TargetError as error:
                hint = "Run `migrate.py resume` when the cause is gone."
                raise Stopped("renew the lease", error.obj, error.cause, hint) from error
        if self._lost:
            raise self._lost
        return self.until

    def release(self) -> None:
        """Removes the leases: what is left in the tables is the user's. Raises as `hold`, and TargetError."""
        with self._lock:
            for place, record in self._held.items():
                if left := lease.remove(self._target, place, record):
                    raise _taken(place, left)
            self._forget()

    def _take(self, place: Place, known: int) -> int:
        """Its generation."""
        began, until = self._now(), time.time() + self._seconds
        record = self._claims.claim(place, known)
        with self._lock:
            self._held[place] = record
            self._good_until = min(self._good_until, began + self._seconds)
            self.until = min(self.until or until, until)
        return record.generation

    def _forget(self) -> None:
        self._held.clear()
        self._good_until, self.until = float("inf"), None

    def _keep(self) -> None:
        while not self._ended.wait(self._seconds / _RENEWALS) and not self._lost:
            try:
                self._renew()
            except TargetError as error:
                LOG.warning("a lease could not be renewed", extra={"table": error.obj, "reason": error.cause})

    def _renew(self) -> None:
        """Raises TargetError; a lease that is another's now is remembered in `_lost`."""
        with self._lock:
            began, until = self._now(), time.time() + self._seconds
            for place, record in self._held.items():
                stands = lease.replace(self._target, place, written_now(record), record)
                if stands is None or not self._claims.is_mine(stands):
                    self._lost = _taken(place, stands)
                    return
                self._held[place] = stands
            if self._held:
                self._good_until, self.until = began + self._seconds, until

    def _give_back(self) -> None:
        with self._lock:
            try:
                for place, record in self._held.items():
                    lease.replace(self._target, place, written_now(replace(record, seconds=0.0)), record)
            except TargetError as error:
                LOG.warning("a lease was not given back", extra={"table": error.obj, "reason": error.cause})
                self._held.clear()
            else:
                self._forget()


def _taken(place: Place, holder: Record | None) -> StateError:
    by = f"another run has taken it over: {holder}" if holder else "another run had it since, and has ended"
    return StateError(
        "keep the lease of the table",
        place.table,
        by,
        "What was saved before stays. migrate.py resume says what has to be loaded again",
    )
