"""Rows that would fall on one item key, found in the data where the design alone does not exclude them.

A put overwrites in silence, so this comes before the first write. Rows whose items would be equal count
too: one of them would be lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from tempfile import gettempdir
from typing import Self

from migration_tool.design.compile import CompiledDesign, CompiledEntity
from migration_tool.design.uniqueness import Doubt, proof
from migration_tool.errors import DesignError, RowRejected
from migration_tool.model import NO_SORT_KEY, EncodedItem, Key, Position
from migration_tool.source.sqlite import SqliteSource
from migration_tool.verify.expected import Expected
from migration_tool.verify.report import many
from migration_tool.verify.spill import (
    BUCKET_BYTES,
    HASH_BYTES,
    MEMORY_BYTES,
    RECORD_BYTES,
    Spill,
    key_hash,
)  # fmt: skip

NAMED = 100
_NOTHING_ELSE = bytes(RECORD_BYTES - HASH_BYTES)


@dataclass(frozen=True)
class SourceRow:
    """A row by its table and its primary key; `by_rowid`: by its rowid, which is no column of the table."""

    entity: str
    table: str
    position: Position
    by_rowid: bool = False

    @classmethod
    def of(cls, entity: CompiledEntity, position: Position) -> Self:
        return cls(entity.name, entity.table.name, position, not entity.table.cursor)

    def __str__(self) -> str:
        name = f"{self.table} rowid" if self.by_rowid else self.table
        return f"{name} {', '.join(map(repr, self.position))}"


@dataclass(frozen=True)
class Collision:
    """Two rows with one item key."""

    key: Key
    first: SourceRow
    second: SourceRow

    def __str__(self) -> str:
        key = ", ".join(repr(value) for value in self.key if value != NO_SORT_KEY)
        if self.first == self.second:
            return f"{self.first} comes twice, with the key {key}: one of its lookups finds two rows"
        return f"{self.first} and {self.second} share the key {key}"


@dataclass(frozen=True)
class Collisions:
    """`count` is exact: how many rows have no key of their own. `named` are the first of them."""

    count: int
    named: tuple[Collision, ...]


def require_unique_keys(source: SqliteSource, compiled: CompiledDesign, folder: Path) -> None:
    """Raises DesignError naming rows that share a key; SourceError, StateError (working files)."""
    found = find_collisions(source, compiled, folder, proof(compiled))
    if found.count:
        raise DesignError(
            "give every row an item of its own", compiled.name,
            f"{many(found.count, 'row')} would overwrite another's item",
            "Add to the keys of the design what tells these rows apart, or mend the rows.",
            [str(collision) for collision in found.named],
        )  # fmt: skip


def table_collisions(
    source: SqliteSource, compiled: CompiledDesign, folder: Path | None = None
) -> tuple[Collision, ...]:
    """The first NAMED collisions of a table; none without reading a row where the design excludes them."""
    return find_collisions(source, compiled, folder or Path(gettempdir()), proof(compiled)).named


def find_collisions(
    source: SqliteSource,
    compiled: CompiledDesign,
    folder: Path,
    doubts: Sequence[Doubt],
    *,
    memory: int = MEMORY_BYTES,
    bucket: int = BUCKET_BYTES,
) -> Collisions:
    """Reads the rows of the entities in doubt, twice if there are collisions. Memory is bounded."""
    entities = doubtful(compiled, doubts)
    with Keys(folder, memory, bucket) as keys:
        for part in Expected(source, entities).parts():
            for partition_key, sort_key, _ in part.items:
                keys.add(partition_key, sort_key)
        return keys.collisions(source, entities)


def doubtful(compiled: CompiledDesign, doubts: Sequence[Doubt]) -> list[CompiledEntity]:
    """The entities that the doubts are about."""
    names = {name for doubt in doubts for name in doubt.entities}
    return [entity for entity in compiled.entities if entity.name in names]


class Keys:
    """The keys of items, to find those that stand more than once. Memory is bounded."""

    def __init__(self, folder: Path, memory: int = MEMORY_BYTES, bucket: int = BUCKET_BYTES) -> None:
        self._spill = Spill(folder, memory, bucket)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._spill.close()

    def add(self, partition_key: str, sort_key: str) -> None:
        self._spill.add(key_hash(partition_key, sort_key) + _NOTHING_ELSE)

    def collisions(self, source: SqliteSource, entities: Sequence[CompiledEntity]) -> Collisions:
        """Of the items added, which are those of these entities; their rows are read again to be named."""
        count, shared = 0, set[bytes]()
        for records in self._spill.buckets():
            for record, group in groupby(sorted(records)):
                more = len(list(group)) - 1
                count += more
                if more and len(shared) < NAMED:
                    shared.add(record[:HASH_BYTES])
        return Collisions(count, tuple(_named(source, entities, shared)))


def _named(source: SqliteSource, entities: Sequence[CompiledEntity], shared: set[bytes]) -> list[Collision]:
    found: list[Collision] = []
    first: dict[bytes, SourceRow] = {}
    for entity in entities if shared else ():
        for position, (partition_key, sort_key, _) in _items(source, entity):
            hashed = key_hash(partition_key, sort_key)
            if hashed not in shared:
                continue
            row = SourceRow.of(entity, position)
            if hashed in first:
                found.append(Collision((partition_key, sort_key), first[hashed], row))
            first.setdefault(hashed, row)
            if len(found) == NAMED:
                return found
    return found


def _items(source: SqliteSource, entity: CompiledEntity) -> Iterator[tuple[Position, EncodedItem]]:
    for position, row in source.rows(entity.read):
        try:
            yield position, entity.item(row)
        except RowRejected:
            continue
