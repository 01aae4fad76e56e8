"""Rows → batches: the transformation, streamed, and mixed so that no partition takes all the writes.

Rows come sorted, and neighbours often share a partition key, which takes 1,000 write units a second at most
(facts: AWS, "Partitions and data distribution"). So the rows of a window are dealt like cards: each batch
has rows from all over its window. The batches of all entities and tables take turns, each entity as often
as it has rows left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from typing import Protocol, TypeAlias

from migration_tool.errors import DesignError, RowRejected, RowSkipped
from migration_tool.limits import MAX_BATCH_ITEMS, MAX_REQUEST_BYTES
from migration_tool.model import Chunk, EncodedItem, Key, Made, Row, named_key
from migration_tool.oversize import chunks_of, content_of
from migration_tool.target.batch import Batch, Lane, Window

_MOST_BYTES = MAX_REQUEST_BYTES - 65_536
"""Of the items in one request: what stands around them takes the rest of 16 MB."""
FEW = 4
"""Batches in the first round."""
LARGE = 2
"""Batches in a window whose rows may be large: they are in memory together."""
_KEY = itemgetter(0, 1)
Placed: TypeAlias = "tuple[float, Iterator[list[Batch]]]"
"""When in a round, from 0 to 1, the next batch of a window has its turn."""
Ready: TypeAlias = Callable[[Iterator[Batch]], Iterator[Batch]]


class Windows(Protocol):
    """The rows of an entity, window by window, as a source gives them."""

    def ask(self, count: int) -> None:
        """The next window that is not begun with may be begun with now, and is of so many rows."""

    def take(self, count: int) -> tuple[Chunk | Made, bool]:
        """The window that is begun with, else one of `count` rows; and whether it is the last."""


@dataclass(eq=False)
class Supply:
    """The rows of a lane that have not been read yet.

    left   how many there are, as the source counted them
    most   batches in a window; None: as many as are asked for
    ended  all batches have been given out: only rows that did not come say so, never the count
    """

    lane: Lane
    windows: Windows
    item: Callable[[Row], EncodedItem]
    left: int
    ended: bool = False
    ending: bool = False
    credit: float = 0.0
    most: int | None = None

    def batches(self, count: int, size: int) -> list[Placed]:
        """The next window, in about `count` batches of that size, with their places in a round."""
        chunk, self.ending = self.windows.take(self._rows(count, size))
        self.left -= len(chunk)
        number = -(-len(chunk) // size)
        batches = deal(Window(self.lane, chunk), number, self.item)
        return [((n + 0.5) / number, batches) for n in range(number)]

    def ask(self, count: int, size: int) -> None:
        """The next window will have about `count` batches; it may be begun with."""
        self.windows.ask(self._rows(count, size))

    def _rows(self, count: int, size: int) -> int:
        return min(count, self.most or count) * size


class Mixer:
    """The batches of all supplies, round by round; each round reads one window of each lane.

    Rounds are small at first, each twice as large as the one before, and again at the end: while the first
    window is read nothing can be sent, and while the last one is sent nothing is left to be read.
    The first windows are begun with at once.

    size   items in a batch
    most   gives the number of batches that the next round may have
    ready  what the batches of a round go through
    Raises DesignError when two rows of a window have one key.
    """

    def __init__(
        self, supplies: Sequence[Supply], size: int, most: Callable[[], int], ready: Ready = iter
    ) -> None:
        self._supplies = supplies
        self._size = size
        self._most = most
        self._ready = ready
        self._grown = FEW
        self._last = False
        self._due = self._begun()

    def __iter__(self) -> Iterator[Batch]:
        while self._due and not self._last:
            yield from self._round(self._due)

    def end_after_round(self) -> None:
        """So that all windows that have been dealt from are sent as a whole, and nothing else."""
        self._last = True

    def _begun(self) -> list[tuple[Supply, int]]:
        """What the next round has of each supply that has more, in batches; it may be begun with."""
        open_ones = [supply for supply in self._supplies if not supply.ending]
        shares = _shares(open_ones, self._batches(open_ones)) if open_ones else []
        due = [(supply, share) for supply, share in zip(open_ones, shares, strict=True) if share]
        for supply, share in due:
            supply.ask(share, self._size)
        return due

    def _batches(self, supplies: Sequence[Supply]) -> int:
        """In the next round."""
        most = self._most()
        grown, self._grown = self._grown, min(2 * self._grown, max(FEW, most))
        half = sum(max(0, supply.left) for supply in supplies) // self._size // 2
        return max(1, min(most, grown, max(FEW, half)))

    def _round(self, due: Sequence[tuple[Supply, int]]) -> Iterator[Batch]:
        placed = [place for supply, share in due for place in supply.batches(share, self._size)]
        self._due = self._begun()
        dealt = chain.from_iterable(next(batches) for _, batches in sorted(placed, key=itemgetter(0)))
        yield from self._ready(dealt)
        for supply, _ in due:
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
    """The window's rows in so many batches; one of more than 25 items or 16 MB comes as several.

    Rows that cannot be items go along as rejects of the window. Raises DesignError for two rows with one key.
    """
    chunk = window.chunk
    batches = (
        _ready(window, chunk, hands, item) if isinstance(chunk, Made) else _made(window, chunk, hands, item)
    )
    for batch in batches:
        yield [batch] if _fits(batch) else list(_cut(batch))


def _fits(batch: Batch) -> bool:
    """Into one request. Items that the source has made are small, but for odd ones."""
    if len(batch.texts) > MAX_BATCH_ITEMS:
        return False
    chunk = batch.window.chunk
    return (isinstance(chunk, Made) and not chunk.odd) or sum(map(len, batch.texts)) <= _MOST_BYTES


def _ready(window: Window, made: Made, hands: int, item: Callable[[Row], EncodedItem]) -> Iterator[Batch]:
    """Of items that the source has made; that no two have one key was proved before."""
    texts = made.texts
    for place in made.odd:
        for encoded in _accepted(window, [place], item).values():
            texts[place] = encoded[2].encode()
    for hand in range(hands):
        chosen: Sequence[bytes] = texts[hand::hands]
        places: Sequence[int] = range(hand, len(texts), hands)
        if window.rejects:
            places = [place for place in places if texts[place]]
            chosen = [texts[place] for place in places]
        yield Batch(window, chosen, places)


def _made(window: Window, chunk: Chunk, hands: int, item: Callable[[Row], EncodedItem]) -> Iterator[Batch]:
    keys, count = set[Key](), 0
    for hand in range(hands):
        places: Sequence[int] = range(hand, len(chunk), hands)
        try:
            items = list(map(item, chunk.rows[hand::hands]))
        except RowRejected:
            accepted = _accepted(window, places, item)
            places, items = list(accepted), list(accepted.values())
        keys.update(map(_KEY, items))
        count += len(items)
        if len(keys) < count:
            raise _collision(window, item)
        batch = _with_chunks(window, items, places) if window.lane.split else _batch(window, items, places)
        if window.lane.points:
            contents = [content_of(text) for _, _, text in items]
            batch.objects = {n: content for n, content in enumerate(contents) if content}
        yield batch


def _batch(window: Window, items: Iterable[EncodedItem], places: Sequence[int]) -> Batch:
    return Batch(window, [text.encode() for _, _, text in items], places)


def _with_chunks(window: Window, items: Sequence[EncodedItem], places: Sequence[int]) -> Batch:
    """The chunk items stand for the row, too: it is done when they are stored."""
    pairs = [
        (one, place) for item, place in zip(items, places, strict=True) for one in (item, *chunks_of(item[2]))
    ]
    window.open += len(pairs) - len(items)
    return _batch(window, [item for item, _ in pairs], [place for _, place in pairs])


def _accepted(
    window: Window, places: Iterable[int], item: Callable[[Row], EncodedItem]
) -> dict[int, EncodedItem]:
    """The items of those places that have one; the others become rejects."""
    items = {}
    for place in places:
        try:
            items[place] = item(window.chunk.row(place))
        except RowSkipped:
            window.skip()
        except RowRejected as rejected:
            window.reject(place, rejected.rule, rejected.reason)
    return items


def _cut(batch: Batch) -> Iterator[Batch]:
    first, size = 0, 0
    for n, text in enumerate(batch.texts):
        if n - first == MAX_BATCH_ITEMS or (n > first and size + len(text) > _MOST_BYTES):
            yield _part(batch, first, n)
            first, size = n, 0
        size += len(text)
    yield _part(batch, first, len(batch.texts))


def _part(batch: Batch, first: int, end: int) -> Batch:
    objects = {n - first: content for n, content in batch.objects.items() if first <= n < end}
    return Batch(batch.window, batch.texts[first:end], batch.places[first:end], objects=objects)


def _collision(window: Window, item: Callable[[Row], EncodedItem]) -> DesignError:
    """Two rows with one key: the second would silently replace the first."""
    seen: dict[Key, int] = {}
    for place, encoded in _accepted(window, range(window.rows), item).items():
        key = _KEY(encoded)
        first = seen.setdefault(key, place)
        if first != place:
            break
    lane = window.lane
    values = ", ".join(map(repr, named_key(lane.keys, key).values()))
    names = [f"{lane.source_table} {window.chunk.position(n)}" for n in (first, place)]
    return DesignError(
        "load the entity", f"{lane.table}.{lane.entity}", f"two rows have the key {values}",
        "Make the key templates hold the whole unique key of the table.", names,
    )  # fmt: skip
