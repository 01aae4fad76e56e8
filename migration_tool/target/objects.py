"""The objects that hold what has left items of over 400 KB: one for each content, in a folder for each table.

    s3://BUCKET/PREFIX/TABLE/SHA256

The name is the SHA-256 of the content: sent again it is the same object, and none takes the place of another.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from hashlib import sha256

from migration_tool.model import WireItem
from migration_tool.oversize import MOST_BYTES, restored
from migration_tool.target.pointers import Pointer, is_name, marked, pointer_of
from migration_tool.target.s3 import Bucket

AT_ONCE = 16
"""Requests to S3."""


def place_of(bucket: str, prefix: str, table: str) -> str:
    """Where the objects of a table are; the prefix is without a slash at its end."""
    return f"s3://{bucket}/{_folder(prefix, table)}"


def _folder(prefix: str, table: str) -> str:
    return "/".join(filter(None, (prefix, table))) + "/"


class Objects:
    """Those of all tables of a configuration. Its threads run until `close`.

    prefix  of the names of all objects, without a slash at its end
    """

    def __init__(self, bucket: Bucket, prefix: str) -> None:
        self.bucket = bucket
        self.prefix = prefix

    def place(self, table: str) -> str:
        """Where the objects of a table are."""
        return place_of(self.bucket.name, self.prefix, table)

    def put(self, table: str, content: bytes) -> Future[None]:
        """The object is there, proved by the checksum that S3 gives back, when the future has a result.

        It raises TargetError.
        """
        return self._pool.submit(self._put, table, content)

    def as_found(self, table: str, items: list[WireItem]) -> list[WireItem]:
        """The items; those whose object is not there, or another one, say so in `~oversize`.

        Every object is read as a whole, a piece at a time. Raises TargetError.
        """
        pointers = {n: found for n, item in enumerate(items) if (found := pointer_of(item))}
        if not pointers:
            return items
        faults = self._pool.map(lambda pointer: self._fault(table, pointer), pointers.values())
        told = dict(zip(pointers, faults, strict=True))
        return [marked(item, told[n]) if told.get(n) else item for n, item in enumerate(items)]

    def whole(self, table: str, items: list[WireItem]) -> list[WireItem]:
        """The items with the attributes in place that their objects hold; else as `as_found` says."""
        if not any(map(pointer_of, items)):
            return items
        return list(self._pool.map(lambda item: self._whole(table, item), items))

    def stored(self, table: str) -> Iterator[tuple[str, int]]:
        """The name in the table's folder and the bytes of each object that is there. Raises TargetError."""
        folder = self._key(table, "")
        for key, size in self.bucket.listed(folder):
            if is_name(name := key.removeprefix(folder)):
                yield name, size

    def close(self) -> None:
        """What has not been begun is not done any more."""
        if "_pool" in vars(self):
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _key(self, table: str, name: str) -> str:
        return _folder(self.prefix, table) + name

    def _put(self, table: str, content: bytes) -> None:
        digest = sha256(content)
        self.bucket.put(self._key(table, digest.hexdigest()), content, digest.digest())

    def _fault(self, table: str, pointer: Pointer) -> str:
        with self.bucket.opened(self._key(table, pointer.sha256)) as found:
            if not found:
                return "is missing"
            if found.size != pointer.size:
                return f"has {found.size} bytes"
            digest = sha256()
            for block in found.blocks():
                digest.update(block)
        return "" if digest.hexdigest() == pointer.sha256 else f"has SHA-256 {digest.hexdigest()}"

    def _whole(self, table: str, item: WireItem) -> WireItem:
        pointer = pointer_of(item)
        if not pointer or pointer.size > MOST_BYTES:
            return item
        with self.bucket.opened(self._key(table, pointer.sha256)) as found:
            content = b"".join(found.blocks()) if found and found.size == pointer.size else b""
        whole = restored(item, content=content)
        fault = self._fault(table, pointer) if whole is item else ""
        return marked(item, fault) if fault else whole

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        """Its threads find the client made: making it is not safe among them."""
        self.bucket.connect()
        return ThreadPoolExecutor(AT_ONCE, "objects")
