"""`Read` → SQLite SELECT. Every name is quoted and qualified: an unqualified "typo" would be a string."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from migration_tool.model import Ancestry, ChildRead, ColumnRef, InvalidText, Join, Position, Read

ROWID_NAMES = ("rowid", "_rowid_", "oid")
_PARENT = '"~parent"'


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

    def after(self, alias: str, position: Position) -> str:
        """A condition with one `?` per cursor column. Broken text is bound as bytes and made text again."""
        marks = ["CAST(? AS TEXT)" if isinstance(value, InvalidText) else "?" for value in position]
        return f"({', '.join(self.order(alias))}) > ({', '.join(marks)})"


def quote(name: str) -> str:
    """The name as a quoted identifier. Raises ValueError for NUL, which would cut the statement."""
    if "\x00" in name:
        raise ValueError("a name with a NUL character cannot be used in SQL")
    return '"' + name.replace('"', '""') + '"'


def select(read: Read, cursor: Cursor, after: Position | None, leading: bool) -> str:
    """The entity's rows behind `after` in cursor order: cursor columns, then `read.columns`.

    leading  these begin with the cursor themselves; it is not given twice
    """
    columns = [] if leading else cursor.names(read.alias)
    columns += [_column(column) for column in read.columns]
    return (
        f"SELECT {', '.join(columns)} {_from(read)} {_where(read, cursor, after)} "
        f"ORDER BY {', '.join(cursor.order(read.alias))}"
    )


def count(read: Read) -> str:
    return f"SELECT count(*) {_from(read) if read.where else f'FROM {quote(read.table)}'} {_where(read)}"


def select_children(
    read: Read, child: ChildRead, cursor: Cursor, child_cursor: Cursor, after: Position | None
) -> str:
    """All embedded rows in the order of their parents: the parent's cursor, then `child.columns`.

    CROSS JOIN keeps SQLite from beginning with the children, which would sort all of them first.
    """
    pairs = " AND ".join(
        f"{quote(child.alias)}.{quote(theirs)} = {_PARENT}.{quote(ours)}" for theirs, ours in child.on
    )
    columns = cursor.names("~parent") + [_column(column) for column in child.columns]
    order = [f"{quote(child.alias)}.{quote(name)}" for name in child.order] + child_cursor.order(child.alias)
    where = "" if after is None else f"WHERE {cursor.after('~parent', after)}"
    return (
        f"SELECT {', '.join(columns)} FROM {_parents(read, child, cursor)} AS {_PARENT} "
        f"CROSS JOIN {quote(child.table)} AS {quote(child.alias)} ON {pairs} {_joins(child.joins)} {where} "
        f"ORDER BY {', '.join(cursor.order('~parent') + order)}"
    )


def _parents(read: Read, child: ChildRead, cursor: Cursor) -> str:
    """The parent table, or those of its rows that the entity's condition keeps."""
    if not read.where:
        return quote(read.table)
    own = quote(read.alias)
    columns = [f"{own}.{name} AS {name}" for name in cursor.columns]
    columns += [f"{own}.{quote(ours)} AS {quote(ours)}" for _, ours in child.on]
    return f"(SELECT {', '.join(dict.fromkeys(columns))} {_from(read)} {_where(read)})"


def _column(column: ColumnRef) -> str:
    if not column.alias:
        return f"{quote('~' + column.column)}.path"
    return f"{quote(column.alias)}.{quote(column.column)}"


def _from(read: Read) -> str:
    ancestries = " ".join(_ancestry(read, ancestry) for ancestry in read.ancestries)
    return f"FROM {quote(read.table)} AS {quote(read.alias)} {_joins(read.joins)} {ancestries}"


def _joins(joins: Iterable[Join]) -> str:
    return " ".join(
        f"LEFT JOIN {quote(join.table)} AS {quote(join.alias)} "
        f"ON {quote(join.alias)}.{quote(join.to)} = {quote(join.by.alias)}.{quote(join.by.column)}"
        for join in joins
    )


def _ancestry(read: Read, ancestry: Ancestry) -> str:
    """Paths grow from the rows without a (known) parent, so a circle is never entered and gets no path."""
    table, key, parent = quote(read.table), quote(ancestry.key), quote(ancestry.parent)
    alias = quote("~" + ancestry.name)
    return (
        f"LEFT JOIN (WITH RECURSIVE up(key, path) AS ("
        f"SELECT t.{key}, '/' FROM {table} AS t LEFT JOIN {table} AS p ON p.{key} = t.{parent} "
        f"WHERE p.{key} IS NULL "
        f"UNION ALL SELECT t.{key}, up.path || up.key || '/' "
        f"FROM {table} AS t JOIN up ON t.{parent} = up.key) "
        f"SELECT key, path FROM up) AS {alias} ON {alias}.key = {quote(read.alias)}.{key}"
    )


def _where(read: Read, cursor: Cursor | None = None, after: Position | None = None) -> str:
    conditions = [f"({read.where}\n)"] if read.where else []
    if cursor and after is not None:
        conditions.append(cursor.after(read.alias, after))
    return f"WHERE {' AND '.join(conditions)}" if conditions else ""
