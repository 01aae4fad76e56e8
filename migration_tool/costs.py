"""What a load and the months after it cost, and how long the load takes: docs/costs.md says the formulas.

Arithmetic alone: whoever knows the volume of tables, measured or predicted, can ask.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from migration_tool.prices import ClassPrices, RegionPrices, TableClass

NEW_TABLE_UNITS = 4_000
"""Write units a second that a new on-demand table takes, and each of its indexes (AWS, "Warm throughput")."""
TABLE_QUOTA = 40_000
"""Write units a second: what a table may take unless AWS raises the quota."""
PARTITION_UNITS = 1_000
DOUBLING_SECONDS = 1_800
"""An on-demand table follows to twice its previous peak within 30 minutes."""
ITEM_OVERHEAD_BYTES = 100
"""AWS bills so much storage with each item, in the table and in each index."""
READ_UNIT_BYTES = 4_096
GB = 2**30
HOURS = 730
"""Of a month, as AWS's calculator counts it."""
UTILISATION = 0.7
"""The share of provisioned capacity that is used, as auto scaling aims at."""
UPLOAD_PART_BYTES = 8 * 1024 * 1024
WORTH_DOLLARS = 1.0
"""A way that saves less is not worth its trouble."""

WayName: TypeAlias = Literal["on_demand", "pre_warmed", "provisioned", "s3_import"]
_OTHERS: tuple[WayName, ...] = ("s3_import", "provisioned")
"""What may be cheaper than writing on demand."""


@dataclass(frozen=True)
class Volume:
    """What is loaded into one table.

    items        that an application reads and writes: without chunk items
    bytes        of the items, and of their chunk items
    copies       items of the table and of all indexes together, chunk items too
    stored       bytes of those
    write_units  of the table and all indexes together
    busiest      write units of the table or index that has most of them
    hottest      write units of the partition key, of table or index, that has most of them
    json_bytes   of the items as lines of DynamoDB JSON
    recoverable  bytes that point-in-time recovery keeps; 0 where the table has none
    objects      in S3, that hold what has left items of over 400 KB
    object_bytes of those
    table_class  that the load is paid in
    """

    items: int
    bytes: int
    copies: int
    stored: int
    write_units: int
    busiest: int
    hottest: int
    json_bytes: int
    recoverable: int = 0
    objects: int = 0
    object_bytes: int = 0
    table_class: TableClass = "standard"


@dataclass(frozen=True)
class Way:
    """A way to load. `seconds` and `dollars` are None where nobody can say; `basis` says why, or how."""

    name: WayName
    seconds: float | None
    dollars: float | None
    basis: str


@dataclass(frozen=True)
class Traffic:
    """What an application does later: items read (eventually consistent) and written a second."""

    reads: float
    writes: float


USUAL_TRAFFIC = Traffic(reads=10, writes=1)
"""Where nobody says what the application does; `plan` assumes it, too."""


@dataclass(frozen=True)
class Month:
    """Dollars a month in one billing mode and table class.

    recovery  point in time, of the tables that have it; None where its price is not known
    objects   in S3: kept, and put by the share of the writes that has one; None without the prices of S3
    total     without what is not known
    """

    billing: Literal["on_demand", "provisioned"]
    table_class: TableClass
    storage: float
    recovery: float | None
    objects: float | None
    reads: float
    writes: float

    @property
    def total(self) -> float:
        return self.storage + (self.recovery or 0) + (self.objects or 0) + self.reads + self.writes


@dataclass(frozen=True)
class Recommendation:
    """A way to load, and why."""

    name: WayName
    reason: str


def ways(volumes: Sequence[Volume], prices: RegionPrices | None, wcu: int) -> tuple[Way, ...]:
    """All ways to load these tables side by side. `wcu`: provisioned for all of them and their indexes."""
    units = sum(volume.write_units for volume in volumes)
    slowest = max(volume.hottest / PARTITION_UNITS for volume in volumes)
    busiest = max(volume.busiest for volume in volumes)
    provisioned = max(slowest, units / wcu)
    hours = max(1, math.ceil(provisioned / 3600))
    written = reserved = imported = None
    if prices:
        written = _all(sum, (_written(volume, prices) for volume in volumes))
        hour = _all(max, (_hour(volume, prices) for volume in volumes))
        put = _all(sum, (_put(volume, prices) for volume in volumes))
        reserved = None if hour is None or put is None else hours * wcu * hour + put
        imported = _all(sum, (_import(volume, prices) for volume in volumes))
    return (
        Way(
            "on_demand", max(slowest, _ramp(busiest)), written,
            f"{NEW_TABLE_UNITS:,} units/s for each table and index, twice as many every 30 minutes, "
            f"{TABLE_QUOTA:,} at most",
        ),
        Way(
            "pre_warmed", max(slowest, busiest / TABLE_QUOTA), written,
            f"{TABLE_QUOTA:,} units/s for each table and index; what AWS charges for warming is not counted",
        ),
        Way(
            "provisioned", provisioned, reserved,
            f"{wcu:,} units/s for all tables and indexes together, paid for {hours:,} h",
        ),
        Way(
            "s3_import", None, imported,
            "into new tables only; AWS promises no time; with the upload, and the files kept for a day",
        ),
    )  # fmt: skip


