"""Whether a database can be worked with, by SQLite's own check; and, at the same time, its fingerprint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Self

import apsw

from migration_tool.errors import SourceError
from migration_tool.model import Table
from migration_tool.source import sql
from migration_tool.source.connection import FAULTS, connect, row_of, rows_of, source_error
from migration_tool.source.schema import read_schema
from migration_tool.source.snapshot import fingerprint_beside


class Examination:
    """Begins at once, in threads that do without Python's lock: other things can be done meanwhile.

    But the process must not open the database otherwise before `result`. Where a block with it is left by an
    error, it is given up.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._given_up = Event()
        self._files = ExitStack()
        self._pool = ThreadPoolExecutor(2, "examination")
        self._connection = self._pool.submit(connect, path)
        self._checked = self._pool.submit(self._check)
        self._content = self._pool.submit(self._fingerprint)

    def result(self) -> str:
        """The fingerprint, once SQLite is done. Raises SourceError where the database is broken or empty."""
        with self:
            self._checked.result()
            return self._content.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """SQLite's locks end when any handle of the file is closed: ours are closed when it is done."""
        if kind:
            self._given_up.set()
            with suppress(SourceError, apsw.ConnectionClosedError):
                self._connection.result().interrupt()
        self._pool.shutdown()
        self._files.close()

    def _check(self) -> None:
        with closing(self._connection.result()) as connection:
            require_sound(self._path, connection)

    def _fingerprint(self) -> str:
        self._connection.result()
        return fingerprint_beside(self._path, self._files, self._given_up)


def require_sound(path: Path, connection: apsw.Connection) -> None:
    """Raises SourceError where SQLite finds the database damaged, and where no table holds a row."""
    operation = "check the source database"
    try:
        tables = read_schema(connection).tables.values()
        if problems := list(_problems(connection, tables)):
            cause = "SQLite's own check finds it damaged"
            hint = "Restore it from a backup, or try `sqlite3 DB .recover`."
            raise SourceError(operation, path, cause, hint, problems)
        if not any(_has_rows(connection, table) for table in tables):
            raise SourceError(operation, path, "no table holds a row", "Name another file.")
    except FAULTS as error:
        raise source_error(operation, path, error) from error


def _has_rows(connection: apsw.Connection, table: Table) -> bool:
    statement = f"SELECT 1 FROM {sql.quote(table.name)} LIMIT 1"
    return not table.is_view and row_of(connection, statement) is not None


def _problems(connection: apsw.Connection, tables: Iterable[Table]) -> Iterator[str]:
    """What SQLite finds damaged: by its quick check, which does not look at the order of primary keys.

    A resume in a WITHOUT ROWID table stands on that order.
    """
    ordered = [f"integrity_check({sql.quote(table.name)})" for table in tables if table.without_rowid]
    for check in ("quick_check(5)", *ordered):
        found = (row[0] for row in rows_of(connection, f"PRAGMA {check}"))
        yield from (problem for problem in found if problem != "ok")
