"""The one way to open a database: nothing in it can be written, changed or executed by opening it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from migration_tool.errors import BrokenText, SourceError

FAULTS = (sqlite3.Error, ValueError, MemoryError)
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
_HOT_JOURNAL = ("SQLITE_READONLY_ROLLBACK", "SQLITE_CANTOPEN")


def connect(path: Path) -> sqlite3.Connection:
    """A connection that cannot write. Raises SourceError.

    The process must not have the file open otherwise: SQLite's locks end when any handle of it is closed.
    """
    header = _header(path)
    _require_log(path, header)
    return _open(path, _mode(path, header))


def connect_again(path: Path) -> sqlite3.Connection:
    """One more to a database that is connected to, and not in WAL mode: its file is left to SQLite alone,
    which keeps the locks of the other connection. Raises SourceError.
    """
    return _open(path, "ro")


def _open(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    try:
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=10, check_same_thread=False)
    except FAULTS as error:
        raise source_error("open the source database", path, error) from error
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)
    try:
        for pragma in ("trusted_schema=OFF", "cell_size_check=ON", "mmap_size=0", "query_only=ON"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except FAULTS as error:
        connection.close()
        raise source_error("open the source database", path, error) from error
    return connection


def _header(path: Path) -> bytes:
    """The first bytes of the database. `sqlite3.connect` accepts anything, so this looks first."""
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
    elif getattr(error, "sqlite_errorname", "") in _HOT_JOURNAL and _beside(path, "-journal").exists():
        message = f"a crashed program left changes half done ({path.name}-journal); SQLite says: {message}"
        hint = "Open the database once with the program that writes it, or with `sqlite3 DB .tables`."
    elif "unable to open" in message or "readonly" in message:
        hint = "Check the permissions of the file; a database in WAL mode needs a folder it can write to."
    elif "not a database" in message:
        message, hint = "it is not a SQLite database, or it is encrypted", "Name the database file itself."
    elif "interrupted" in message:
        message, hint = f"the query took more than {QUERY_SECONDS:.0f} s", "Simplify it or add an index."
    elif "user-defined function" in message:
        message = "lower() or upper() meets text that is not UTF-8"
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
