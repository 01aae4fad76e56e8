"""Every item of a design, made and measured once: nothing is written, and memory is bounded.

`plan` and `design check` are two views of what this finds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import gettempdir
from typing import Self

import orjson

from migration_tool.checking.figures import (
    NEAR,
    Collection,
    EntityFigures,
    Found,
    KeyFigures,
    SizedItem,
    Spread,
    TableFigures,
)
from migration_tool.checking.rounding import Rounding
from migration_tool.checking.sums import Largest, Sum, Sums
from migration_tool.design.compile import CompiledDesign, CompiledEntity
from migration_tool.design.uniqueness import proof
from migration_tool.design.units import copies, units
from migration_tool.errors import RowRejected, RowSkipped
from migration_tool.limits import MAX_ITEM_BYTES, item_size
from migration_tool.model import EncodedItem, Key, Position, named_key
from migration_tool.oversize import ATTRIBUTE as OVERSIZE
from migration_tool.oversize import chunks_of, content_of
from migration_tool.source.sqlite import SqliteSource
from migration_tool.verify.collisions import Keys, SourceRow, doubtful

EXAMPLES = 5
_LINE_BYTES = len('{"Item":}\n')
"""Around an item in a file for an import from S3 (facts.md, section 1)."""


def survey(source: SqliteSource, compiled: CompiledDesign, folder: Path | None = None) -> TableFigures:
    """Reads all rows once, and those that share a key again to name them.

    folder  for working files, without a name; the system's own for such files where it is None
    Raises SourceError, and StateError where working files fail.
    """
    with _Survey(source, compiled, folder or Path(gettempdir())) as found:
        entities = tuple(found.entity(entity) for entity in compiled.entities)
        return found.figures(entities)


@dataclass
class _Counts:
    """Of an entity, so far."""

    rows: int = 0
    items: int = 0
    bytes: int = 0
    write_units: int = 0
    near: int = 0
    oversize: int = 0
    chunks: int = 0
    object_bytes: int = 0
    largest: tuple[int, Key | None] = (0, None)
    members: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def note(self, rule: str, example: str) -> None:
        self.rules[rule] += 1
        examples = self.examples.setdefault(rule, [])
        if len(examples) < EXAMPLES:
            examples.append(example)

    def found(self, rule: str) -> Found:
        return Found(rule, self.rules[rule], tuple(self.examples.get(rule, ())))


class _Survey:
    def __init__(self, source: SqliteSource, compiled: CompiledDesign, folder: Path) -> None:
        self._source, self._compiled, self._design = source, compiled, compiled.design
        self._stack = ExitStack()
        self._doubtful = doubtful(compiled, proof(compiled))
        self._keys = self._stack.enter_context(Keys(folder))
        self._table = self._stack.enter_context(Sums(folder))
        self._indexes = {
            index.name: self._stack.enter_context(Sums(folder)) for index in compiled.design.indexes
        }
        self._largest = Largest[SizedItem](EXAMPLES)
        self._json_bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def entity(self, entity: CompiledEntity) -> EntityFigures:
        counts, rounding = _Counts(), Rounding(self._source.schema, entity.read)
        in_doubt = entity in self._doubtful
        for position, row in self._source.rows(entity.read):
            counts.rows += 1
            try:
                made = entity.item(row)
                self._item(entity, counts, made)
            except RowSkipped:
                counts.rows -= 1
                continue
            except RowRejected as rejected:
                counts.note(rejected.rule, f"{_row(entity, position)}: {rejected.reason}")
                continue
            for name, value in rounding.suspects(row):
                counts.note(Rounding.RULE, f"{_row(entity, position)}: {name} = {value!r}")
            if in_doubt:
                self._keys.add(*made[:2])
        return self._entity_figures(entity, counts)

    def figures(self, entities: tuple[EntityFigures, ...]) -> TableFigures:
        return TableFigures(
            name=self._compiled.name,
            entities=entities,
            table=_spread("", self._table),
            indexes=tuple(_spread(name, sums) for name, sums in self._indexes.items()),
            largest=self._largest.found,
            json_bytes=self._json_bytes,
            collisions=self._keys.collisions(self._source, self._doubtful),
            collection=self._collection(),
        )

    def _collection(self) -> Collection | None:
        local = [self._indexes[index.name] for index in self._design.indexes if index.local]
        sums = self._table.sums(*local) if local else ()
        largest = max(sums, key=lambda found: found.bytes, default=None)
        return Collection(largest.key, largest.bytes) if largest else None

    def _named(self, key: Key) -> tuple[str, ...]:
        return tuple(named_key(self._design.keys, key).values())

    def _item(self, entity: CompiledEntity, counts: _Counts, made: EncodedItem) -> None:
        size, counted = self._stored(counts, made)
        counts.items += 1
        counts.near += counted >= NEAR * MAX_ITEM_BYTES
        if size > counts.largest[0]:
            counts.largest = size, made[:2]
        if size > self._largest.least:
            self._largest.add(size, SizedItem(entity.name, self._named(made[:2]), size))
        counts.object_bytes += len(content_of(made[2]))
        for chunk in chunks_of(made[2]):
            counts.chunks += 1
            self._stored(counts, chunk)

    def _stored(self, counts: _Counts, made: EncodedItem) -> tuple[int, int]:
        """Adds up one item, a chunk item too. Gives its size, alone and with its copies in local indexes.

        Those use the table's units.
        """
        partition_key, _, text = made
        data = text.encode()
        item = orjson.loads(data)
        size = item_size(item)
        counted, own, others = size, units(size), 0
        for index, copied in copies(self._design, item, size):
            counted += copied if index.local else 0
            ((_, key),) = item[index.partition_key].items()
            there = 0 if index.local else units(copied)
            self._indexes[index.name].add(key, copied, there)
            counts.members[index.name] += 1
            own += units(copied) - there
            others += there
        self._table.add(partition_key, size, own)
        counts.bytes += size
        counts.write_units += own + others
        counts.oversize += OVERSIZE in item
        self._json_bytes += len(data) + _LINE_BYTES
        return size, counted

    def _entity_figures(self, entity: CompiledEntity, counts: _Counts) -> EntityFigures:
        left_out = bool(entity.read.where or entity.entity.transform)
        written = [i.name for i in self._design.indexes if all(key in entity.entity.keys for key in i.keys)]
        return EntityFigures(
            name=entity.name,
            source_table=entity.table.name,
            rows=counts.rows,
            dropped=self._source.count(replace(entity.read, where=None)) - counts.rows if left_out else 0,
            items=counts.items,
            bytes=counts.bytes,
            write_units=counts.write_units,
            largest_bytes=counts.largest[0],
            largest_key=counts.largest[1] and self._named(counts.largest[1]),
            near_limit=counts.near,
            oversize=counts.oversize,
            chunks=counts.chunks,
            object_bytes=counts.object_bytes,
            members={name: counts.members[name] for name in written},
            refusals=tuple(
                counts.found(rule) for rule, _ in counts.rules.most_common() if rule != Rounding.RULE
            ),
            rounded=counts.found(Rounding.RULE),
        )


def _spread(name: str, sums: Sums) -> Spread:
    keys = items = size = cost = 0
    largest, hottest = Largest[Sum](EXAMPLES), Largest[Sum](EXAMPLES)
    for found in sums.sums():
        keys += 1
        items += found.items
        size += found.bytes
        cost += found.units
        largest.add(found.bytes, found)
        hottest.add(found.units, found)
    return Spread(name, keys, items, size, cost, _keys(largest.found, cost), _keys(hottest.found, cost))


def _keys(found: Iterable[Sum], cost: int) -> tuple[KeyFigures, ...]:
    return tuple(KeyFigures(s.key, s.items, s.bytes, s.units, s.units / cost if cost else 0) for s in found)


def _row(entity: CompiledEntity, position: Position) -> str:
    return str(SourceRow.of(entity, position))
