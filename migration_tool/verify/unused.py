"""Objects in S3 that no item points to: what a stopped run, or a row that has changed, leaves behind.

They are no difference and cost storage alone. Nothing deletes them (decision 0011); here they are named.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import Generic, TypeVar

from migration_tool.design.model import Design
from migration_tool.errors import TargetError
from migration_tool.model import WireItem
from migration_tool.oversize import S3
from migration_tool.target.objects import Objects
from migration_tool.target.pointers import pointer_of
from migration_tool.verify.expected import Part
from migration_tool.verify.readers import Look
from migration_tool.verify.report import UnusedObjects
from migration_tool.verify.tallies import Tally

MOST_POINTERS = 1_000_000
"""Kept in memory: about 100 bytes each."""
MOST_NAMED = 1_000

T = TypeVar("T")


def points(design: Design) -> bool:
    """Whether its items may point to objects."""
    return any(entity.oversize == S3 for entity in design.entities)


class Pointers(Generic[T]):
    """A tally that also keeps what the actual items point to."""

    def __init__(self, tally: Tally[T]) -> None:
        self.look: Look[tuple[T, bytes]] = _PointersOfPage(tally.look)
        self.whole = tally.whole
        self._known = not tally.whole
        self._found: set[bytes] = set()
        self._tally = tally

    @property
    def found(self) -> Set[bytes] | None:
        """The SHA-256 of each object; None where not all items were looked at here, or there are too many."""
        return self._found if self._known else None

    def expect(self, part: Part) -> None:
        self._tally.expect(part)

    def take(self, share: int, found: tuple[T, bytes]) -> None:
        self._tally.take(share, found[0])
        self._found.update(_digests(found[1]))
        if len(self._found) > MOST_POINTERS:
            self._known = False
            self._found.clear()

    def end(self, share: int) -> None:
        self._tally.end(share)


def look_for_unused(objects: Objects, table: str, pointed: Set[bytes]) -> UnusedObjects:
    """Lists the folder of the table. A list that is refused is told in the result, not raised."""
    count = size = 0
    names: list[str] = []
    try:
        for name, length in objects.stored(table):
            if bytes.fromhex(name) in pointed:
                continue
            count, size = count + 1, size + length
            if len(names) < MOST_NAMED:
                names.append(name)
    except TargetError as error:
        return UnusedObjects(objects.place(table), 0, 0, (), error.cause)
    return UnusedObjects(objects.place(table), count, size, tuple(names))


def _digests(joined: bytes) -> Iterator[bytes]:
    return (joined[start : start + 32] for start in range(0, len(joined), 32))


@dataclass(frozen=True)
class _PointersOfPage(Generic[T]):
    look: Look[T]

    def __call__(self, items: list[WireItem]) -> tuple[T, bytes]:
        pointers = [found for item in items if (found := pointer_of(item))]
        return self.look(items), b"".join(bytes.fromhex(pointer.sha256) for pointer in pointers)
