"""`Read` → SQLite SELECT. Every name is quoted and qualified: an unqualified "typo" would be a string."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TypeAlias

from migration_tool.model import Ancestry, ChildRead, ColumnRef, InvalidText, Join, Position, Read
from migration_tool.source.text import carefully

_PARENT = '"~parent"'
_LAST_ROWID = 2**63 - 1


@dataclass(frozen=True)
class Cursor:
    """What rows of one table are ordered and resumed by: its rowid, or its primary key.

    collations  those of the primary key, which need not be those of its columns; empty for a rowid
    """

    columns: tuple[str, ...]
    collations: tuple[str, ...] = ()

    def names(self, alias: str) -> list[str]:
        return [f"{quote(alias)}.{name}" for name in self.columns]

    def order(self, alias: str) -> list[str]:
        """The names as the key compares them."""
        names = self.names(alias)
        if not self.collations:
            return names
        return [f"{name} COLLATE {quote(c)}" for name, c in zip(names, self.collations, strict=True)]


@dataclass(frozen=True)
class Behind:
    """The rows after a position."""

    position: Position

    def condition(self, cursor: Cursor, alias: str) -> str:
        """One `?` per cursor column."""
        return f"({', '.join(cursor.order(alias))}) > ({', '.join(_marks(self.position))})"

    @property
    def arguments(self) -> Position:
        return self.position


ABOVE_ALL = Behind((float("-inf"),))
"""All rows of a table that has rowids, by the statements that give those behind one of them."""


@dataclass(frozen=True)
class Among:
    """The rows of some positions, one at least; for a key of several columns not more than some hundred."""

    positions: tuple[Position, ...]

    def condition(self, cursor: Cursor, alias: str) -> str:
        """`?`s for all of them."""
        names, keys = cursor.order(alias), [_marks(position) for position in self._padded]
        if len(names) == 1:
            return f"{names[0]} IN ({', '.join(mark for (mark,) in keys)})"
        pairs = [" AND ".join(map(" = ".join, zip(names, marks, strict=True))) for marks in keys]
        return f"({' OR '.join(pairs)})"

    @property
    def arguments(self) -> Position:
        return tuple(chain.from_iterable(self._padded))

    @property
    def _padded(self) -> tuple[Position, ...]:
        """A power of two of them: a dozen statements do for all numbers of rows."""
        wanted = 1 << (len(self.positions) - 1).bit_length()
        return (*self.positions, *self.positions[-1:] * (wanted - len(self.positions)))


def _marks(position: Position) -> list[str]:
    """A `?` per value. Broken text is bound as bytes and made text again."""
    return ["CAST(? AS TEXT)" if isinstance(value, InvalidText) else "?" for value in position]


Start: TypeAlias = Behind | Among | None
"""Which rows of an entity are read; None: all of them."""


def quote(name: str) -> str:
    """The name as a quoted identifier. Raises ValueError for NUL, which would cut the statement."""
    if "\x00" in name:
        raise ValueError("a name with a NUL character cannot be used in SQL")
    return '"' + name.replace('"', '""') + '"'


def select(read: Read, cursor: Cursor, start: Start, leading: bool, careful: bool = False) -> str:
    """The entity's rows from `start` on in cursor order: cursor columns, then `read.columns`.

    leading  these begin with the cursor themselves; it is not given twice
    careful  as `text.restored` takes them
    """
    columns = [] if leading else cursor.names(read.alias)
    columns += [column(ref) for ref in read.columns]
    conditions = [start.condition(cursor, read.alias)] if start else []
    return (
        f"SELECT {_values(columns, careful)} {_from(read)} {_where(read, *conditions)} "
        f"ORDER BY {', '.join(cursor.order(read.alias))}"
    )


def count(read: Read) -> str:
    return f"SELECT count(*) {_from(read) if read.where else f'FROM {quote(read.table)}'} {_where(read)}"


def bounds(read: Read, cursor: Cursor) -> str:
    """The least and the greatest rowid of the entity's table; SQLite finds each alone at once."""
    table, (rowid,) = f"{quote(read.table)} AS {quote(read.alias)}", cursor.names(read.alias)
    return f"SELECT (SELECT min({rowid}) FROM {table}), (SELECT max({rowid}) FROM {table})"


