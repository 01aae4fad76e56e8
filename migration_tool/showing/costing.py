"""What a shown table would cost, about: the means over its first items, times its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from migration_tool.costs import USUAL_TRAFFIC, Volume, in_dollars, usual_month
from migration_tool.design.model import Design
from migration_tool.design.units import copies, units
from migration_tool.exemplars import Exemplar
from migration_tool.limits import item_size
from migration_tool.model import WireItem
from migration_tool.prices import RegionPrices


@dataclass(frozen=True)
class Cost:
    """write_units  to put all items, with their copies in indexes
    load         dollars of these on demand; None: the region's prices are not known
    month        dollars a month on demand, with USUAL_TRAFFIC; None as well
    """

    write_units: int
    load: float | None
    month: float | None


def in_words(found: Cost) -> str:
    """A sentence."""
    units = f"Loading takes about {found.write_units:,} write units"
    if found.load is None or found.month is None:
        return f"{units}; the prices of the region are not known."
    traffic = f"{USUAL_TRAFFIC.reads:g} items read and {USUAL_TRAFFIC.writes:g} written a second"
    month = in_dollars(found.month)
    return f"{units} ({in_dollars(found.load)} on demand), a month at {traffic} about {month}."


@dataclass(frozen=True)
class _Means:
    """Of an entity's items: bytes, write units, entries in indexes and their bytes."""

    size: float = 0.0
    units: float = 0.0
    copies: float = 0.0
    copied: float = 0.0


def cost(
    design: Design, rows: Mapping[str, int], items: Sequence[Exemplar], prices: RegionPrices | None
) -> Cost:
    """rows  of each entity, by its name; each is taken to give an item"""
    means = {name: _means(design, [one.item for one in items if one.entity == name]) for name in rows}
    total = {
        what: round(sum(count * getattr(means[name], what) for name, count in rows.items()))
        for what in ("size", "units", "copies", "copied")
    }
    count = sum(rows.values())
    volume = Volume(
        items=count, bytes=total["size"], copies=count + total["copies"],
        stored=total["size"] + total["copied"], write_units=total["units"],
        busiest=0, hottest=0, json_bytes=0,
    )  # fmt: skip
    if prices is None:
        return Cost(total["units"], None, None)
    load = total["units"] * prices.standard.write_million / 1e6
    return Cost(total["units"], load, round(usual_month([volume], prices), 4))


def _means(design: Design, items: Sequence[WireItem]) -> _Means:
    if not items:
        return _Means()
    sizes = [item_size(item) for item in items]
    entries = [
        [copied for _, copied in copies(design, item, size)] for item, size in zip(items, sizes, strict=True)
    ]
    return _Means(
        fmean(sizes),
        fmean(units(size) + sum(map(units, found)) for size, found in zip(sizes, entries, strict=True)),
        fmean(map(len, entries)),
        fmean(map(sum, entries)),
    )
