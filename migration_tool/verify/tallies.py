"""The two things that can be kept of all items of both sides: a sum each, or a record of every item.

A tally gets the expected items as they are made, and of the actual ones what its `look` has made of each
page, perhaps in another process.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol, TypeVar

import orjson

from migration_tool.design.compile import CompiledDesign
from migration_tool.design.model import ENTITY_TYPE
from migration_tool.model import EncodedItem, WireItem
from migration_tool.verify.canonical import canonical_texts
from migration_tool.verify.pairing import ACTUAL, EXPECTED, tag
from migration_tool.verify.readers import Look
from migration_tool.verify.spill import Spill, digest, key_hash

T = TypeVar("T")


class Tally(Protocol[T]):
    @property
    def look(self) -> Look[T]: ...

    def expect(self, entity: int, items: Sequence[EncodedItem]) -> None: ...

    def take(self, found: T) -> None: ...


class Sums:
    """A sum of 512-bit hashes for each side: nothing is kept of any item.

    Equal sums are equal items, each as often as on the other side, in whatever order; the odds against it
    are 2**512.
    """

    def __init__(self) -> None:
        self.look = _sum_of_page
        self._difference = 0

    @property
    def equal(self) -> bool:
        return not self._difference

    def expect(self, entity: int, items: Sequence[EncodedItem]) -> None:
        self._difference += _sum(text.encode() for _, _, text in items)

    def take(self, found: int) -> None:
        self._difference -= found


class Records:
    """The key and the content of every item as a hash each, in a spill."""

    def __init__(self, compiled: CompiledDesign, spill: Spill) -> None:
        self.look = _RecordsOfPage(compiled.design.keys, tuple(entity.name for entity in compiled.entities))
        self._spill = spill

    def expect(self, entity: int, items: Sequence[EncodedItem]) -> None:
        add, mark = self._spill.add, tag(entity, EXPECTED)
        for partition_key, sort_key, text in items:
            add(key_hash(partition_key, sort_key) + digest(text.encode()) + mark)

    def take(self, found: bytes) -> None:
        self._spill.add_all(found)


def _sum(texts: Iterable[bytes]) -> int:
    return sum([int.from_bytes(blake2b(text).digest()) for text in texts])


def _sum_of_page(items: list[WireItem]) -> int:
    return _sum(canonical_texts(items))


@dataclass(frozen=True)
class _RecordsOfPage:
    """`names` of the entities, in the order of their numbers."""

    keys: tuple[str, str]
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


def hash_of(item: WireItem, keys: tuple[str, str]) -> bytes:
    """The key's hash; a key that is not text gets one that no expected item can have."""
    try:
        return key_hash(item[keys[0]]["S"], item[keys[1]]["S"])
    except KeyError:
        found = {name: item[name] for name in keys if name in item} or item
        return digest(orjson.dumps(found, option=orjson.OPT_SORT_KEYS))
