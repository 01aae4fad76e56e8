"""Rows → batches: the transformation, streamed.

A batch never exceeds 25 items or 16 MB, and never holds a key twice: DynamoDB would refuse the whole request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from migration_tool.errors import DesignError, RowRejected
from migration_tool.limits import MAX_REQUEST_BYTES
from migration_tool.model import EncodedItem, Position, Row
from migration_tool.target.batch import Batch, Lane

_MOST_CHARACTERS = MAX_REQUEST_BYTES // 4 - 65_536
"""Text with fewer characters stays under 16 MB whatever its characters."""


def batches(
    lane: Lane, rows: Iterable[tuple[Position, Row]], item: Callable[[Row], EncodedItem], size: int
) -> Iterator[Batch]:
    """Consecutive rows as batches of `size` items. Rows that cannot be items go along as rejects.

    Raises DesignError when two rows of a batch have one key.
    """
    batch = Batch(lane, [], [], (), 0)
    keys: set[tuple[str, str]] = set()
    characters = 0
    for position, row in rows:
        try:
            encoded = item(row)
        except RowRejected as rejected:
            batch.rejects.append(lane.reject(position, row, rejected.rule, rejected.reason))
        else:
            length = len(encoded[2])
            if batch.items and characters + length > _MOST_CHARACTERS:
                yield batch
                batch, keys, characters = Batch(lane, [], [], (), 0), set(), 0
            characters += length
            keys.add(encoded[:2])
            batch.items.append(encoded)
            batch.sources.append((position, row))
            if len(keys) < len(batch.items):
                raise _collision(batch)
        batch.position = position
        batch.rows += 1
        if len(batch.items) >= size or len(batch.rejects) >= size:
            yield batch
            batch, keys, characters = Batch(lane, [], [], (), 0), set(), 0
    if batch.rows:
        yield batch


def _collision(batch: Batch) -> DesignError:
    """Two rows of one batch with one key: the second would silently replace the first."""
    key = batch.items[-1][:2]
    first = next(n for n, item in enumerate(batch.items) if item[:2] == key)
    names = [f"{batch.lane.source_table} {batch.sources[n][0]}" for n in (first, -1)]
    return DesignError(
        "load the entity", f"{batch.lane.table}.{batch.lane.entity}", f"two rows have the key {key}",
        "Make the key templates hold the whole unique key of the table.", names,
    )  # fmt: skip
