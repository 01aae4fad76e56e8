"""What one reading of the items of a design found. Sizes are bytes as DynamoDB counts them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from migration_tool.verify.collisions import Collisions

NEAR = 0.8
"""The share of 400 KB from which on an item counts as nearly too large."""


@dataclass(frozen=True)
class Found:
    """Rows or values with something in common (`rule`), how many, and the first few of them."""

    rule: str
    rows: int
    examples: tuple[str, ...]


@dataclass(frozen=True)
class EntityFigures:
    """One entity.

    dropped      rows that its `where` leaves out
    items        one for each row that is not refused
    bytes        of the items and their chunk items
    write_units  of those, with their copies in indexes
    oversize     items over 400 KB that are compressed, split or beside an object, as `oversize` says
    chunks       the chunk items of those that are split
    object_bytes  in the objects of those that have one
    members      index -> how many of the items are in it, of the indexes that the entity has keys for
    refusals     rows that would be rejected, by rule
    rounded      numbers that SQLite has rounded when they were stored
    """

    name: str
    source_table: str
    rows: int
    dropped: int
    items: int
    bytes: int
    write_units: int
    largest_bytes: int
    largest_key: tuple[str, ...] | None
    near_limit: int
    oversize: int
    chunks: int
    object_bytes: int
    members: Mapping[str, int]
    refusals: tuple[Found, ...]
    rounded: Found

    @property
    def refused(self) -> int:
        return sum(refusal.rows for refusal in self.refusals)

    @property
    def objects(self) -> int:
        """In S3: one for each item over 400 KB of an entity that has any; equal contents are one, later."""
        return self.oversize if self.object_bytes else 0


@dataclass(frozen=True)
class KeyFigures:
    """The items of one partition key; `share` of all write units of that table or index, from 0 to 1."""

    key: str
    items: int
    bytes: int
    write_units: int
    share: float


@dataclass(frozen=True)
class Spread:
    """How items lie over the partition keys of the table (name "") or of an index; all figures are exact.

    keys         how many partition keys there are
    write_units  a local index has none of its own: they count among the table's
    largest      by bytes: the largest item collections
    hottest      by write units
    """

    name: str
    keys: int
    items: int
    bytes: int
    write_units: int
    largest: tuple[KeyFigures, ...]
    hottest: tuple[KeyFigures, ...]


@dataclass(frozen=True)
class Collection:
    """An item collection by its partition key, and its size."""

    key: str
    bytes: int


@dataclass(frozen=True)
class SizedItem:
    """An item by its key, and its size."""

    entity: str
    key: tuple[str, ...]
    bytes: int


@dataclass(frozen=True)
class TableFigures:
    """One design.

    largest     its largest items
    json_bytes  of all items as lines of DynamoDB JSON, which is what an import from S3 reads
    collection  the largest one with its copies in local indexes; None: there are no such indexes
    """

    name: str
    entities: tuple[EntityFigures, ...]
    table: Spread
    indexes: tuple[Spread, ...]
    largest: tuple[SizedItem, ...]
    json_bytes: int
    collisions: Collisions
    collection: Collection | None = None

    @property
    def items(self) -> int:
        """Without chunk items, which are in `table`."""
        return sum(entity.items for entity in self.entities)

    @property
    def write_units(self) -> int:
        return self.table.write_units + sum(index.write_units for index in self.indexes)

    @property
    def refused(self) -> int:
        """Rows that would be rejected."""
        return sum(entity.refused for entity in self.entities)


def figures_json(figures: TableFigures) -> dict[str, Any]:
    """The part of docs/json.md that `plan` and `design check` share."""
    found = asdict(figures)
    return {
        "name": found["name"],
        "indexes": [index.name for index in figures.indexes],
        "items": figures.items,
        "write_units": figures.write_units,
        "entities": found["entities"],
        "collisions": found["collisions"]["named"],
        "collision_count": figures.collisions.count,
        "largest_items": found["largest"],
        "json_bytes": figures.json_bytes,
        "partitions": [found["table"], *found["indexes"]],
    }
