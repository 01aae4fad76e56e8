"""One moment of a SQLite database: a connection in a read transaction, which nothing can be written by."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from threading import Lock

import apsw

from migration_tool.errors import SourceError
from migration_tool.model import Read, Schema
from migration_tool.source import sql
from migration_tool.source.connection import FAULTS, connect, connect_again, row_of, source_error
from migration_tool.source.functions import add_case_functions, add_literal
from migration_tool.source.paths import Paths
from migration_tool.source.readable import readable_rows
from migration_tool.source.schema import (
    cursor_of,
    mentions_case_functions,
    read_schema,
    uses_case_functions,
)

_ALLOWED = {apsw.SQLITE_SELECT, apsw.SQLITE_READ, apsw.SQLITE_FUNCTION, apsw.SQLITE_RECURSIVE}


class Moment:
    """Lasts until `close`: all cursors see one snapshot. Raises SourceError.

    cursors   what the rows of each table are ordered by; None: by nothing
    encoding  of its texts: UTF-8, UTF-16le or UTF-16be
    """

    def __init__(self, path: Path, connected: Callable[[Path], apsw.Connection] = connect) -> None:
        self.path = path
        self._lock = Lock()
        self._connection = connected(path)
        try:
            with self.using("read the schema") as connection:
                self._begin(connection)
        except SourceError:
            self._connection.close()
            raise

    def _begin(self, connection: apsw.Connection) -> None:
        connection.execute("BEGIN")
        add_literal(connection)
        self.schema: Schema = read_schema(connection)
        self.cursors: Mapping[str, sql.Cursor | None] = {
            name: cursor_of(connection, table) for name, table in self.schema.tables.items()
        }
        self._paths = Paths(connection, self.schema)
        add_case_functions(connection, "unicode_")
        self._unicode = uses_case_functions(connection)
        self.journal_mode = str(row_of(connection, "PRAGMA journal_mode")[0])
        self.encoding = str(row_of(connection, "PRAGMA encoding")[0])
        connection.set_authorizer(_authorise)

    def close(self) -> None:
        """Also in the middle of a statement, and more than once."""
        with suppress(apsw.ConnectionClosedError):
            self._connection.interrupt()
        with self._lock:
            self._connection.close()

    def twin(self) -> Moment | None:
        """Another connection, if it is sure to see the same: this one keeps writers from committing.

        In WAL mode it does not, and a commit might come in between.
        """
        if self.journal_mode != "wal":
            with suppress(SourceError):
                return Moment(self.path, connect_again)
        return None

    @contextmanager
    def using(self, operation: str) -> Iterator[apsw.Connection]:
        """The connection, for this thread alone, with its errors as SourceError."""
        try:
            with self._lock:
                yield self._connection
        except FAULTS as error:
            raise source_error(operation, self.path, error) from error

    def prepare(self, read: Read) -> None:
        """Sees to it that statements of the read can run. Raises apsw.Error. Precondition: `using`."""
        if read.where and mentions_case_functions(read.where):
            self.know_unicode()
        if read.ancestries:
            self._connection.set_authorizer(None)
            self._paths.prepare(read)
            self._connection.set_authorizer(_authorise)

    def readable_rows(self) -> AbstractContextManager[None]:
        """For the time of the block, only rows whose texts can be decoded. Precondition: `using`."""
        return readable_rows(self._connection, self.schema, self.encoding, _authorise)

    def know_unicode(self) -> None:
        """From now on lower() and upper() know all of Unicode, unless the schema is built with SQLite's.

        Precondition, the first time: no statement is under way. SQLite's own ones are quicker, and right
        for the ASCII that items are written of.
        """
        if not self._unicode:
            self._unicode = True
            add_case_functions(self._connection, "")


def _authorise(action: int, *_: object) -> int:
    return apsw.SQLITE_OK if action in _ALLOWED else apsw.SQLITE_DENY
