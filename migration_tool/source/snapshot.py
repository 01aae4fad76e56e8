"""A private, consistent copy of the source, and fingerprints that notice any change of the original.

Across process restarts SQLite has no snapshot: only a copy gives a resumed run one consistent source.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from io import BufferedReader
from pathlib import Path
from threading import Event

import apsw
from blake3 import blake3

from migration_tool.errors import SourceError
from migration_tool.source.connection import FAULTS, connect, row_of, rows_of, source_error

_PAGES_PER_STEP = 2_000
_BLOCK = 1 << 20


def copy_database(source: Path, copy: Path, progress: Callable[[int, int], None]) -> None:
    """Copies one moment of `source` to `copy` (0600), durable when it returns; half a copy never stays.

    progress  is told (pages copied, pages in all)
    Raises SourceError.
    """
    partial = copy.with_name(copy.name + ".partial")
    partial.unlink(missing_ok=True)
    try:
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(connect(source)) as original, closing(apsw.Connection(str(partial))) as target:
            original.execute("BEGIN")
            row_of(original, "SELECT count(*) FROM sqlite_master")
            target.execute("PRAGMA synchronous=OFF")
            with target.backup("main", original, "main") as backup:
                while not backup.done:
                    backup.step(_PAGES_PER_STEP)
                    progress(backup.page_count - backup.remaining, backup.page_count)
            target.execute("PRAGMA journal_mode=DELETE")
        _make_durable(partial, copy)
    except FAULTS as error:
        raise source_error("copy the source database", source, error) from error
    except OSError as error:
        hint = "Free space there, or set migration_settings.source_snapshot to live."
        raise SourceError("copy the source database", copy, error.strerror or error, hint) from error
    finally:
        partial.unlink(missing_ok=True)


def fingerprint(path: Path) -> str:
    """A BLAKE3 hash of the bytes of the database and of its write-ahead log (an empty one counts as none).

    Size, times and the header's change counter all stand still while a WAL grows: only the content tells.
    Not while this process has the database open (see `connect`). Raises SourceError.
    """
    with ExitStack() as files:
        return fingerprint_beside(path, files, Event())


def fingerprint_beside(path: Path, files: ExitStack, given_up: Event) -> str:
    """`fingerprint` where this process has the database open.

    files     to be closed behind that: SQLite's locks end when any handle of the file is closed
    given_up  set when nobody wants it any more

    SQLite may take an empty log away at any moment.
    """
    digest = blake3()
    try:
        _hash_into(digest, files.enter_context(path.open("rb")), given_up)
        with suppress(FileNotFoundError):
            log = files.enter_context(path.with_name(path.name + "-wal").open("rb"))
            if os.fstat(log.fileno()).st_size:
                digest.update(b"wal")
                _hash_into(digest, log, given_up)
    except OSError as error:
        raise SourceError("read the source database", path, error.strerror or error, "") from error
    return digest.hexdigest()


def same_content(source: Path, copy: Path, scratch: Path) -> bool:
    """Whether `copy` still is what a copy of `source` would be now.

    A checkpoint of the write-ahead log moves bytes without changing a row; this tells the two apart, at the
    price of a second copy, which is made at `scratch` and removed. Raises SourceError.
    """
    try:
        copy_database(source, scratch, lambda done, total: None)
        return _content(scratch) == _content(copy)
    finally:
        scratch.unlink(missing_ok=True)


def _content(copy: Path) -> str:
    """A hash of a private copy without the two counters in its header that every commit moves."""
    digest = blake3()
    with copy.open("rb") as file:
        header = bytearray(file.read(100))
        del header[92:100], header[24:28]
        digest.update(header)
        _hash_into(digest, file, Event())
    return digest.hexdigest()


def schema_fingerprint(path: Path) -> str:
    """A hash of all CREATE statements, to tell a changed schema from changed rows. Raises SourceError."""
    try:
        with closing(connect(path)) as connection:
            rows = rows_of(connection, "SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2")
    except FAULTS as error:
        raise source_error("read the schema", path, error) from error
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def _hash_into(digest: blake3, file: BufferedReader, given_up: Event) -> None:
    while not given_up.is_set() and (block := file.read(_BLOCK)):
        digest.update(block)


def _make_durable(partial: Path, copy: Path) -> None:
    with partial.open("rb+") as file:
        os.fsync(file.fileno())
    partial.replace(copy)
    folder = os.open(copy.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
