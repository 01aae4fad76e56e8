"""SQLite as a source: opened so that nothing can be written, changed or executed (facts.md §3)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from types import TracebackType

from migration_tool.errors import SourceError
from migration_tool.model import ChildRead, InvalidText, Position, Read, Row, Scalar, Schema
from migration_tool.source import sql
from migration_tool.source.schema import read_schema, rowid_name

_MAGIC = b"SQLite format 3\x00"
_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
_CHUNK = 1_000
_QUERY_SECONDS = 120.0
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
        with self._errors("read the schema"):
            self._connection.execute("BEGIN")
            self.schema: Schema = read_schema(self._connection)
            self._cursors = {name: self._cursor_of(name) for name in self.schema.tables}
            self._connection.create_function("lower", 1, _lower, deterministic=True)
            self._connection.create_function("upper", 1, _upper, deterministic=True)
            self._journal_mode = self._connection.execute("PRAGMA journal_mode").fetchone()[0]
            self._encoding = self._connection.execute("PRAGMA encoding").fetchone()[0]
            self._connection.set_authorizer(_authorise)

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
                self._connection.text_factory = str
                for last, row in self._stream(read, after):
                    yield last, row
            except sqlite3.OperationalError as error:
                if "decode to UTF-8" not in str(error):
                    raise
                self._connection.text_factory = _decode
                yield from self._stream(read, last)

    def count(self, read: Read) -> int:
        """How many rows `rows(read)` gives."""
        with self._errors(f"count the rows of {read.table}"):
            return int(self._connection.execute(sql.count(read)).fetchone()[0])

    def query(self, statement: str, arguments: Mapping[str, Scalar]) -> tuple[list[str], list[Row]]:
        """Column names and rows of a SELECT with named parameters; it may run for two minutes.

        lower() and upper() know all of Unicode here, as in a design, not only ASCII.
        """
        deadline = monotonic() + _QUERY_SECONDS
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

    def _stream(self, read: Read, after: Position | None) -> Iterator[tuple[Position, Row]]:
        cursor = self._cursors[read.table]
        width = len(cursor.columns)
        statement = sql.select(read, cursor, after is not None)
        parents = self._fetch(statement, after or ())
        children = [_Group(self._children(read, child, after), width) for child in read.children]
        for row in parents:
            position = row[:width]
            yield position, row[width:] + tuple(group.of(position) for group in children)

    def _children(self, read: Read, child: ChildRead, after: Position | None) -> Iterator[Row]:
        statement = sql.select_children(
            read, child, self._cursors[read.table], self._cursors[child.table], after is not None
        )
        return self._fetch(statement, after or ())

    def _fetch(self, statement: str, arguments: Position) -> Iterator[Row]:
        cursor = self._connection.execute(statement, arguments)
        while rows := cursor.fetchmany(_CHUNK):
            yield from rows

    def _cursor_of(self, name: str) -> sql.Cursor:
        table = self.schema.tables[name]
        if table.without_rowid or table.is_view:
            return sql.Cursor(tuple(map(sql.quote, table.primary_key)))
        columns = [column.name for column in table.columns]
        rowid = (
            sql.quote(table.rowid_alias) if table.rowid_alias else rowid_name(self._connection, name, columns)
        )
        if rowid is None:
            raise SourceError(
                "read the schema",
                name,
                "columns called rowid, _rowid_ and oid hide the table's row numbers",
                "Rename one of these columns.",
            )
        return sql.Cursor((rowid,))

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


def source_error(operation: str, path: Path, error: sqlite3.Error) -> SourceError:
    """The one translation of sqlite3's errors."""
    message = str(error)
    hint = "Check the file with `sqlite3 DB 'PRAGMA integrity_check'`."
    if "locked" in message:
        hint = "Wait until the other program has finished writing, then run the command again."
    elif "unable to open" in message or "readonly" in message or "disk I/O" in message:
        hint = "A crashed program may have left a journal: open the database once with its own program."
    elif "not a database" in message:
        message, hint = "it is not a SQLite database, or it is encrypted", "Name the database file itself."
    elif "interrupted" in message:
        message, hint = f"the query took more than {_QUERY_SECONDS:.0f} s", "Simplify it or add an index."
    elif "not authorized" in message or "prohibited" in message:
        hint = "Only SELECT statements over the database's own tables may run."
    return SourceError(operation, path, message, hint)


def connect(path: Path) -> sqlite3.Connection:
    _look_at(path)
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=10
        )
        for pragma in ("trusted_schema=OFF", "cell_size_check=ON", "mmap_size=0", "query_only=ON"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        raise source_error("open the source database", path, error) from error
    return connection


def _look_at(path: Path) -> None:
    """`connect` accepts anything: look first (facts.md §3)."""
    operation, hint = "open the source database", "Name an existing file: `migrate.py init --source-db PATH`."
    try:
        if not path.is_file():
            cause = "it is not a regular file" if path.exists() else "there is no such file"
            raise SourceError(operation, path, cause, hint)
        with path.open("rb") as file:
            start = file.read(len(_MAGIC))
    except OSError as error:
        raise SourceError(operation, path, error.strerror or error, hint) from error
    if not start:
        raise SourceError(operation, path, "the file is empty", hint)
    if start != _MAGIC:
        raise SourceError(operation, path, "it is not a SQLite database, or it is encrypted", hint)


def _authorise(action: int, *_: object) -> int:
    return sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY


def _decode(value: bytes) -> str | InvalidText:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return InvalidText(value)


def _lower(value: Scalar) -> Scalar:
    return value.lower() if isinstance(value, str) else value


def _upper(value: Scalar) -> Scalar:
    return value.upper() if isinstance(value, str) else value
