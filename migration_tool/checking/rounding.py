"""Numbers that have lost digits before we see them.

SQLite stores a whole number that needs more than 64 bits as a REAL, of which 15 to 17 digits are right; text
in a NUMERIC column, too (facts.md, section 3). Nothing can bring the digits back, so they are only told.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

from migration_tool.model import ColumnRef, Join, Read, Row, Scalar, Schema

_EXACT = 2.0**53
"""Up to here every whole number has a double of its own."""
_WHOLE = ("INTEGER", "NUMERIC")


class Rounding:
    """Looks at what is declared for whole or exact numbers: columns of a read, and of the lists in it."""

    RULE: ClassVar[str] = "digits_lost"

    def __init__(self, schema: Schema, read: Read) -> None:
        self._schema = schema
        self._own = self._places(read.alias, read.table, read.joins, read.columns)
        self._children = [
            (len(read.columns) + number, self._places(child.alias, child.table, child.joins, child.columns))
            for number, child in enumerate(read.children)
        ]

    def suspects(self, row: Row) -> Iterator[tuple[str, float]]:
        """(column, value) of each number too large for a double to hold it for certain."""
        yield from _large(self._own, row)
        for place, places in self._children:
            for child in row[place] if places else ():
                yield from _large(places, child)

    def _places(
        self, alias: str, table: str, joins: Iterable[Join], columns: Sequence[ColumnRef]
    ) -> list[tuple[int, str]]:
        tables = {alias: table, **{join.alias: join.table for join in joins}}
        found = []
        for place, ref in enumerate(columns):
            owner = self._schema.table(tables[ref.alias]) if ref.alias in tables else None
            column = owner.column(ref.column) if owner else None
            if column and column.affinity in _WHOLE:
                found.append((place, f"{tables[ref.alias]}.{ref.column}"))
        return found


def _large(places: Sequence[tuple[int, str]], row: Sequence[Scalar]) -> Iterator[tuple[str, float]]:
    for place, name in places:
        value = row[place]
        if type(value) is float and _EXACT <= abs(value) < math.inf:
            yield name, value
