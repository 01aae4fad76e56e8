"""The way to one table: asked before each request, told of each answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from migration_tool.limits import MAX_BATCH_ITEMS
from migration_tool.target.answers import Reaction, Verdict, units
from migration_tool.target.bucket import Bucket, Cost
from migration_tool.target.facts import Capacity
from migration_tool.target.flight import Flight
from migration_tool.target.pace import Pace
from migration_tool.target.throttling import Cause, Tally

_SHRINK = {Cause.ACCOUNT: 0.5, Cause.CAPACITY: 0.75}
_STRAINED = 0.75
_OF_OTHERS = 0.9
_REQUEST_SECONDS = 0.1
_NEVER = float("inf")

_LEFT = Verdict(Reaction.THROTTLED, "UnprocessedItems")

Consumed = Mapping[str, Any]
"""The entry of an answer's ConsumedCapacity for the table."""


@dataclass(frozen=True, slots=True, eq=False)
class Limit:
    """A bucket and what of a consumption it counts.

    index  a global one; "" is the table with its local indexes, None all together
    """

    bucket: Bucket
    index: str | None = None

    def settle(self, items: int, taken: int, entry: Consumed | None) -> None:
        self.bucket.settle(items, taken, None if entry is None else self._units(entry))

    def _units(self, entry: Consumed) -> float:
        if self.index is None:
            return units(entry)
        if not self.index:
            local = entry.get("LocalSecondaryIndexes")
            more = sum(map(units, local.values())) if isinstance(local, dict) else 0.0
            return units(entry.get("Table")) + more
        indexes = entry.get("GlobalSecondaryIndexes")
        return units(indexes.get(self.index)) if isinstance(indexes, dict) else 0.0


class Gate:
    """When the next request to a table may leave, and how many items it may have.

    items  on their way
    peers  the gates of the run by table, this one among them
    """

    def __init__(
        self, table: str, flight: Flight, tally: Tally, clock: Callable[[], float], peers: Mapping[str, Gate]
    ) -> None:
        self.table = table
        self.items = 0
        self._flight = flight
        self._tally = tally
        self._clock = clock
        self._peers = peers
        self._cost = Cost()
        self._pace = Pace(clock)
        self._paced: Bucket | None = None
        self._limits: list[Limit] = []
        self._buckets: list[Bucket] = []

    def keep_to(self, capacity: Capacity, whole: Limit | None) -> None:
        """From now on: the capacity of this table, and what is allowed for all tables together."""
        named = {"": capacity.table, **capacity.indexes}
        self._limits = [
            Limit(Bucket(rate, self._clock, on_the_way=self.items), index)
            for index, rate in named.items()
            if rate is not None
        ]
        if whole is not None:
            self._limits.append(whole)
        self._arrange()

    @property
    def cost(self) -> float:
        """Units that an item is expected to consume, in the table and all its indexes."""
        return self._cost.value

    @property
    def limit(self) -> float | None:
        """Units per second, table and indexes together, that are kept to; None without a limit, and idle."""
        if not self._pace.fresh:
            return None
        own = [bucket.rate for bucket in self._buckets if bucket is self._paced]
        for limit in self._limits:
            if limit.index is not None and limit.bucket.cost:
                own.append(limit.bucket.rate * self.cost / limit.bucket.cost)
        return min(own, default=None)

    @property
    def most_items(self) -> int:
        """How many items a request may have: 25, fewer where that were more than 0.1 s of a limit."""
        if not self._buckets:
            return MAX_BATCH_ITEMS
        least = min(bucket.rate / bucket.cost if bucket.cost else _NEVER for bucket in self._buckets)
        return max(1, int(min(least * _REQUEST_SECONDS, MAX_BATCH_ITEMS)))

    def wait(self) -> float:
        """Seconds until a request may leave; 0.0: now; infinite: not before an answer is here."""
        if self._flight.in_flight >= self._flight.allowed:
            return _NEVER
        return max([bucket.seconds() for bucket in self._buckets]) if self._buckets else 0.0

    def sent(self, items: int) -> None:
        """A request with so many items has left. Exactly one of the methods below has to follow."""
        self._flight.in_flight += 1
        self.items += items
        for bucket in self._buckets:
            bucket.take(items)

    def accepted(self, items: int, taken: int, keys: int, entry: Consumed | None) -> None:
        """So many of its items were taken.

        keys   different partition keys of the others: many items of one key say something of that key and
               nothing of the table
        entry  None if the answer has none
        """
        if entry is None:
            consumed = taken * self.cost
        else:
            consumed = units(entry)
            if taken:
                self._cost.learn(consumed, taken)
        self._landed(items, taken, entry)
        if taken == items:
            self._flight.grow()
            self._learn(consumed, 0.0, items, 0.0)
        else:
            self._tally.note(self.table, _LEFT)
            self._learn(consumed, keys * self.cost, items, (items - taken) * self.cost)

    def throttled(self, items: int, keys: int, verdict: Verdict) -> None:
        """None was taken. `keys` as above."""
        cause = self._tally.note(self.table, verdict)
        self._landed(items, 0, None)
        if cause in _SHRINK:
            self._flight.shrink(_SHRINK[cause])
        if cause is Cause.ACCOUNT:
            for peer in self._peers.values():
                if peer is not self and peer.items:
                    peer.slow()
        all_of_them = items * self.cost
        self._learn(0.0, all_of_them if cause in _SHRINK else keys * self.cost, items, all_of_them)

    def lost(self, items: int) -> None:
        """Nobody knows what became of it: it may have consumed what it was expected to."""
        self._landed(items, items, None)
        if self._paced:
            self._paced.settle(items, items, None)

    def strained(self) -> None:
        """The service or the network is in trouble: fewer requests at a time."""
        self._flight.shrink(_STRAINED)

    def slow(self) -> None:
        """Another table has run into the account's limit."""
        self._pace.slow(_OF_OTHERS)
        self._follow()

    def _landed(self, items: int, taken: int, entry: Consumed | None) -> None:
        self._flight.in_flight -= 1
        self.items -= items
        for limit in self._limits:
            limit.settle(items, taken, entry)

    def _learn(self, taken: float, refused: float, items: int, left: float) -> None:
        """The pace counts what was offered, so that what is refused is not offered again for nothing."""
        if self._paced:
            self._paced.settle(items, items, taken + left)
        if self._pace.answered(taken, refused):
            self._follow()

    def _follow(self) -> None:
        rate = self._pace.rate
        if rate is not None and self._paced is not None:
            self._paced.set_rate(rate)
            return
        self._paced = None if rate is None else Bucket(rate, self._clock, self.cost, self.items)
        self._arrange()

    def _arrange(self) -> None:
        self._buckets = [limit.bucket for limit in self._limits]
        if self._paced:
            self._buckets.append(self._paced)
