"""SQLite as a source: opened so that nothing can be written, changed or executed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any

from migration_tool.errors import SourceError
from migration_tool.model import ChildRead, InvalidText, Position, Read, Row, Scalar, Schema
from migration_tool.source import sql
from migration_tool.source.connection import QUERY_SECONDS, connect, source_error
from migration_tool.source.schema import cursor_of, read_schema, uses_case_functions

_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
_CHUNK = 1_000
_INSTRUCTIONS_PER_CHECK = 100_000


@dataclass(frozen=True)
class SourceFacts:
    """What `info` shows: size in bytes, text encoding, journal mode, and the rows of each table."""

    path: Path
    size: int
    encoding: str
    journal_mode: str
    rows: Mapping[str, int]


class SqliteSource:
    """A read-only view of one moment of a SQLite database.

    The first read opens a read transaction that lasts until `close`, so that all cursors see one snapshot.
    Every method raises SourceError.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = connect(path)
        try:
            with self._errors("read the schema"):
                self._prepare()
        except SourceError:
            self._connection.close()
            raise

    def _prepare(self) -> None:
        connection = self._connection
        connection.execute("BEGIN")
        self.schema: Schema = read_schema(connection)
        self._cursors = {name: cursor_of(connection, table) for name, table in self.schema.tables.items()}
        for prefix in ("unicode_",) if uses_case_functions(connection) else ("unicode_", ""):
            connection.create_function(f"{prefix}lower", 1, _lower, deterministic=True)
            connection.create_function(f"{prefix}upper", 1, _upper, deterministic=True)
        self._journal_mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
        self._encoding = connection.execute("PRAGMA encoding").fetchone()[0]
        connection.set_authorizer(_authorise)

    def __enter__(self) -> SqliteSource:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def rows(self, read: Read, after: Position | None = None) -> Iterator[tuple[Position, Row]]:
        """The entity's rows behind `after`, in cursor order, embedded lists included.

        Streams: neither the table nor the embedded rows of more than one parent are held in memory.
        Text that is not UTF-8 arrives as InvalidText; the fast decoder cannot give that, so the rest of
        the entity is then read again, from the last good row on, with a careful one.
        """
        last = after
        with self._errors(f"read the table {read.table}"):
            try:
                for last, row in self._stream(read, after, str):
                    yield last, row
                return
            except sqlite3.OperationalError as error:
                if "decode to UTF-8" not in str(error):
                    raise
            yield from self._stream(read, last, _decode)

    def count(self, read: Read) -> int:
        """How many rows `rows(read)` gives."""
        with self._errors(f"count the rows of {read.table}"):
            return int(self._connection.execute(sql.count(read)).fetchone()[0])

    def query(self, statement: str, arguments: Mapping[str, Scalar]) -> tuple[list[str], list[Row]]:
        """Column names and rows of a SELECT with named parameters; it may run for two minutes.

        lower() and upper() know all of Unicode here, as in a design, not only ASCII; where the schema itself
        is built with SQLite's own ones, only unicode_lower() and unicode_upper() do.
        """
        deadline = monotonic() + QUERY_SECONDS
        self._connection.set_progress_handler(lambda: monotonic() > deadline, _INSTRUCTIONS_PER_CHECK)
        self._connection.text_factory = _decode
        try:
            with self._errors("run the SQL of an access pattern"):
                cursor = self._connection.execute(statement, dict(arguments))
                rows = cursor.fetchall()
                return [column[0] for column in cursor.description or ()], rows
        finally:
            self._connection.set_progress_handler(None, 0)

    def facts(self) -> SourceFacts:
        with self._errors("count the rows"):
            rows = {
                name: self._connection.execute(f"SELECT count(*) FROM {sql.quote(name)}").fetchone()[0]
                for name, table in self.schema.tables.items()
                if not table.is_view
            }
        return SourceFacts(self.path, self.path.stat().st_size, self._encoding, self._journal_mode, rows)

    def _stream(
        self, read: Read, after: Position | None, decode: Callable[[bytes], Any]
    ) -> Iterator[tuple[Position, Row]]:
        cursor = self._cursor(read.table)
        width = len(cursor.columns)
        parents = self._fetch(sql.select(read, cursor, after), after or (), decode)
        children = [
            _Group(self._fetch(self._children(read, child, after), after or (), decode), width)
            for child in read.children
        ]
        for row in parents:
            position = row[:width]
            yield position, row[width:] + tuple(group.of(position) for group in children)

    def _children(self, read: Read, child: ChildRead, after: Position | None) -> str:
        return sql.select_children(read, child, self._cursor(read.table), self._cursor(child.table), after)

    def _fetch(self, statement: str, arguments: Position, decode: Callable[[bytes], Any]) -> Iterator[Row]:
        """The connection has one decoder for all statements: it is set anew for each chunk."""
        self._connection.text_factory = decode
        cursor = self._connection.execute(statement, arguments)
        while rows := cursor.fetchmany(_CHUNK):
            yield from rows
            self._connection.text_factory = decode

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

    @contextmanager
    def _errors(self, operation: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise source_error(operation, self.path, error) from error


class _Group:
    """Child rows, which come in the order of their parents, one parent's list at a time."""

    def __init__(self, rows: Iterator[Row], width: int) -> None:
        self._rows = rows
        self._width = width
        self._next: Row | None = next(rows, None)

    def of(self, parent: Position) -> list[Row]:
        found = []
        while self._next is not None and self._next[: self._width] == parent:
            found.append(self._next[self._width :])
            self._next = next(self._rows, None)
        return found


def check_source(path: Path) -> SourceFacts:
    """Opens the database and runs SQLite's quick check. Raises SourceError if it is broken or empty."""
    connection = connect(path)
    try:
        problems = [row[0] for row in connection.execute("PRAGMA quick_check(5)")]
    except sqlite3.Error as error:
        raise source_error("check the source database", path, error) from error
    finally:
        connection.close()
    if problems != ["ok"]:
        raise SourceError(
            "check the source database",
            path,
            "SQLite's quick_check finds it damaged",
            "Restore it from a backup, or try `sqlite3 DB .recover`.",
            problems,
        )
    with SqliteSource(path) as source:
        facts = source.facts()
    if not any(facts.rows.values()):
        raise SourceError("check the source database", path, "no table holds a row", "Name another file.")
    return facts


def _authorise(action: int, *_: object) -> int:
    return sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY


def _decode(value: bytes) -> str | InvalidText:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return InvalidText(value)


def _lower(value: Scalar) -> Scalar:
    return _readable(value, str.lower)


def _upper(value: Scalar) -> Scalar:
    return _readable(value, str.upper)


def _readable(value: Scalar, change: Callable[[str], str]) -> Scalar:
    """Integers become text, as in SQLite's own functions."""
    if isinstance(value, int):
        return str(value)
    return change(value) if isinstance(value, str) else value
