"""Real items that show what a design makes: few, and of whole item collections.

They come from the first rows of each entity, so that a source of any size is shown in a moment.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import orjson

from migration_tool.design.compile import CompiledDesign, CompiledEntity
from migration_tool.errors import RowRejected
from migration_tool.model import WireItem
from migration_tool.source.sqlite import SqliteSource

FIRST_ROWS = 2_000
"""Of each entity; items are chosen among those that these become."""


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


def pool(source: SqliteSource, design: CompiledDesign, rows: int = FIRST_ROWS) -> list[Exemplar]:
    """The items of the first rows of each entity; rows that have none are left out. Raises SourceError."""
    return [Exemplar(e.name, item) for e in design.entities for item in _items(source, e, rows)]


def _items(source: SqliteSource, entity: CompiledEntity, rows: int) -> Iterator[WireItem]:
    for _, row in islice(source.rows(entity.read), rows):
        try:
            yield orjson.loads(entity.item(row)[2])
        except RowRejected:
            continue


def collections(
    found: Sequence[Exemplar], keys: tuple[str, str], most: int, items: int
) -> tuple[Collection, ...]:
    """At most so many item collections with so many items each: those of most entities first.

    keys  partition and sort key attribute, of the table or of an index; a sort key may be ""
    """
    ranked = _ranked(found, keys)
    return tuple(_collection(name, group, keys[1], items) for name, group in ranked[:most])


def typical(found: Sequence[Exemplar], keys: tuple[str, str], each: int) -> list[Exemplar]:
    """At most `each` items of every entity, as many as can be from the same collections; in their order."""
    left = Counter({one.entity: each for one in found})
    kept = []
    for _, group in _ranked(found, keys):
        for one in group:
            if left[one.entity]:
                left[one.entity] -= 1
                kept.append(one)
    return kept


def _ranked(found: Sequence[Exemplar], keys: tuple[str, str]) -> list[tuple[str, list[Exemplar]]]:
    """Collections by how much they show: entities, then items up to a dozen, then as they were found."""
    groups: defaultdict[str, list[Exemplar]] = defaultdict(list)
    for one in found:
        if all(name in one.item for name in keys if name):
            groups[key_text(one.item, keys[0])].append(one)
    for group in groups.values():
        group.sort(key=_by(keys[1]))
    return sorted(
        groups.items(), key=lambda pair: (-len({e.entity for e in pair[1]}), -min(len(pair[1]), 12))
    )


def _by(name: str) -> Callable[[Exemplar], bytes]:
    return lambda one: key_text(one.item, name).encode() if name else b""


def key_text(item: WireItem, name: str) -> str:
    """The value of a key attribute as text."""
    return str(next(iter(item[name].values())))


def _collection(name: str, group: list[Exemplar], sort: str, items: int) -> Collection:
    """The first items of each entity in turn, so that none is crowded out."""
    places: defaultdict[str, int] = defaultdict(int)
    turns = []
    for number, one in enumerate(group):
        turns.append((places[one.entity], number))
        places[one.entity] += 1
    kept = sorted(number for _, number in sorted(turns)[:items])
    return Collection(name, tuple(group[number] for number in kept), len(group) - len(kept))
