"""A table with limits and a loader without a network, by a clock that only this module moves."""

from __future__ import annotations

import heapq
import math
import random
import zlib
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from migration_tool.target.answers import Reaction, Throttle, Verdict
from migration_tool.target.aside import Aside
from migration_tool.target.limiter import Limiter

Item = tuple[str, float]
"""Partition key, units."""

CODE = "ProvisionedThroughputExceededException"
ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/Music"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class _Units:
    """Units that flow in; it takes while it has any, and may owe. 0.1 s are kept."""

    def __init__(self, rate: float, now: float) -> None:
        self.rate, self.level, self.at = rate, 0.1 * rate, now

    def any(self, now: float) -> bool:
        self.level = min(0.1 * self.rate, self.level + (now - self.at) * self.rate)
        self.at = now
        return self.level > 0


class Resource:
    """The table or an index: its limit, its partitions, and what a throttle by the limit is called."""

    def __init__(self, name: str, rate: float, partitions: int, reason: str, each: float = 1000.0) -> None:
        self.name, self.reason = name, reason
        self.whole = _Units(rate, 1000.0)
        self.partitions = [_Units(each, 1000.0) for _ in range(partitions)]
        self.taken = 0.0

    def partition(self, key: str) -> int:
        return zlib.crc32(f"{key} of {self.name}".encode()) % len(self.partitions)

    def refusal(self, partition: int, now: float) -> str:
        kind = "Index" if self.name else "Table"
        if not self.partitions[partition].any(now):
            return f"{kind}WriteKeyRangeThroughputExceeded"
        return "" if self.whole.any(now) else f"{kind}Write{self.reason}"

    def take(self, partition: int, units: float) -> None:
        self.partitions[partition].level -= units
        self.whole.level -= units
        self.taken += units


class Table:
    """Takes or refuses items one by one.

    doubling  seconds after which it takes twice as much
    whim      share of the items that it refuses whatever it could take
    """

    def __init__(
        self,
        rate: float = 40_000,
        partitions: int = 40,
        indexes: Mapping[str, float] | None = None,
        reason: str = "ProvisionedThroughputExceeded",
        doubling: float = math.inf,
        whim: float = 0.0,
    ) -> None:
        self._whim, self._chance = whim, random.Random(3)
        self.table = Resource("", rate, partitions, reason)
        self.indexes = [Resource(name, r, partitions, reason) for name, r in (indexes or {}).items()]
        self.taken: list[tuple[float, float]] = []
        self.offered = self.refused = self.requests = 0
        self._doubles, self._doubling = 1000.0 + doubling, doubling
        self._places: dict[str, list[int]] = {}

    def write(
        self, items: Sequence[Item], now: float
    ) -> tuple[set[int], dict[str, Any], tuple[Throttle, ...]]:
        """Which items were refused, the entry of ConsumedCapacity, and why."""
        if now >= self._doubles:
            self._doubles = now + self._doubling
            self.table.whole.rate = min(40_000, 2 * self.table.whole.rate)
        resources = [self.table, *self.indexes]
        before = [r.taken for r in resources]
        left, reasons = set(), dict[Throttle, None]()
        for n, (key, units) in enumerate(items):
            places = self._places.get(key) or [r.partition(key) for r in resources]
            if len(self._places) < 100_000:
                self._places[key] = places
            refusals = [
                Throttle(why, ARN + (f"/index/{r.name}" if r.name else ""))
                for r, place in zip(resources, places, strict=True)
                if (why := r.refusal(place, now))
            ]
            if self._whim and not refusals and self._chance.random() < self._whim:
                refusals = [Throttle(f"TableWrite{self.table.reason}", ARN)]
            if refusals:
                left.add(n)
                reasons.update(dict.fromkeys(refusals))
                continue
            for r, place in zip(resources, places, strict=True):
                r.take(place, units)
        used = [r.taken - b for r, b in zip(resources, before, strict=True)]
        self.requests += 1
        self.offered += len(items)
        self.refused += len(left)
        self.taken.append((now, sum(used)))
        indexes = {r.name: {"CapacityUnits": u} for r, u in zip(self.indexes, used[1:], strict=True)}
        entry = {
            "CapacityUnits": sum(used),
            "Table": {"CapacityUnits": used[0]},
            "GlobalSecondaryIndexes": indexes,
        }
        return left, entry, tuple(reasons)

    def rate(self, begin: float, end: float) -> float:
        """Units per second that were taken between two times since the start."""
        return sum(u for at, u in self.taken if begin <= at - 1000.0 < end) / (end - begin)


@dataclass(eq=False)
class _Batch:
    items: Sequence[Item]
    open: int


_Entry = tuple[_Batch, int]


