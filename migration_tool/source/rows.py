"""The rows of one entity, in cursor order, as many at a time as the caller wants.

Embedded lists come from a second statement in the order of their parents: the two are merged, so neither
the table nor the embedded rows of more parents than were asked for are held in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby, islice
from operator import itemgetter

import apsw

from migration_tool.errors import SourceError
from migration_tool.model import (
    ChildRead,
    Chunk,
    ColumnRef,
    Position,
    Read,
    Row,
    Schema,
    TooLarge,
)
from migration_tool.source import sql
from migration_tool.source.text import restored

_AHEAD = (16, 500)
"""Embedded rows that are read at a time: at first, and at most."""


class RowReader:
    """Reads on from a cursor. The connection belongs to the source, and has to outlive this."""

    def __init__(
        self,
        connection: apsw.Connection,
        encoding: str,
        schema: Schema,
        cursors: Mapping[str, sql.Cursor | None],
        read: Read,
        start: sql.Start,
    ) -> None:
        self._connection = connection
        self._cursors = cursors
        self._read = read
        self.table = read.table
        self._width = len(self._cursor(read.table).columns)
        own = tuple(ColumnRef(read.alias, name) for name in schema.tables[read.table].cursor)
        self._leading = bool(own) and read.columns[: self._width] == own
        self._statements: dict[tuple[type, int], list[str]] = {}
        self._restored = restored(encoding)
        self._careful = False
        self.go_to(start)

    def go_to(self, start: sql.Start) -> None:
        """The next rows are those from `start` on. No statement is under way until they are taken."""
        self._start = start
        self._parents: Iterator[Row] | None = None
        self._children: list[_Group] = []

    def take(self, count: int) -> Chunk:
        """The next `count` rows; fewer only where the table ends. Raises apsw.Error, SourceError.

        A row with a value that is above SQLite's limit has TooLarge for all but its key.
        """
        try:
            chunk = self._decoded(count)
        except apsw.TooBigError:
            chunk = self._one_by_one(count)
        if chunk.rows:
            self._start = sql.Behind(chunk.position(-1))
        return chunk

    def first(self, start: sql.Start) -> Chunk:
        """The row from `start` on, alone. No statement stays under way. Raises as `take` does."""
        self.go_to(start)
        try:
            return self.take(1)
        finally:
            self.go_to(None)

    def _decoded(self, count: int) -> Chunk:
        """Text that is not UTF-8 arrives as InvalidText; quick statements cannot give that, so the rest of
        the entity is then read by careful ones, again from the end of the last chunk on.
        """
        try:
            return self._take(count)
        except UnicodeDecodeError:
            if self._careful:
                raise
            self._careful = True
            self._statements.clear()
            self.go_to(self._start)
            return self._take(count)

    def _one_by_one(self, count: int) -> Chunk:
        start, cursor = self._start, self._cursor(self.table)
        read = replace(self._read, columns=(), children=())
        keys_alone = sql.select(read, cursor, start, leading=False, careful=True)
        keys = self._connection.execute(f"{keys_alone} LIMIT {count}", start.arguments if start else ())
        chunks = [self._single(self._restored(key)) for key in keys.fetchall()]
        self._parents = None
        return Chunk([c.rows[0] for c in chunks], [c.cursors[0] for c in chunks], self._width)

    def _single(self, key: Position) -> Chunk:
        self.go_to(sql.Among((key,)))
        try:
            return self._decoded(1)
        except apsw.TooBigError:
            read, known = self._read, key if self._leading else ()
            lists = (_too_large(child) for child in read.children)
            row = (*known, *[TooLarge()] * (len(read.columns) - len(known)), *lists)
            return Chunk([row], [row if self._leading else key], self._width)

    def _take(self, count: int) -> Chunk:
        parents = self._parents or self._begin()
        cursors = list(islice(parents, count))
        rows = cursors if self._leading else [row[self._width :] for row in cursors]
        if self._children:
            lists = [[group.of(row[: self._width]) for row in cursors] for group in self._children]
            rows = [row + found for row, found in zip(rows, zip(*lists, strict=True), strict=True)]
        return Chunk(rows, cursors, self._width)

    def _begin(self) -> Iterator[Row]:
        arguments = self._start.arguments if self._start else ()
        kind = type(self._start), len(arguments)
        if kind not in self._statements:
            self._statements[kind] = self._prepared()
        found: list[Iterator[Row]]
        found = [self._connection.execute(text, arguments) for text in self._statements[kind]]
        if self._careful:
            found = [map(self._restored, rows) for rows in found]
        self._parents, *lists = found
        children = iter(map(_ahead, lists))
        self._children = [self._group(child, children, self._width) for child in self._read.children]
        return self._parents

    def _group(self, child: ChildRead, rows: Iterator[Iterator[Row]], width: int) -> _Group:
        """width  of the cursors around the child's rows, by which they are found"""
        own = next(rows)
        if child.limit is None and not child.children:
            return _Group(own, width)
        inner = width + len(self._cursor(child.table).columns)
        groups = [self._group(one, rows, inner) for one in child.children]
        return _Tree(own, width, inner if groups else width, groups, child.limit)

    def _prepared(self) -> list[str]:
        """The statement of the rows, and that of each embedded list, those in it behind it."""
        read, start, cursor = self._read, self._start, self._cursor(self.table)
        children = [
            sql.select_children(read, chain, cursor, start, self._careful)
            for child in read.children
            for chain in self._chains(child, ())
        ]
        return [sql.select(read, cursor, start, self._leading, self._careful), *children]

    def _chains(self, child: ChildRead, around: sql.Chain) -> Iterator[sql.Chain]:
        chain = (*around, (child, self._cursor(child.table)))
        yield chain
        for inner in child.children:
            yield from self._chains(inner, chain)

    def _cursor(self, name: str) -> sql.Cursor:
        cursor = self._cursors[name]
        if cursor is None:
            raise SourceError(
                "read the table",
                name,
                "columns called rowid, _rowid_ and oid hide the table's row numbers",
                "Rename one of these columns.",
            )
        return cursor


