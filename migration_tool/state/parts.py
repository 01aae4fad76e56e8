"""Parts: files of items, a line each, that are there whole or not at all; and their register.

A line is `{"Item":{...}}`, DynamoDB JSON as ImportTable reads it (AWS: "Amazon S3 import formats"). A line of
the register is a part, in the order in which they were made:

{"bytes": 1073741824, "check": "5c…", "design": "music_catalog", "entities": {"track": 3000000},
 "file": "chinook_MusicCatalog/data/part-00000.json.gz", "items": 3000000, "sha256": "9f…", "size": 131072000}
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import orjson

from migration_tool.errors import StateError
from migration_tool.state import files
from migration_tool.state.fields import DamagedError, Fields

_OPERATION, _HINT = "write the files", "free space there or make it writable, then the same again"
_READ = "read the register of the parts"
_ANEW = "the same `migrate` with --force begins anew"
_BEFORE, _AFTER = b'{"Item":', b"}\n"
_BETWEEN = _AFTER + _BEFORE
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
_MAX_REGISTER = 256 << 20
_GZIP = 31
"""zlib's word for a window of 32 KB in gzip's format."""


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self) -> bytes: ...


class _Plain:
    def compress(self, data: bytes, /) -> bytes:
        return data

    def flush(self) -> bytes:
        return b""


def _gzip() -> _Compressor:
    import zlib

    return zlib.compressobj(wbits=_GZIP)


def _zstd() -> _Compressor:
    import zstandard

    packer: _Compressor = zstandard.ZstdCompressor(write_checksum=True).compressobj()
    return packer


@dataclass(frozen=True)
class Compression:
    """How the lines of a part are packed; `suffix` ends the names of such files."""

    suffix: str
    start: Callable[[], _Compressor]


COMPRESSIONS: Mapping[str, Compression] = {
    "gzip": Compression(".json.gz", _gzip),
    "zstd": Compression(".json.zst", _zstd),
    "none": Compression(".json", _Plain),
}
"""Those that ImportTable takes, by the names it has for them in lower case."""


@dataclass(frozen=True)
class Part:
    """A file of items of one table.

    file      its path within the folder
    items     lines, those of chunk items too
    bytes     of its lines; `size` of the file
    sha256    of the file, in hexadecimal
    entities  entity -> number of rows that became items
    """

    design: str
    file: str
    items: int
    bytes: int
    size: int
    sha256: str
    entities: Mapping[str, int]

    @property
    def rows(self) -> int:
        return sum(self.entities.values())


class PartWriter:
    """One part on its way: until `close` it has no name that anybody looks for."""

    def __init__(self, folder: Path, design: str, file: str, compression: Compression) -> None:
        self._path = folder / file
        self._temporary = self._path.with_name(f".{self._path.name}.tmp")
        self._design, self._file = design, file
        self._hash = hashlib.sha256()
        self.bytes = self._size = self._items = 0
        self._packer = compression.start()
        with self._naming():
            files.make_folder(self._path.parent)
            self._output = os.fdopen(os.open(self._temporary, _CREATE, 0o600), "wb")

    def add(self, texts: Sequence[bytes]) -> None:
        """Items, each as its JSON text. Raises StateError."""
        if texts:
            lines = _BEFORE + _BETWEEN.join([text.rstrip() for text in texts]) + _AFTER
            self._items += len(texts)
            self.bytes += len(lines)
            self._write(self._packer.compress(lines))

    def close(self, entities: Mapping[str, int]) -> Part | None:
        """The part, durable under its name; None without an item. Raises StateError."""
        if not self._items:
            self.discard()
            return None
        self._write(self._packer.flush())
        with self._naming():
            self._output.flush()
            os.fsync(self._output.fileno())
            self._output.close()
            files.put_in_place(self._temporary, self._path)
        sha256 = self._hash.hexdigest()
        return Part(self._design, self._file, self._items, self.bytes, self._size, sha256, entities)

    def discard(self) -> None:
        """Leaves nothing of a part that is not closed."""
        with suppress(OSError):
            self._output.close()
        files.discard(self._temporary)

    def _write(self, data: bytes) -> None:
        self._hash.update(data)
        self._size += len(data)
        with self._naming():
            self._output.write(data)

    @contextmanager
    def _naming(self) -> Iterator[None]:
        with files.naming(_OPERATION, self._path, _HINT):
            yield


def register(path: Path, part: Part) -> None:
    """Adds a part; durable when it returns. Raises StateError."""
    with files.naming(_OPERATION, path, _HINT):
        files.append_lines(path, _line(part))


def require_there(folder: Path, parts: Sequence[Part]) -> None:
    """Raises StateError unless each part is a file, as long as it was when it was closed."""
    for part in parts:
        path = folder / part.file
        with files.naming("find the file of a part", path, _ANEW):
            size = path.stat().st_size
        if size != part.size:
            cause = f"it has {size:,} bytes, and was written with {part.size:,}"
            raise StateError("find the file of a part", path, cause, _ANEW)


def registered(path: Path, rows: int) -> list[Part]:
    """The first parts that hold the items of so many rows: what comes after them, no checkpoint knows of.

    Raises StateError where there are no such.
    """
    parts, left = dict[str, Part](), rows
    for number, line in enumerate(_lines(path), 1):
        if left <= 0:
            break
        try:
            part = _part(line, f"line {number}")
        except DamagedError as error:
            raise StateError(_READ, path, f"{error.obj} {error.cause}", _ANEW) from error
        if part.file in parts:
            raise StateError(_READ, path, f"line {number} is of {part.file} once more", _ANEW)
        parts[part.file] = part
        left -= part.rows
    if left:
        cause = f"its parts hold the items of {rows - left:,} rows, the saved state knows of {rows:,}"
        raise StateError(_READ, path, cause, _ANEW)
    return list(parts.values())


def forget_others(path: Path, parts: Sequence[Part]) -> None:
    """Makes these the only parts of the register. Raises StateError."""
    files.write_whole(path, b"".join(map(_line, parts)), _OPERATION, _HINT)


def _lines(path: Path) -> list[bytes]:
    files.require_regular(path, _READ)
    with files.naming(_READ, path, "make it readable"):
        return files.read_whole(path, _MAX_REGISTER).splitlines() if path.exists() else []


def _line(part: Part) -> bytes:
    option = orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps({**asdict(part), "check": _checksum(part)}, option=option)


def _checksum(part: Part) -> str:
    """What is wrong in the register would be wrong in the manifest, and in what an import is held to."""
    return hashlib.sha256(orjson.dumps(asdict(part), option=orjson.OPT_SORT_KEYS)).hexdigest()


def _part(line: bytes, where: str) -> Part:
    try:
        value: Any = orjson.loads(line)
    except ValueError as error:
        raise DamagedError(where, f"is no JSON: {error}") from error
    f = Fields(value, where, (*Part.__dataclass_fields__, "check"))
    part = Part(
        design=f.text("design"),
        file=f.text("file"),
        items=f.count("items"),
        bytes=f.count("bytes"),
        size=f.count("size"),
        sha256=f.text("sha256"),
        entities=f.counts("entities"),
    )
    if f.text("check") != _checksum(part):
        raise DamagedError(where, "does not have the content that its checksum is of")
    return part
