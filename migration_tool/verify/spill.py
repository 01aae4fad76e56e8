"""Fixed-size records by the hash of a key, on disk once they are many: memory stays bounded at any size.

What two large streams have in common is found bucket by bucket: records of one key are always in one
bucket, and a bucket that is too large is split by the next byte of the hash. The files have no name in
any folder, so that not even a killed process leaves one behind.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Self

from migration_tool.errors import StateError

HASH_BYTES = 16
RECORD_BYTES = 2 * HASH_BYTES + 8
MEMORY_BYTES = 32 * 1024 * 1024
BUCKET_BYTES = 8 * 1024 * 1024
_BUCKETS = 64
_READ_BYTES = RECORD_BYTES * 16_384


def key_hash(partition_key: str, sort_key: str) -> bytes:
    """128 bits of an item's key. The length goes first: ("a", "bc") is not ("ab", "c")."""
    partition = partition_key.encode()
    return blake2b(
        len(partition).to_bytes(4, "big") + partition + sort_key.encode(), digest_size=HASH_BYTES
    ).digest()


def digest(text: bytes) -> bytes:
    """128 bits of an item's canonical text in UTF-8."""
    return blake2b(text, digest_size=HASH_BYTES).digest()


class Spill:
    """A bag of records: 16 bytes of key hash, 16 of a digest, 8 of the caller's.

    folder  where the files go once `memory` bytes are exceeded; made (0700) when it is needed
    bucket  bytes of records that `buckets` gives out at most at a time, unless one key alone has more

    Raises StateError when the files cannot be written or read back whole.
    """

    def __init__(
        self, folder: Path, memory: int = MEMORY_BYTES, bucket: int = BUCKET_BYTES, depth: int = 0
    ) -> None:
        self._folder = folder
        self._memory = memory
        self._bucket = bucket
        self._depth = depth
        self._held = 0
        self._buffers = [bytearray() for _ in range(_BUCKETS)]
        self._files: dict[int, IO[bytes]] = {}
        self._written = [0] * _BUCKETS

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Gives memory and disk space back."""
        for file in self._files.values():
            file.close()
        self._files.clear()
        self._buffers = []

    @property
    def on_disk(self) -> bool:
        return bool(self._files)

    def add(self, record: bytes) -> None:
        self._buffers[record[self._depth] % _BUCKETS] += record
        self._held += RECORD_BYTES
        if self._held >= self._memory:
            self._flush()

    def add_all(self, records: bytes) -> None:
        """Many at a time, one behind the other."""
        for record in _cut(records):
            self.add(record)

    def buckets(self) -> Iterator[list[bytes]]:
        """All records, those of one key together; each bucket is forgotten once it is given out."""
        if self._files:
            self._flush()
        for number in range(_BUCKETS):
            if self._written[number] > self._bucket and self._depth < HASH_BYTES - 1:
                yield from self._split(number)
            elif records := self._records(number):
                yield records

    def _split(self, number: int) -> Iterator[list[bytes]]:
        with Spill(self._folder, self._memory, self._bucket, self._depth + 1) as finer:
            for chunk in self._chunks(number):
                finer.add_all(chunk)
            self._files.pop(number).close()
            yield from finer.buckets()

    def _records(self, number: int) -> list[bytes]:
        records = [record for chunk in self._chunks(number) for record in _cut(chunk)]
        if number in self._files:
            self._files.pop(number).close()
        return records

    def _chunks(self, number: int) -> Iterator[bytes]:
        if number not in self._files:
            yield bytes(self._buffers[number])
            self._buffers[number] = bytearray()
            return
        left = self._written[number]
        with working_file("read", self._folder):
            self._files[number].seek(0)
            while chunk := self._files[number].read(_READ_BYTES):
                left -= len(chunk)
                yield chunk
        if left:
            raise _error("read", self._folder, f"{left:,} bytes of it are missing")

    def _flush(self) -> None:
        with working_file("write", self._folder):
            for number, buffer in enumerate(self._buffers):
                if buffer:
                    self._file(number).write(buffer)
                    self._written[number] += len(buffer)
                    self._buffers[number] = bytearray()
        self._held = 0

    def _file(self, number: int) -> IO[bytes]:
        if number not in self._files:
            self._files[number] = new_file(self._folder)
        return self._files[number]


@contextmanager
def working_file(operation: str, folder: Path) -> Iterator[None]:
    """Raises StateError where a working file in the folder cannot be read or written."""
    try:
        yield
    except OSError as error:
        raise _error(operation, folder, os.strerror(error.errno) if error.errno else error) from error


def new_file(folder: Path) -> IO[bytes]:
    """A working file without a name; the folder (0700) is made when it is not there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return TemporaryFile(dir=folder)


def _error(operation: str, folder: Path, cause: object) -> StateError:
    return StateError(
        f"{operation} a working file", folder, cause,
        "Make room on this file system or mend its permissions, then run the command again.",
    )  # fmt: skip


def _cut(chunk: bytes) -> list[bytes]:
    return [chunk[at : at + RECORD_BYTES] for at in range(0, len(chunk), RECORD_BYTES)]
