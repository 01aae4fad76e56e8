"""The expected side: what the rows of a source become, read as often as it takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from migration_tool.design.compile import CompiledEntity
from migration_tool.errors import RowRejected
from migration_tool.model import Chunk, EncodedItem, Position
from migration_tool.oversize import CHUNK, chunks_of
from migration_tool.source.sqlite import SqliteSource
from migration_tool.state.proofs import KeyRange
from migration_tool.verify.report import Rejection

REJECTIONS = 20
_NOTHING: Mapping[int, KeyRange] = {}


@dataclass(frozen=True, slots=True)
class Part:
    """Some hundred consecutive rows of the entity at place `entity`, up to the one at `until`.

    chunks  the chunk items that belong to the items
    """

    entity: int
    items: list[EncodedItem]
    rows: int
    until: Position
    chunks: list[EncodedItem] = field(default_factory=list)


class Expected:
    """One reading of the source: its items, and what was counted on the way, by place of the entity.

    Chunk items are counted behind the last entity.

    known       the first rows of each entity, which are counted but not read again
    rejections  the first rows that were read and have no item, with the reason
    """

    def __init__(
        self,
        source: SqliteSource,
        entities: Sequence[CompiledEntity],
        known: Mapping[int, KeyRange] = _NOTHING,
    ) -> None:
        self.counts = Counter({number: part.items for number, part in known.items()})
        self.counts[len(entities)] += sum(part.chunks for part in known.values())
        self.rejected = Counter({number: part.rows - part.items for number, part in known.items()})
        self.rejections: list[Rejection] = []
        self._source = source
        self._entities = entities
        self._after = {number: part.until for number, part in known.items()}

    def parts(self) -> Iterator[Part]:
        """The rows that are not known, entity by entity in cursor order. Raises SourceError."""
        for number, entity in enumerate(self._entities):
            for chunk in self._source.chunks(entity.read, self._after.get(number)):
                items = self._encoded(number, entity, chunk)
                self.counts[number] += len(items)
                chunks = chunk_items(entity, items)
                part = Part(number, items, len(chunk.rows), chunk.position(-1), chunks)
                if part.chunks:
                    self.counts[len(self._entities)] += len(part.chunks)
                yield part

    def items(self) -> Iterator[tuple[str, EncodedItem]]:
        """All of `parts`, chunk items too, each with the name of its entity."""
        for part in self.parts():
            name = self._entities[part.entity].name
            yield from ((name, item) for item in part.items)
            yield from ((CHUNK, item) for item in part.chunks)

    def _encoded(self, number: int, entity: CompiledEntity, chunk: Chunk) -> list[EncodedItem]:
        def reject(place: int, why: RowRejected) -> None:
            self.rejected[number] += 1
            if len(self.rejections) < REJECTIONS:
                table, position = entity.read.table, chunk.position(place)
                self.rejections.append(Rejection(entity.name, table, position, why.rule, why.reason))

        return encoded(entity, chunk, reject)


def encoded(
    entity: CompiledEntity, chunk: Chunk, reject: Callable[[int, RowRejected], None]
) -> list[EncodedItem]:
    """The items of the rows; `reject` is told the place of each row that has none, and why."""
    try:
        return list(map(entity.item, chunk.rows))
    except RowRejected:
        return list(_one_by_one(entity, chunk, reject))


def chunk_items(entity: CompiledEntity, items: list[EncodedItem]) -> list[EncodedItem]:
    """The chunk items that belong to these items of the entity."""
    if entity.entity.oversize != "split":
        return []
    return [more for item in items for more in chunks_of(item[2])]


def _one_by_one(
    entity: CompiledEntity, chunk: Chunk, reject: Callable[[int, RowRejected], None]
) -> Iterator[EncodedItem]:
    for place, row in enumerate(chunk.rows):
        try:
            yield entity.item(row)
        except RowRejected as rejected:
            reject(place, rejected)