def recommended(found: Sequence[Way], obstacles: Sequence[str]) -> Recommendation:
    """The cheapest way that is possible; writing on demand unless another saves a dollar.

    obstacles  why the tables cannot be imported, a clause each
    """
    dollars = {way.name: way.dollars for way in found if way.dollars is not None}
    if "on_demand" not in dollars:
        return Recommendation(
            "on_demand", "what it costs in this region is not known; it needs no preparation"
        )
    shut = "".join(f"; {obstacle}" for obstacle in obstacles)
    if "s3_import" not in dollars:
        shut += "; what an import costs in this region is not known"
    others = [name for name in _OTHERS if name in dollars and not (name == "s3_import" and obstacles)]
    other = min(others, key=dollars.__getitem__, default=None)
    saved = dollars["on_demand"] - dollars[other] if other else 0
    if other and saved >= WORTH_DOLLARS:
        return Recommendation(other, f"${saved:,.2f} cheaper than writing on demand{shut}")
    return Recommendation(
        "on_demand", f"it needs no preparation, and no other way saves ${WORTH_DOLLARS:,.2f}{shut}"
    )


def months(volumes: Sequence[Volume], prices: RegionPrices, traffic: Traffic) -> tuple[Month, ...]:
    """A month of the loaded tables, in each billing mode and table class that the prices are known of."""
    items = max(1, sum(volume.items for volume in volumes))
    read = units_to_read(sum(volume.bytes for volume in volumes) / items)
    written = sum(volume.write_units for volume in volumes) / items
    stored = sum(volume.stored + volume.copies * ITEM_OVERHEAD_BYTES for volume in volumes) / GB
    recovery = _all(sum, (_recovery(volume, prices) for volume in volumes))
    rewritten = traffic.writes * HOURS * 3600 / items
    objects = _all(sum, (_objects(volume, prices, rewritten) for volume in volumes))
    reads, writes = traffic.reads * read, traffic.writes * written
    found = []
    for name, charged in prices.classes.items():
        storage = stored * charged.storage_gb_month
        kept = storage, recovery, objects
        found.append(Month("on_demand", name, *kept, *_requested(charged, reads, writes)))
        if charged.write_hour is not None and charged.read_hour is not None:
            units = _reserved(reads) * charged.read_hour, _reserved(writes) * charged.write_hour
            found.append(Month("provisioned", name, *kept, *units))
    return tuple(found)


def usual_month(volumes: Sequence[Volume], prices: RegionPrices) -> float:
    """Dollars a month on demand, in the standard table class, with USUAL_TRAFFIC: to compare designs by."""
    found = months(volumes, prices, USUAL_TRAFFIC)
    return next(m.total for m in found if (m.billing, m.table_class) == ("on_demand", "standard"))


def units_to_read(size: float) -> float:
    """Units of an eventually consistent read of an item of so many bytes: half of each 4 KB begun."""
    return max(1, math.ceil(size / READ_UNIT_BYTES)) / 2


def _requested(prices: ClassPrices, reads: float, writes: float) -> tuple[float, float]:
    seconds = HOURS * 3600
    return reads * seconds * prices.read_million / 1e6, writes * seconds * prices.write_million / 1e6


def _reserved(units: float) -> int:
    """Unit-hours of a month that leave room for so many units a second."""
    return math.ceil(units / UTILISATION) * HOURS


def _ramp(units: float) -> float:
    """Seconds that a new on-demand table takes for so many write units."""
    rate, seconds = NEW_TABLE_UNITS, 0.0
    while rate < TABLE_QUOTA and units > rate * DOUBLING_SECONDS:
        units -= rate * DOUBLING_SECONDS
        seconds += DOUBLING_SECONDS
        rate = min(2 * rate, TABLE_QUOTA)
    return seconds + units / rate


def _all(total: Callable[[list[float]], float], figures: Iterable[float | None]) -> float | None:
    """Of all of them; None where one is not known."""
    found = list(figures)
    known = [figure for figure in found if figure is not None]
    return total(known) if len(known) == len(found) else None


def _written(volume: Volume, prices: RegionPrices) -> float | None:
    charged, put = prices.classes.get(volume.table_class), _put(volume, prices)
    return volume.write_units * charged.write_million / 1e6 + put if charged and put is not None else None


def _put(volume: Volume, prices: RegionPrices) -> float | None:
    """To put every object once."""
    if not volume.objects:
        return 0.0
    return None if prices.s3 is None else volume.objects * prices.s3.put_thousand / 1000


def _hour(volume: Volume, prices: RegionPrices) -> float | None:
    charged = prices.classes.get(volume.table_class)
    return charged.write_hour if charged else None


def _recovery(volume: Volume, prices: RegionPrices) -> float | None:
    if not volume.recoverable:
        return 0.0
    return None if prices.pitr_gb_month is None else volume.recoverable / GB * prices.pitr_gb_month


def _objects(volume: Volume, prices: RegionPrices, rewritten: float) -> float | None:
    """Of a month in which each item is written so many times."""
    if not volume.objects:
        return 0.0
    if prices.s3 is None:
        return None
    put = volume.objects * rewritten * prices.s3.put_thousand / 1000
    return volume.object_bytes / GB * prices.s3.storage_gb_month + put


def _import(volume: Volume, prices: RegionPrices) -> float | None:
    if prices.import_gb is None or prices.s3 is None:
        return None
    size = volume.json_bytes / GB
    puts = math.ceil(volume.json_bytes / UPLOAD_PART_BYTES)
    day = 24 / HOURS * size * prices.s3.storage_gb_month
    return size * prices.import_gb + puts * prices.s3.put_thousand / 1000 + day


def in_dollars(amount: float | None) -> str:
    """With four digits below ten cents: small tables cost little, not nothing. None: nobody knows."""
    if amount is None:
        return "?"
    if 0 < amount < 0.0001:
        return "< $0.0001"
    return f"${amount:,.2f}" if amount >= 0.1 or amount == 0 else f"${amount:.4f}"
