"""A sample of the source's rows against their items: what it says of all, and what it cannot see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from typing import TypeAlias

from migration_tool.design.compile import CompiledDesign, CompiledEntity
from migration_tool.errors import RowRejected
from migration_tool.model import EncodedItem, WireItem
from migration_tool.oversize import CHUNK, chunks_of
from migration_tool.source.sqlite import SqliteSource
from migration_tool.target.wire import Wire
from migration_tool.verify.claim import Claim, chance_to_meet, rows_to_meet, upper_bound
from migration_tool.verify.draw import Draw
from migration_tool.verify.expected import REJECTIONS
from migration_tool.verify.explain import attribute_differences, key_of, parsed
from migration_tool.verify.lookup import Key, in_groups, look_up
from migration_tool.verify.report import (
    Advance,
    Difference,
    EntityCounts,
    Rejection,
    Sample,
    TableDifference,
    many,
)

LOST_BATCH = 25
"""Items: what one BatchWriteItem holds."""

_NEARLY_CERTAIN = 0.9999


_Group: TypeAlias = Mapping[Key, EncodedItem]


@dataclass(slots=True)
class _Row:
    """A row with chunk items. `left`: its items that are not compared yet; `wrong`: whether one is."""

    left: int
    wrong: bool = False


class _Part(str):
    """The text of an item of such a row. `kind`: the entity, or CHUNK."""

    __slots__ = ("kind", "row")
    kind: str
    row: _Row


class Sampling:
    """The sample of one table that is to show the claim. Raises SourceError."""

    def __init__(self, source: SqliteSource, compiled: CompiledDesign, claim: Claim) -> None:
        self._compiled = compiled
        self._claim = claim
        names = [entity.name for entity in compiled.entities]
        rows = [source.count(entity.read) for entity in compiled.entities]
        shares = claim.shares(rows)
        self._rows, self.drawn = sum(rows), sum(shares)
        self._rejected = Counter[str]()
        self._rejections: list[Rejection] = []
        self._draw = Draw(
            source, dict(zip(names, rows, strict=True)), dict(zip(names, shares, strict=True)), claim.seed
        )

    def compare(
        self, wire: Wire, table: str, advance: Advance, clock: Callable[[], float]
    ) -> TableDifference:
        """Compares the items of the `drawn` rows; ends where so many are wrong that the claim has failed.

        Raises SourceError, TargetError.
        """
        started, found = clock(), _Found(self._compiled.design.keys)
        for (entity, group), there in look_up(wire, table, self._compiled.design.keys, self._groups()):
            looked_at = found.rows
            found.compare(entity, group, there)
            advance(found.rows - looked_at)
            if found.wrong > self._bearable:
                break
        return TableDifference(
            name=self._compiled.name,
            table=table,
            entities=tuple(self._counts(found)),
            missing=tuple(found.missing),
            different=tuple(found.different),
            rejections=tuple(self._rejections),
            sample=self._sample(found),
            scan_started=started,
            scan_finished=clock(),
        )

    @property
    def _bearable(self) -> int:
        """How many may be wrong: of all rows the share that is claimed, of fewer none; it takes no more."""
        return int(round(self._claim.at_most * self._rows, 9)) if self.drawn == self._rows else 0

    def _groups(self) -> Iterator[tuple[tuple[str, _Group], _Group]]:
        """Expected items of the rows drawn, as many of one entity as can be asked for at once."""
        for entity in self._compiled.entities:
            for group in in_groups(self._items(entity)):
                yield (entity.name, group), group

    def _items(self, entity: CompiledEntity) -> Iterator[EncodedItem]:
        split = entity.entity.oversize == "split"
        for position, row in self._draw.drawn(entity.read):
            try:
                item = entity.item(row)
            except RowRejected as why:
                self._rejected[entity.name] += 1
                rejection = Rejection(entity.name, entity.read.table, position, why.rule, why.reason)
                self._rejections += [rejection] if len(self._rejections) < REJECTIONS else []
                continue
            if split and (chunks := chunks_of(item[2])):
                yield from _parts(entity.name, item, chunks)
            else:
                yield item

    def _counts(self, found: _Found) -> Iterator[EntityCounts]:
        absent, changed = (Counter(each.entity for each in kind) for kind in (found.missing, found.different))
        names = [entity.name for entity in self._compiled.entities]
        for name in [*names, CHUNK] if found.compared[CHUNK] else names:
            yield EntityCounts(
                entity=name,
                expected=found.compared[name],
                actual=found.compared[name] - absent[name],
                missing=absent[name],
                different=changed[name],
                rejected=self._rejected[name],
            )

    def _sample(self, found: _Found) -> Sample:
        looked_at = found.rows + self._rejected.total()
        return Sample(
            confidence=self._claim.confidence,
            at_most=self._claim.at_most,
            seed=self._claim.seed,
            rows=self._rows,
            drawn=self.drawn,
            looked_at=looked_at,
            wrong=found.wrong,
            bound=self._bound(found.wrong) if looked_at == self.drawn else None,
        )

    def _bound(self, wrong: int) -> float:
        """By as many rows as the claim needs: what rounding up has added counts for nothing."""
        if self.drawn == self._rows:
            return wrong / self._rows if self._rows else 0.0
        return upper_bound(wrong, self._claim.size, self._claim.confidence)


class _Found:
    """What the items have shown that were compared, of which there are `compared` by entity.

    rows   of which all items were compared
    wrong  rows of which an item is missing or different
    """

    def __init__(self, keys: tuple[str, ...]) -> None:
        self.compared = Counter[str]()
        self.missing: list[Difference] = []
        self.different: list[Difference] = []
        self.rows = self.wrong = 0
        self._keys = keys

    def compare(self, entity: str, group: _Group, there: Mapping[Key, bytes]) -> None:
        wrong = [key for key, item in group.items() if there.get(key) != item[2].encode()]
        parts = {key: item[2] for key, item in group.items() if isinstance(item[2], _Part)}
        self.rows += len(group) - len(parts)
        self.compared[entity] += len(group) - len(parts)
        for part in parts.values():
            self.compared[part.kind] += 1
            part.row.left -= 1
            self.rows += not part.row.left
        for key in wrong:
            self.wrong += not (key in parts and parts[key].row.wrong)
            if key in parts:
                parts[key].row.wrong = True
            self._note(parts[key].kind if key in parts else entity, parsed(group[key][2]), there.get(key))

    def _note(self, entity: str, wanted: WireItem, found: bytes | None) -> None:
        key = key_of(wanted, self._keys)
        if found is None:
            self.missing.append(Difference(key, entity))
        else:
            self.different.append(Difference(key, entity, attribute_differences(wanted, parsed(found))))


def _parts(entity: str, item: EncodedItem, chunks: Sequence[EncodedItem]) -> Iterator[EncodedItem]:
    row = _Row(1 + len(chunks))
    for kind, (partition, sort, text) in ((entity, item), *((CHUNK, chunk) for chunk in chunks)):
        part = _Part(text)
        part.kind, part.row = kind, row
        yield partition, sort, part


def seen(sample: Sample) -> Iterator[str]:
    """What was checked, in sentences."""
    rows = many(sample.rows, "source row")
    drawn = (
        f"The claim takes all {rows}, {sample.looked_at:,} were looked at"
        if sample.drawn == sample.rows
        else f"Of {rows} {sample.drawn:,} were drawn at random (seed {sample.seed}), of each entity in "
        f"proportion, and {sample.looked_at:,} looked at"
    )
    yield (
        f"{drawn}: the items of {sample.wrong:,} are missing or different, by key and attributes, read "
        "strongly consistent."
    )
    confidence = f"With {_percent(sample.confidence)} confidence at most"
    if sample.bound is None:
        claim = f"{confidence} {_percent(sample.at_most)} of the rows have a wrong item"
        yield f'The sample ended there, because it cannot show the claim any more: "{claim}".'
    elif sample.drawn == sample.rows:
        yield f"These are all rows: {_percent(sample.bound, ROUND_CEILING)} of them have a wrong item."
    else:
        yield (
            f"{confidence} {_percent(sample.bound, ROUND_CEILING)} of the rows have an item that is missing "
            "or different: the exact binomial bound."
        )


def unseen(sample: Sample) -> Iterator[str]:
    """What a sample cannot see, in sentences."""
    yield "Extra items were not looked for: rows of the source do not lead to what none of them gives."
    if sample.drawn < sample.rows:
        chance = min(_NEARLY_CERTAIN, chance_to_meet(LOST_BATCH, sample.drawn, sample.rows))
        met = _percent(chance, ROUND_FLOOR)
        needed = rows_to_meet(LOST_BATCH, sample.rows, sample.confidence)
        yield (
            f"A sample finds rates, not single losses: of one lost batch ({LOST_BATCH} items) these "
            f"{sample.drawn:,} rows meet an item with a probability of at least {met}; "
            f"for {_percent(sample.confidence)} it takes {needed:,} rows."
        )


def _percent(share: float, rounding: str = "") -> str:
    """What was given as it was; what was computed never in its own favour."""
    digits = Context(4 if rounding else 10, rounding or ROUND_HALF_EVEN)
    return f"{digits.create_decimal(100 * Decimal(repr(share))).normalize():f} %"
