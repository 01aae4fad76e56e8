"""What goes over the wire in one BatchWriteItem, and how far a lane of such batches is done."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from migration_tool.model import Chunk, Key, Made, Position, Reject, key_values

_BETWEEN = b'}},{"PutRequest":{"Item":'
_TAIL = b'}}]},"ReturnConsumedCapacity":"INDEXES"}'


@dataclass(frozen=True)
class Lane:
    """One entity on its way into one table; its windows keep their order here, not on the wire.

    table       design name
    table_name  physical name
    keys        key attributes of the table
    labels      names of the places in a row
    split       a row may give chunk items with its own
    points      its item may point to an object
    """

    table: str
    entity: str
    table_name: str
    keys: tuple[str, ...]
    source_table: str
    labels: tuple[str, ...]
    split: bool = False
    points: bool = False
    head: bytes = field(init=False)

    def __post_init__(self) -> None:
        name = orjson.dumps(self.table_name)
        object.__setattr__(self, "head", b'{"RequestItems":{' + name + b':[{"PutRequest":{"Item":')

    @property
    def name(self) -> tuple[str, str]:
        """Design and entity."""
        return self.table, self.entity

    def key(self, text: bytes) -> Key:
        """The key of an item."""
        return key_values(orjson.loads(text), self.keys)


@dataclass(slots=True, eq=False)
class Window:
    """Consecutive rows of one lane, in whatever order they are sent: a checkpoint covers all or none.

    open     rows that are neither stored nor rejected nor skipped yet, and chunk items
    batches  how many have been sent
    skipped  rows that the design's own code leaves out
    """

    lane: Lane
    chunk: Chunk | Made
    open: int = field(init=False)
    batches: int = 0
    rejects: list[Reject] = field(default_factory=list)
    skipped: int = 0

    def __post_init__(self) -> None:
        self.open = len(self.chunk)

    @property
    def rows(self) -> int:
        return len(self.chunk)

    @property
    def position(self) -> Position:
        """The cursor of the last row, whether it became an item or not."""
        return self.chunk.position(-1)

    def reject(self, place: int, rule: str, reason: str, attempts: int = 0) -> None:
        """Accounts for one row, which does not become an item, or not whole."""
        self.open -= 1
        position = self.chunk.position(place)
        if self.lane.split and any(reject.source_key == position for reject in self.rejects):
            return
        lane, row = self.lane, dict(zip(self.lane.labels, self.chunk.row(place), strict=True))
        reject = Reject(lane.table, lane.entity, lane.source_table, position, rule, reason, row, attempts)
        self.rejects.append(reject)

    def skip(self) -> None:
        """Accounts for one row, which is to have no item."""
        self.skipped += 1
        self.open -= 1


@dataclass(slots=True, eq=False)
class Batch:
    """Some rows of a window, and the chunk items that belong to theirs.

    texts   the items as DynamoDB JSON, at most 25, no key twice
    places  for each of them the place of its row in the window
    objects  what the objects have to hold that some of them point to, by place among the texts
    number  which batch of this process it is, for the log
    since   when it was given to the loader, or some of it taken last, monotonic seconds
    """

    window: Window
    texts: Sequence[bytes]
    places: Sequence[int]
    number: int = 0
    since: float = 0.0
    objects: Mapping[int, bytes] = field(default_factory=dict)
    _keys: list[Key] = field(default_factory=list)

    def key(self, place: int) -> Key:
        """The key of an item; asked for only where items are refused."""
        if not self._keys:
            self._keys = [self.window.lane.key(text) for text in self.texts]
        return self._keys[place]


def request(lane: Lane, texts: Iterable[bytes]) -> bytes:
    """The BatchWriteItem that puts these items, one at least."""
    parts = [*texts]
    parts[0] = lane.head + parts[0]
    parts[-1] += _TAIL
    return _BETWEEN.join(parts)


class Watermark:
    """The contiguous prefix of done windows, per lane: the only thing a checkpoint may rest on.

    Never "the last acknowledged": a later batch may be done while an earlier one is still on its way.
    """

    def __init__(self) -> None:
        self._lanes: dict[Lane, deque[Window]] = {}
        self.waiting = 0

    def add(self, batch: Batch) -> None:
        """Its window comes after all others of the lane."""
        window = batch.window
        if not window.batches:
            self._lanes.setdefault(window.lane, deque()).append(window)
        window.batches += 1
        self.waiting += 1

    def take(self) -> Iterator[Window]:
        """The windows that are done with all before them in their lane; each is given once."""
        for lane in self._lanes.values():
            while lane and not lane[0].open:
                self.waiting -= lane[0].batches
                yield lane.popleft()

    def empty(self, lane: Lane) -> bool:
        """Whether every window of the lane has been taken."""
        return not self._lanes.get(lane)
