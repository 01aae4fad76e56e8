"""What a process sends, and the book it keeps of it: the rows no checkpoint covers yet, or rejected ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from itertools import islice

from migration_tool.batches import LARGE, Supply, Windows
from migration_tool.book import Book, Reading
from migration_tool.design.compile import CompiledEntity
from migration_tool.design.uniqueness import proof
from migration_tool.job import Bound
from migration_tool.model import Chunk, Position, Row
from migration_tool.retrying import Retrying
from migration_tool.source.sqlite import SqliteSource
from migration_tool.state.checkpoint import Checkpoint
from migration_tool.state.codec import exact_key
from migration_tool.state.rejects import RejectLog
from migration_tool.target.batch import Lane


def share(
    source: SqliteSource, checkpoint: Checkpoint, tables: Sequence[Bound], log: RejectLog, most: int
) -> tuple[Book, Sequence[Supply]]:
    """The book and the rows of a process that goes on from `checkpoint`.

    most  rows that may be rejected when rows are read for the first time
    """
    if checkpoint.retrying:
        book = Retrying(checkpoint, log)
        return book, list(_chosen(source, book, tables))
    return Reading(checkpoint, log, most), list(_unread(source, checkpoint, tables))


def _unread(source: SqliteSource, checkpoint: Checkpoint, tables: Sequence[Bound]) -> Iterator[Supply]:
    """What is left of each entity that is not done."""
    for bound in tables:
        doubted = {name for doubt in proof(bound.compiled) for name in doubt.entities}
        for entity in bound.compiled.entities:
            progress = checkpoint.entity(bound.name, entity.name)
            if not progress.done:
                by_rows = entity.name in doubted or entity.read.large
                shape = None if by_rows else entity.shape
                windows = source.windows(entity.read, progress.position, entity.item, shape)
                yield _supply(bound, entity, windows, progress.unread)


def _chosen(source: SqliteSource, book: Retrying, tables: Sequence[Bound]) -> Iterator[Supply]:
    """Of each entity the rejected rows that are still there."""
    for bound in tables:
        for entity in bound.compiled.entities:
            if keys := book.keys(bound.name, entity.name, entity.table.name):
                windows = _Chosen(source.chosen(entity.read, keys), set(map(exact_key, keys)))
                yield _supply(bound, entity, windows, len(keys))


class _Chosen:
    """The rows whose key is among `wanted` to the last bit, as windows."""

    def __init__(self, rows: Iterator[tuple[Position, Row]], wanted: Set[bytes]) -> None:
        self._rows = ((key, row) for key, row in rows if exact_key(key) in wanted)

    def ask(self, count: int) -> None:
        """Nothing is begun with: there are few."""

    def take(self, count: int) -> tuple[Chunk, bool]:
        found = list(islice(self._rows, count))
        width = len(found[0][0]) if found else 0
        return Chunk([row for _, row in found], [key for key, _ in found], width), len(found) < count


def _supply(bound: Bound, entity: CompiledEntity, windows: Windows, left: int) -> Supply:
    keys, table = bound.compiled.design.keys, entity.table.name
    split, points = (entity.entity.oversize == policy for policy in ("split", "s3"))
    lane = Lane(bound.name, entity.name, bound.table_name, keys, table, entity.labels, split, points)
    return Supply(lane, windows, entity.item, left, most=LARGE if entity.read.large else None)
