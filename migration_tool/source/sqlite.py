"""SQLite as a source: opened so that nothing can be written, changed or executed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from types import TracebackType

from migration_tool.errors import SourceError
from migration_tool.model import Chunk, Position, Read, Row, Scalar, Schema
from migration_tool.source import sql
from migration_tool.source.connection import QUERY_SECONDS, connect, source_error
from migration_tool.source.rows import RowReader, decode
from migration_tool.source.schema import cursor_of, read_schema, uses_case_functions

_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
_CHUNK = 500
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

    def open(self, read: Read, after: Position | None = None) -> Callable[[int], Chunk]:
        """A function that gives the entity's next `count` rows behind `after`, in cursor order.

        It gives fewer only where the table ends. Streams; text that is not UTF-8 arrives as InvalidText.
        """
        reader = RowReader(self._connection, self.schema, self._cursors, read, after)

        def take(count: int) -> Chunk:
            with self._errors(f"read the table {read.table}"):
                return reader.take(count)

        return take

    def chunks(self, read: Read, after: Position | None = None) -> Iterator[Chunk]:
        """All rows behind `after`, some hundreds at a time."""
        take = self.open(read, after)
        while (chunk := take(_CHUNK)).rows:
            yield chunk

    def rows(self, read: Read, after: Position | None = None) -> Iterator[tuple[Position, Row]]:
        """All rows behind `after`, one at a time."""
        for chunk in self.chunks(read, after):
            for place, row in enumerate(chunk.rows):
                yield chunk.position(place), row

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
        self._connection.text_factory = decode
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

    @contextmanager
    def _errors(self, operation: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise source_error(operation, self.path, error) from error


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


def _lower(value: Scalar) -> Scalar:
    return _readable(value, str.lower)


def _upper(value: Scalar) -> Scalar:
    return _readable(value, str.upper)


def _readable(value: Scalar, change: Callable[[str], str]) -> Scalar:
    """Integers become text, as in SQLite's own functions."""
    if isinstance(value, int):
        return str(value)
    return change(value) if isinstance(value, str) else value
