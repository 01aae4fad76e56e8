"""What `status` shows: how far the newest run is, from its saved state alone.

The state says what was, not what is. Two facts of the present correct it: whether a process holds the state
folder (a run "in progress" without one was killed), and whether the embedded DynamoDB that holds the tables
still lives (its data ends with it, so a run on a stopped one is never complete).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from migration_tool.state.checkpoint import Checkpoint, EntityProgress, Flow, PhaseTime, Tuning
from migration_tool.state.control import Wish
from migration_tool.state.live import Trend

EMBEDDED = "embedded:"


@dataclass(frozen=True)
class EntityView:
    name: str
    items_written: int
    items_total: int
    percent: float
    rejected: int
    skipped: int
    unread: int
    done: bool


@dataclass(frozen=True)
class TableView:
    """`name` is the design, `table` the physical table; `rate` its share of the run's items per second."""

    name: str
    table: str
    items_written: int
    items_total: int
    percent: float
    rejected: int
    skipped: int
    unread: int
    rate: float | None
    entities: tuple[EntityView, ...]


@dataclass(frozen=True)
class PhaseView:
    """Times are UTC in ISO 8601; `seconds` is None until the phase has ended, and where the clock jumped."""

    name: str
    started_at: str | None
    finished_at: str | None
    seconds: float | None


@dataclass(frozen=True)
class ErrorView:
    at: str
    message: str


@dataclass(frozen=True)
class WishView:
    """A wish that is not in force yet; `max_wcu` None is what is configured."""

    number: int
    max_wcu: str | None
    paused: bool


@dataclass(frozen=True)
class LeaseView:
    """What the run has of its tables. `until`: when that is over unless renewed; None: it is given back."""

    generation: int
    until: str | None