class _Group:
    """Child rows, which come in the order of their parents, one parent's list at a time."""

    def __init__(self, rows: Iterator[Row], width: int) -> None:
        self._width = width
        self._groups = groupby(rows, itemgetter(slice(width)))
        self._next = next(self._groups, None)

    def of(self, parent: Position) -> list[Row]:
        if self._next is None or self._next[0] != parent:
            return []
        found = [row[self._width :] for row in self._next[1]]
        self._next = next(self._groups, None)
        return found


class _Tree(_Group):
    """Child rows with lists of their own, or not all of a parent's child rows.

    inner   width of the cursors by which `groups`, the lists in each row, are found
    limit   rows that a parent gets; all are passed, so that the next parent's come next
    """

    def __init__(
        self, rows: Iterator[Row], width: int, inner: int, groups: Sequence[_Group], limit: int | None
    ) -> None:
        super().__init__(rows, width)
        self._inner = inner
        self._lists = groups
        self._limit = limit

    def of(self, parent: Position) -> list[Row]:
        if self._next is None or self._next[0] != parent:
            return []
        found: list[Row] = []
        for row in self._next[1]:
            lists = [group.of(row[: self._inner]) for group in self._lists]
            if self._limit is None or len(found) < self._limit:
                found.append((*row[self._inner :], *lists))
        self._next = next(self._groups, None)
        return found


def _too_large(child: ChildRead) -> list[Row]:
    return [(*[TooLarge()] * len(child.columns), *(_too_large(inner) for inner in child.children))]


def _ahead(rows: Iterator[Row]) -> Iterator[Row]:
    count, most = _AHEAD
    while found := list(islice(rows, count)):
        yield from found
        count = min(2 * count, most)
