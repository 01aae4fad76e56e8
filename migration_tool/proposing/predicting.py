"""What a design would cost, and where it would be hot: sizes of a sample of its items, counts of the data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import orjson

from migration_tool.costs import Volume, usual_month
from migration_tool.design.compile import CompiledDesign, CompiledEntity
from migration_tool.design.units import copies as copied_to
from migration_tool.design.units import units
from migration_tool.errors import RowRejected
from migration_tool.limits import item_size
from migration_tool.model import Row
from migration_tool.oversize import chunks_of
from migration_tool.prices import RegionPrices
from migration_tool.proposing.drafts import Draft
from migration_tool.source.sqlite import SqliteSource

SAMPLE = 1_000
"""Rows of each entity that are made items of; all of them where there are no more."""
SOME = 1_000
"""Items of a table or index from which on it is asked whether a partition key is hot: of few, each is."""


@dataclass(frozen=True)
class EntityFigures:
    """Items of an entity, and the means over them. `copies`: entries in indexes; `units` with those."""

    items: int
    bytes: float
    units: float
    own_units: float
    copies: float
    copied_bytes: float


@dataclass(frozen=True)
class Prediction:
    """One table, or several together.

    rows                items that stand for a source row each; the others repeat keys of those
    bytes               of the items
    stored              bytes of items and of their copies in indexes
    write_units         to put every item once, with its copies
    row_units           to put every source row once, as one item without copies
    largest_collection  bytes under one partition key of the table, at most
    hottest             greatest share of the items of a table or index that one partition key has
    hottest_key         its template
    """

    items: int
    rows: int
    bytes: int
    copies: int
    stored: int
    write_units: int
    row_units: int
    largest_collection: int
    hottest: float
    hottest_key: str

    @property
    def amplification(self) -> float:
        return self.write_units / self.row_units if self.row_units else 1.0

    def monthly(self, prices: RegionPrices) -> float:
        """Dollars a month, as `usual_month` says; what is read and written are source rows."""
        volume = Volume(
            items=self.rows, bytes=self.bytes, copies=self.items + self.copies, stored=self.stored,
            write_units=self.write_units, busiest=0, hottest=0, json_bytes=0,
        )  # fmt: skip
        return usual_month([volume], prices)


def predict(source: SqliteSource, draft: Draft, compiled: CompiledDesign) -> Prediction:
    """Raises SourceError."""
    found = {entity.name: _figures(source, compiled, entity) for entity in compiled.entities}
    primary = [found[entity.name] for entity in draft.entities if not entity.copies]
    hottest, key = _hottest(draft, found)
    return Prediction(
        items=sum(figures.items for figures in found.values()),
        rows=sum(figures.items for figures in primary),
        bytes=round(sum(f.items * f.bytes for f in found.values())),
        copies=round(sum(figures.items * figures.copies for figures in found.values())),
        stored=round(sum(f.items * (f.bytes + f.copied_bytes) for f in found.values())),
        write_units=round(sum(f.items * f.units for f in found.values())),
        row_units=round(sum(f.items * f.own_units for f in primary)),
        largest_collection=max((_bytes(counts, found) for counts in draft.collections), default=0),
        hottest=hottest,
        hottest_key=key,
    )


def together(predictions: Sequence[Prediction]) -> Prediction:
    """Of a proposal with several tables."""
    hot = max(predictions, key=lambda prediction: (prediction.hottest, prediction.hottest_key))
    return Prediction(
        items=sum(p.items for p in predictions),
        rows=sum(p.rows for p in predictions),
        bytes=sum(p.bytes for p in predictions),
        copies=sum(p.copies for p in predictions),
        stored=sum(p.stored for p in predictions),
        write_units=sum(p.write_units for p in predictions),
        row_units=sum(p.row_units for p in predictions),
        largest_collection=max(p.largest_collection for p in predictions),
        hottest=hot.hottest,
        hottest_key=hot.hottest_key,
    )


def _bytes(counts: Mapping[str, int], found: Mapping[str, EntityFigures]) -> int:
    return round(sum(count * found[name].bytes for name, count in counts.items()))


def _hottest(draft: Draft, found: Mapping[str, EntityFigures]) -> tuple[float, str]:
    totals: dict[str, int] = {}
    for group in draft.groups:
        totals[group.place] = totals.get(group.place, 0) + group.total
    totals["table"] = sum(figures.items for figures in found.values())
    shares = [
        (g.largest / totals[g.place], f"{g.place} {g.label}") for g in draft.groups if totals[g.place] >= SOME
    ]
    return max(shares, default=(0.0, ""))


def _figures(source: SqliteSource, compiled: CompiledDesign, entity: CompiledEntity) -> EntityFigures:
    sizes, taken, own, copies, copied = [], [], [], [], []
    for row in _sample(source, entity):
        try:
            text = entity.item(row)[2]
        except RowRejected:
            continue
        stored = [orjson.loads(str(one)) for one in (text, *(chunk for *_, chunk in chunks_of(text)))]
        own_sizes = [item_size(item) for item in stored]
        entries = [
            found
            for item, size in zip(stored, own_sizes, strict=True)
            for _, found in copied_to(compiled.design, item, size)
        ]
        sizes.append(sum(own_sizes))
        own.append(sum(map(units, own_sizes)))
        taken.append(own[-1] + sum(map(units, entries)))
        copies.append(len(entries))
        copied.append(sum(entries))
    if not sizes:
        return EntityFigures(0, 0.0, 0.0, 0.0, 0.0, 0.0)
    count = source.count(entity.read)
    return EntityFigures(count, fmean(sizes), fmean(taken), fmean(own), fmean(copies), fmean(copied))


def _sample(source: SqliteSource, entity: CompiledEntity) -> Iterator[Row]:
    """Rows at even distances of their numbers; the first ones where there are none, or too few are hit."""
    numbers = source.rowids(entity.read)
    span = numbers.stop - numbers.start
    if span > SAMPLE:
        chosen = [(numbers[place * span // SAMPLE],) for place in range(SAMPLE)]
        rows = [row for _, row in source.chosen(entity.read, chosen)]
        if len(rows) * 2 >= SAMPLE:
            yield from rows
            return
    for _, (_, row) in zip(range(SAMPLE), source.rows(entity.read), strict=False):
        yield row
