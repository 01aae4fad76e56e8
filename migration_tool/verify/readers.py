"""A table read by several processes: this one and its helpers, each with connections of its own.

The table is cut into shares. Whoever is free reads the next one, and what a helper made of a share counts
when the share is whole: a helper that is lost costs time and nothing else.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import wait
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeAlias, TypeVar

from migration_tool.errors import MigrationError
from migration_tool.model import WireItem
from migration_tool.target import reader
from migration_tool.target.items import require_items
from migration_tool.target.wire import Wire
from migration_tool.verify.report import Advance

LOG = logging.getLogger(__name__)
LARGE = 100_000
MOST_PROCESSES = 8
_ITEMS_PER_SHARE = 50_000
_MOST_SHARES = 64
_ROOT = Path(__file__).resolve().parents[2]

T = TypeVar("T")
Look: TypeAlias = Callable[[list[WireItem]], T]
"""What a page becomes where it is read. It is pickled, and so is what it gives."""


class Taker(Protocol[T]):
    """Who takes what is read. `whole`: the shares it has taken whole before, which are not read again."""

    @property
    def look(self) -> Look[T]: ...

    @property
    def whole(self) -> Collection[int]: ...

    def take(self, share: int, found: T) -> None:
        """What `look` made of one page of that share."""

    def end(self, share: int) -> None:
        """That share has no more pages."""


def usual_processes() -> int:
    """One per CPU that this process may use, and not more than MOST_PROCESSES."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(usable, MOST_PROCESSES)


@dataclass(frozen=True)
class Plan:
    """How a table is cut: into `shares`, of `width` segments each, which are scanned together."""

    shares: int
    width: int


@dataclass(frozen=True)
class Share(Generic[T]):
    """Some `segments` of the `total` in which a table is scanned."""

    number: int
    table: str
    total: int
    segments: Sequence[int]
    look: Look[T]

    def pages(self, wire: Wire) -> Iterator[tuple[int, T]]:
        """Of each page how many items it has, and what `look` gives. Raises TargetError.

        Whether they are items is asked only where `look` fails: that takes as long as the look itself.
        """
        for page in reader.scan(wire, self.table, self.total, self.segments):
            items = wire.objects.as_found(self.table, page) if wire.objects else page
            try:
                found = self.look(items)
            except Exception:
                require_items(self.table, items)
                raise
            yield len(items), found


