"""The targets that somebody agreed to write to: `targets.json`, so that only a new one is asked about.

{"targets": [{"account": "123456789012", "configuration": "config/migration.json",
              "endpoint": "https://dynamodb.us-east-1.amazonaws.com", "region": "us-east-1"}]}
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from migration_tool.errors import StateError
from migration_tool.state import files
from migration_tool.state.fields import DamagedError, Fields

NAME = "targets.json"

_MAX_BYTES = 1024 * 1024
_KEYS = ("account", "configuration", "endpoint", "region")


@dataclass(frozen=True, order=True)
class KnownTarget:
    """A DynamoDB as one configuration names it.

    configuration  the file, seen from the folder where its relative paths start
    endpoint       the effective URL
    account        by STS; "" where the endpoint is not one of AWS
    """

    configuration: str
    endpoint: str
    account: str
    region: str


def known_targets(folder: Path) -> frozenset[KnownTarget]:
    """All of the state folder; none where there is no file. Raises StateError where it is damaged."""
    path = folder / NAME
    files.require_regular(path, "read the known targets")
    with files.naming("read the known targets", path, "make it readable"):
        try:
            data = files.read_whole(path, _MAX_BYTES)
        except FileNotFoundError:
            return frozenset()
    try:
        return frozenset(_read(data))
    except (DamagedError, ValueError) as error:
        cause = f"{error.obj} {error.cause}" if isinstance(error, DamagedError) else error
        hint = "delete it, then the same again: every target is asked about once more"
        raise StateError("read the known targets", path, cause, hint) from error


def remember_target(folder: Path, target: KnownTarget) -> None:
    """Adds one; it is durable when this returns. Raises StateError."""
    targets = sorted(known_targets(folder) | {target})
    document = {"targets": [asdict(each) for each in targets]}
    data = orjson.dumps(document, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
    files.write_whole(folder / NAME, data, "save the known targets", "free space there or make it writable")


def _read(data: bytes) -> list[KnownTarget]:
    """Raises DamagedError, or ValueError for what is no JSON."""
    if len(data) > _MAX_BYTES:
        raise DamagedError("file", f"is larger than {_MAX_BYTES:,} bytes")
    found = []
    for value, where in Fields(orjson.loads(data), "file", ("targets",)).each("targets"):
        fields = Fields(value, where, _KEYS)
        found.append(KnownTarget(**{key: fields.text(key) for key in _KEYS}))
    return found
