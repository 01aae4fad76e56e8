"""What a throttle means: what is short, whose it is, and how often it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from enum import IntEnum

from migration_tool.target.answers import Throttle, Verdict
from migration_tool.target.faults import stem

_FRESH_SECONDS = 10.0


class Cause(IntEnum):
    """What is short; of several the greatest counts."""

    LEFT = 0
    """Not said: part of a batch was left unprocessed."""
    KEYS = 1
    """A partition: of a hot key, or of each key while a table has not grown yet."""
    CAPACITY = 2
    """The capacity of the table or of an index: provisioned, or the maximum set for on demand."""
    ACCOUNT = 3
    """The account's quota: everything has to be slower."""


_SUFFIXES = {
    "KeyRangeThroughputExceeded": Cause.KEYS,
    "ProvisionedThroughputExceeded": Cause.CAPACITY,
    "MaxOnDemandThroughputExceeded": Cause.CAPACITY,
    "AccountLimitExceeded": Cause.ACCOUNT,
}
"""How ThrottlingReasons end: table or index, read or write, then one of these."""

_CODES = {
    "UnprocessedItems": Cause.LEFT,
    "ProvisionedThroughputExceeded": Cause.CAPACITY,
}


def cause(verdict: Verdict) -> Cause:
    """What a throttled request ran into. A code that names no reason is the account's."""
    found = [c for t in verdict.throttles for end, c in _SUFFIXES.items() if t.reason.endswith(end)]
    return max(found, default=_CODES.get(stem(verdict.code), Cause.ACCOUNT))


def place(throttle: Throttle, table: str) -> str:
    """Which table or index: "Music" or "index GSI2 of Music", by the resource's ARN if there is one."""
    name, _, index = throttle.resource.partition(":table/")[2].partition("/index/")
    if index:
        return f"index {index} of {name}"
    return name or (f"an index of {table}" if throttle.reason.startswith("Index") else table)


class Tally:
    """How often each reason was given and each table or index named, and what the last one was.

    reasons  throttling reason, or the error code where none was given -> how often
    places   see `place` -> how often
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.reasons: Counter[str] = Counter()
        self.places: Counter[str] = Counter()
        self._clock = clock
        self._last: tuple[float, Cause, str] = (float("-inf"), Cause.LEFT, "")

    def note(self, table: str, verdict: Verdict) -> Cause:
        """Counts a throttle of a request to `table` and says what it ran into."""
        of = cause(verdict)
        self.reasons.update([t.reason for t in verdict.throttles] or [verdict.code])
        places = list(dict.fromkeys(place(t, table) for t in verdict.throttles)) or [table]
        if of is not Cause.LEFT:
            self.places.update(places)
        if of is not Cause.LEFT or not self._recent(Cause.KEYS):
            self._last = (self._clock(), of, " and ".join(places))
        return of

    def sentence(self) -> str:
        """What was short in the last 10 s and what is done about it; "" if nothing was."""
        _, of, places = self._last
        if not self._recent(Cause.LEFT):
            return ""
        if of is Cause.KEYS:
            return f"partitions of {places} are at their limit: the items of their keys go later"
        if of is Cause.CAPACITY:
            return f"{places} is short of write capacity"
        if of is Cause.ACCOUNT:
            return f"the account's limit is reached at {places}: everything goes slower"
        return f"{places} leaves items unprocessed: they go again later"

    def _recent(self, least: Cause) -> bool:
        at, of, _ = self._last
        return of >= least and self._clock() < at + _FRESH_SECONDS