Chain: TypeAlias = Sequence[tuple[ChildRead, Cursor]]
"""Embedded rows, with those around them before them, and what the rows of each are ordered by."""


def select_children(read: Read, chain: Chain, cursor: Cursor, start: Start, careful: bool = False) -> str:
    """All rows of the last of the chain in the order of the rows around them.

    First the cursors of the rows around, then its own if it has children too, then `columns`. CROSS JOIN
    keeps SQLite from beginning with the children, which would sort all of them first.
    """
    child = chain[-1][0]
    names = ["~parent", *(f"~{level}" for level in range(1, len(chain))), child.alias]
    cursors = [cursor, *(found for _, found in chain)]
    around = list(zip(cursors, names, strict=True))[: None if child.children else -1]
    columns = [name for one, alias in around for name in one.names(alias)]
    columns += [column(ref) for ref in child.columns]
    joins = [
        f"CROSS JOIN {quote(one.table)} AS {quote(name)} ON {_pairs(one, outer, name)}"
        for (one, _), outer, name in zip(chain, names, names[1:], strict=False)
    ]
    order = cursor.order("~parent")
    for (one, found), name in zip(chain, names[1:], strict=True):
        order += _children_order(one, found, name)
    where = f"WHERE {start.condition(cursor, '~parent')}" if start else ""
    return (
        f"SELECT {_values(columns, careful)} FROM {_parents(read, chain[0][0], cursor)} AS {_PARENT} "
        f"{' '.join(joins)} {_joins(child.joins)} {where} "
        f"ORDER BY {', '.join(order)}"
    )


def _values(columns: Sequence[str], careful: bool) -> str:
    return ", ".join(map(carefully, columns) if careful else columns)


def _pairs(child: ChildRead, outer: str, name: str) -> str:
    return " AND ".join(
        f"{quote(name)}.{quote(theirs)} = {quote(outer)}.{quote(ours)}" for theirs, ours in child.on
    )


@dataclass(frozen=True)
class Items:
    """Statements that write an entity's items as values of an expression, some rows at a time.

    Those with arguments take the rowid that the rows are behind, and how many rows.
    """

    read: Read
    cursor: Cursor
    expression: str

    @cached_property
    def window(self) -> str:
        """A blob with a line for each row, in cursor order; the last rowid, and the number of rows.

        An aggregate takes rows as they come, here in the order of the table itself. A LIMIT would need a
        sub-select, out of which SQLite copies each item: a tenth of the time.
        """
        (rowid,), last = self.cursor.names(self.read.alias), f"coalesce(({self._last}), {_LAST_ROWID})"
        return (
            f"SELECT CAST(group_concat({self.expression}, '\n') AS BLOB), max({rowid}), count(*) "
            f"{_from(self.read, 'NOT INDEXED')} {self._behind} AND {rowid} <= {last}"
        )

    @property
    def reach(self) -> str:
        """The last rowid of that many rows; NULL where there are fewer."""
        return f"SELECT ({self._last})"

    @property
    def whole(self) -> str:
        """All items, read as windows are: how SQLite would go about it says whether they are worth it."""
        return f"SELECT {self.expression} {_from(self.read, 'NOT INDEXED')} WHERE {self._condition}"

    @property
    def _last(self) -> str:
        (rowid,) = self.cursor.names(self.read.alias)
        return f"SELECT {rowid} {_from(self.read)} {self._behind} ORDER BY {rowid} LIMIT 1 OFFSET ?2 - 1"

    @property
    def _behind(self) -> str:
        (rowid,) = self.cursor.names(self.read.alias)
        return f"WHERE {rowid} > ?1 AND {self._condition}"

    @property
    def _condition(self) -> str:
        """The entity's own. Without the plus SQLite could search by it, and not by the ends of the window."""
        return f"+({self.read.where}\n)" if self.read.where else "1"