class Readers:
    """The processes, for the time of a validation; leaving the block ends the helpers.

    processes  how many there are for a large table, this one included
    large      items from which a table is large: it is worth the third of a second that helpers need
    """

    def __init__(self, wire: Wire, processes: int = 1, large: int = LARGE) -> None:
        self.wire = wire
        self._processes = processes
        self._large = large
        self._helpers: list[_Helper] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for helper in self._helpers:
            helper.end()
        self._helpers = []

    def plan(self, items: int) -> Plan:
        """For a table of about so many items: a large one is read in many shares.

        Enough of them that all processes end at about the same time, and that little is read again by a
        validation that was interrupted; together the processes use all connections.
        """
        if items < self._large:
            return Plan(1, self.wire.target.connections)
        shares = min(_MOST_SHARES, max(4 * self._processes, items // _ITEMS_PER_SHARE))
        return Plan(shares, max(1, self.wire.target.connections // self._processes))

    def begin(self, table: str, plan: Plan, taker: Taker[T], advance: Advance) -> Reading[T]:
        """Starts to read the whole table, as far as it has not been taken."""
        shares = [share for share in _shares(table, plan, taker.look) if share.number not in taker.whole]
        if len(shares) > 1:
            self._hire()
        return Reading(self.wire, self._helpers if len(shares) > 1 else [], shares, taker, advance)

    def _hire(self) -> None:
        try:
            while len(self._helpers) < self._processes - 1:
                self._helpers.append(_Helper(self.wire))
        except OSError as error:
            LOG.warning("a reading process cannot be started", extra={"reason": str(error)})


def _shares(table: str, plan: Plan, look: Look[T]) -> list[Share[T]]:
    segments = range(plan.shares * plan.width)
    return [Share(n, table, len(segments), segments[n :: plan.shares], look) for n in range(plan.shares)]


class Reading(Generic[T]):
    """One table on its way in. Call `attend` now and then while doing something else, then `finish`."""

    def __init__(
        self,
        wire: Wire,
        helpers: list[_Helper],
        shares: Sequence[Share[T]],
        taker: Taker[T],
        advance: Advance,
    ) -> None:
        self._wire = wire
        self._helpers = helpers
        self._left = deque(shares)
        self._taker = taker
        self._advance = advance
        self.attend()

    def attend(self) -> None:
        """Hears the helpers and gives work to the idle; does not wait. Raises what a helper met."""
        self._hear(0)

    def finish(self) -> None:
        """Reads what nobody has read yet, and waits for the rest. Raises TargetError."""
        while self._left or any(helper.share for helper in self._helpers):
            if self._left:
                self._read(self._left.popleft())
            else:
                self._hear(None)

    def _read(self, share: Share[T]) -> None:
        for count, found in share.pages(self._wire):
            self._taker.take(share.number, found)
            self._advance(count)
            self.attend()
        self._taker.end(share.number)

    def _hear(self, seconds: float | None) -> None:
        self._employ()
        busy = {helper.connection: helper for helper in self._helpers if helper.share}
        for connection in wait(list(busy), seconds) if busy else ():
            self._receive(busy[connection])  # type: ignore[index]  # one of those it was given
        self._employ()

    def _employ(self) -> None:
        for helper in [helper for helper in self._helpers if not helper.share]:
            if self._left and not helper.give(self._left.popleft()):
                self._lose(helper)

    def _receive(self, helper: _Helper) -> None:
        for message in helper.messages():
            if isinstance(message, MigrationError):
                raise message
            if message:
                helper.found.append(message[1])
                self._advance(message[0])
            elif helper.share:
                self._take_whole(helper.share.number, helper.found)
                helper.share = None
        if helper.lost:
            self._lose(helper)

    def _take_whole(self, share: int, pages: list[T]) -> None:
        for found in pages:
            self._taker.take(share, found)
        self._taker.end(share)

    def _lose(self, helper: _Helper) -> None:
        LOG.warning("a reading process is gone; its share is read again")
        self._helpers.remove(helper)
        self._left += [helper.share] if helper.share else []
        helper.end()


class _Helper:
    """Another process, the share it reads, and what it has found of it so far. Raises OSError."""

    def __init__(self, wire: Wire) -> None:
        self.share: Share[Any] | None = None
        self.found: list[Any] = []
        self.lost = False
        self.connection, theirs = Pipe()
        with theirs:
            self._process = _start(theirs.fileno())
        target, objects = wire.target, wire.objects
        self._send((target.url, target.region, target.timeout, target.connections, wire.backoff))
        self._send(objects and (objects.bucket.target.endpoint, objects.bucket.name, objects.prefix))

    def give(self, share: Share[Any]) -> bool:
        """False if nobody is there to take it."""
        self.share, self.found = share, []
        return self._send(share)

    def messages(self) -> Iterator[Any]:
        """What has arrived of the share; at the end of the process `lost` is set."""
        try:
            while self.share and self.connection.poll():
                yield self.connection.recv()
        except (EOFError, OSError):
            self.lost = True

    def end(self) -> None:
        """There is nothing in it to save: all it has found, it has sent."""
        self.connection.close()
        self._process.kill()
        self._process.wait()

    def _send(self, message: object) -> bool:
        try:
            self.connection.send(message)
        except OSError:
            return False
        return True


def _start(descriptor: int) -> subprocess.Popen[bytes]:
    """Finds its modules where this process found them."""
    command = [sys.executable, "-P", "-m", "migration_tool.verify.helper", str(descriptor)]
    places = [*filter(None, sys.path), os.fspath(_ROOT)]
    return subprocess.Popen(  # noqa: S603 - our own module
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(places)},
        pass_fds=[descriptor],
        start_new_session=True,
    )
