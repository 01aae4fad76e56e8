"""The bytes of a state file: an envelope around the payload, in one canonical form.

    {"format": ..., "generation": n, "payload": {...}, "run_id": ..., "sha256": ..., "version": 6}

Canonical: UTF-8 JSON, keys sorted, no spaces, one newline at the end. A file that is not byte for byte what
`seal` makes of its own content is damaged, wherever the byte stands. Earlier versions are read, too; their
payload has none of the parts that `_NEWS` says came later.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

import orjson

from migration_tool.errors import StateError
from migration_tool.state.checkpoint import Checkpoint
from migration_tool.state.fields import DamagedError, Fields, mapping
from migration_tool.state.live import Flow, Lease, Pace, Tuning

FORMAT = "sqlite-to-dynamodb-migration/state"
VERSION = 6
MAX_BYTES = 8 * 1024 * 1024
"""The largest state file that is written or read."""

_Change: TypeAlias = Callable[[Mapping[str, Any], Mapping[str, Any]], dict[str, Any]]
"""From what is new in an object, and the object, to that object as it is in the other version."""

_KEYS = ("format", "version", "generation", "run_id", "sha256", "payload")
_SAYS, _SAID_FROM = "version", 5
"""The part of a payload that says its version: without a proof nothing else tells 4 and 5 apart."""

_ALL = "*"
_NEWS: tuple[tuple[int, tuple[str, ...], Mapping[str, Any]], ...] = (
    (2, (), {"tuning": Tuning().to_json(), "pace": Pace().to_json(), "flow": Flow().to_json()}),
    (3, (), {"lease": Lease().to_json()}),
    (4, (), {"proofs": {}, "rejects_rewrites": 0}),
    (4, ("entities", _ALL), {"skipped": 0}),
    (5, ("proofs", _ALL, "ranges", _ALL, _ALL), {"chunks": 0}),
    (6, ("fingerprints",), {"objects": {}}),
)
"""Version, the objects of the payload that it brought parts to, and what stands for them in earlier ones."""


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
    content = _older(checkpoint.to_json(), version) | ({_SAYS: version} if version >= _SAID_FROM else {})
    return wrap(FORMAT, version, checkpoint.generation, checkpoint.run_id, content)


def unseal(data: bytes) -> Checkpoint:
    """The checkpoint in these bytes. Raises DamagedError, or NewerVersionError; both are StateErrors."""
    envelope = unwrap(data, FORMAT, VERSION)
    version, payload = envelope.count("version"), mapping(envelope.any("payload"), "payload")
    content = {name: part for name, part in payload.items() if name != _SAYS}
    checkpoint = Checkpoint.from_json(_newer(content, version))
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
    return _changed(payload, version, lambda new, found: {n: v for n, v in found.items() if n not in new})


def _newer(payload: Mapping[str, Any], version: int) -> dict[str, Any]:
    """The payload of that version with what came after it."""
    return _changed(payload, version, lambda new, found: {**found, **new})


def _changed(payload: Mapping[str, Any], version: int, change: _Change) -> dict[str, Any]:
    found = dict(payload)
    for number, path, new in _NEWS:
        if number > version:
            found = _at(found, path, partial(change, new))
    return found


def _at(value: Any, path: Sequence[str], change: Callable[[Any], Any]) -> Any:
    """The value with its objects at that path changed; what is not of that shape stays as it is."""
    if not path:
        return change(value) if isinstance(value, dict) else value
    step, *rest = path
    if isinstance(value, list):
        return [_at(element, rest, change) for element in value]
    if isinstance(value, dict):
        return {n: _at(v, rest, change) if step in (n, _ALL) else v for n, v in value.items()}
    return value


def _require_form(envelope: object, form: str, newest: int) -> None:
    if not isinstance(envelope, dict) or envelope.get("format") != form:
        raise DamagedError("envelope", f"its format is not {form}")
    version = envelope.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise DamagedError("envelope.version", "is not a version number")
    if version > newest:
        raise NewerVersionError(version, newest)
