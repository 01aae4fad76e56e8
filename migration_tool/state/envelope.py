"""The bytes of a state file: an envelope around the payload, in one canonical form.

    {"format": ..., "generation": n, "payload": {...}, "run_id": ..., "sha256": ..., "version": 2}

Canonical: UTF-8 JSON, keys sorted, no spaces, one newline at the end. A file that is not byte for byte what
`seal` makes of its own content is damaged, wherever the byte stands. Version 1 is read, too; its payload has
none of the parts in `_NEW_IN_2`.
"""

from __future__ import annotations

import hashlib

import orjson

from migration_tool.errors import StateError
from migration_tool.state.checkpoint import Checkpoint
from migration_tool.state.fields import DamagedError, Fields, mapping
from migration_tool.state.live import Flow, Pace, Tuning

FORMAT = "sqlite-to-dynamodb-migration/state"
VERSION = 2
MAX_BYTES = 8 * 1024 * 1024
"""The largest state file that is written or read."""

_KEYS = ("format", "version", "generation", "run_id", "sha256", "payload")
_NEW_IN_2 = {"tuning": Tuning().to_json(), "pace": Pace().to_json(), "flow": Flow().to_json()}
"""Parts that a file of version 1 does not have, and what stands for them."""


class NewerVersionError(StateError):
    """The file was written by a newer version of this tool."""

    def __init__(self, version: int) -> None:
        super().__init__(
            "read the saved state",
            "version",
            f"it has format version {version}, this tool knows {VERSION}",
            "go on with the version of the tool that wrote it",
        )


def seal(checkpoint: Checkpoint, version: int = VERSION) -> bytes:
    """The file content of a checkpoint. Raises StateError where it cannot be written in JSON."""
    content = checkpoint.to_json()
    if version == 1:
        content = {name: part for name, part in content.items() if name not in _NEW_IN_2}
    try:
        payload = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError, RecursionError) as error:
        raise StateError("save the state", f"run {checkpoint.run_id}", error) from error
    envelope = {
        "format": FORMAT,
        "version": version,
        "generation": checkpoint.generation,
        "run_id": checkpoint.run_id,
        "sha256": hashlib.sha256(payload).hexdigest(),
        "payload": orjson.Fragment(payload),
    }
    return orjson.dumps(envelope, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def unseal(data: bytes) -> Checkpoint:
    """The checkpoint in these bytes. Raises DamagedError, or NewerVersionError; both are StateErrors."""
    if len(data) > MAX_BYTES:
        raise DamagedError("file", f"is larger than {MAX_BYTES:,} bytes")
    try:
        envelope = orjson.loads(data)
    except ValueError as error:
        raise DamagedError("file", f"is not JSON: {error}") from error
    version = _version(envelope)
    payload = Fields(envelope, "envelope", _KEYS).any("payload")
    if version == 1:
        payload = {**mapping(payload, "payload"), **_NEW_IN_2}
    checkpoint = Checkpoint.from_json(payload)
    if seal(checkpoint, version) != data:
        raise DamagedError("file", "its checksum or its form does not fit its content")
    return checkpoint


def _version(envelope: object) -> int:
    if not isinstance(envelope, dict) or envelope.get("format") != FORMAT:
        raise DamagedError("envelope", "is not a state file of this tool")
    version = envelope.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise DamagedError("envelope.version", "is not a version number")
    if version > VERSION:
        raise NewerVersionError(version)
    return version
