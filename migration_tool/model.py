"""The values that pass between the rooms. No imports of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Scalar: TypeAlias = int | float | str | bytes | None
"""A value as SQLite stores it: its storage class is its Python type."""

Row: TypeAlias = tuple[Any, ...]
"""One source row in the order of `Read.columns`, then one list of child rows per `Read.children`.

So are the child rows, with a list per `ChildRead.children`.

Text that is not valid UTF-8 arrives as `InvalidText`. A row with a value that is too large to be read has
`TooLarge` in its place, and may have it in others.
"""

Position: TypeAlias = tuple[Scalar, ...]
"""The cursor of a row: `(rowid,)`, or the primary key of a WITHOUT ROWID table."""

ENTITY_TYPE = "EntityType"
"""The attribute that every item carries: the name of the entity that wrote it."""

LONGEST_LEASE = 3600
"""Seconds that a lease of a table can last without being renewed."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive rows of one entity.

    cursors  what the source gave for each row; its first `width` values are the row's position
    """

    rows: list[Row]
    cursors: list[Row]
    width: int

    def __len__(self) -> int:
        return len(self.rows)

    def position(self, place: int) -> Position:
        return self.cursors[place][: self.width]

    def row(self, place: int) -> Row:
        return self.rows[place]


@dataclass(frozen=True, slots=True)
class Made:
    """Consecutive rows of one entity, of which the source has made items already.

    texts  the very items that the function gives, in UTF-8, a line each; empty for odd rows
    odd    place → a row that is left to that function
    last   the position of the last row
    again  reads all of the rows again
    """

    texts: list[bytes]
    odd: Mapping[int, Row]
    last: Position
    again: Callable[[], Chunk]

    def __len__(self) -> int:
        return len(self.texts)

    def position(self, place: int) -> Position:
        return self.last if place in (-1, len(self.texts) - 1) else self.again().position(place)

    def row(self, place: int) -> Row:
        return self.odd[place] if place in self.odd else self.again().row(place)


NO_SORT_KEY = ""
"""In the place of the sort key's value where a table has none; DynamoDB takes no empty sort key."""

Key: TypeAlias = tuple[str, str]
"""Values of the partition key and the sort key of an item."""

EncodedItem: TypeAlias = tuple[str, str, str]
"""(partition key, sort key, DynamoDB JSON text of the whole item with its attributes sorted by name)."""

AttributeValue: TypeAlias = dict[str, Any]
"""One value in DynamoDB's wire form: {"S": "x"}, {"N": "1"}, {"L": [...]}."""

WireItem: TypeAlias = dict[str, AttributeValue]


def key_values(item: WireItem, names: tuple[str, ...]) -> Key:
    """The key of an item by the table's key attributes. Raises KeyError where they are not all text."""
    partition, *sort = [item[name]["S"] for name in names]
    return partition, sort[0] if sort else NO_SORT_KEY


def named_key(names: tuple[str, ...], key: Key) -> dict[str, str]:
    """The values of a key by the table's key attributes."""
    return dict(zip(names, key, strict=False))


def wire_key(names: tuple[str, ...], key: Key) -> WireItem:
    """What names the item in a request."""
    return {name: {"S": value} for name, value in named_key(names, key).items()}


class InvalidText(bytes):
    """The raw bytes of a TEXT value that is not valid UTF-8."""


class TooLarge:
    """In place of a value of a row that has more bytes somewhere than a source reads."""


def folded(name: str) -> str:
    """The name as SQLite compares it: only ASCII letters have no case."""
    return name.lower() if name.isascii() else "".join(c.lower() if c.isascii() else c for c in name)


@dataclass(frozen=True)
class Column:
    """A column of the source: name as declared, SQLite affinity, and whether NULL is impossible."""

    name: str
    affinity: str
    not_null: bool = False


@dataclass(frozen=True)
class ForeignKey:
    """A declared reference: `columns` of the table hold the `to` columns of a row of `table`.

    cascades  the row goes when that one does
    """

    columns: tuple[str, ...]
    table: str
    to: tuple[str, ...]
    cascades: bool = False


ROWID_NAMES = ("rowid", "_rowid_", "oid")