def select_list(read: Read, child: ChildRead, cursor: Cursor, expression: str) -> str:
    """The values of an expression for the embedded rows of the present row, as `x`, in their order."""
    pairs = _pairs(child, read.alias, child.alias)
    return (
        f"SELECT {expression} AS x FROM {quote(child.table)} AS {quote(child.alias)} {_joins(child.joins)} "
        f"WHERE {pairs} ORDER BY {', '.join(_children_order(child, cursor, child.alias))}"
    )


def _children_order(child: ChildRead, cursor: Cursor, alias: str) -> list[str]:
    columns = [f"{quote(alias)}.{quote(name)}{' DESC' * (name in child.descending)}" for name in child.order]
    return columns + cursor.order(alias)


def _parents(read: Read, child: ChildRead, cursor: Cursor) -> str:
    """The parent table, or those of its rows that the entity's condition keeps."""
    if not read.where:
        return quote(read.table)
    own = quote(read.alias)
    columns = [f"{own}.{name} AS {name}" for name in cursor.columns]
    columns += [f"{own}.{quote(ours)} AS {quote(ours)}" for _, ours in child.on]
    return f"(SELECT {', '.join(dict.fromkeys(columns))} {_from(read)} {_where(read)})"


def column(ref: ColumnRef) -> str:
    if not ref.alias:
        return f"{quote('~' + ref.column)}.path"
    return f"{quote(ref.alias)}.{quote(ref.column)}"


def _from(read: Read, how: str = "") -> str:
    ancestries = " ".join(_ancestry(read, ancestry) for ancestry in read.ancestries)
    return f"FROM {quote(read.table)} AS {quote(read.alias)} {how} {_joins(read.joins)} {ancestries}"


def _joins(joins: Iterable[Join]) -> str:
    return " ".join(
        f"LEFT JOIN {quote(join.table)} AS {quote(join.alias)} ON "
        + " AND ".join(f"{quote(join.alias)}.{quote(theirs)} = {column(ours)}" for theirs, ours in join.on)
        for join in joins
    )


def _ancestry(read: Read, ancestry: Ancestry) -> str:
    alias = quote("~" + ancestry.name)
    key = f"{quote(read.alias)}.{quote(ancestry.key)}"
    return f"LEFT JOIN {paths_table(read.table, ancestry)} AS {alias} ON {alias}.key = {key}"


def paths_table(table: str, ancestry: Ancestry) -> str:
    """The temporary table that holds the `key` and the `path` of each row."""
    return f"temp.{quote(f'~{table}~{ancestry.parent}~{ancestry.key}')}"


def paths(table: str, ancestry: Ancestry) -> str:
    """Keys and paths. These grow from the rows without a (known) parent: a circle is never entered.

    In the order of the keys, as far as parents come before their children: it is the quickest to keep.
    """
    name, key, parent = quote(table), quote(ancestry.key), quote(ancestry.parent)
    return (
        f"WITH RECURSIVE up(key, path) AS ("
        f"SELECT t.{key}, '/' FROM {name} AS t LEFT JOIN {name} AS p ON p.{key} = t.{parent} "
        f"WHERE p.{key} IS NULL "
        f"UNION ALL SELECT t.{key}, up.path || up.key || '/' "
        f"FROM {name} AS t JOIN up ON up.key = t.{parent} ORDER BY 1) "
        f"SELECT key, path FROM up"
    )


def _where(read: Read, *conditions: str) -> str:
    """The entity's own condition and others."""
    found = [f"({read.where}\n)", *conditions] if read.where else conditions
    return f"WHERE {' AND '.join(found)}" if found else ""


_ANEW = ("TEMP B-TREE", "AUTOMATIC", "MATERIALIZE")


def streams(plan: Sequence[str]) -> bool:
    """Whether a statement that begins in the middle of a table goes straight on from there.

    plan  the lines of EXPLAIN QUERY PLAN: nothing is sorted or indexed first, one table alone is scanned
    """
    scanned = [line for line in plan if line.startswith("SCAN") and "subquery" not in line.lower()]
    return len(scanned) <= 1 and not any(word in line for line in plan for word in _ANEW)
