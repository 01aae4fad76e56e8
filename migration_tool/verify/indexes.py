"""Does each index hold as many items as it should?

An index is sparse: it holds the items of its table that have its key attributes. DynamoDB copies them
there by itself, a moment later, and leaves out in silence what it finds no key in (facts.md, section 1). The
items of the table are compared with the source one by one; here they are counted by index on the way.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from migration_tool.design.model import Index
from migration_tool.model import WireItem
from migration_tool.state.validation import TableSums
from migration_tool.target import reader
from migration_tool.target.wire import Wire
from migration_tool.verify.expected import Part
from migration_tool.verify.readers import Look
from migration_tool.verify.report import IndexCount
from migration_tool.verify.tallies import Tally

_ITEMS_PER_SEGMENT = 10_000
_NOTHING = TableSums()

T = TypeVar("T")
Counts: TypeAlias = Mapping[str, int]
"""Items by the name of the index."""


class Members(Generic[T]):
    """A tally that also counts which of the actual items belong into which index.

    known  of both sides already, to which the rest is added
    """

    def __init__(self, tally: Tally[T], indexes: Sequence[Index], known: TableSums = _NOTHING) -> None:
        self.look: Look[tuple[T, Counts]] = _MembersOfPage(tally.look, tuple(indexes))
        self.whole = tally.whole
        self._names = [index.name for index in indexes if known.members.keys() == known.actual.keys()]
        self._shares = defaultdict(Counter, {n: Counter(counts) for n, counts in known.members.items()})
        self._tally = tally

    @property
    def counts(self) -> Counts:
        """Of all items; {} where a share was read whole before and not counted."""
        return {name: sum(counts[name] for counts in self._shares.values()) for name in self._names}

    @property
    def shares(self) -> Mapping[int, Counts]:
        """Of each share that has ended; {} where not all of them are counted."""
        return {share: dict(self._shares[share]) for share in sorted(self.whole) if self._names}

    def expect(self, part: Part) -> None:
        self._tally.expect(part)

    def take(self, share: int, found: tuple[T, Counts]) -> None:
        self._tally.take(share, found[0])
        self._shares[share].update(found[1])

    def end(self, share: int) -> None:
        self._tally.end(share)


def count_indexes(
    wire: Wire,
    table: str,
    keys: Sequence[str],
    expected: Counts,
    pauses: Sequence[float],
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[IndexCount, ...]:
    """Counts each index; those that do not agree again after each of the pauses (seconds).

    keys  the key attributes of the table

    Raises TargetError.
    """
    actual = _counted(wire, table, keys, expected)
    for pause in pauses:
        wrong = {name: count for name, count in expected.items() if actual[name] != count}
        if wrong:
            sleep(pause)
            actual |= _counted(wire, table, keys, wrong)
    return tuple(IndexCount(name, count, actual[name]) for name, count in expected.items())


def _counted(wire: Wire, table: str, keys: Sequence[str], expected: Counts) -> dict[str, int]:
    most = wire.target.connections
    return {
        name: reader.count(wire, table, keys, name, min(most, 1 + count // _ITEMS_PER_SEGMENT))
        for name, count in expected.items()
    }


@dataclass(frozen=True)
class _MembersOfPage(Generic[T]):
    look: Look[T]
    indexes: tuple[Index, ...]

    def __call__(self, items: list[WireItem]) -> tuple[T, Counts]:
        counts = {
            index.name: sum(all(_is_key(item, key) for key in keys) for item in items)
            for index, keys in ((index, index.keys) for index in self.indexes)
        }
        return self.look(items), counts


def _is_key(item: WireItem, name: str) -> bool:
    return name in item and "S" in item[name]
