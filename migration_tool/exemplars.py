"""Real items that show what a design makes: few, and of whole item collections.

They come from the first rows of each entity, so that a source of any size is shown in a moment.
"""

from __future__ import annotations

from base64 import b64decode
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice

import orjson

from migration_tool.design.compile import CompiledDesign, CompiledEntity
from migration_tool.errors import RowRejected
from migration_tool.model import AttributeValue, WireItem
from migration_tool.source.sqlite import SqliteSource

FIRST_ROWS = 2_000
"""Of each entity; items are chosen among those that these become."""
_FIRST_CHARACTERS = 4_000_000
"""And fewer rows where their items are long: all are in memory."""


@dataclass(frozen=True)
class Exemplar:
    entity: str
    item: WireItem


@dataclass(frozen=True)
class Collection:
    """Items of one partition key in the order of their sort key, and how many of the pool are not shown."""

    partition: str
    shown: tuple[Exemplar, ...]
    more: int


def pool(source: SqliteSource, design: CompiledDesign) -> list[Exemplar]:
    """The items of the first rows of each entity; rows that have none are left out. Raises SourceError."""
    return [Exemplar(entity.name, item) for entity in design.entities for item in _items(source, entity)]


def _items(source: SqliteSource, entity: CompiledEntity) -> Iterator[WireItem]:
    characters = 0
    for _, row in islice(source.rows(entity.read), FIRST_ROWS):
        try:
            text = entity.item(row)[2]
        except RowRejected:
            continue
        yield orjson.loads(text.encode())
        characters += len(text)
        if characters > _FIRST_CHARACTERS:
            return


def collections(
    found: Sequence[Exemplar], keys: tuple[str, ...], most: int, items: int
) -> tuple[Collection, ...]:
    """So many item collections with so many items each: those of most entities; more for entities in none.

    keys  partition key attribute, of the table or of an index, and the sort key attribute if there is one
    """
    fresh: list[tuple[str, list[Exemplar]]] = []
    others: list[tuple[str, list[Exemplar]]] = []
    seen: set[str] = set()
    for name, group in _ranked(found, keys):
        kinds = {one.entity for one in group}
        (others if kinds <= seen else fresh).append((name, group))
        seen |= kinds
    chosen = [*fresh, *others][: max(most, len(fresh))]
    return tuple(_collection(name, group, items) for name, group in chosen)


def typical(found: Sequence[Exemplar], keys: tuple[str, ...], each: int) -> list[Exemplar]:
    """At most `each` items of every entity, as many as can be from the same collections; in their order."""
    left = Counter({one.entity: each for one in found})
    kept = []
    for _, group in _ranked(found, keys):
        for one in group:
            if left[one.entity]:
                left[one.entity] -= 1
                kept.append(one)
    return kept


def _ranked(found: Sequence[Exemplar], keys: tuple[str, ...]) -> list[tuple[str, list[Exemplar]]]:
    """Collections by how much they show: entities, then items up to a dozen, then as they were found."""
    groups: defaultdict[str, list[Exemplar]] = defaultdict(list)
    for one in found:
        if all(name in one.item for name in keys):
            groups[key_text(one.item, keys[0])].append(one)
    for group in groups.values():
        group.sort(key=lambda one: [_order(one.item[name]) for name in keys[1:]])
    return sorted(
        groups.items(), key=lambda pair: (-len({e.entity for e in pair[1]}), -min(len(pair[1]), 12))
    )


def _order(value: AttributeValue) -> bytes | Decimal:
    """By which DynamoDB sorts: numbers as numbers, text and binaries by their bytes."""
    ((kind, content),) = value.items()
    if kind == "N":
        return Decimal(content)
    return b64decode(content) if kind == "B" else str(content).encode()


def key_text(item: WireItem, name: str) -> str:
    """The value of a key attribute as text."""
    return str(next(iter(item[name].values())))


def _collection(name: str, group: list[Exemplar], items: int) -> Collection:
    """The first items of each entity in turn, so that none is crowded out."""
    places: defaultdict[str, int] = defaultdict(int)
    turns = []
    for number, one in enumerate(group):
        turns.append((places[one.entity], number))
        places[one.entity] += 1
    kept = sorted(number for _, number in sorted(turns)[:items])
    return Collection(name, tuple(group[number] for number in kept), len(group) - len(kept))
