"""The bytes of a state file: an envelope around the payload, in one canonical form.

    {"format": ..., "generation": n, "payload": {...}, "run_id": ..., "sha256": ..., "version": 4}

Canonical: UTF-8 JSON, keys sorted, no spaces, one newline at the end. A file that is not byte for byte what
`seal` makes of its own content is damaged, wherever the byte stands. Earlier versions are read, too; their
payload has none of the parts that `_NEW` says came later.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from migration_tool.errors import StateError
from migration_tool.state.checkpoint import Checkpoint
from migration_tool.state.fields import DamagedError, Fields, mapping
from migration_tool.state.live import Flow, Lease, Pace, Tuning

FORMAT = "sqlite-to-dynamodb-migration/state"
VERSION = 4
MAX_BYTES = 8 * 1024 * 1024
"""The largest state file that is written or read."""

_KEYS = ("format", "version", "generation", "run_id", "sha256", "payload")
_NEW: Mapping[int, Mapping[str, Any]] = {
    2: {"tuning": Tuning().to_json(), "pace": Pace().to_json(), "flow": Flow().to_json()},
    3: {"lease": Lease().to_json()},
    4: {"proofs": {}, "rejects_rewrites": 0},
}
"""Parts by the version that brought them, and what stands for them in a file of an earlier one."""
_NEW_IN_ENTITIES: Mapping[int, Mapping[str, Any]] = {4: {"skipped": 0}}


class NewerVersionError(StateError):
    """The file was written by a newer version of this tool."""

    def __init__(self, version: int, known: int = VERSION) -> None:
        super().__init__(
            "read the saved state",
            "version",
            f"it has format version {version}, this tool knows {known}",
            "go on with the version of the tool that wrote it",
        )


def seal(checkpoint: Checkpoint, version: int = VERSION) -> bytes:
    """The file content of a checkpoint. Raises StateError where it cannot be written in JSON."""
    content = _older(checkpoint.to_json(), version)
    return wrap(FORMAT, version, checkpoint.generation, checkpoint.run_id, content)


def unseal(data: bytes) -> Checkpoint:
    """The checkpoint in these bytes. Raises DamagedError, or NewerVersionError; both are StateErrors."""
    envelope = unwrap(data, FORMAT, VERSION)
    version, payload = envelope.count("version"), mapping(envelope.any("payload"), "payload")
    checkpoint = Checkpoint.from_json(_newer(payload, version))
    require_same(seal(checkpoint, version), data)
    return checkpoint


def wrap(form: str, version: int, generation: int, run_id: str, content: Mapping[str, Any]) -> bytes:
    """The envelope around a payload; `form` names what it is. Raises StateError where JSON cannot hold it."""
    try:
        payload = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError, RecursionError) as error:
        raise StateError("save the state", f"run {run_id}", error) from error
    envelope = {
        "format": form,
        "version": version,
        "generation": generation,
        "run_id": run_id,
        "sha256": hashlib.sha256(payload).hexdigest(),
        "payload": orjson.Fragment(payload),
    }
    return orjson.dumps(envelope, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def unwrap(data: bytes, form: str, newest: int) -> Fields:
    """The envelope, of which only format and version are checked: what is made of it has to `require_same`.

    Raises DamagedError, and NewerVersionError for a version above `newest`.
    """
    if len(data) > MAX_BYTES:
        raise DamagedError("file", f"is larger than {MAX_BYTES:,} bytes")
    try:
        envelope = orjson.loads(data)
    except ValueError as error:
        raise DamagedError("file", f"is not JSON: {error}") from error
    _require_form(envelope, form, newest)
    return Fields(envelope, "envelope", _KEYS)


def require_same(written: bytes, data: bytes) -> None:
    """Raises DamagedError where the file is not what would be written for its content."""
    if written != data:
        raise DamagedError("file", "its checksum or its form does not fit its content")


def _older(payload: Mapping[str, Any], version: int) -> dict[str, Any]:
    """The payload without what came after that version."""
    parts, of_entities = _since(_NEW, version), _since(_NEW_IN_ENTITIES, version)
    found = {name: part for name, part in payload.items() if name not in parts}
    found["entities"] = [{n: v for n, v in e.items() if n not in of_entities} for e in payload["entities"]]
    return found


def _newer(payload: Mapping[str, Any], version: int) -> dict[str, Any]:
    """The payload of that version with what came after it."""
    found = {**payload, **_since(_NEW, version)}
    if isinstance(entities := found.get("entities"), list):
        more = _since(_NEW_IN_ENTITIES, version)
        found["entities"] = [
            {**entity, **more} if isinstance(entity, dict) else entity for entity in entities
        ]
    return found


def _since(news: Mapping[int, Mapping[str, Any]], version: int) -> dict[str, Any]:
    return {name: part for number in news if number > version for name, part in news[number].items()}


def _require_form(envelope: object, form: str, newest: int) -> None:
    if not isinstance(envelope, dict) or envelope.get("format") != form:
        raise DamagedError("envelope", f"its format is not {form}")
    version = envelope.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise DamagedError("envelope.version", "is not a version number")
    if version > newest:
        raise NewerVersionError(version, newest)
