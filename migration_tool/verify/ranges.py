"""The rows of one entity as key ranges: how many, how many items, and the sum of the items' hashes.

A few ranges stand for any number of rows: neighbours are joined as they come, and all of them in pairs once
there are too many.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from migration_tool.state.proofs import KeyRange

RANGE_ROWS = 50_000
MOST_RANGES = 64


class RangeBuilder:
    """Takes the rows of an entity in their order, some at a time.

    known  what has been read of them already; the rest follows behind it
    rows   the most that a range has; twice as many whenever there would be more than `most` ranges
    """

    def __init__(
        self, known: Iterable[KeyRange] = (), rows: int = RANGE_ROWS, most: int = MOST_RANGES
    ) -> None:
        self._ranges = list(known)
        self._rows = max([rows, *(part.rows for part in self._ranges)])
        self._most = most

    @property
    def ranges(self) -> tuple[KeyRange, ...]:
        return tuple(self._ranges)

    @property
    def whole(self) -> KeyRange | None:
        """All of them as one; None before the first row."""
        return reduce(KeyRange.with_next, self._ranges) if self._ranges else None

    def add(self, more: KeyRange) -> None:
        """The rows behind those that are here."""
        if self._ranges and self._ranges[-1].rows + more.rows <= self._rows:
            self._ranges[-1] = self._ranges[-1].with_next(more)
            return
        self._ranges.append(more)
        if len(self._ranges) > self._most:
            self._rows *= 2
            self._ranges = list(_in_pairs(self._ranges))


def _in_pairs(ranges: list[KeyRange]) -> Iterable[KeyRange]:
    for at in range(0, len(ranges), 2):
        yield reduce(KeyRange.with_next, ranges[at : at + 2])
