"""The one way to open a database: nothing in it can be written, changed or executed by opening it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import apsw

from migration_tool.errors import BrokenText, SourceError

FAULTS = (apsw.Error, ValueError, MemoryError)
"""What a broken file raises. ValueError: a name, maybe in the message, is not UTF-8 or holds a NUL;
MemoryError: a size in the file is absurd."""
QUERY_SECONDS = 120.0
"""How long one query of an access pattern may run."""
MAX_VALUE_BYTES = 64 * 1024 * 1024
"""The longest text or blob that SQLite reads, or makes of the items of a window. What is near it can be no
item; SQLite's own limit is a billion bytes, and all of them would be in memory."""
_MAGIC = b"SQLite format 3\x00"
_HEADER_BYTES = 100
_WAL_VERSIONS = b"\x02\x02"
_HOT_JOURNAL = (apsw.SQLITE_READONLY_ROLLBACK, apsw.SQLITE_CANTOPEN)
_ONE_PLAN = apsw.SQLITE_DBCONFIG_ENABLE_QPSG
"""A statement is planned once. SQLite otherwise plans it anew for each other LIMIT that is bound to it
(sqlite.org/c3ref/c_dbconfig_defensive.html): a tenth of a millisecond for each window."""
_PATIENCE_MS = 10_000
"""How long a program that writes is waited for."""


def connect(path: Path) -> apsw.Connection:
    """A connection that cannot write. Raises SourceError.

    The process must not have the file open otherwise: SQLite's locks end when any handle of it is closed.
    """
    _require_alone(path)
    header = _header(path)
    _require_log(path, header)
    return _open(path, _mode(path, header))


def connect_again(path: Path) -> apsw.Connection:
    """One more to a database that is connected to, and not in WAL mode: its file is left to SQLite alone,
    which keeps the locks of the other connection. Raises SourceError.
    """
    return _open(path, "ro")


def _open(path: Path, mode: str) -> apsw.Connection:
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    try:
        connection = apsw.Connection(uri, apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_URI)
    except FAULTS as error:
        raise source_error("open the source database", path, error) from error
    connection.set_busy_timeout(_PATIENCE_MS)
    connection.limit(apsw.SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)
    connection.config(_ONE_PLAN, 1)
    try:
        for pragma in ("trusted_schema=OFF", "cell_size_check=ON", "mmap_size=0", "query_only=ON"):
            connection.execute(f"PRAGMA {pragma}")
        row_of(connection, "SELECT count(*) FROM sqlite_master")
    except FAULTS as error:
        connection.close()
        raise source_error("open the source database", path, error) from error
    return connection


def rows_of(connection: apsw.Connection, statement: str, arguments: Sequence[object] = ()) -> list[Any]:
    """All rows of a statement. Raises FAULTS."""
    return connection.execute(statement, tuple(arguments)).fetchall()


def row_of(connection: apsw.Connection, statement: str, arguments: Sequence[object] = ()) -> Any:
    """The first row of a statement; None where there is none. Raises FAULTS."""
    return connection.execute(statement, tuple(arguments)).fetchone()


def _header(path: Path) -> bytes:
    """The first bytes of the database. SQLite opens anything, so this looks first."""
    operation, hint = "open the source database", "Name an existing file: `migrate.py init --source-db PATH`."
    try:
        if not path.is_file():
            cause = "it is not a regular file" if path.exists() else "there is no such file"
            raise SourceError(operation, path, cause, hint)
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
    except OSError as error:
        raise SourceError(operation, path, error.strerror or error, hint) from error
    if not header:
        raise SourceError(operation, path, "the file is empty", hint)
    if not header.startswith(_MAGIC):
        raise SourceError(operation, path, "it is not a SQLite database, or it is encrypted", hint)
    return header


def _require_alone(path: Path) -> None:
    """Refuses a database that the program has open through another SQLite library, as Python's sqlite3 is.

    Two libraries in one process do not see each other's locks: one could take away a write-ahead log that
    the other one writes (sqlite.org/howtocorrupt.html, 2.2.1).
    """
    own = any(_same(Path(connection.filename), path) for connection in apsw.connections())
    if not own and any(_same(handle, path) for handle in _handles()):
        raise SourceError(
            "open the source database", path,
            "this program has it open already, through another SQLite library",
            "Close that connection first, or use the database from another process.",
        )  # fmt: skip


def _handles() -> Iterator[Path]:
    """The files that this process has open, where the system tells."""
    with suppress(OSError):
        yield from Path("/dev/fd").iterdir()


def _same(one: Path, other: Path) -> bool:
    with suppress(OSError, ValueError):
        return one.samefile(other)
    return False


def _require_log(path: Path, header: bytes) -> None:
    """Refuses a database that was in use, and whose write-ahead log did not come along.

    SQLite would open it without a word, as it was before the commits that were only in the log. A -shm says
    that there was one: whoever closes the database last takes away first the -shm, then the -wal.
    """
    log = _beside(path, "-wal")
    if header[18:20] == _WAL_VERSIONS and _beside(path, "-shm").exists() and not log.exists():
        raise SourceError(
            "open the source database", path,
            f"its write-ahead log {log.name} is missing, and with it the newest commits",
            "Copy it along, or make the copy with `sqlite3 DB '.backup COPY'`.",
        )  # fmt: skip


def _mode(path: Path, header: bytes) -> str:
    """Read-only, but for a database in WAL mode that is at rest.

    SQLite makes a -wal and a -shm file to read one; only a connection that could write takes them away
    again when it closes. `query_only` keeps it from writing, and there is nothing to recover.
    """
    at_rest = not any(_beside(path, ending).exists() for ending in ("-wal", "-journal"))
    return "rw" if at_rest and header[18:20] == _WAL_VERSIONS else "ro"


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def source_error(operation: str, path: Path, error: Exception) -> SourceError:
    """The one translation of `FAULTS`."""
    message = str(error) or "SQLite asks for more memory than there is"
    hint = "Check the file with `sqlite3 DB 'PRAGMA integrity_check'`."
    if "locked" in message:
        hint = "Wait until the other program has finished writing, then run the command again."
    elif getattr(error, "extendedresult", None) in _HOT_JOURNAL and _beside(path, "-journal").exists():
        message = f"a crashed program left changes half done ({path.name}-journal); SQLite says: {message}"
        hint = "Open the database once with the program that writes it, or with `sqlite3 DB .tables`."
    elif "unable to open" in message or "readonly" in message:
        hint = "Check the permissions of the file; a database in WAL mode needs a folder it can write to."
    elif "not a database" in message:
        message, hint = "it is not a SQLite database, or it is encrypted", "Name the database file itself."
    elif "interrupted" in message:
        message, hint = f"the query took more than {QUERY_SECONDS:.0f} s", "Simplify it or add an index."
    elif isinstance(error, UnicodeDecodeError):
        message = "text that is not UTF-8 is met: by lower() or upper(), or as a name"
        hint = "Mend the text (`migrate.py rejects` names rows), or `migrate.py validate --items-only`."
        return BrokenText(operation, path, message, hint)
    elif "not authorized" in message or "prohibited" in message:
        hint = "Only SELECT statements over the database's own tables may run."
    elif "too big" in message:
        message = f"a text or blob has more than {MAX_VALUE_BYTES:,} bytes, which no item can hold"
        hint = f"Leave its column out of the design, or shorten it; `length(x) > {MAX_VALUE_BYTES}` finds it."
    elif "disk is full" in message:
        hint = "Free space for temporary files and for the private copy of the source."
    return SourceError(operation, path, message, hint)
