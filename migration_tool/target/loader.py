"""Batches into tables: send, retry only what was not taken, bisect to the bad row, keep the watermark.

Every class of answer has its reaction in `_react`. A window is done only when each of its
items is acknowledged or rejected; nothing here counts an item on any weaker sign.
"""

from __future__ import annotations

import heapq
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, cast

from migration_tool.errors import MigrationError, Stopped, TargetError
from migration_tool.target.answers import Answer, Reaction, Verdict, units
from migration_tool.target.aside import Aside
from migration_tool.target.batch import Batch, Lane, Watermark, Window
from migration_tool.target.facts import Capacity
from migration_tool.target.faults import EXPIRED_HINT, from_code
from migration_tool.target.limiter import Flow, Limiter
from migration_tool.target.outcome import consumption, outcome
from migration_tool.target.queue import Entry, Queue, Send, partition_key
from migration_tool.target.wire import Wire

LOG = logging.getLogger(__name__)
_OPERATION = "BatchWriteItem"
_PATIENCE_SECONDS = 0.5
RESUME = "Run `migrate.py resume` when the cause is gone."


@dataclass(slots=True)
class LoadFigures:
    """What this process did: sums since the loader was made. `wcu` in write capacity units."""

    requests: int = 0
    bytes: int = 0
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
        self._queues: dict[str, Queue] = {}
        self._inbox: list[Answer] = []
        self._delayed: list[tuple[float, int, Send]] = []
        self._order = count()
        self._flying: set[Send] = set()
        self._accepted_at = float("-inf")
        self._trying_alone = False
        self._watermark = Watermark()
        self.figures = LoadFigures()

    @property
    def waiting(self) -> int:
        """Batches taken whose windows `done` has not given back yet."""
        return self._watermark.waiting

    @property
    def idle(self) -> bool:
        """Nothing is on its way: every batch taken is done."""
        return not (self._flying or self._delayed) and all(queue.idle for queue in self._queues.values())

    def keep_to(self, max_wcu: float | None, capacities: Mapping[str, Capacity]) -> None:
        """From now on at most `max_wcu` units per second in all, and to each table what it has."""
        self._limiter.keep_to(max_wcu, capacities)

    def flow(self) -> Flow:
        """How the loading gets on with the tables."""
        return self._limiter.flow()

    def submit(self, batch: Batch) -> None:
        """Takes a batch; `pump` sends it as soon as the limits allow and a connection is free."""
        self._watermark.add(batch)
        self.figures.batches += 1
        batch.number = self.figures.batches
        batch.since = self._wire.clock()
        if batch.texts:
            size = len(batch.texts)
            self._queue(batch).add(Send([(batch, range(size))], size, since=batch.since))

    def crowded(self, lane: Lane) -> bool:
        """Whether the lane's table has as many requests ready as could be in flight."""
        queue = self._queues.get(lane.table_name)
        return queue is not None and len(queue) >= self._wire.target.connections

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
        if not self.idle:
            self._take_answers(self._patience(timeout))
            self._send()

    def arrive(self, seconds: float) -> None:
        """Lets what is in flight arrive, and sends nothing. Raises as `pump` does."""
        until = self._wire.clock() + seconds
        while self._flying and (left := until - self._wire.clock()) > 0:
            self._take_answers(left)

    def _take_answers(self, timeout: float) -> None:
        for answer in self._wire.wait(timeout, self._inbox):
            send = cast(Send, answer.tag)
            self._flying.remove(send)
            send.answered = True
            self._react(send, answer)

    def _queue(self, batch: Batch) -> Queue:
        table = batch.window.lane.table_name
        queue = self._queues.get(table)
        if queue is None:
            aside = Aside[Entry](self._wire.clock, longest=self._wire.backoff.max_seconds)
            queue = self._queues[table] = Queue(self._limiter.gate(table), aside)
        return queue

    def _send(self) -> None:
        now = self._wire.clock()
        while self._delayed and self._delayed[0][0] <= now:
            send = heapq.heappop(self._delayed)[2]
            self._queue(send.batch).add(send)
        for queue in self._queues.values():
            while self._wire.free and (next_send := queue.take()):
                self._submit(queue, next_send)

    def _submit(self, queue: Queue, send: Send) -> None:
        body = send.body()
        self._wire.submit(_OPERATION, body, send, self._inbox)
        queue.gate.sent(send.size)
        self._flying.add(send)
        self.figures.requests += 1
        self.figures.bytes += len(body)
        if send.attempts or send.late:
            self.figures.retries += 1
            self.figures.resent_items += send.size
        send.attempts += 1

    def _patience(self, timeout: float) -> float:
        """Until there may be something to send; without a free connection only an answer helps."""
        waits = [queue.seconds() for queue in self._queues.values()] if self._wire.free else []
        if self._delayed:
            waits.append(max(0.0, self._delayed[0][0] - self._wire.clock()))
        return min([timeout, *waits])

    def _react(self, send: Send, answer: Answer) -> None:
        (verdict, left), queue = outcome(send, answer), self._queue(send.batch)
        if verdict.body is not None:
            self._accept(queue, send, verdict.body, left)
        elif verdict.reaction is Reaction.THROTTLED:
            entries = send.entries()
            queue.gate.throttled(len(entries), len(set(map(partition_key, entries))), verdict)
            self._refuse(queue, send, entries, verdict)
        else:
            queue.gate.lost(send.size)
            queue.released(send)
            self._repair(queue, send, verdict, answer)

    def _repair(self, queue: Queue, send: Send, verdict: Verdict, answer: Answer) -> None:
        match verdict.reaction:
            case Reaction.CREDENTIALS:
                self._renew(queue, send, verdict, answer)
            case Reaction.CONFIGURATION:
                raise self._fault(send, verdict)
            case Reaction.ROW:
                self._split(queue, send, verdict)
            case _:
                self._again(queue, send, verdict)

    def _accept(self, queue: Queue, send: Send, body: dict[str, Any], left: Sequence[Entry]) -> None:
        """Counts what was taken; what is left, and only that, goes again."""
        consumed, size = consumption(body), send.size
        self.figures.wcu += units(consumed)
        keys = len(set(map(partition_key, left))) if left else 0
        queue.gate.accepted(size, size - len(left), keys, consumed)
        if len(left) < size:
            self._accepted_at = self._wire.clock()
            self._trying_alone = False
        if not left:
            send.stored()
            queue.released(send)
            return
        self._store_others(send, left)
        verdict = Verdict(Reaction.THROTTLED, "UnprocessedItems", f"{len(left)} items were not taken")
        self._refuse(queue, send, left, verdict)

    def _store_others(self, send: Send, left: Sequence[Entry]) -> None:
        for batch, _ in set(send.entries()).difference(left):
            batch.window.open -= 1
            batch.since = self._accepted_at

    def _refuse(self, queue: Queue, send: Send, left: Sequence[Entry], verdict: Verdict) -> None:
        """Items go again when their partition keys are taken again. Raises Stopped after too long."""
        self.figures.throttles += 1
        now = self._wire.clock()
        oldest = min(batch.since for batch, _ in left)
        if self._wire.backoff.exhausted(send.attempts, now - oldest, throttled=True):
            raise self._fault(send, verdict)
        queue.refused(send, left)
        LOG.warning("sending again", extra=_told(send, len(left), verdict))

    def _again(self, queue: Queue, send: Send, verdict: Verdict) -> None:
        """Queues the send for later; when its retries are used up, looks for the bad row or stops the run."""
        now = self._wire.clock()
        used_up = self._wire.backoff.exhausted(send.attempts, now - send.since)
        if used_up and self._taken_apart(queue, send, verdict):
            return
        queue.gate.strained()
        delay = self._wire.backoff.delay(send.attempts)
        heapq.heappush(self._delayed, (now + delay, next(self._order), send))
        LOG.warning("sending again", extra={**_told(send, send.size, verdict), "seconds": round(delay, 3)})

    def _taken_apart(self, queue: Queue, send: Send, verdict: Verdict) -> bool:
        """Whether its items go on without it; False: it waits. Raises Stopped where nothing gets through.

        If others got through meanwhile, one of its rows is at fault; alone, it has as many sends again before
        it is rejected. If not, and DynamoDB answers, a request that was never answered may still get through.
        After that every request may hold such a row: once, the items of one request are tried alone.
        """
        backoff = self._wire.backoff
        if self._accepted_at > send.since:
            if send.size == 1 and send.attempts < 2 * backoff.max_attempts:
                return False
            self._split(queue, send, verdict)
            return True
        too_old = backoff.exhausted(send.attempts, self._wire.clock() - send.since, throttled=True)
        if too_old or not verdict.by_service:
            raise self._fault(send, verdict)
        if any(not other.answered for other in self._flying):
            return False
        if send.size == 1:
            raise self._fault(send, verdict)
        if self._trying_alone:
            return False
        self._trying_alone = True
        self._queue_parts(queue, ([entry] for entry in send.entries()))
        return True

    def _renew(self, queue: Queue, send: Send, verdict: Verdict, answer: Answer) -> None:
        old = self._wire.backoff.exhausted(send.attempts, self._wire.clock() - send.since)
        if old or not self._wire.refresh_credentials(answer.credentials):
            raise self._fault(send, verdict)
        queue.add(send, first=True)

    def _split(self, queue: Queue, send: Send, verdict: Verdict) -> None:
        """Halves what was refused, down to the row that is at fault; that one is rejected."""
        entries = send.entries()
        if len(entries) == 1:
            ((batch, n),) = entries
            reason = f"DynamoDB refused the item: {verdict.message}"
            batch.window.reject(batch.places[n], verdict.code, reason, send.attempts)
            return
        middle = len(entries) // 2
        self._queue_parts(queue, (entries[:middle], entries[middle:]))

    def _queue_parts(self, queue: Queue, parts: Iterable[Sequence[Entry]]) -> None:
        """Sends of their own, of items that were sent once: fresh ones may be set aside, and put together."""
        for part in parts:
            send = Send.of(part)
            send.attempts, send.since = 1, self._wire.clock()
            queue.add(send)

    def _fault(self, send: Send, verdict: Verdict) -> MigrationError:
        """Why the run ends here: for good, or until the cause is gone."""
        table, code = send.batch.window.lane.table_name, verdict.code
        message = f"{verdict.message} ({send.attempts} sends)"
        if verdict.reaction is Reaction.CONFIGURATION:
            fault: TargetError = from_code("write items", table, code, verdict.message, _OPERATION, "")
            return fault
        hint = f"{EXPIRED_HINT} {RESUME}" if verdict.reaction is Reaction.CREDENTIALS else RESUME
        return Stopped("write items", table, f"{code}: {message}", hint)


def _told(send: Send, items: int, verdict: Verdict) -> dict[str, Any]:
    """What the log says of a retry: figures and codes, no keys and no items."""
    return {
        "table": send.batch.window.lane.table,
        "batch": send.batch.number,
        "items": items,
        "attempt": send.attempts,
        "code": verdict.code,
        "reason": verdict.message,
        "throttling_reasons": list(verdict.reasons),
    }
