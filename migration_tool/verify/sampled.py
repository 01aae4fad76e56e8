"""A sample of the source's rows against their items: what it says of all, and what it cannot see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from typing import TypeAlias

from migration_tool.design.compile import CompiledDesign, CompiledEntity
from migration_tool.errors import RowRejected
from migration_tool.model import EncodedItem
from migration_tool.source.sqlite import SqliteSource
from migration_tool.target.reader import MOST_KEYS
from migration_tool.target.wire import Wire
from migration_tool.verify.claim import Claim, chance_to_meet, rows_to_meet, upper_bound
from migration_tool.verify.draw import Draw
from migration_tool.verify.expected import REJECTIONS
from migration_tool.verify.explain import attribute_differences, key_of, parsed
from migration_tool.verify.lookup import Key, look_up
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

_Group: TypeAlias = dict[Key, EncodedItem]


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
        started, compared = clock(), Counter[str]()
        missing: list[Difference] = []
        different: list[Difference] = []
        for (entity, group), there in look_up(wire, table, self._compiled.design.keys, self._groups()):
            compared[entity] += len(group)
            missing += self._missing(entity, group, there)
            different += self._different(entity, group, there)
            advance(len(group))
            if len(missing) + len(different) > self._bearable:
                break
        entities = tuple(self._counts(compared, missing, different))
        return TableDifference(
            name=self._compiled.name,
            table=table,
            entities=entities,
            missing=tuple(missing),
            different=tuple(different),
            rejections=tuple(self._rejections),
            sample=self._sample(entities),
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
            for group in _groups(self._items(entity)):
                yield (entity.name, group), group

    def _items(self, entity: CompiledEntity) -> Iterator[EncodedItem]:
        for position, row in self._draw.drawn(entity.read):
            try:
                yield entity.item(row)
            except RowRejected as why:
                self._rejected[entity.name] += 1
                rejection = Rejection(entity.name, entity.read.table, position, why.rule, why.reason)
                self._rejections += [rejection] if len(self._rejections) < REJECTIONS else []

    def _missing(self, entity: str, group: _Group, there: dict[Key, bytes]) -> Iterator[Difference]:
        for key, (_, _, text) in group.items():
            if key not in there:
                yield Difference(key_of(parsed(text), self._compiled.design.keys), entity)

    def _different(self, entity: str, group: _Group, there: dict[Key, bytes]) -> Iterator[Difference]:
        for key, (_, _, text) in group.items():
            if key in there and there[key] != text.encode():
                wanted = parsed(text)
                attributes = attribute_differences(wanted, parsed(there[key]))
                yield Difference(key_of(wanted, self._compiled.design.keys), entity, attributes)

    def _counts(
        self, compared: Counter[str], missing: Iterable[Difference], different: Iterable[Difference]
    ) -> Iterator[EntityCounts]:
        absent, changed = (Counter(found.entity for found in kind) for kind in (missing, different))
        for name in (entity.name for entity in self._compiled.entities):
            yield EntityCounts(
                entity=name,
                expected=compared[name],
                actual=compared[name] - absent[name],
                missing=absent[name],
                different=changed[name],
                rejected=self._rejected[name],
            )

    def _sample(self, entities: Sequence[EntityCounts]) -> Sample:
        looked_at = sum(entity.expected + entity.rejected for entity in entities)
        wrong = sum(entity.missing + entity.different for entity in entities)
        return Sample(
            confidence=self._claim.confidence,
            at_most=self._claim.at_most,
            seed=self._claim.seed,
            rows=self._rows,
            drawn=self.drawn,
            looked_at=looked_at,
            wrong=wrong,
            bound=self._bound(wrong) if looked_at == self.drawn else None,
        )

    def _bound(self, wrong: int) -> float:
        """By as many rows as the claim needs: what rounding up has added counts for nothing."""
        if self.drawn == self._rows:
            return wrong / self._rows if self._rows else 0.0
        return upper_bound(wrong, self._claim.size, self._claim.confidence)


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


def _groups(items: Iterable[EncodedItem]) -> Iterator[_Group]:
    """As many as can be asked for at once, no key twice in one."""
    group: _Group = {}
    for item in items:
        if item[:2] in group or len(group) == MOST_KEYS:
            yield group
            group = {}
        group[item[:2]] = item
    if group:
        yield group


def _percent(share: float, rounding: str = "") -> str:
    """What was given as it was; what was computed never in its own favour."""
    digits = Context(4 if rounding else 10, rounding or ROUND_HALF_EVEN)
    return f"{digits.create_decimal(100 * Decimal(repr(share))).normalize():f} %"
