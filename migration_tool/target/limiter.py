"""As fast as the tables allow, never faster.

Two brakes. Requests in flight: one more after each round of good answers, fewer after a throttle (`flight`).
And units per second, in token buckets that pay for what was consumed: one for the whole run (`max_wcu`), one
for each table and index whose capacity is to be kept, and one per table at the pace that its throttles teach
(`pace`). In-flight requests alone are too coarse: one at a time, 0.3 ms each, are 80,000 items a second.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from migration_tool.target.bucket import Bucket
from migration_tool.target.facts import Capacity
from migration_tool.target.flight import Flight
from migration_tool.target.gate import Gate, Limit
from migration_tool.target.throttling import Tally


@dataclass(frozen=True)
class Flow:
    """How the loading gets on with the tables just now.

    allowed    requests that may be in flight
    limit_wcu  units per second that are kept to; None without a limit
    reasons    throttling reason, or error code where none was given -> how often
    places     table or index -> how often a throttle named it
    note       what is short and what is done about it, one sentence; "" if nothing is
    """

    allowed: int
    limit_wcu: float | None = None
    reasons: Mapping[str, int] = field(default_factory=dict)
    places: Mapping[str, int] = field(default_factory=dict)
    note: str = ""


class Limiter:
    """The brakes of a run.

    most   requests that may ever be in flight
    clock  monotonic seconds
    """

    def __init__(self, most: int, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._flight = Flight(most, clock)
        self._tally = Tally(clock)
        self._gates: dict[str, Gate] = {}
        self._capacities: Mapping[str, Capacity] = {}
        self._whole: Limit | None = None

    @property
    def allowed(self) -> int:
        """Requests that may be in flight."""
        return self._flight.allowed

    def gate(self, table: str) -> Gate:
        """The way to a table, by its physical name; always the same one."""
        gate = self._gates.get(table)
        if gate is None:
            gate = self._gates[table] = Gate(table, self._flight, self._tally, self._clock, self._gates)
            gate.keep_to(self._capacities.get(table, Capacity()), self._whole)
        return gate

    def keep_to(self, max_wcu: float | None, capacities: Mapping[str, Capacity] | None = None) -> None:
        """From now on at most `max_wcu` units per second in all, and to each table what it has."""
        self._capacities = capacities or {}
        self._whole = None
        if max_wcu is not None:
            cost = max((gate.cost for gate in self._gates.values()), default=1.0)
            on_the_way = sum(gate.items for gate in self._gates.values())
            self._whole = Limit(Bucket(max_wcu, self._clock, cost, on_the_way))
        for gate in self._gates.values():
            gate.keep_to(self._capacities.get(gate.table, Capacity()), self._whole)

    def flow(self) -> Flow:
        """What `status` tells."""
        limit = self._limit()
        return Flow(
            self._flight.allowed,
            None if limit is None else round(limit, 1),
            dict(self._tally.reasons),
            dict(self._tally.places),
            self._note(limit),
        )

    def _limit(self) -> float | None:
        each = [rate for gate in self._gates.values() if (rate := gate.limit) is not None]
        both = [sum(each)] if each else []
        if self._whole is not None:
            both.append(self._whole.bucket.rate)
        return min(both, default=None)

    def _note(self, limit: float | None) -> str:
        flight = self._flight
        short = self._tally.sentence()
        pace = "" if limit is None else f"{limit:,.0f} WCU/s"
        if not short:
            return f"held at {pace}" if pace else ""
        return f"{short}: {pace}{pace and ', '}{flight.in_flight} of {flight.most} requests in flight"
