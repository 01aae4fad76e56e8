"""The two things that can be kept of all items of both sides: a sum each, or a record of every item.

A tally gets the expected items as they are made, and of the actual ones what its `look` has made of each
page, perhaps in another process.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol, TypeVar

import orjson

from migration_tool.design.compile import CompiledDesign
from migration_tool.design.model import ENTITY_TYPE
from migration_tool.model import WireItem, key_values
from migration_tool.oversize import CHUNK
from migration_tool.state.proofs import MODULUS, KeyRange, Ranges, every
from migration_tool.state.validation import TableSums
from migration_tool.verify.canonical import canonical_texts
from migration_tool.verify.expected import Part
from migration_tool.verify.pairing import ACTUAL, EXPECTED, tag
from migration_tool.verify.ranges import RangeBuilder
from migration_tool.verify.readers import Taker
from migration_tool.verify.spill import Spill, digest, key_hash

T = TypeVar("T")
_NOTHING = TableSums()


class Tally(Taker[T], Protocol[T]):
    """Both sides' taker."""

    def expect(self, part: Part) -> None: ...


class Sums:
    """A sum of 512-bit hashes for each side: of the expected items by key range, of the actual ones by share.

    Nothing is kept of any item. Equal sums are equal items, each as often as on the other side, in whatever
    order; the odds against it are 2**512.

    names  of the entities
    known  of both sides already, to which the rest is added
    """

    def __init__(self, names: Sequence[str], known: TableSums = _NOTHING) -> None:
        self.look = _sum_of_page
        self.whole = set(known.actual)
        self._actual = Counter(known.actual)
        self._expected = {name: RangeBuilder(known.ranges.get(name, ())) for name in names}
        self._names = names

    @property
    def equal(self) -> bool:
        expected = sum(part.digest for part in every(self.ranges))
        return (expected - self._actual.total()) % MODULUS == 0

    @property
    def ranges(self) -> Ranges:
        """What the rows became, of entities that have rows."""
        return {name: builder.ranges for name, builder in self._expected.items() if builder.ranges}

    @property
    def actual(self) -> Mapping[int, int]:
        """Share → digest, of the shares that have ended."""
        return {share: self._actual[share] % MODULUS for share in sorted(self.whole)}

    def expect(self, part: Part) -> None:
        digest = _sum(text.encode() for _, _, text in part.items)
        if part.chunks:
            digest += _sum(text.encode() for _, _, text in part.chunks)
        more = KeyRange(part.until, part.rows, len(part.items), len(part.chunks), digest % MODULUS)
        self._expected[self._names[part.entity]].add(more)

    def read(self) -> dict[int, KeyRange]:
        """By place of the entity, all that has been read of it."""
        parts = ((number, self._expected[name].whole) for number, name in enumerate(self._names))
        return {number: part for number, part in parts if part}

    def take(self, share: int, found: int) -> None:
        self._actual[share] += found

    def end(self, share: int) -> None:
        self.whole.add(share)


class Records:
    """The key and the content of every item as a hash each, in a spill."""

    def __init__(self, compiled: CompiledDesign, spill: Spill) -> None:
        names = (*(entity.name for entity in compiled.entities), CHUNK)
        self.look = _RecordsOfPage(compiled.design.keys, names)
        self.whole = frozenset[int]()
        self._spill = spill

    def expect(self, part: Part) -> None:
        for number, items in ((part.entity, part.items), (len(self.look.names) - 1, part.chunks)):
            add, mark = self._spill.add, tag(number, EXPECTED)
            for partition_key, sort_key, text in items:
                add(key_hash(partition_key, sort_key) + digest(text.encode()) + mark)

    def take(self, share: int, found: bytes) -> None:
        self._spill.add_all(found)

    def end(self, share: int) -> None:
        """All that there is to do is done."""


def _sum(texts: Iterable[bytes]) -> int:
    return sum([int.from_bytes(blake2b(text).digest()) for text in texts])


def _sum_of_page(items: list[WireItem]) -> int:
    return _sum(canonical_texts(items))


@dataclass(frozen=True)
class _RecordsOfPage:
    """`names` of the entities, in the order of their numbers; chunk items come behind them."""

    keys: tuple[str, ...]
    names: tuple[str, ...]

    def __call__(self, items: list[WireItem]) -> bytes:
        marks = {name: tag(number, ACTUAL) for number, name in enumerate(self.names)}
        unknown = tag(len(self.names), ACTUAL)
        return b"".join(
            [
                hash_of(item, self.keys) + digest(text) + marks.get(entity_type(item), unknown)
                for item, text in zip(items, canonical_texts(items), strict=True)
            ]
        )


def entity_type(item: WireItem) -> str:
    """The name of the item's entity; "" for an item that has none."""
    try:
        return item[ENTITY_TYPE]["S"]  # type: ignore[no-any-return]  # the content of an S is text
    except KeyError:
        return ""


def hash_of(item: WireItem, keys: tuple[str, ...]) -> bytes:
    """The key's hash; a key that is not text gets one that no expected item can have."""
    try:
        return key_hash(*key_values(item, keys))
    except KeyError:
        found = {name: item[name] for name in keys if name in item} or item
        return digest(orjson.dumps(found, option=orjson.OPT_SORT_KEYS))