@dataclass(frozen=True)
class Overview:
    """The newest run of a state folder.

    items_total  source rows: items_written + rejected + skipped + unread, always; so in each part
    skipped      rows that own code leaves out, and rejected rows that a retry did not find any more
    running      whether a process works on it now
    percent      of the source rows that are items in their tables, never rounded up
    rate         items per second of the loading so far; None before it begins
    rate_now     items per second just now, and `trend` where that goes; None and "" where nothing moves
    eta_seconds  time left at `rate_now`
    tuning       what was in force at the last save
    flow         how the loader got on with the target, at the last save
    lease        None where there is none, as when the run is complete
    note         what the status alone does not say, one sentence; "" where there is nothing
    next         the command that goes on from here, None while a process does
    """

    run_id: str | None = None
    status: str = "not_started"
    running: bool = False
    items_total: int = 0
    items_written: int = 0
    percent: float = 0.0
    rejected: int = 0
    skipped: int = 0
    unread: int = 0
    rate: float | None = None
    rate_now: float | None = None
    trend: Trend = ""
    eta_seconds: float | None = None
    tuning: Tuning = field(default_factory=Tuning)
    wish: WishView | None = None
    flow: Flow = field(default_factory=Flow)
    lease: LeaseView | None = None
    requests: int = 0
    retries: int = 0
    throttles: int = 0
    resent_items: int = 0
    tables: tuple[TableView, ...] = ()
    phases: tuple[PhaseView, ...] = ()
    last_error: ErrorView | None = None
    endpoint: str | None = None
    region: str | None = None
    snapshot: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    note: str = ""
    next: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The form that docs/json.md describes."""
        return asdict(self)


def overview(
    checkpoint: Checkpoint | None, live_instance: str | None, running: bool, wish: Wish | None = None
) -> Overview:
    """The state as the user should see it.

    live_instance  of the embedded DynamoDB that runs in this state folder, None where none runs
    running        whether a process holds the state folder
    wish           the newest one of this run
    """
    if checkpoint is None:
        return _nothing(running)
    gone = not running and _is_gone(checkpoint, live_instance)
    status = "failed" if gone else checkpoint.status
    tuning, pace, flow = checkpoint.tuning, checkpoint.pace, checkpoint.flow
    paused = tuning.paused if running else bool(wish and wish.paused)
    note, command = _what_next(checkpoint, gone, running, paused)
    rate = loading_rate(checkpoint)
    moves = running and not paused and pace.trend != ""
    counters, errors = checkpoint.counters, checkpoint.errors
    return Overview(
        run_id=checkpoint.run_id,
        status=status,
        running=running,
        items_total=checkpoint.items_total,
        items_written=checkpoint.items_written,
        percent=percent(checkpoint.items_written, checkpoint.items_total, status == "completed"),
        rejected=checkpoint.rejected,
        skipped=checkpoint.skipped,
        unread=sum(e.unread for e in checkpoint.entities),
        rate=rate,
        rate_now=pace.items_per_second if moves else None,
        trend=pace.trend if moves else "",
        eta_seconds=pace.seconds_left if moves else None,
        tuning=tuning,
        wish=_pending(wish, checkpoint),
        flow=flow,
        lease=_lease(checkpoint),
        requests=counters.requests,
        retries=counters.retries,
        throttles=counters.throttles,
        resent_items=counters.resent_items,
        tables=tuple(_table(checkpoint, name, rate) for name in _in_order(checkpoint)),
        phases=tuple(_phase(phase) for phase in checkpoint.phases),
        last_error=ErrorView(iso(errors[-1].at), errors[-1].message) if errors else None,
        endpoint=checkpoint.endpoint,
        region=checkpoint.region,
        snapshot=None if status == "completed" else checkpoint.snapshot,
        created_at=iso(checkpoint.created_at),
        updated_at=iso(checkpoint.updated_at),
        note=note,
        next=command,
    )


def loading_rate(checkpoint: Checkpoint) -> float | None:
    """Items per second of the time spent loading, over all processes of the run; None before any."""
    seconds = checkpoint.counters.loading_seconds
    return round(checkpoint.items_written / seconds, 1) if seconds > 0 and checkpoint.items_written else None


def percent(done: int, total: int, complete: bool) -> float:
    """Of `total`, with one decimal, rounded down; 100 for nothing to do only when it is complete."""
    if total <= 0:
        return 100.0 if complete else 0.0
    return min(1000, done * 1000 // total) / 10


def iso(moment: float) -> str:
    """Unix seconds as UTC in ISO 8601, to the millisecond; the epoch for a moment no calendar has."""
    try:
        found = datetime.fromtimestamp(moment, UTC)
    except (OverflowError, ValueError, OSError):
        found = datetime.fromtimestamp(0, UTC)
    return found.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _nothing(running: bool) -> Overview:
    if running:
        return Overview(running=True, note="a process has just begun")
    return Overview(note="no run is saved here", next="migrate.py migrate")


def _is_gone(checkpoint: Checkpoint, live_instance: str | None) -> bool:
    instance = checkpoint.endpoint.removeprefix(EMBEDDED)
    return checkpoint.endpoint.startswith(EMBEDDED) and instance != live_instance


def _what_next(checkpoint: Checkpoint, gone: bool, running: bool, paused: bool) -> tuple[str, str | None]:
    """The note and the next command."""
    if gone:
        note = "the embedded DynamoDB that held the tables has stopped, and its data is gone"
        return note, "migrate.py migrate --force"
    if running:
        return "", "migrate.py tune --continue" if paused else None
    if checkpoint.status == "completed":
        return "", "migrate.py rejects" if checkpoint.rejected else "migrate.py validate"
    if checkpoint.retrying:
        return "a retry of the rejected rows did not come to its end", "migrate.py retry-rejects"
    notes = []
    if checkpoint.status in ("in_progress", "not_started"):
        notes.append("the process that ran it is gone; it was killed, or the machine stopped")
    if paused:
        notes.append("it is paused: after a resume it waits for migrate.py tune --continue")
    return "; ".join(notes), "migrate.py resume"


def _pending(wish: Wish | None, checkpoint: Checkpoint) -> WishView | None:
    if wish is None or wish.number <= checkpoint.tuning.number or checkpoint.status == "completed":
        return None
    return WishView(wish.number, None if wish.max_wcu is None else str(wish.max_wcu), wish.paused)


def _lease(checkpoint: Checkpoint) -> LeaseView | None:
    lease = checkpoint.lease
    return LeaseView(max(lease.generations.values()), _iso(lease.until)) if lease.generations else None


def _in_order(checkpoint: Checkpoint) -> list[str]:
    """Design names in the order in which they are loaded; the names of `tables` come sorted from the file."""
    return list(dict.fromkeys([*(e.table for e in checkpoint.entities), *checkpoint.tables]))


def _table(checkpoint: Checkpoint, name: str, rate: float | None) -> TableView:
    entities = tuple(_entity(e) for e in checkpoint.entities if e.table == name)
    written, total = sum(e.items_written for e in entities), sum(e.items_total for e in entities)
    share = written / checkpoint.items_written if checkpoint.items_written else 0.0
    return TableView(
        name=name,
        table=checkpoint.tables[name],
        items_written=written,
        items_total=total,
        percent=percent(written, total, all(e.done for e in entities)),
        rejected=sum(e.rejected for e in entities),
        skipped=sum(e.skipped for e in entities),
        unread=sum(e.unread for e in entities),
        rate=None if rate is None else round(rate * share, 1),
        entities=entities,
    )


def _entity(progress: EntityProgress) -> EntityView:
    return EntityView(
        name=progress.entity,
        items_written=progress.items_written,
        items_total=progress.rows_total,
        percent=percent(progress.items_written, progress.rows_total, progress.done),
        rejected=progress.rejected,
        skipped=progress.skipped,
        unread=progress.unread,
        done=progress.done,
    )


def _phase(phase: PhaseTime) -> PhaseView:
    started, finished = phase.started_at, phase.finished_at
    if started is not None and finished is not None and finished < started:
        finished = None
    seconds = round(finished - started, 3) if started is not None and finished is not None else None
    return PhaseView(phase.name, _iso(started), _iso(finished), seconds)


def _iso(moment: float | None) -> str | None:
    return None if moment is None else iso(moment)
