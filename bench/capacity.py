"""How much a table takes: DynamoDB's write capacity limits, as a model with a clock of its own.

Parameters, as the JSON of `--capacity` and `POST /capacity` gives them (all but `mode` may be left out):

    mode              "provisioned" or "on_demand"
    wcu               provisioned: write capacity units per second of the table (40,000)
    index_wcu         the same of each global secondary index (as `wcu`)
    burst_seconds     provisioned: seconds of unused capacity that are kept; DynamoDB keeps 300 (0)
    partitions        of the table, and of each index (as many as the limits need)
    partition_wcu     units per second that one partition takes (1,000)
    initial_wcu       on demand: what a new table takes (4,000)
    doubling_seconds  on demand: after each such period a table takes twice the peak it has seen (1,800)
    account_wcu       on demand: the account's quota for each table and each index (40,000)
    max_wcu           on demand: the maximum configured for the table and for each index (none)

An item goes to the partition that its partition key's hash chooses. It costs one unit per begun KB, in the
table and again in every index whose key attributes it has (all attributes are projected; each put is taken
to be of a new item). It is taken whole or not at all: when the table, its partition, and those of each index
have units left. A limit that has any left takes an item of any cost and owes the rest, so over any t seconds
a limit of r units/s lets through at most r * (t + max(burst_seconds, 0.1)) units and one item.

A peak is the greatest number of units in one second. That an on-demand table has not yet grown to the wanted
rate shows as it does in AWS, as a key range that is exceeded.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from migration_tool.limits import item_size
from migration_tool.model import WireItem

Clock = Callable[[], float]
Mode = Literal["provisioned", "on_demand"]
TABLE = ""
"""What the table is called where indexes are called by their names."""

_LEAST_SECONDS = 0.1
_UNIT_BYTES = 1024


@dataclass(frozen=True)
class Model:
    """The parameters; see the module."""

    mode: Mode
    wcu: float = 40_000
    index_wcu: float | None = None
    burst_seconds: float = 0
    partitions: int | None = None
    partition_wcu: float = 1_000
    initial_wcu: float = 4_000
    doubling_seconds: float = 1_800
    account_wcu: float = 40_000
    max_wcu: float | None = None

    def __post_init__(self) -> None:
        if self.mode not in get_args(Mode):
            raise ValueError(f"mode is {self.mode!r}, not one of {', '.join(get_args(Mode))}")

    @property
    def provisioned(self) -> bool:
        return self.mode == "provisioned"

    def units(self, index: str) -> float:
        """Provisioned units per second of the table or an index."""
        return self.wcu if index == TABLE or self.index_wcu is None else self.index_wcu

    def partition_count(self, index: str) -> int:
        most = self.units(index) if self.provisioned else self.account_wcu
        return self.partitions or math.ceil(most / self.partition_wcu)


class Bucket:
    """Units that flow in at `rate` per second, up to `depth`. It takes while it has any, and may owe."""

    __slots__ = ("_at", "_level", "depth", "rate")

    def __init__(self, rate: float, seconds: float, now: float) -> None:
        self.rate = rate
        self.depth = rate * max(seconds, _LEAST_SECONDS)
        self._level = self.depth
        self._at = now

    def has_any(self, now: float) -> bool:
        self._level = min(self.depth, self._level + (now - self._at) * self.rate)
        self._at = now
        return self._level > 0

    def take(self, units: float) -> None:
        self._level -= units

    def widen(self, rate: float) -> None:
        """From now on `rate`."""
        self.depth *= rate / self.rate
        self.rate = rate


class _Growth:
    """What an on-demand table takes: twice the peak of the periods that are over."""

    def __init__(self, model: Model, now: float) -> None:
        self._model = model
        self.allowed = min(model.initial_wcu, model.account_wcu)
        self._period_ends = now + model.doubling_seconds
        self._second_ends = now + 1
        self._in_second = 0.0
        self._peak = 0.0

    def update(self, now: float) -> float:
        if now >= self._second_ends:
            self._peak = max(self._peak, min(self._in_second, self.allowed))
            self._in_second = 0.0
            self._second_ends += math.floor(now - self._second_ends) + 1
        if now >= self._period_ends:
            self.allowed = min(self._model.account_wcu, max(self.allowed, 2 * self._peak))
            periods = math.floor((now - self._period_ends) / self._model.doubling_seconds) + 1
            self._period_ends += periods * self._model.doubling_seconds
        return self.allowed

    def take(self, units: float) -> None:
        self._in_second += units


class _Resource:
    """The limits of a table or of one of its indexes."""

    def __init__(self, model: Model, index: str, keys: Sequence[str], now: float) -> None:
        self._model = model
        self.keys = keys
        self._growth = None if model.provisioned else _Growth(model, now)
        rate = model.units(index) if self._growth is None else self._growth.allowed
        self._whole = Bucket(rate, model.burst_seconds if model.provisioned else 0, now)
        self._maximum = Bucket(model.max_wcu, 0, now) if model.max_wcu and self._growth else None
        count = model.partition_count(index)
        self._partitions = [Bucket(model.partition_wcu, 0, now) for _ in range(count)]

    def allowed(self, now: float) -> float:
        """Units per second that all partitions together take now."""
        if self._growth and self._growth.update(now) != self._whole.rate:
            self._whole.widen(self._growth.allowed)
        most = math.inf if self._maximum is None else self._maximum.rate
        return min(self._whole.rate, most)

    def has(self, item: WireItem) -> bool:
        return all(key in item for key in self.keys)

    def refusals(self, item: WireItem, now: float) -> list[str]:
        """The limits that do not take the item now; [] if it can be taken."""
        self.allowed(now)
        refused = []
        if not self._whole.has_any(now):
            refused.append(self._whole_limit())
        if self._maximum and not self._maximum.has_any(now):
            refused.append("MaxOnDemandThroughputExceeded")
        if not self._partition(item).has_any(now):
            refused.append("KeyRangeThroughputExceeded")
        return refused

    def take(self, item: WireItem, units: float) -> None:
        self._whole.take(units)
        self._partition(item).take(units)
        if self._maximum:
            self._maximum.take(units)
        if self._growth:
            self._growth.take(units)

    def _whole_limit(self) -> str:
        if self._growth is None:
            return "ProvisionedThroughputExceeded"
        grown = self._growth.allowed >= self._model.account_wcu
        return "AccountLimitExceeded" if grown else "KeyRangeThroughputExceeded"

    def _partition(self, item: WireItem) -> Bucket:
        (value,) = item[self.keys[0]].values()
        return self._partitions[zlib.crc32(value.encode()) % len(self._partitions)]


@dataclass
class Admission:
    """What became of some items.

    taken     for each item whether it was taken
    units     what they consumed in the table
    indexes   the same in each index
    refusals  index (or TABLE) and limit of every refusal, each pair once
    """

    taken: list[bool] = field(default_factory=list)
    units: float = 0.0
    indexes: dict[str, float] = field(default_factory=dict)
    refusals: dict[tuple[str, str], None] = field(default_factory=dict)


class TableCapacity:
    """The limits of one table with its indexes. `keys`, `indexes`: names of partition and sort key."""

    def __init__(
        self, model: Model, keys: Sequence[str], indexes: Mapping[str, Sequence[str]], clock: Clock
    ) -> None:
        now = clock()
        self._clock = clock
        self._table = _Resource(model, TABLE, keys, now)
        self._indexes = {name: _Resource(model, name, names, now) for name, names in indexes.items()}

    @property
    def allowed(self) -> dict[str, float]:
        """Units per second that the table (TABLE) and each index take now."""
        now = self._clock()
        return {name: resource.allowed(now) for name, resource in self._all().items()}

    def admit(self, items: Sequence[WireItem]) -> Admission:
        """Takes those items, in wire form, for which there are units."""
        now = self._clock()
        admission = Admission(indexes=dict.fromkeys(self._indexes, 0.0))
        for item in items:
            admission.taken.append(self._take(item, admission, now))
        return admission

    def _take(self, item: WireItem, admission: Admission, now: float) -> bool:
        touched = {name: resource for name, resource in self._all().items() if resource.has(item)}
        refused = [(name, limit) for name, r in touched.items() for limit in r.refusals(item, now)]
        admission.refusals.update(dict.fromkeys(refused))
        if refused:
            return False
        units = math.ceil(item_size(item) / _UNIT_BYTES)
        for name, resource in touched.items():
            resource.take(item, units)
            if name == TABLE:
                admission.units += units
            else:
                admission.indexes[name] += units
        return True

    def _all(self) -> dict[str, _Resource]:
        return {TABLE: self._table, **self._indexes}
