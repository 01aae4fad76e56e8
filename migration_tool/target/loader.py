"""Batches into tables: send, retry only what was not taken, bisect to the bad row, keep the watermark.

Every class of answer has its reaction in `_react`. A window is done only when each of its
items is acknowledged or rejected; nothing here counts an item on any weaker sign.
"""

from __future__ import annotations

import heapq
import logging
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, cast

from migration_tool.errors import MigrationError, Stopped, TargetError
from migration_tool.target.answers import Answer, Reaction, Verdict, classify
from migration_tool.target.batch import Batch, Lane, Watermark, Window
from migration_tool.target.faults import EXPIRED_HINT, from_code
from migration_tool.target.limiter import Limiter
from migration_tool.target.wire import Wire

LOG = logging.getLogger(__name__)
_OPERATION = "BatchWriteItem"
_PATIENCE_SECONDS = 0.5
RESUME = "Run `migrate.py resume` when the cause is gone."


@dataclass(slots=True, eq=False)
class _Send:
    """Some items of a batch, by index. `since` is the first send without any progress."""

    batch: Batch
    chosen: Sequence[int]
    since: float
    attempts: int = 0


@dataclass(slots=True)
class LoadFigures:
    """What this process did: sums since the loader was made. `wcu` in write capacity units."""

    requests: int = 0
    batches: int = 0
    retries: int = 0
    throttles: int = 0
    resent_items: int = 0
    wcu: float = 0.0