@dataclass(frozen=True)
class Table:
    """A source table. `unique`: columns of each unique index; `rowid_alias`: INTEGER PRIMARY KEY."""

    name: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]
    unique: tuple[tuple[str, ...], ...] = ()
    rowid_alias: str | None = None
    without_rowid: bool = False
    is_view: bool = False
    foreign_keys: tuple[ForeignKey, ...] = ()

    @property
    def has_rowid(self) -> bool:
        return not (self.without_rowid or self.is_view)

    @property
    def cursor(self) -> tuple[str, ...]:
        """The columns that are the cursor of a row; () where it is the rowid and no column."""
        if self.without_rowid:
            return self.primary_key
        return (self.rowid_alias,) if self.rowid_alias else ()

    def column(self, name: str) -> Column | None:
        """The column of that name (ASCII case-insensitive, as SQLite does), or None."""
        wanted = folded(name)
        return next((c for c in self.columns if folded(c.name) == wanted), None)

    def readable(self, name: str) -> Column | None:
        """As `column`, or the rowid by one of its names: what SQL finds under the name."""
        is_rowid = self.has_rowid and folded(name) in ROWID_NAMES
        return self.column(name) or (Column(name, "INTEGER", True) if is_rowid else None)


@dataclass(frozen=True)
class Schema:
    """All tables and views of a source, by their declared name."""

    tables: Mapping[str, Table]

    def table(self, name: str) -> Table | None:
        """The table of that name (ASCII case-insensitive, as SQLite does), or None."""
        wanted = folded(name)
        return next((t for n, t in self.tables.items() if folded(n) == wanted), None)


@dataclass(frozen=True)
class ColumnRef:
    """A column seen through an alias; the alias of the entity's own table is its entity name."""

    alias: str
    column: str


@dataclass(frozen=True)
class Join:
    """A many-to-one lookup: LEFT JOIN `table` AS `alias`; `on` pairs its columns with those they equal."""

    alias: str
    table: str
    on: tuple[tuple[str, ColumnRef], ...]


@dataclass(frozen=True)
class Ancestry:
    """A column computed from a self-reference: "/1/2/" for a row whose parent is 2, whose parent is 1.

    NULL where the chain of parents runs in a circle.
    """

    name: str
    parent: str
    key: str


@dataclass(frozen=True)
class ChildRead:
    """Embedded rows: those of `table` whose `on[child] = parent column`, in `order`.

    descending  those columns of `order` whose greatest value comes first
    limit       so many of them at most
    children    what is embedded in each of them
    """

    name: str
    alias: str
    table: str
    on: tuple[tuple[str, str], ...]
    order: tuple[str, ...]
    joins: tuple[Join, ...]
    columns: tuple[ColumnRef, ...]
    descending: tuple[str, ...] = ()
    limit: int | None = None
    children: tuple[ChildRead, ...] = ()


@dataclass(frozen=True)
class Read:
    """What a source delivers for one entity, in which column order. `large`: a few rows at a time."""

    alias: str
    table: str
    joins: tuple[Join, ...]
    columns: tuple[ColumnRef, ...]
    ancestries: tuple[Ancestry, ...] = ()
    children: tuple[ChildRead, ...] = ()
    where: str | None = None
    large: bool = False


@dataclass(frozen=True)
class Reject:
    """A source row that did not become an item, and why. `row` maps column names to values."""

    table: str
    entity: str
    source_table: str
    source_key: Position
    rule: str
    reason: str
    row: Mapping[str, Any] = field(default_factory=dict)
    attempts: int = 0


@dataclass(frozen=True)
class TableIdentity:
    """What makes a target table the same table as before: name, ARN and TableId.

    Engines that give no TableId (DynamoDB Local, moto) are told apart by the creation time.
    """

    name: str
    arn: str
    table_id: str


@dataclass(frozen=True)
class Question:
    """What somebody has to agree to before it is done.

    operation, obj  for the error where nobody can be asked: "delete the tables", their names
    facts           what is to be known for the answer, one a line
    text            the question itself
    """

    operation: str
    obj: str
    facts: tuple[str, ...]
    text: str


Confirm: TypeAlias = Callable[[Question], bool]
"""Shows the facts and says whether to go on."""
