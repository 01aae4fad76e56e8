"""The expected side: what the rows of a source become, read as often as it takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from migration_tool.design.compile import CompiledEntity
from migration_tool.errors import RowRejected
from migration_tool.model import Chunk, EncodedItem, Position
from migration_tool.source.sqlite import SqliteSource
from migration_tool.verify.report import Rejection

REJECTIONS = 20


class Expected:
    """One reading of the source: its items, and what was counted on the way, by place of the entity.

    rejections  the first rows that have no item, with the reason
    """

    def __init__(self, source: SqliteSource, entities: Sequence[CompiledEntity]) -> None:
        self.counts: Counter[int] = Counter()
        self.rejected: Counter[int] = Counter()
        self.rejections: list[Rejection] = []
        self._source = source
        self._entities = entities

    def chunks(self) -> Iterator[tuple[int, list[EncodedItem]]]:
        """The place of the entity, and some hundred of its items. Raises SourceError."""
        for number, entity in enumerate(self._entities):
            for chunk in self._source.chunks(entity.read):
                items = self._encoded(number, entity, chunk)
                self.counts[number] += len(items)
                yield number, items

    def _encoded(self, number: int, entity: CompiledEntity, chunk: Chunk) -> list[EncodedItem]:
        try:
            return list(map(entity.item, chunk.rows))
        except RowRejected:
            return list(self._one_by_one(number, entity, chunk))

    def _one_by_one(self, number: int, entity: CompiledEntity, chunk: Chunk) -> Iterator[EncodedItem]:
        for place, row in enumerate(chunk.rows):
            try:
                yield entity.item(row)
            except RowRejected as rejected:
                self._reject(number, entity, chunk.position(place), rejected)

    def _reject(self, number: int, entity: CompiledEntity, position: Position, why: RowRejected) -> None:
        self.rejected[number] += 1
        if len(self.rejections) < REJECTIONS:
            table = entity.read.table
            self.rejections.append(Rejection(entity.name, table, position, why.rule, why.reason))
