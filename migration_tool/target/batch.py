"""What goes over the wire in one BatchWriteItem, and how far a lane of such batches is done."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import orjson

from migration_tool.model import EncodedItem, Position, Reject, Row

_BETWEEN = '}},{"PutRequest":{"Item":'
_TAIL = '}}]},"ReturnConsumedCapacity":"INDEXES"}'


@dataclass(frozen=True)
class Lane:
    """One entity on its way into one table; its batches keep their order here, not on the wire.

    table       design name
    table_name  physical name
    keys        partition and sort key attribute
    labels      names of the places in a row
    """

    table: str
    entity: str
    table_name: str
    keys: tuple[str, str]
    source_table: str
    labels: tuple[str, ...]

    @property
    def head(self) -> str:
        return '{"RequestItems":{' + orjson.dumps(self.table_name).decode() + ':[{"PutRequest":{"Item":'

    def reject(self, position: Position, row: Row, rule: str, reason: str, attempts: int = 0) -> Reject:
        named = dict(zip(self.labels, row, strict=True))
        return Reject(self.table, self.entity, self.source_table, position, rule, reason, named, attempts)


@dataclass(slots=True, eq=False)
class Batch:
    """Consecutive rows of one lane.

    items     at most 25, no key twice
    sources   for each item the cursor and row it came from
    position  the cursor of the last row, whether it became an item or not
    rows      how many rows the batch accounts for: items and rejects
    open      requests that still have to be answered; 0: every row is stored or rejected
    number    which batch of this process it is, for the log
    """

    lane: Lane
    items: list[EncodedItem]
    sources: list[tuple[Position, Row]]
    position: Position
    rows: int
    rejects: list[Reject] = field(default_factory=list)
    rejected_items: int = 0
    open: int = 1
    number: int = 0

    def body(self, chosen: Sequence[int]) -> bytes:
        """The request that puts the chosen items. Encoded once per send, never re-encoded per item."""
        items = self.items
        return (self.lane.head + _BETWEEN.join([items[n][2] for n in chosen]) + _TAIL).encode()


class Watermark:
    """The contiguous prefix of done batches, per lane: the only thing a checkpoint may rest on.

    Never "the last acknowledged": a later batch may be done while an earlier one is still on its way.
    """

    def __init__(self) -> None:
        self._lanes: dict[Lane, deque[Batch]] = {}
        self.waiting = 0

    def add(self, batch: Batch) -> None:
        self._lanes.setdefault(batch.lane, deque()).append(batch)
        self.waiting += 1

    def take(self) -> Iterator[Batch]:
        """The batches that are done with all before them in their lane; each is given once."""
        for lane in self._lanes.values():
            while lane and not lane[0].open:
                self.waiting -= 1
                yield lane.popleft()

    def empty(self, lane: Lane) -> bool:
        """Whether every batch of the lane has been taken."""
        return not self._lanes.get(lane)
