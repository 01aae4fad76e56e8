"""How far a run is: a value without input or output.

The invariant everything rests on: `position` of an entity is the cursor of a row such that this row and
every row before it is either stored in the target, acknowledged, or in the durable part of the reject file
(or was there until a retry found it gone: "skipped").
A newer checkpoint of a run therefore never holds a lower figure than an older one, and going on from an
older one only sends again what is already there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from migration_tool.errors import StateError
from migration_tool.model import TableIdentity
from migration_tool.state.codec import printable
from migration_tool.state.fields import DamagedError, Fields
from migration_tool.state.live import Flow, Lease, Pace, Tuning
from migration_tool.state.progress import Counters, EntityProgress, Fingerprints, PhaseTime, RunError
from migration_tool.state.proofs import TableProof, proofs_from_json

__all__ = [
    "STATUSES",
    "Checkpoint",
    "Counters",
    "EntityProgress",
    "Fingerprints",
    "Flow",
    "Lease",
    "Pace",
    "PhaseTime",
    "RunError",
    "Status",
    "Tuning",
]

Status = Literal["not_started", "in_progress", "paused", "completed", "failed"]
STATUSES: tuple[Status, ...] = get_args(Status)
RETRY = "retry"
"""The phase in which rejected rows are sent again."""
ERRORS_KEPT = 20
ERROR_LENGTH = 2000


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The whole state of one run.

    Times are unix seconds; `updated_at` and `generation` are set by the store. `tables` maps design names to
    physical table names. `snapshot` is the file name of the private source copy in the state folder.
    `rejects_bytes` is how much of the reject file belongs to this checkpoint, after it was rewritten
    `rejects_rewrites` times. `proofs` by design name.
    """

    run_id: str
    created_at: float
    endpoint: str
    region: str
    tables: Mapping[str, str]
    entities: tuple[EntityProgress, ...]
    fingerprints: Fingerprints = field(default_factory=Fingerprints)
    status: Status = "not_started"
    updated_at: float = 0.0
    snapshot: str | None = None
    phases: tuple[PhaseTime, ...] = ()
    counters: Counters = field(default_factory=Counters)
    rejects_bytes: int = 0
    rejects_rewrites: int = 0
    errors: tuple[RunError, ...] = ()
    tuning: Tuning = field(default_factory=Tuning)
    pace: Pace = field(default_factory=Pace)
    flow: Flow = field(default_factory=Flow)
    lease: Lease = field(default_factory=Lease)
    proofs: Mapping[str, TableProof] = field(default_factory=dict)
    generation: int = 0

    @property
    def items_total(self) -> int:
        return sum(e.rows_total for e in self.entities)

    @property
    def items_written(self) -> int:
        return sum(e.items_written for e in self.entities)

    @property
    def rejected(self) -> int:
        return sum(e.rejected for e in self.entities)

    @property
    def skipped(self) -> int:
        return sum(e.skipped for e in self.entities)

    @property
    def loaded(self) -> bool:
        """Whether every row of the source has been read."""
        return all(e.done for e in self.entities)

    @property
    def retrying(self) -> bool:
        """Whether its rejected rows are being sent again; a process that was killed may have begun it."""
        return self.loaded and any(p.name == RETRY and p.finished_at is None for p in self.phases)

    def entity(self, table: str, entity: str) -> EntityProgress:
        """Raises StateError where the run has no such entity."""
        for progress in self.entities:
            if progress.name == (table, entity):
                return progress
        raise StateError("read the progress", f"{table}.{entity}", f"run {self.run_id} has no such entity")

    def with_entities(self, changed: Iterable[EntityProgress]) -> Checkpoint:
        """With these in the place of what they are a later state of."""
        news = {entity.name: entity for entity in changed}
        return replace(self, entities=tuple(news.get(entity.name, entity) for entity in self.entities))

    def rewind(self, table: str) -> Checkpoint:
        """With that design's entities at their beginning, unproved; a completed run is in progress again."""
        entities = tuple(
            EntityProgress(e.table, e.entity, rows_total=e.rows_total) if e.table == table else e
            for e in self.entities
        )
        status: Status = "in_progress" if self.status == "completed" else self.status
        proofs = {name: proof for name, proof in self.proofs.items() if name != table}
        return replace(self, entities=entities, status=status, proofs=proofs)

    def with_status(self, status: Status) -> Checkpoint:
        """Raises StateError for "completed" while an entity is not done."""
        changed = replace(self, status=status)
        if fault := changed._fault():
            raise StateError("set the status of the run", self.run_id, fault)
        return changed

    def with_phase(
        self, name: str, started: float | None = None, finished: float | None = None
    ) -> Checkpoint:
        """With these times of that phase, in unix seconds; a new phase comes last.

        A phase that starts again has not finished; one that finishes keeps its start.
        """
        old = next((p for p in self.phases if p.name == name), PhaseTime(name))
        new = PhaseTime(name, old.started_at if started is None else started, finished)
        known = any(p.name == name for p in self.phases)
        phases = tuple(new if p.name == name else p for p in self.phases)
        return replace(self, phases=phases if known else (*phases, new))

    def with_error(self, message: str, at: float) -> Checkpoint:
        """With one more line of error history; the last 20 are kept, each cut at 2,000 characters."""
        error = RunError(at, printable(message)[:ERROR_LENGTH])
        return replace(self, errors=(*self.errors, error)[-ERRORS_KEPT:])

    def with_counters(self, counters: Counters) -> Checkpoint:
        return replace(self, counters=counters)

    def with_tuning(self, tuning: Tuning) -> Checkpoint:
        """With what is in force now: the wish it came from is acknowledged when this is saved."""
        return replace(self, tuning=tuning)

    def with_pace(self, pace: Pace) -> Checkpoint:
        return replace(self, pace=pace)

    def with_flow(self, flow: Flow) -> Checkpoint:
        """Names and note may come from the target; what UTF-8 cannot hold of them is escaped."""
        reasons, indexes = ({printable(k): n for k, n in m.items()} for m in (flow.reasons, flow.indexes))
        return replace(self, flow=replace(flow, reasons=reasons, indexes=indexes, note=printable(flow.note)))

    def with_lease(self, lease: Lease) -> Checkpoint:
        return replace(self, lease=lease)

    def with_rejects(self, size: int, rewrites: int) -> Checkpoint:
        """With the size in bytes that the reject file has durably, and how often it was rewritten."""
        return replace(self, rejects_bytes=size, rejects_rewrites=rewrites)

    def with_snapshot(self, name: str | None) -> Checkpoint:
        return replace(self, snapshot=name)

    def with_target(self, table: str, identity: TableIdentity) -> Checkpoint:
        targets = {**self.fingerprints.targets, table: identity}
        return replace(self, fingerprints=replace(self.fingerprints, targets=targets))

    def continues(self, earlier: Checkpoint) -> bool:
        """Whether `earlier` is still a safe place to go on from, should this one be lost."""
        if earlier.status == "completed" != self.status or len(earlier.entities) != len(self.entities):
            return False
        pairs = zip(earlier.entities, self.entities, strict=True)
        world = ("run_id", "tables", "fingerprints", "snapshot", "rejects_rewrites")
        same = all(getattr(earlier, name) == getattr(self, name) for name in world)
        return same and not any(a is not b and b.fault_after(a) for a, b in pairs)

    def to_json(self) -> dict[str, Any]:
        """The payload of the state file."""
        return {
            "run_id": self.run_id,
            "generation": self.generation,
            "status": self.status,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            "endpoint": self.endpoint,
            "region": self.region,
            "snapshot": self.snapshot,
            "tables": dict(self.tables),
            "phases": [p.to_json() for p in self.phases],
            "entities": [e.to_json() for e in self.entities],
            "fingerprints": self.fingerprints.to_json(),
            "counters": self.counters.to_json(),
            "rejects_bytes": self.rejects_bytes,
            "rejects_rewrites": self.rejects_rewrites,
            "errors": [e.to_json() for e in self.errors],
            "tuning": self.tuning.to_json(),
            "pace": self.pace.to_json(),
            "flow": self.flow.to_json(),
            "lease": self.lease.to_json(),
            "proofs": {table: proof.to_json() for table, proof in self.proofs.items()},
        }

    @classmethod
    def from_json(cls, value: object) -> Checkpoint:
        """The checkpoint of a payload, every field checked. Raises DamagedError (a StateError)."""
        f = Fields(value, "payload", tuple(cls.__slots__))
        status = next((s for s in STATUSES if s == f.any("status")), None)
        if status is None:
            raise DamagedError(f.where("status"), f"is none of {', '.join(STATUSES)}")
        checkpoint = cls(
            run_id=f.text("run_id"),
            created_at=f.number("created_at"),
            endpoint=f.text("endpoint"),
            region=f.text("region"),
            tables=f.texts("tables"),
            entities=tuple(EntityProgress.from_json(v, w) for v, w in f.each("entities")),
            fingerprints=Fingerprints.from_json(f.any("fingerprints"), f.where("fingerprints")),
            status=status,
            updated_at=f.number("updated_at"),
            snapshot=f.optional_text("snapshot"),
            phases=tuple(PhaseTime.from_json(v, w) for v, w in f.each("phases")),
            counters=Counters.from_json(f.any("counters"), f.where("counters")),
            rejects_bytes=f.count("rejects_bytes"),
            rejects_rewrites=f.count("rejects_rewrites"),
            errors=tuple(RunError.from_json(v, w) for v, w in f.each("errors")),
            tuning=Tuning.from_json(f.any("tuning"), f.where("tuning")),
            pace=Pace.from_json(f.any("pace"), f.where("pace")),
            flow=Flow.from_json(f.any("flow"), f.where("flow")),
            lease=Lease.from_json(f.any("lease"), f.where("lease")),
            proofs=proofs_from_json(f.any("proofs"), f.where("proofs")),
            generation=f.count("generation"),
        )
        if fault := checkpoint._fault():
            raise DamagedError("payload", fault)
        return checkpoint

    def _fault(self) -> str:
        names = [entity.name for entity in self.entities]
        if len(set(names)) != len(names):
            return "an entity stands in it twice"
        if not all(table in self.tables for table, _ in names):
            return "an entity belongs to a table that the run does not have"
        if self.status == "completed" and not (names and all(e.done for e in self.entities)):
            return "completed, although an entity is not done"
        return ""
