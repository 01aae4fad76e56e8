"""How a process gets the lease of a table, and when it may have one that another process had.

Whoever wants a table judges by his own clock: a lease that has not changed for as long as it lasts is over.
So the clocks of two hosts need not agree. docs/decisions/0006-one-writer.md
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from migration_tool.errors import Interrupted, StateError, TargetError
from migration_tool.state.store import StateStore
from migration_tool.target import lease
from migration_tool.target.lease import Place, Record
from migration_tool.target.session import Target

LOG = logging.getLogger(__name__)
_RESTS = 10
_TRIES = 10
_LONGEST_REST_SECONDS = 1.0
_KIND = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def elapsed() -> float:
    """Seconds of a clock that nobody sets, and that goes on while the machine sleeps."""
    return time.clock_gettime(_KIND)


@dataclass(frozen=True)
class Clock:
    """Seconds, and how to wait for some of them."""

    now: Callable[[], float] = elapsed
    sleep: Callable[[float], None] = time.sleep


CLOCK = Clock()


class Watcher(Protocol):
    """Who is told of other holders, and who may ask to stop the wait for one."""

    def notice(self, text: str) -> None: ...

    def stopping(self) -> bool: ...


class Claims:
    """One process that wants tables.

    seconds    how long a lease of it lasts without being renewed
    take_over  it takes a table also from a holder that is alive
    """

    def __init__(
        self,
        target: Target,
        store: StateStore,
        run_id: str,
        seconds: float,
        take_over: bool,
        watcher: Watcher,
        clock: Clock,
    ) -> None:
        self._target = target
        self._me = Record(
            run_id, socket.gethostname(), str(store.folder.resolve()), os.getpid(), secrets.token_hex(8),
            generation=0, renewals=0, seconds=seconds, until="",
        )  # fmt: skip
        self._own_runs = {run_id, *store.runs()}
        self._take_over = take_over
        self._watcher = watcher
        self._clock = clock
        self._alone_at = float("-inf")

    def claim(self, place: Place, known: int = 0) -> Record:
        """The lease of the table, ours from now on; its generation is above `known`.

        Raises StateError naming a holder that is alive; TargetError, Interrupted.
        """
        seen: Record | None = None
        for _ in range(_TRIES):
            mine = written_now(replace(self._me, generation=1 + max(known, seen.generation if seen else 0)))
            stands = lease.replace(self._target, place, mine, seen)
            if stands and self.is_mine(stands):
                self._tell(place, stands, seen)
                return stands
            seen = self._when_free(place, stands) if stands else None
        cause, hint = "each time it is free, it is not", "See what answers there, then the same again."
        raise TargetError("lease the table", place.table, cause, hint)

    def until_alone(self) -> None:
        """Waits until those whose leases were taken while they lasted must have noticed. Raises Interrupted.

        A holder asks before it saves anything, once its lease is older than it lasts.
        """
        left = self._alone_at - self._clock.now()
        if left > 0:
            self._watcher.notice(f"Waiting {left:.0f} s, until the run that had it has stopped for certain")
        while self._clock.now() < self._alone_at:
            self._rest(left)

    def is_mine(self, record: Record) -> bool:
        return record.token == self._me.token

    def _when_free(self, place: Place, seen: Record) -> Record | None:
        """What stands there when it may be taken. Raises StateError where its holder is alive."""
        if self._is_idle(seen):
            return seen
        if self._take_over:
            self._alone_at = max(self._alone_at, self._clock.now() + seen.seconds)
            return seen
        self._watcher.notice(
            f"The table {place.table} is leased: {seen}. "
            f"Looking for up to {seen.seconds:g} s whether that run is alive"
        )
        until = self._clock.now() + seen.seconds
        while self._clock.now() < until:
            self._rest(seen.seconds)
            now = lease.read(self._target, place)
            if now is None or now.free:
                return now
            if now != seen:
                raise _busy(place, now)
        return seen

    def _rest(self, seconds: float) -> None:
        """A part of so many seconds. Raises Interrupted."""
        if self._watcher.stopping():
            raise Interrupted("lease the tables", self._me.run_id, "you stopped it", "`migrate.py resume`")
        self._clock.sleep(min(_LONGEST_REST_SECONDS, seconds / _RESTS))

    def _is_idle(self, record: Record) -> bool:
        """Whether nobody loads the table: the lease was given back, or its process has ended.

        One of our own state folder has, for the lock of that folder is ours.
        """
        here = (record.host, record.folder) == (self._me.host, self._me.folder)
        return record.free or (here and record.run_id in self._own_runs)

    def _tell(self, place: Place, mine: Record, before: Record | None) -> None:
        fields = {"table": place.table, "generation": mine.generation}
        if before is None or self._is_idle(before):
            LOG.info("lease taken", extra=fields)
            return
        LOG.warning("lease taken over", extra={**fields, "holder": str(before)})
        self._watcher.notice(f"The table {place.table} is taken over from {before}")


def written_now(record: Record) -> Record:
    """The record as its holder writes it now."""
    until = datetime.fromtimestamp(time.time() + record.seconds, UTC).isoformat(timespec="seconds")
    return replace(record, renewals=record.renewals + 1, until=until.replace("+00:00", "Z"))


def _busy(place: Place, holder: Record) -> StateError:
    return StateError(
        "lease the table",
        place.table,
        f"another run holds it: {holder}",
        "let it end, or stop it there, then the same again; or take the table from it: "
        "migrate.py resume --take-over (migrate.py migrate --force --take-over begins anew)",
    )
