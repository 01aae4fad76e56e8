"""How far a validation is, so that an interrupted one goes on: `<run>.validate.json`, in its own envelope.

Of each table there is what its comparison by sums has found: the expected side by key ranges, the actual
side by shares of the scan that were read to their end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from migration_tool.state import files
from migration_tool.state.envelope import MAX_BYTES, require_same, unwrap, wrap
from migration_tool.state.fields import DamagedError, Fields, mapping
from migration_tool.state.proofs import (
    Ranges,
    digest_from_text,
    digest_to_text,
    ranges_from_json,
    ranges_to_json,
)

FORMAT = "sqlite-to-dynamodb-migration/validation"
VERSION = 3
_KEYS = ("run_id", "generation", "begun_at", "tables")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TableSums:
    """What is known of a table's two sides.

    facts      what must still be so for this to count: the source, the design, the table, what was written
    started    unix seconds, when the scan began
    shares     in how many shares the table is read, of `width` segments each; 0 before it is begun
    actual     share → digest of its items
    ranges     what the rows of the source become, as far as they have been read
    proved_at  unix seconds, where the ranges are those of a proof: then they are whole
    members    share → index → its items; of the same shares as `actual`, or {} where they were not counted
    """

    facts: Mapping[str, str] = field(default_factory=dict)
    started: float = 0.0
    shares: int = 0
    width: int = 0
    actual: Mapping[int, int] = field(default_factory=dict)
    ranges: Ranges = field(default_factory=dict)
    proved_at: float | None = None
    members: Mapping[int, Mapping[str, int]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "facts": dict(self.facts),
            "started": self.started,
            "shares": self.shares,
            "width": self.width,
            "actual": {str(share): digest_to_text(digest) for share, digest in self.actual.items()},
            "ranges": ranges_to_json(self.ranges),
            "proved_at": self.proved_at,
            "members": {str(share): dict(counts) for share, counts in self.members.items()},
        }

    @classmethod
    def from_json(cls, value: object, where: str) -> TableSums:
        f = Fields(value, where, tuple(cls.__slots__))
        sums = cls(
            facts=f.texts("facts"),
            started=f.number("started"),
            shares=f.count("shares"),
            width=f.count("width"),
            actual=_actual(f.texts("actual"), f.where("actual")),
            ranges=ranges_from_json(f.any("ranges"), f.where("ranges")),
            proved_at=f.optional_number("proved_at"),
            members=_members(f.any("members"), f.where("members")),
        )
        if any(not 0 <= share < sums.shares for share in sums.actual):
            raise DamagedError(f.where("actual"), "names a share that there is not")
        if sums.members and sums.members.keys() != sums.actual.keys():
            raise DamagedError(f.where("members"), "is not of the shares that were read")
        return sums


@dataclass(frozen=True, slots=True)
class Validation:
    """A validation under way, or interrupted.

    generation  of the run's state when it began
    begun_at    unix seconds
    tables      by design name
    """

    run_id: str
    generation: int
    begun_at: float
    tables: Mapping[str, TableSums] = field(default_factory=dict)


def write_validation(path: Path, validation: Validation) -> None:
    """Replaces the file; it is durable when this returns. Raises StateError."""
    hint = "free space there or make it writable, then: migrate.py validate"
    files.write_whole(path, _seal(validation), "save how far the validation is", hint)


def read_validation(path: Path, run_id: str) -> Validation | None:
    """None where there is no file. Raises StateError for one that is not sound, or of another run."""
    operation = "read how far the validation was"
    files.require_regular(path, operation)
    with files.naming(operation, path, "make it readable"):
        try:
            data = files.read_whole(path, MAX_BYTES)
        except FileNotFoundError:
            return None
    validation = _unseal(data)
    if validation.run_id != run_id:
        raise DamagedError("payload.run_id", f"is that of another run, {validation.run_id}")
    require_same(_seal(validation), data)
    return validation


def _seal(validation: Validation) -> bytes:
    tables = {name: sums.to_json() for name, sums in validation.tables.items()}
    run_id, generation = validation.run_id, validation.generation
    content = {
        "run_id": run_id,
        "generation": generation,
        "begun_at": validation.begun_at,
        "tables": tables,
    }
    return wrap(FORMAT, VERSION, generation, run_id, content)


def _unseal(data: bytes) -> Validation:
    f = Fields(unwrap(data, FORMAT, VERSION).any("payload"), "payload", _KEYS)
    tables = {
        name: TableSums.from_json(sums, f"{f.where('tables')}.{name}")
        for name, sums in mapping(f.any("tables"), f.where("tables")).items()
    }
    return Validation(f.text("run_id"), f.count("generation"), f.number("begun_at"), tables)


def _actual(texts: Mapping[str, str], where: str) -> dict[int, int]:
    return {share: digest_from_text(text, where) for share, text in _by_share(texts, where).items()}


def _members(value: object, where: str) -> dict[int, dict[str, int]]:
    f = Fields(value, where, tuple(mapping(value, where)))
    return _by_share({share: f.counts(share) for share in mapping(value, where)}, where)


def _by_share(values: Mapping[str, T], where: str) -> dict[int, T]:
    try:
        return {int(share): value for share, value in values.items()}
    except ValueError as error:
        raise DamagedError(where, "has a share that is no number") from error