@dataclass
class Loader:
    """The calls that a loader makes, and nothing else of one.

    latency  seconds of a request, send and answer
    window   batches that may be uncovered
    busy     seconds the client is busy with one request
    lost     share of the requests that nobody answers
    stalls   seconds since the start -> seconds in which the client does nothing
    """

    table: Table
    limiter: Limiter
    clock: Clock
    source: Iterable[Sequence[Item]]
    connections: int = 16
    latency: float = 0.0003
    window: int = 256
    busy: float = 0.0002
    lost: float = 0.0
    stalls: Mapping[float, float] = field(default_factory=dict)

    def run(self, seconds: float) -> float:
        """Runs until all is taken or the time is over; the seconds it took."""
        self._random = random.Random(7)
        self._gate = self.limiter.gate("Music")
        self._aside: Aside[_Entry] = Aside(self.clock, chance=self._random.random)
        self._uncovered: deque[_Batch] = deque()
        self._flying: list[tuple[float, int, list[_Entry], bool, Any]] = []
        self._order = count()
        self._next: list[_Entry] = []
        self._batches: Iterator[Sequence[Item]] | None = iter(self.source)
        began, stalls = self.clock.now, sorted(self.stalls.items())
        while self.clock.now < began + seconds and (self._batches or self._uncovered):
            if stalls and self.clock.now >= began + stalls[0][0]:
                self.clock.now += stalls.pop(0)[1]
            while self._flying and self._flying[0][0] <= self.clock.now:
                self._react(*heapq.heappop(self._flying)[2:])
            wait = self._send()
            due = [self.clock.now + math.ceil(w * 1000) / 1000 for w in wait if 0 < w < math.inf]
            self.clock.now = max(self.clock.now, min([*due, *(f[0] for f in self._flying[:1])]))
        return self.clock.now - began

    def _send(self) -> list[float]:
        """Sends what may be sent; what there is to wait for, in seconds."""
        while len(self._flying) < self.connections:
            if wait := self._gate.wait():
                return [wait]
            most = self._gate.most_items
            entries = [entry for _, entry in self._aside.due(most)]
            again = bool(entries)
            if not again:
                self._next = self._next or self._fresh()
                entries, self._next = self._next[:most], self._next[most:]
            if not entries:
                return [max(self._aside.seconds(), 0.001)]
            self._submit(entries, again)
            if self._flying[0][0] <= self.clock.now:
                return []
        return []

    def _fresh(self) -> list[_Entry]:
        while self._batches and len(self._uncovered) < self.window:
            items = next(self._batches, None)
            if items is None:
                self._batches = None
                return []
            batch = _Batch(items, len(items))
            self._uncovered.append(batch)
            entries: list[_Entry] = []
            for n, (key, _) in enumerate(items):
                if key in self._aside:
                    self._aside.add(key, (batch, n))
                else:
                    entries.append((batch, n))
            if entries:
                return entries
        return []

    def _submit(self, entries: list[_Entry], again: bool) -> None:
        self._gate.sent(len(entries))
        self.clock.now += self.busy
        took = self.latency * (1 + 0.3 * self._random.random())
        answer: Any = self.table.write([b.items[n] for b, n in entries], self.clock.now + took / 2)
        if self._random.random() < self.lost:
            answer = None
        heapq.heappush(self._flying, (self.clock.now + took, next(self._order), entries, again, answer))

    def _react(self, entries: list[_Entry], again: bool, answer: Any) -> None:
        if answer is None:
            self._gate.lost(len(entries))
            self._submit(entries, again)
            return
        left, consumed, throttles = answer
        keys: dict[str, list[_Entry]] = {}
        taken: dict[str, int] = {}
        for n, (batch, place) in enumerate(entries):
            key = batch.items[place][0]
            if n in left:
                keys.setdefault(key, []).append((batch, place))
            else:
                taken[key] = taken.get(key, 0) + 1
                batch.open -= 1
        if len(left) < len(entries):
            self._gate.accepted(len(entries), len(entries) - len(left), len(keys), consumed)
        else:
            verdict = Verdict(Reaction.THROTTLED, CODE, throttles=throttles)
            self._gate.throttled(len(entries), len(keys), verdict)
        if again:
            for key in {**keys, **taken}:
                self._aside.answered(key, taken.get(key, 0), keys.get(key, []))
        else:
            for key, refused in keys.items():
                self._aside.refused(key, refused)
        while self._uncovered and not self._uncovered[0].open:
            self._uncovered.popleft()


def spread(items: int, units: Sequence[float] = (1.0,)) -> Iterator[list[Item]]:
    """Each item a partition key of its own."""
    chance = random.Random(5)
    for first in range(0, items, 25):
        yield [(f"k{n}", chance.choice(units)) for n in range(first, first + 25)]


def hot(items: int, share: float) -> Iterator[list[Item]]:
    """One key has so much of the items."""
    chance = random.Random(5)
    for first in range(0, items, 25):
        yield [("hot" if chance.random() < share else f"k{n}", 1.0) for n in range(first, first + 25)]


def collections(items: int, size: int) -> Iterator[list[Item]]:
    """Sorted: one item collection after the other."""
    for first in range(0, items, 25):
        yield [(f"c{n // size}", 1.0) for n in range(first, first + 25)]


def possible(table: Table, source: Iterable[Sequence[Item]], begin: float, end: float) -> float:
    """Items per second that a loader takes that knows when each partition takes what (window of 256)."""
    free = [-0.1] * len(table.table.partitions)
    covered: deque[float] = deque()
    edge = taken = 0.0
    for items in source:
        start = covered.popleft() if len(covered) >= 256 else 0.0
        if start > end:
            break
        for key, units in items:
            place = table.table.partition(key)
            at = max(start, free[place])
            free[place] = max(free[place], at - 0.1) + units / table.table.partitions[place].rate
            edge = max(edge, at)
            taken += begin <= at < end
        covered.append(edge)
    return min(table.table.whole.rate, taken / (end - begin))
