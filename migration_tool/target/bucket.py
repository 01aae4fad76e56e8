"""A token bucket over capacity units: what may leave now so that a rate of consumption is held."""

from __future__ import annotations

from collections.abc import Callable

_SAVED_SECONDS = 0.2
_REMEMBERED_ITEMS = 500
_SHORTEST_WAIT = 0.0005


class Cost:
    """Units that an item consumes: the average of about the last 500. `value` is a guess until told."""

    __slots__ = ("_seen", "value")

    def __init__(self, value: float = 1.0) -> None:
        self.value = value
        self._seen = 0

    def learn(self, units: float, items: int) -> None:
        """So many items, at least one, have consumed so much."""
        seen = self._seen + items
        self._seen = seen if seen < _REMEMBERED_ITEMS else _REMEMBERED_ITEMS
        self.value += (units - self.value * items) / self._seen


class Bucket:
    """Admits requests before their cost is known and corrects itself by what the answers say they cost.

    rate        units per second
    clock       monotonic seconds
    cost        units that an item is expected to cost until answers say better
    on_the_way  items of requests that have left already

    A request may leave while nothing is owed. Items on their way count at the average cost; their answer
    replaces that guess. Unused units are kept for 0.2 s: over any 10 s at most 2 % more than the rate is
    consumed, and what one request costs.
    """

    def __init__(
        self, rate: float, clock: Callable[[], float], cost: float = 1.0, on_the_way: int = 0
    ) -> None:
        self.rate = rate
        self._cost = Cost(cost)
        self._clock = clock
        self._on_the_way = on_the_way
        self._level = cost * on_the_way
        self._at = clock()

    @property
    def cost(self) -> float:
        """Units that an item is expected to consume."""
        return self._cost.value

    def set_rate(self, rate: float) -> None:
        """From now on; what is saved or owed by now stays."""
        self._refill()
        self.rate = rate

    def seconds(self) -> float:
        """How long until a request may leave; 0.0: now."""
        self._refill()
        wait = (self._on_the_way * self._cost.value - self._level) / self.rate
        return wait if wait > _SHORTEST_WAIT else 0.0

    def take(self, items: int) -> None:
        """A request with so many items leaves."""
        self._on_the_way += items

    def settle(self, items: int, taken: int, consumed: float | None) -> None:
        """Its answer is here: so many of its items were taken and consumed so much (None: not told)."""
        self._on_the_way -= items
        if consumed is None:
            consumed = taken * self._cost.value
        elif taken:
            self._cost.learn(consumed, taken)
        self._level -= consumed

    def _refill(self) -> None:
        now = self._clock()
        full = self.rate * _SAVED_SECONDS + self._on_the_way * self._cost.value
        if self._level < full:
            self._level = min(full, self._level + (now - self._at) * self.rate)
        self._at = now
