"""Objects in a bucket: sent with checksums, and known again by them. Not hot, so all through boto3."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migration_tool.errors import TargetError
from migration_tool.target.faults import answered, code_behind, translated

if TYPE_CHECKING:
    from migration_tool.target.session import Target

_SHA256 = "sha256"
"""Of the whole file, in the metadata of its object. S3's own SHA-256 of a large one is a hash of hashes."""
_NAMED = 10
_BLOCK_BYTES = 1 << 20
_MISSING = frozenset({"404", "NoSuchKey", "NotFound"})


@dataclass(frozen=True)
class Object:
    """What S3 is about to send: so many bytes."""

    size: int
    body: Any

    def blocks(self) -> Iterator[bytes]:
        """The content, a piece at a time."""
        return iter(partial(self.body.read, _BLOCK_BYTES), b"")


@dataclass(frozen=True)
class Bucket:
    """A bucket of the S3 at a target's endpoint."""

    target: Target
    name: str

    def require(self) -> None:
        """Raises TargetError where it is not there, or not for us."""
        with answered("find the bucket", self.name):
            self._client.head_bucket(Bucket=self.name)

    def has(self, key: str, size: int, sha256: str) -> bool:
        """Whether the object is there with that content: the checksum was stored when S3 had checked it.

        Raises TargetError.
        """
        try:
            found = self._head(key)
        except TargetError as error:
            if code_behind(error) in _MISSING:
                return False
            raise
        return bool(found.get("ContentLength") == size and found.get("Metadata", {}).get(_SHA256) == sha256)

    def upload(self, path: Path, key: str, sha256: str) -> None:
        """Sends a file; a large one in parts, side by side. S3 refuses what arrives with another checksum.

        The object is there when this returns, or not at all. Raises TargetError.
        """
        from boto3.s3.transfer import TransferConfig, create_transfer_manager

        extra = {"ChecksumAlgorithm": "SHA256", "Metadata": {_SHA256: sha256}}
        with (
            translated("upload the file", f"s3://{self.name}/{key}"),
            create_transfer_manager(self._client, TransferConfig()) as manager,
        ):
            manager.upload(str(path), self.name, key, extra_args=extra).result()

    def put(self, key: str, content: bytes, sha256: bytes) -> None:
        """Sends an object; S3 keeps it only as what has this checksum, and has to say so.

        Raises TargetError.
        """
        place, checksum = f"s3://{self.name}/{key}", b64encode(sha256).decode()
        with answered("write the object", place):
            stored = self._client.put_object(
                Bucket=self.name,
                Key=key,
                Body=content,
                ContentType="application/json",
                ChecksumAlgorithm="SHA256",
                ChecksumSHA256=checksum,
            )
        if stored.get("ChecksumSHA256") != checksum:
            hint = "Use an S3 that checks what it stores (additional checksums of PutObject)."
            raise TargetError("write the object", place, "S3 does not confirm its SHA-256", hint)

    @contextmanager
    def opened(self, key: str) -> Iterator[Object | None]:
        """An object to be read; None where there is none. Raises TargetError, also while it is read."""
        with answered("read the object", f"s3://{self.name}/{key}"):
            found = self._object(key)
            if found is None:
                yield None
                return
            with found["Body"] as body:
                yield Object(found["ContentLength"], body)

    def _object(self, key: str) -> Any:
        try:
            return self._client.get_object(Bucket=self.name, Key=key)
        except self._client.exceptions.NoSuchKey:
            return None

    def connect(self) -> None:
        """Makes the client now, which threads can then share. Raises TargetError."""
        _ = self._client

    def listed(self, prefix: str) -> Iterator[tuple[str, int]]:
        """The name and the bytes of every object whose name begins so. Raises TargetError."""
        with answered("list the objects", f"s3://{self.name}/{prefix}"):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
            for page in pages:
                for each in page.get("Contents", ()):
                    yield each["Key"], each["Size"]

    def require_only(self, prefix: str, expected: Mapping[str, int]) -> None:
        """Raises TargetError unless just these objects, name -> bytes, have names that begin so."""
        found = dict(self.listed(prefix))
        if found != expected:
            names = sorted(key for key, _ in found.items() ^ expected.items())
            raise TargetError(
                "find the files in S3", f"s3://{self.name}/{prefix}",
                "the objects there are not those that were uploaded",
                "Keep others from writing there, remove what is not ours, then `migrate.py resume`.",
                names[:_NAMED],
            )  # fmt: skip

    def _head(self, key: str) -> Any:
        with answered("look at the object", f"s3://{self.name}/{key}"):
            return self._client.head_object(Bucket=self.name, Key=key)

    @cached_property
    def _client(self) -> Any:
        return self.target.s3_client()
