"""What the rows of key ranges become, kept so that it need not be found out again.

A key range is consecutive rows of one entity. Its digest is the sum, modulo 2**512, of the hashes of its
items (verify/tallies.py): the digests of ranges add up, in whatever order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from migration_tool.model import Position
from migration_tool.state.codec import decode_position, encode_position
from migration_tool.state.fields import DamagedError, Fields, mapping

MODULUS = 1 << 512
_DIGITS = 128
_DIGEST = re.compile(rf"[0-9a-f]{{{_DIGITS}}}")


@dataclass(frozen=True, slots=True)
class KeyRange:
    """From behind the range before it to the row `until`, which belongs to it.

    rows    of the source; those that cannot be items are among them
    items   that they become
    chunks  the chunk items of these, which are not among them
    digest  of both
    """

    until: Position
    rows: int
    items: int
    chunks: int
    digest: int

    def with_next(self, later: KeyRange) -> KeyRange:
        """The two as one range."""
        return KeyRange(
            later.until,
            self.rows + later.rows,
            self.items + later.items,
            self.chunks + later.chunks,
            (self.digest + later.digest) % MODULUS,
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "until": encode_position(self.until),
            "rows": self.rows,
            "items": self.items,
            "chunks": self.chunks,
            "digest": digest_to_text(self.digest),
        }

    @classmethod
    def from_json(cls, value: object, where: str) -> KeyRange:
        f = Fields(value, where, tuple(cls.__slots__))
        until = decode_position(f.any("until"), f.where("until"))
        if until is None:
            raise DamagedError(f.where("until"), "is no cursor")
        rows, items, chunks = f.count("rows"), f.count("items"), f.count("chunks")
        if not rows or items > rows:
            raise DamagedError(where, "has no rows, or more items than rows")
        if chunks and not items:
            raise DamagedError(where, "has chunk items, and no items that they could belong to")
        return cls(until, rows, items, chunks, digest_from_text(f.text("digest"), f.where("digest")))


Ranges: TypeAlias = Mapping[str, tuple[KeyRange, ...]]
"""By entity: its ranges, which are consecutive and begin with its first row."""


@dataclass(frozen=True, slots=True)
class TableProof:
    """A table was found to hold exactly what the rows of these ranges become, and they are all rows.

    source      fingerprint of the source's content that was read
    made_by     a hash of all that decides what a row becomes
    generation  of the state when it was found
    proved_at   unix seconds
    """

    source: str
    made_by: str
    generation: int
    proved_at: float
    ranges: Ranges = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "source": self.source,
            "made_by": self.made_by,
            "generation": self.generation,
            "proved_at": self.proved_at,
            "ranges": ranges_to_json(self.ranges),
        }

    @classmethod
    def from_json(cls, value: object, where: str) -> TableProof:
        f = Fields(value, where, tuple(cls.__slots__))
        return cls(
            source=f.text("source"),
            made_by=f.text("made_by"),
            generation=f.count("generation"),
            proved_at=f.number("proved_at"),
            ranges=ranges_from_json(f.any("ranges"), f.where("ranges")),
        )


def proofs_from_json(value: object, where: str) -> dict[str, TableProof]:
    """By design name."""
    return {name: TableProof.from_json(p, f"{where}.{name}") for name, p in mapping(value, where).items()}


def every(ranges: Ranges) -> Iterator[KeyRange]:
    """The ranges of all entities."""
    return (part for parts in ranges.values() for part in parts)


def ranges_to_json(ranges: Ranges) -> dict[str, Any]:
    return {entity: [part.to_json() for part in parts] for entity, parts in ranges.items()}


def ranges_from_json(value: object, where: str) -> Ranges:
    f = Fields(value, where, tuple(mapping(value, where)))
    return {
        entity: tuple(KeyRange.from_json(part, place) for part, place in f.each(entity))
        for entity in mapping(value, where)
    }


def digest_to_text(digest: int) -> str:
    return f"{digest:0{_DIGITS}x}"


def digest_from_text(text: str, where: str) -> int:
    """Raises DamagedError."""
    if not _DIGEST.fullmatch(text):
        raise DamagedError(where, f"is not {_DIGITS} hex digits")
    return int(text, 16)
