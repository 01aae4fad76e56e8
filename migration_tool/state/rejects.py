"""The rows that did not become items: one JSON object a line, kept for repair.

The file may hold more than the checkpoint knows, after a crash between append and checkpoint; such lines
belong to rows that will be read again, so they are cut off before anything is appended.

It is rewritten in three steps, each durable: the new content as `<file>.<n>`, the checkpoint that says
`rejects_rewrites` is n, the rename. Whoever opens the file finishes the third step or undoes the first,
whichever the checkpoint says.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import orjson

from migration_tool.errors import StateError
from migration_tool.model import Reject
from migration_tool.state import files
from migration_tool.state.codec import decode, encode, encode_position, printable
from migration_tool.state.fields import DamagedError, Fields, mapping

_KEYS = ("table", "entity", "source_table", "source_key", "rule", "reason", "row", "attempts")
_HINT = "free space there or make it writable, then: migrate.py resume"


class RejectLog:
    """The file at `path`, rewritten so often, of which the checkpoint answers for the first `size` bytes.

    Raises StateError where the file is shorter than that, or cannot be written.
    """

    def __init__(self, path: Path, size: int, rewrites: int = 0) -> None:
        self.path = path
        self.size = size
        self.rewrites = rewrites
        with files.naming("open the reject file", path, _HINT):
            self.settle()
            for left in path.parent.glob(f"{path.name}.*[0-9]"):
                left.unlink()
            files.require_regular(path, "open the reject file")
            found = path.stat().st_size if path.exists() else 0
            if found < size:
                cause = f"it has {found} bytes, the saved state knows of {size}"
                hint = "put the file back, or clear the run with: migrate.py reset"
                raise StateError("open the reject file", path, cause, hint)
            if found > size:
                self._cut()

    def append(self, rejects: Sequence[Reject]) -> int:
        """Writes the rows durably, all or none, and returns the new size in bytes. Raises StateError."""
        if not rejects:
            return self.size
        data = b"".join(_line(reject) for reject in rejects)
        try:
            with files.naming("write the reject file", self.path, _HINT):
                self._write(data)
        except BaseException:
            with suppress(OSError):
                self._cut()
            raise
        self.size += len(data)
        return self.size

    def rewrite(self, rejects: Iterable[Reject]) -> None:
        """Makes a file of these rows alone durable; it counts once a checkpoint with `rewrites` is saved.

        Then `settle` has to follow. Raises StateError.
        """
        data = b"".join(_line(reject) for reject in rejects)
        path = _rewritten(self.path, self.rewrites + 1)
        with files.naming("write the reject file", path, _HINT):
            files.make_folder(path.parent)
            files.put_in_place(files.write_temporary(path, data), path)
        self.size, self.rewrites = len(data), self.rewrites + 1

    def settle(self) -> None:
        """Gives the rewritten file its place, where it has not got it yet. Raises StateError."""
        path = _newest(self.path, self.rewrites)
        with files.naming("write the reject file", path, _HINT):
            if path != self.path:
                files.put_in_place(path, self.path)

    def _write(self, data: bytes) -> None:
        files.make_folder(self.path.parent)
        with self._open() as file:
            if file.seek(0, os.SEEK_END) != self.size:
                cause = f"another process changed it: {file.tell()} bytes, not {self.size}"
                raise StateError("write the reject file", self.path, cause, "migrate.py status names the run")
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            if os.fstat(file.fileno()).st_size != self.size + len(data):
                raise OSError(errno.EIO, "the file holds less than was written to it", str(self.path))
        if self.size == 0:
            files.sync_folder(self.path.parent)

    def _cut(self) -> None:
        with self._open() as file:
            file.truncate(self.size)
            os.fsync(file.fileno())

    def _open(self) -> BinaryIO:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
        return os.fdopen(os.open(self.path, flags, 0o600), "r+b")


def _rewritten(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")


def _newest(path: Path, rewrites: int) -> Path:
    """Where the file's content is: the last time it was rewritten may lack its rename."""
    found = _rewritten(path, rewrites)
    files.require_regular(found, "open the reject file")
    return found if rewrites and found.exists() else path


def read_rejects(path: Path, size: int | None = None, rewrites: int = 0) -> Iterator[Reject]:
    """The rejected rows in the file, or in its first `size` bytes; none where there is no file.

    rewrites  how often the checkpoint says it was rewritten
    Raises StateError naming the line that is damaged.
    """
    path = _newest(path, rewrites)
    files.require_regular(path, "read the reject file")
    if not path.exists():
        return
    with files.naming("read the reject file", path, "make it readable"), path.open("rb") as file:
        left = os.fstat(file.fileno()).st_size if size is None else size
        number = 0
        while left > 0 and (line := file.readline()):
            number += 1
            left -= len(line)
            yield _reject(line, path, number)


def _line(reject: Reject) -> bytes:
    record = {
        "table": reject.table,
        "entity": reject.entity,
        "source_table": printable(reject.source_table),
        "source_key": encode_position(reject.source_key),
        "rule": reject.rule,
        "reason": printable(reject.reason),
        "row": {printable(name): encode(value) for name, value in reject.row.items()},
        "attempts": reject.attempts,
    }
    return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)


def _reject(line: bytes, path: Path, number: int) -> Reject:
    try:
        f = Fields(orjson.loads(line), f"line {number}", _KEYS)
        row = mapping(f.any("row"), f.where("row"))
        key = decode(f.any("source_key"), f.where("source_key"))
        if not isinstance(key, list):
            raise DamagedError(f.where("source_key"), "is not a list of key values")
        reject = Reject(
            table=f.text("table"),
            entity=f.text("entity"),
            source_table=f.text("source_table"),
            source_key=tuple(key),
            rule=f.text("rule"),
            reason=f.text("reason"),
            row={name: decode(value, f.where(f"row.{name}")) for name, value in row.items()},
            attempts=f.count("attempts"),
        )
        if _line(reject) != line:
            raise DamagedError(f"line {number}", "is cut off, or not in the form that this tool writes")
    except (ValueError, DamagedError) as error:
        cause = f"line {number} is damaged: {error.cause if isinstance(error, DamagedError) else error}"
        raise StateError("read the reject file", path, cause, "the rows before it are sound") from error
    return reject