class Loader:
    """Puts batches over a wire, many at a time, and says how far each lane is done."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._limiter = Limiter(wire.target.connections, wire.clock)
        self._inbox: list[Answer] = []
        self._ready: deque[_Send] = deque()
        self._delayed: list[tuple[float, int, _Send]] = []
        self._order = count()
        self._sending = 0
        self._accepted_at = float("-inf")
        self._watermark = Watermark()
        self.figures = LoadFigures()

    @property
    def waiting(self) -> int:
        """Batches taken whose windows `done` has not given back yet."""
        return self._watermark.waiting

    @property
    def idle(self) -> bool:
        """Nothing is on its way: every batch taken is done."""
        return not (self._sending or self._ready or self._delayed)

    def submit(self, batch: Batch) -> None:
        """Takes a batch; it leaves as soon as a connection is free."""
        self._watermark.add(batch)
        self.figures.batches += 1
        batch.number = self.figures.batches
        if batch.items:
            self._ready.append(_Send(batch, range(len(batch.items)), self._wire.clock()))
            self._send()
        else:
            batch.window.open -= 1

    def done(self) -> Iterator[Window]:
        """Windows that are done with all before them in their lane, each once."""
        return self._watermark.take()

    def finished(self, lane: Lane) -> bool:
        """Whether `done` has given back every window of the lane."""
        return self._watermark.empty(lane)

    def pump(self, timeout: float = _PATIENCE_SECONDS) -> None:
        """Sends what may be sent and handles the answers that are here within `timeout` seconds.

        Raises TargetError where no retry can help, Stopped where the retries are used up.
        """
        self._send()
        for answer in self._wire.wait(self._patience(timeout), self._inbox):
            self._sending -= 1
            self._react(cast(_Send, answer.tag), answer)
        self._send()

    @property
    def ready(self) -> bool:
        """Whether a further batch would leave at once."""
        return not self._ready and self._sending < self._limiter.allowed and self._wire.free > 0

    def _send(self) -> None:
        now = self._wire.clock()
        while self._delayed and self._delayed[0][0] <= now:
            self._ready.append(heapq.heappop(self._delayed)[2])
        while self._ready and self._wire.free and self._sending < self._limiter.allowed:
            send = self._ready[0]
            self._wire.submit(_OPERATION, send.batch.body(send.chosen), send, self._inbox)
            self._ready.popleft()
            self._sending += 1
            self.figures.requests += 1
            if send.attempts:
                self.figures.retries += 1
                self.figures.resent_items += len(send.chosen)
            send.attempts += 1

    def _patience(self, timeout: float) -> float:
        if not self._delayed:
            return timeout
        return min(timeout, max(0.0, self._delayed[0][0] - self._wire.clock()))

    def _react(self, send: _Send, answer: Answer) -> None:
        verdict = classify(answer, "UnprocessedItems")
        match verdict.reaction:
            case Reaction.DONE:
                self._accept(send, cast(dict[str, Any], verdict.body))
            case Reaction.THROTTLED:
                self._throttled(send, verdict)
            case Reaction.CREDENTIALS:
                self._renew(send, verdict, answer)
            case Reaction.CONFIGURATION:
                raise self._fault(send, verdict)
            case Reaction.ROW:
                self._split(send, verdict)
            case Reaction.TRANSIENT | Reaction.CONFLICT | Reaction.WAIT:
                self._again(send, verdict)

    def _accept(self, send: _Send, body: dict[str, Any]) -> None:
        """Counts what was taken; the rest, and only that, goes again."""
        self.figures.wcu += _consumed(body)
        left = _unprocessed(send, body["UnprocessedItems"])
        if len(left) < len(send.chosen):
            self._accepted_at = self._wire.clock()
        if not left:
            self._limiter.accepted()
            send.batch.window.open -= 1
            return
        if len(left) < len(send.chosen):
            send = _Send(send.batch, left, self._wire.clock(), attempts=1)
        verdict = Verdict(Reaction.THROTTLED, "UnprocessedItems", f"{len(left)} items were not taken")
        self._throttled(send, verdict)

    def _throttled(self, send: _Send, verdict: Verdict) -> None:
        self.figures.throttles += 1
        self._limiter.throttled()
        self._again(send, verdict, throttled=True)

    def _again(self, send: _Send, verdict: Verdict, throttled: bool = False) -> None:
        """Queues the send for later; when its retries are used up, finds the bad row or stops the run."""
        now = self._wire.clock()
        if self._wire.backoff.exhausted(send.attempts, now - send.since, throttled=throttled):
            if throttled or self._accepted_at <= send.since:
                raise self._fault(send, verdict)
            self._split(send, verdict)
            return
        delay = self._wire.backoff.delay(send.attempts)
        heapq.heappush(self._delayed, (now + delay, next(self._order), send))
        LOG.warning("sending again", extra=_told(send, verdict, delay))

    def _renew(self, send: _Send, verdict: Verdict, answer: Answer) -> None:
        old = self._wire.backoff.exhausted(send.attempts, self._wire.clock() - send.since)
        if old or not self._wire.refresh_credentials(answer.credentials):
            raise self._fault(send, verdict)
        self._ready.appendleft(send)

    def _split(self, send: _Send, verdict: Verdict) -> None:
        """Halves what was refused, down to the row that is at fault; that one is rejected."""
        if len(send.chosen) == 1:
            self._reject(send, verdict)
            return
        middle = len(send.chosen) // 2
        send.batch.window.open += 1
        for part in (send.chosen[:middle], send.chosen[middle:]):
            self._ready.append(_Send(send.batch, part, self._wire.clock()))

    def _reject(self, send: _Send, verdict: Verdict) -> None:
        window, place = send.batch.window, send.batch.places[send.chosen[0]]
        window.reject(place, verdict.code, f"DynamoDB refused the item: {verdict.message}", send.attempts)
        window.open -= 1

    def _fault(self, send: _Send, verdict: Verdict) -> MigrationError:
        """Why the run ends here: for good, or until the cause is gone."""
        table, code = send.batch.window.lane.table_name, verdict.code
        message = f"{verdict.message} ({send.attempts} sends)"
        if verdict.reaction is Reaction.CONFIGURATION:
            fault: TargetError = from_code("write items", table, code, verdict.message, _OPERATION, "")
            return fault
        hint = f"{EXPIRED_HINT} {RESUME}" if verdict.reaction is Reaction.CREDENTIALS else RESUME
        return Stopped("write items", table, f"{code}: {message}", hint)


def _told(send: _Send, verdict: Verdict, delay: float) -> dict[str, Any]:
    """What the log says of a retry: figures and codes, no keys and no items."""
    return {
        "table": send.batch.window.lane.table,
        "batch": send.batch.number,
        "items": len(send.chosen),
        "attempt": send.attempts,
        "seconds": round(delay, 3),
        "code": verdict.code,
        "reason": verdict.message,
        "throttling_reasons": list(verdict.reasons),
    }


def _consumed(body: dict[str, Any]) -> float:
    capacities = body.get("ConsumedCapacity")
    if not isinstance(capacities, list):
        return 0.0
    return float(sum(capacity.get("CapacityUnits", 0.0) for capacity in capacities))


def _unprocessed(send: _Send, tables: dict[str, Any]) -> list[int]:
    """Indexes of the items that the answer gives back; items that were never sent are ignored."""
    returned = tables.get(send.batch.window.lane.table_name)
    if not returned:
        return []
    items, names = send.batch.items, send.batch.window.lane.keys
    keys = {tuple(request["PutRequest"]["Item"][name]["S"] for name in names) for request in returned}
    return [n for n in send.chosen if items[n][:2] in keys]
