"""Files that survive: written whole or not at all, durable when the call returns, never through a link."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from migration_tool.errors import StateError

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
_APPEND = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


@contextmanager
def naming(operation: str, path: Path, hint: str) -> Iterator[None]:
    """Turns the system's error about `path` into a StateError that names it."""
    try:
        yield
    except OSError as error:
        raise StateError(operation, path, error.strerror or error, hint) from error


def require_regular(path: Path, operation: str) -> None:
    """Raises StateError where something that is not a regular file has the name; nothing there is fine."""
    with naming(operation, path, "make the folder accessible"), suppress(FileNotFoundError):
        _require_kind(path, stat.S_IFREG, operation)


def make_folder(folder: Path) -> None:
    """The state folder, for its owner alone. Raises StateError for a link or a file in its place."""
    operation = "use the state folder"
    with naming(operation, folder, "make the folder that holds it writable"):
        try:
            _require_kind(folder, stat.S_IFDIR, operation)
            _close_to_others(folder)
        except FileNotFoundError:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            sync_folder(folder.parent)


def read_whole(path: Path, limit: int) -> bytes:
    """The content of a regular file, at most `limit` + 1 bytes of it. Raises OSError."""
    fd = os.open(path, _READ)
    with os.fdopen(fd, "rb") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        return file.read(limit + 1)


def write_temporary(path: Path, data: bytes) -> Path:
    """A durable, verified file with this content beside `path`, ready to be renamed. Raises OSError."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with os.fdopen(os.open(temporary, _CREATE, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if read_whole(temporary, len(data)) != data:
            raise OSError(errno.EIO, "the file reads back different from what was written", str(temporary))
    except BaseException:
        discard(temporary)
        raise
    return temporary


def put_in_place(temporary: Path, path: Path) -> None:
    """Renames a file of `write_temporary` over `path`; durable when it returns. Raises OSError."""
    try:
        temporary.replace(path)
    except BaseException:
        discard(temporary)
        raise
    sync_folder(path.parent)


def write_whole(path: Path, data: bytes, operation: str, hint: str) -> None:
    """Replaces a file; durable when it returns. Raises StateError, with the earlier file untouched."""
    require_regular(path, operation)
    with naming(operation, path, hint):
        put_in_place(write_temporary(path, data), path)


def append_lines(path: Path, data: bytes) -> None:
    """Adds lines to a file, which is made where there is none; durable when it returns, all or nothing.

    They begin on a line of their own, whatever a crash has left of the last one. Raises OSError.
    """
    fd = os.open(path, _APPEND, 0o600)
    try:
        size = os.fstat(fd).st_size
        torn = size and os.pread(fd, 1, size - 1) != b"\n"
        try:
            _write_all(fd, b"\n" + data if torn else data)
            os.fsync(fd)
        except BaseException:
            with suppress(OSError):
                os.ftruncate(fd, size)
            raise
    finally:
        os.close(fd)
    if not size:
        sync_folder(path.parent)


def _write_all(fd: int, data: bytes) -> None:
    """A full disk takes a part without a word; only the rest of it is refused."""
    while data:
        data = data[os.write(fd, data) :]


def discard(path: Path) -> None:
    with suppress(OSError):
        path.unlink()


def sync_folder(folder: Path) -> None:
    """Makes created, renamed and removed names durable. Raises OSError."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _close_to_others(folder: Path) -> None:
    """A folder of ours; that of another user is his to open or close."""
    facts = folder.stat()
    if facts.st_uid == os.geteuid() and facts.st_mode & 0o077:
        folder.chmod(stat.S_IMODE(facts.st_mode) & ~0o077)


def _require_kind(path: Path, kind: int, operation: str) -> None:
    found = stat.S_IFMT(path.lstat().st_mode)
    if found != kind:
        what = _KINDS.get(found, "a file")
        hint = "move it away, or use another folder for the configuration"
        raise StateError(operation, path, f"it is {what}, which the tool does not write through", hint)
