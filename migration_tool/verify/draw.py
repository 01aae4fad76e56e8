"""Some of a source's rows, at random: every set of so many rows of an entity is equally likely."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random

from migration_tool.model import Position, Read, Row
from migration_tool.source.sqlite import SqliteSource

_AT_ONCE = 256
_LEAST_DENSITY = 0.5
_LARGEST_SHARE = 0.25
_MOST_BY_ROWID = 200_000
"""Rows; the rowids tried are held in memory."""


@dataclass(frozen=True)
class Draw:
    """A sample of `wanted` rows of each entity, by its name, of the `rows` that the source has."""

    source: SqliteSource
    rows: Mapping[str, int]
    wanted: Mapping[str, int]
    seed: int

    def drawn(self, read: Read) -> Iterator[tuple[Position, Row]]:
        """The rows drawn of the entity; the same ones each time. Raises SourceError.

        They are looked up by rowids at random where that is quick: where most rowids are taken, and no lists
        come along that may have no index to be found by. Else all are read, and some kept.
        """
        rows, wanted = self.rows[read.alias], self.wanted[read.alias]
        random, rowids = Random(f"{self.seed} {read.alias}"), self.source.rowids(read)  # noqa: S311
        dense = rows >= _LEAST_DENSITY * (rowids.stop - rowids.start) > 0
        few = wanted <= min(_MOST_BY_ROWID, _LARGEST_SHARE * rows)
        if dense and few and not read.children:
            return _by_rowid(self.source, read, rowids, wanted, random)
        return _by_place(self.source, read, rows, wanted, random)


def _by_rowid(
    source: SqliteSource, read: Read, rowids: range, wanted: int, random: Random
) -> Iterator[tuple[Position, Row]]:
    """Tries rowids, none twice, until enough rows are found."""
    tried: set[int] = set()
    while wanted:
        fresh = {random.choice(rowids) for _ in range(min(_AT_ONCE, 2 * wanted))} - tried
        tried |= fresh
        found = list(source.chosen(read, [(rowid,) for rowid in fresh]))
        kept = random.sample(found, min(len(found), wanted))
        wanted -= len(kept)
        yield from kept


def _by_place(
    source: SqliteSource, read: Read, rows: int, wanted: int, random: Random
) -> Iterator[tuple[Position, Row]]:
    """Takes each row with the probability that makes it right (Knuth, algorithm 3.4.2 S)."""
    for place, found in enumerate(source.rows(read)):
        if not wanted:
            return
        if random.random() * (rows - place) < wanted:
            wanted -= 1
            yield found
