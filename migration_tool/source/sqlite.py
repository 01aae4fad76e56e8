"""SQLite as a source: opened so that nothing can be written, changed or executed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock
from time import monotonic
from types import TracebackType

from migration_tool.design.shape import Shape
from migration_tool.errors import SourceError
from migration_tool.model import Chunk, EncodedItem, Position, Read, Row, Scalar, Schema, Table
from migration_tool.source import sql
from migration_tool.source.connection import FAULTS, QUERY_SECONDS, connect, source_error
from migration_tool.source.fragments import Beyond
from migration_tool.source.functions import add_case_functions, add_literal
from migration_tool.source.item_sql import item_expression
from migration_tool.source.paths import Paths
from migration_tool.source.rows import RowReader, decode
from migration_tool.source.schema import (
    cursor_of,
    mentions_case_functions,
    read_schema,
    uses_case_functions,
)
from migration_tool.source.windows import Windows, Written

_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
_CHUNK = 500
_KEYS = 128
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
        self._lock = Lock()
        self._pool = ThreadPoolExecutor(1, "source")
        self._connection = connect(path)
        try:
            with self._using("read the schema"):
                self._prepare()
        except SourceError:
            self._connection.close()
            raise

    def _prepare(self) -> None:
        connection = self._connection
        connection.execute("BEGIN")
        add_literal(connection)
        self.schema: Schema = read_schema(connection)
        self._cursors = {name: cursor_of(connection, table) for name, table in self.schema.tables.items()}
        self._paths = Paths(connection, self.schema)
        add_case_functions(connection, "unicode_")
        self._unicode = uses_case_functions(connection)
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
        """Also in the middle of a statement, and more than once."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        with suppress(sqlite3.ProgrammingError):
            self._connection.interrupt()
        with self._lock:
            self._connection.close()

    def windows(
        self, read: Read, after: Position | None, item: Callable[[Row], EncodedItem], shape: Shape | None
    ) -> Windows:
        """The entity behind `after`, as much at a time as the caller wants.

        shape  items may come ready made, the very ones that `item` gives; only where no two have one key
        """
        statement = self._statement(read, shape) if shape else None
        return Windows(self, read, after, statement, item)

    def _statement(self, read: Read, shape: Shape) -> Callable[[sql.Start], str] | None:
        """What writes windows of items; None where SQLite cannot, or would begin anew for each of them."""
        try:
            cursor, expression = item_expression(read, shape, self._cursors)
            statement = partial(sql.select_items, read, cursor, expression)
            with self._using("prepare to read"):
                self._prepare_read(read)
                plan = self._connection.execute(f"EXPLAIN QUERY PLAN {statement(None)}", (1,)).fetchall()
        except (Beyond, SourceError):
            return None
        return statement if self._encoding == "UTF-8" and sql.streams([row[3] for row in plan]) else None

    def write(self, statement: str, start: sql.Start, count: int, reader: RowReader) -> Future[Written]:
        """What that statement gives of so many rows, and their first by the reader; in the background."""
        return self._pool.submit(self._write, statement, start, count, reader)

    def _write(self, statement: str, start: sql.Start, count: int, reader: RowReader) -> Written:
        with self._lock:
            arguments = (*(start.arguments if start else ()), count)
            blob, last, rows = self._connection.execute(statement, arguments).fetchone()
            reader.go_to(start)
            return blob, last, rows, reader.take(1).row(0) if rows else None

    def reader(self, read: Read, start: sql.Start = None) -> RowReader:
        """The entity's rows in cursor order, for `take`. Text that is not UTF-8 arrives as InvalidText."""
        with self._using(f"read the table {read.table}"):
            self._prepare_read(read)
            return RowReader(self._connection, self.schema, self._cursors, read, start)

    def take(self, reader: RowReader, count: int) -> Chunk:
        """The reader's next rows; fewer only where the table ends. Streams."""
        with self._using(f"read the table {reader.table}"):
            return reader.take(count)

    def chunks(self, read: Read, after: Position | None = None) -> Iterator[Chunk]:
        """All rows behind `after`, some hundreds at a time."""
        reader = self.reader(read, sql.Behind(after) if after else None)
        while (chunk := self.take(reader, _CHUNK)).rows:
            yield chunk

    def rows(self, read: Read, after: Position | None = None) -> Iterator[tuple[Position, Row]]:
        """All rows behind `after`, one at a time."""
        for chunk in self.chunks(read, after):
            for place, row in enumerate(chunk.rows):
                yield chunk.position(place), row

    def chosen(self, read: Read, keys: Sequence[Position]) -> Iterator[tuple[Position, Row]]:
        """The rows that are still there, of those with keys that SQLite calls equal to one of these."""
        for first in range(0, len(keys), _KEYS):
            some = tuple(keys[first : first + _KEYS])
            chunk = self.take(self.reader(read, sql.Among(some)), len(some))
            yield from ((chunk.position(place), row) for place, row in enumerate(chunk.rows))

    def count(self, read: Read) -> int:
        """How many rows `rows(read)` gives."""
        with self._using(f"count the rows of {read.table}"):
            self._prepare_read(read)
            return int(self._connection.execute(sql.count(read)).fetchone()[0])

    @property
    def encoding(self) -> str:
        """Of its texts: UTF-8, UTF-16le or UTF-16be."""
        return str(self._encoding)

    def can_read(self, table: Table) -> bool:
        """Whether the table's rows have an order to be read and resumed in."""
        return self._cursors[table.name] is not None

    def rowids(self, read: Read) -> range:
        """From the least to the greatest rowid of the entity's table; empty where its rows have none."""
        cursor = self._cursors[read.table]
        if cursor is None or cursor.collations:
            return range(0)
        with self._using(f"look at the rows of {read.table}"):
            least, greatest = self._connection.execute(sql.bounds(read, cursor)).fetchone()
        return range(0) if least is None else range(least, greatest + 1)

    def query(self, statement: str, arguments: Mapping[str, Scalar]) -> tuple[list[str], list[Row]]:
        """Column names and rows of a SELECT with named parameters; it may run for two minutes.

        lower() and upper() know all of Unicode here, as in a design, not only ASCII; where the schema itself
        is built with SQLite's own ones, only unicode_lower() and unicode_upper() do.
        """
        self._know_unicode()
        deadline = monotonic() + QUERY_SECONDS
        self._connection.set_progress_handler(lambda: monotonic() > deadline, _INSTRUCTIONS_PER_CHECK)
        self._connection.text_factory = decode
        try:
            with self._using("run the SQL of an access pattern"):
                cursor = self._connection.execute(statement, dict(arguments))
                rows = cursor.fetchall()
                return [column[0] for column in cursor.description or ()], rows
        finally:
            self._connection.set_progress_handler(None, 0)

    def facts(self) -> SourceFacts:
        with self._using("count the rows"):
            rows = {
                name: self._connection.execute(f"SELECT count(*) FROM {sql.quote(name)}").fetchone()[0]
                for name, table in self.schema.tables.items()
                if not table.is_view
            }
        return SourceFacts(self.path, self.path.stat().st_size, self._encoding, self._journal_mode, rows)

    def _prepare_read(self, read: Read) -> None:
        if read.where and mentions_case_functions(read.where):
            self._know_unicode()
        if read.ancestries:
            self._connection.set_authorizer(None)
            self._paths.prepare(read)
            self._connection.set_authorizer(_authorise)

    def _know_unicode(self) -> None:
        """From now on lower() and upper() know all of Unicode, unless the schema is built with SQLite's.

        Precondition, the first time: no statement is under way. SQLite's own ones are quicker, and right
        for the ASCII that items are written of.
        """
        if not self._unicode:
            self._unicode = True
            add_case_functions(self._connection, "")

    @contextmanager
    def _using(self, operation: str) -> Iterator[None]:
        """The connection, for this thread alone, with its errors as SourceError."""
        try:
            with self._lock:
                yield
        except FAULTS as error:
            raise source_error(operation, self.path, error) from error


