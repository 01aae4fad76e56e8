"""The parts of a checkpoint: progress per entity, phases, counters, error history, fingerprints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from migration_tool.errors import StateError
from migration_tool.model import Position, TableIdentity
from migration_tool.state.codec import decode_position, encode_position
from migration_tool.state.fields import DamagedError, Fields, mapping

_COUNTS = ("rows_total", "rows_read", "items_written", "rejected", "skipped")


@dataclass(frozen=True, slots=True)
class EntityProgress:
    """One entity of one design, and its account: rows_read = items_written + rejected + skipped.

    rows_total  the source's count when the loading of the entity began
    skipped     rows that the design's own code leaves out, and rejected rows that a retry did not find any
                more: deleted, or out of the entity's `where`
    """

    table: str
    entity: str
    position: Position | None = None
    rows_total: int = 0
    rows_read: int = 0
    items_written: int = 0
    rejected: int = 0
    skipped: int = 0
    done: bool = False

    @property
    def name(self) -> tuple[str, str]:
        """Design and entity: a run has it once."""
        return self.table, self.entity

    @property
    def unread(self) -> int:
        """Rows that are not accounted for yet."""
        return self.rows_total - self.rows_read

    def advance(
        self, position: Position | None, rows: int, rejected: int = 0, skipped: int = 0
    ) -> EntityProgress:
        """With so many more rows, up to that cursor; what is neither rejected nor skipped is written.

        Raises StateError where the account would not add up, a figure or the cursor would go back, or the
        entity is done.
        """
        later = EntityProgress(
            self.table, self.entity, position, self.rows_total, self.rows_read + rows,
            self.items_written + rows - rejected - skipped, self.rejected + rejected, self.skipped + skipped,
            self.done,
        )  # fmt: skip
        fault = later.fault() or later.fault_after(self)
        if not fault and self.done and later != self:
            fault = "the entity is done"
        if fault:
            raise StateError("advance the checkpoint", ".".join(self.name), fault)
        return later

    def retried(self, items: int = 0, skipped: int = 0) -> EntityProgress:
        """With so many rejected rows that are items now, or that are gone. Raises StateError for too many."""
        left = self.rejected - items - skipped
        if left < 0:
            cause = "there are more than rejected"
            raise StateError("count the rows sent again", ".".join(self.name), cause)
        written, gone = self.items_written + items, self.skipped + skipped
        return replace(self, items_written=written, skipped=gone, rejected=left)

    def finish(self) -> EntityProgress:
        """Done: its source is read to the end, and every row is accounted for."""
        return replace(self, done=True)

    def fault(self) -> str:
        """What is contradictory in the figures, or ""."""
        if self.items_written + self.rejected + self.skipped != self.rows_read:
            return "items, rejected and skipped rows do not add up to the rows read"
        if self.position is None and self.rows_read:
            return "rows were read, but there is no cursor"
        return ""

    def fault_after(self, earlier: EntityProgress) -> str:
        """Why this cannot follow `earlier`, or ""."""
        if earlier.done and not self.done:
            return "the entity was done before"
        for name in ("rows_read", "items_written", "rejected", "skipped"):
            if getattr(self, name) < getattr(earlier, name):
                return f"{name} would go back from {getattr(earlier, name)} to {getattr(self, name)}"
        if self.rows_read == earlier.rows_read and self.position != earlier.position:
            return "the cursor would move although no row was read"
        if _before(self.position, earlier.position):
            return f"the cursor would go back from {earlier.position} to {self.position}"
        return ""

    def to_json(self) -> dict[str, Any]:
        return {
            "table": self.table,
            "entity": self.entity,
            "position": encode_position(self.position),
            "rows_total": self.rows_total,
            "rows_read": self.rows_read,
            "items_written": self.items_written,
            "rejected": self.rejected,
            "skipped": self.skipped,
            "done": self.done,
        }

    @classmethod
    def from_json(cls, value: object, where: str) -> EntityProgress:
        f = Fields(value, where, tuple(cls.__slots__))
        counts = {n: f.count(n) for n in _COUNTS}
        position = decode_position(f.any("position"), f.where("position"))
        entity = cls(f.text("table"), f.text("entity"), position, done=f.flag("done"), **counts)
        if fault := entity.fault():
            raise DamagedError(where, fault)
        return entity


@dataclass(frozen=True, slots=True)
class PhaseTime:
    """When a phase of the run began and ended, unix seconds; None where it has not yet."""

    name: str
    started_at: float | None = None
    finished_at: float | None = None

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "started_at": self.started_at, "finished_at": self.finished_at}

    @classmethod
    def from_json(cls, value: object, where: str) -> PhaseTime:
        f = Fields(value, where, tuple(cls.__slots__))
        return cls(f.text("name"), f.optional_number("started_at"), f.optional_number("finished_at"))


@dataclass(frozen=True, slots=True)
class Counters:
    """Sums over all processes of the run.

    wcu              write capacity units as the target reported them
    loading_seconds  time spent in the loading phase, by a clock that does not jump
    """

    requests: int = 0
    batches: int = 0
    retries: int = 0
    throttles: int = 0
    resent_items: int = 0
    wcu: float = 0.0
    loading_seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, value: object, where: str) -> Counters:
        f = Fields(value, where, tuple(cls.__slots__))
        counts = {n: f.count(n) for n in cls.__slots__[:-2]}
        return cls(**counts, wcu=f.number("wcu"), loading_seconds=f.number("loading_seconds"))


@dataclass(frozen=True, slots=True)
class RunError:
    """One line of the run's error history; `at` in unix seconds."""

    at: float
    message: str

    def __str__(self) -> str:
        return self.message

    def to_json(self) -> dict[str, Any]:
        return {"at": self.at, "message": self.message}

    @classmethod
    def from_json(cls, value: object, where: str) -> RunError:
        f = Fields(value, where, tuple(cls.__slots__))
        return cls(f.number("at"), f.text("message"))


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """What must be the same world on a resume, all but `source` by design name; `objects`: where they go."""

    source: Mapping[str, str] = field(default_factory=dict)
    designs: Mapping[str, str] = field(default_factory=dict)
    targets: Mapping[str, TableIdentity] = field(default_factory=dict)
    objects: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        targets = {
            name: {"name": target.name, "arn": target.arn, "table_id": target.table_id}
            for name, target in self.targets.items()
        }
        source, designs, objects = map(dict, (self.source, self.designs, self.objects))
        return {"source": source, "designs": designs, "targets": targets, "objects": objects}

    @classmethod
    def from_json(cls, value: object, where: str) -> Fingerprints:
        f = Fields(value, where, tuple(cls.__slots__))
        targets = mapping(f.any("targets"), f.where("targets"))
        return cls(
            f.texts("source"),
            f.texts("designs"),
            {name: _identity(target, f.where(f"targets.{name}")) for name, target in targets.items()},
            f.texts("objects"),
        )


def _identity(value: object, where: str) -> TableIdentity:
    f = Fields(value, where, ("name", "arn", "table_id"))
    return TableIdentity(f.text("name"), f.text("arn"), f.text("table_id"))


def _before(later: Position | None, earlier: Position | None) -> bool:
    """Whether a cursor went back; only whole numbers have one order in every collation."""
    if earlier is None:
        return False
    if later is None:
        return True
    integers = all(type(v) is int for v in (*later, *earlier)) and len(later) == len(earlier)
    return integers and later < earlier
