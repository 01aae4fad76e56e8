"""Rows → batches: the transformation, streamed, and mixed so that no partition takes all the writes.

Rows come sorted, and neighbours often share a partition key, which takes 1,000 write units a second at most
(facts: AWS, "Partitions and data distribution"). So the rows of a window are dealt like cards: each batch
has rows from all over its window. The batches of all entities and tables take turns, each entity as often
as it has rows left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TypeAlias

from migration_tool.errors import DesignError, RowRejected
from migration_tool.limits import MAX_REQUEST_BYTES
from migration_tool.model import Chunk, EncodedItem, Row
from migration_tool.target.batch import Batch, Lane, Window

_MOST_CHARACTERS = MAX_REQUEST_BYTES // 4 - 65_536
"""Text with fewer characters stays under 16 MB whatever its characters."""
_KEY, _TEXT = itemgetter(0, 1), itemgetter(2)
Placed: TypeAlias = "tuple[float, Iterator[list[Batch]]]"
"""When in a round, from 0 to 1, the next batch of a window has its turn."""


@dataclass(eq=False)
class Supply:
    """The rows of a lane that have not been read yet.

    take   gives the next rows, as many as asked for; fewer only at the end
    left   how many there are, as the source counted them
    ended  all batches have been given out: only rows that did not come say so, never the count
    """

    lane: Lane
    take: Callable[[int], Chunk]
    item: Callable[[Row], EncodedItem]
    left: int
    ended: bool = False
    ending: bool = False
    credit: float = 0.0

    def batches(self, count: int, size: int) -> list[Placed]:
        """The next window, in `count` batches of that size, with their places in a round."""
        chunk = self.take(count * size)
        self.left -= len(chunk.rows)
        self.ending = len(chunk.rows) < count * size
        number = -(-len(chunk.rows) // size)
        batches = deal(Window(self.lane, chunk), number, self.item)
        return [((n + 0.5) / number, batches) for n in range(number)]


class Mixer:
    """The batches of all supplies, round by round; each round reads one window of each lane.

    size   items in a batch
    most   gives the number of batches in the next round
    Raises DesignError when two rows of a window have one key.
    """

    def __init__(self, supplies: Sequence[Supply], size: int, most: Callable[[], int]) -> None:
        self._supplies = supplies
        self._size = size
        self._most = most
        self._last = False

    def __iter__(self) -> Iterator[Batch]:
        while not self._last and (open_ones := [s for s in self._supplies if not s.ended]):
            yield from self._round(open_ones)

    def end_after_round(self) -> None:
        """So that all windows that have been begun are sent as a whole, and nothing else."""
        self._last = True

    def _round(self, supplies: Sequence[Supply]) -> Iterator[Batch]:
        shares = zip(supplies, _shares(supplies, self._most()), strict=True)
        placed = [place for supply, share in shares if share for place in supply.batches(share, self._size)]
        for _, batches in sorted(placed, key=itemgetter(0)):
            yield from next(batches)
        for supply in supplies:
            supply.ended = supply.ending


def _shares(supplies: Sequence[Supply], most: int) -> list[int]:
    """How many batches each supply gives to a round. What it could not have now, it is owed."""
    total = sum(max(1, supply.left) for supply in supplies)
    for supply in supplies:
        supply.credit += most * max(1, supply.left) / total
    shares = [int(supply.credit) if supply.left > 0 else 1 for supply in supplies]
    if not any(shares):
        owed = [supply.credit for supply in supplies]
        shares[owed.index(max(owed))] = 1
    for supply, share in zip(supplies, shares, strict=True):
        supply.credit -= share
    return shares


def deal(window: Window, hands: int, item: Callable[[Row], EncodedItem]) -> Iterator[list[Batch]]:
    """The window's rows in so many batches; one of more than 16 MB comes as several.

    Rows that cannot be items go along as rejects of the window. Raises DesignError for two rows with one key.
    """
    keys, items = set[tuple[str, str]](), 0
    for hand in range(hands):
        batch = _batch(window, hand, hands, item)
        keys.update(map(_KEY, batch.items))
        items += len(batch.items)
        if len(keys) < items:
            raise _collision(window, item)
        if sum(map(len, map(_TEXT, batch.items))) <= _MOST_CHARACTERS:
            yield [batch]
        else:
            yield list(_cut(batch))


def _batch(window: Window, hand: int, hands: int, item: Callable[[Row], EncodedItem]) -> Batch:
    places: Sequence[int] = range(hand, window.rows, hands)
    try:
        items = list(map(item, window.chunk.rows[hand::hands]))
    except RowRejected:
        items, places = _accepted(window, places, item)
    return Batch(window, items, places)


def _accepted(
    window: Window, places: Sequence[int], item: Callable[[Row], EncodedItem]
) -> tuple[list[EncodedItem], list[int]]:
    items, kept = [], []
    for place in places:
        try:
            items.append(item(window.chunk.rows[place]))
            kept.append(place)
        except RowRejected as rejected:
            window.reject(place, rejected.rule, rejected.reason)
    return items, kept


def _cut(batch: Batch) -> Iterator[Batch]:
    first, characters = 0, 0
    for n, (_, _, text) in enumerate(batch.items):
        if n > first and characters + len(text) > _MOST_CHARACTERS:
            yield Batch(batch.window, batch.items[first:n], batch.places[first:n])
            first, characters = n, 0
        characters += len(text)
    yield Batch(batch.window, batch.items[first:], batch.places[first:])


def _collision(window: Window, item: Callable[[Row], EncodedItem]) -> DesignError:
    """Two rows with one key: the second would silently replace the first."""
    seen: dict[tuple[str, str], int] = {}
    items, places = _accepted(window, range(window.rows), item)
    for encoded, place in zip(items, places, strict=True):
        key = _KEY(encoded)
        first = seen.setdefault(key, place)
        if first != place:
            break
    lane = window.lane
    names = [f"{lane.source_table} {window.chunk.position(n)}" for n in (first, place)]
    return DesignError(
        "load the entity", f"{lane.table}.{lane.entity}", f"two rows have the key {key}",
        "Make the key templates hold the whole unique key of the table.", names,
    )  # fmt: skip