def check_source(path: Path) -> SourceFacts:
    """Opens the database and has SQLite check it. Raises SourceError if it is broken or empty."""
    connection = connect(path)
    try:
        problems = _problems(connection)
    except FAULTS as error:
        raise source_error("check the source database", path, error) from error
    finally:
        connection.close()
    if problems:
        raise SourceError(
            "check the source database",
            path,
            "SQLite's own check finds it damaged",
            "Restore it from a backup, or try `sqlite3 DB .recover`.",
            problems,
        )
    with SqliteSource(path) as source:
        facts = source.facts()
    if not any(facts.rows.values()):
        raise SourceError("check the source database", path, "no table holds a row", "Name another file.")
    return facts


def _problems(connection: sqlite3.Connection) -> list[str]:
    """What SQLite finds damaged: by its quick check, which does not look at the order of primary keys.

    A resume in a WITHOUT ROWID table stands on that order.
    """
    checks = ["quick_check(5)"]
    for name, table in read_schema(connection).tables.items():
        if table.without_rowid:
            checks.append(f"integrity_check({sql.quote(name)})")
    found = (row[0] for check in checks for row in connection.execute(f"PRAGMA {check}"))
    return [problem for problem in found if problem != "ok"]


def _authorise(action: int, *_: object) -> int:
    return sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY
