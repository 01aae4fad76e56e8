"""What the state is tested with: a clock, a fixed checkpoint, and arbitrary ones for hypothesis."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import strategies as st

from migration_tool.model import TableIdentity
from migration_tool.state.checkpoint import (
    STATUSES,
    Checkpoint,
    Counters,
    EntityProgress,
    Fingerprints,
    Flow,
    Lease,
    Pace,
    PhaseTime,
    RunError,
    Tuning,
)
from migration_tool.state.live import TRENDS
from migration_tool.state.proofs import MODULUS, KeyRange, TableProof
from migration_tool.state.store import StateStore

RUN = "20261120T213000-a1b2c3"
LATER_RUN = "20261121T080000-000001"


class Time:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def names(store: StateStore) -> set[str]:
    return {p.name for p in store.folder.iterdir()}


def advanced(state: Checkpoint, rows: int) -> Checkpoint:
    """With so many rows of Artist read, one of them rejected."""
    artist = state.entity("music_catalog", "Artist")
    return state.with_entities([artist.advance((rows,), rows - artist.rows_read)])


def put(path: Path, kind: str, elsewhere: Path) -> None:
    """Something that is no regular file, under the name of one."""
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        if kind == "link":
            elsewhere.write_bytes(b"theirs")
        path.symlink_to(elsewhere)


def checkpoint(run_id: str = RUN, **changes: object) -> Checkpoint:
    values: dict[str, object] = {
        "run_id": run_id,
        "created_at": 1795210200.5,
        "endpoint": "https://dynamodb.us-east-1.amazonaws.com",
        "region": "us-east-1",
        "snapshot": f"{run_id}.snapshot.sqlite",
        "tables": {"music_catalog": "chinook_MusicCatalog", "employee_data": "chinook_EmployeeData"},
        "entities": (
            EntityProgress("music_catalog", "Artist", (5,), 275, 5, 4, 1),
            EntityProgress("music_catalog", "Track", ("Ä'\u2028", b"\x00\xff", 1.5, None), 3503, 1, 1),
            EntityProgress("employee_data", "Employee", rows_total=8),
        ),
        "fingerprints": Fingerprints(
            {"schema": "6f1c"},
            {"music_catalog": "c04d"},
            {"music_catalog": TableIdentity("chinook_MusicCatalog", "arn:aws:dynamodb:x", "5a0e")},
            {"music_catalog": "s3://large/chinook_MusicCatalog/ at aws"},
        ),
        "phases": (PhaseTime("analysis", 1.5, 2.0), PhaseTime("loading", 2.0)),
        "counters": Counters(9, 8, 1, 1, 3, 12.5),
        "rejects_bytes": 412,
        "errors": (RunError(3.0, "the network is unreachable"),),
        "status": "in_progress",
    }
    return Checkpoint(**(values | changes))  # type: ignore[arg-type]


def finished(run_id: str = RUN) -> Checkpoint:
    """The sample with every entity done and the status set."""
    return ended(checkpoint(run_id)).with_status("completed")


def ended(state: Checkpoint) -> Checkpoint:
    """With every entity done."""
    return state.with_entities([entity.finish() for entity in state.entities])


texts = st.text(max_size=20, alphabet=st.characters(exclude_categories=["Cs"]))
counts = st.integers(0, 2**53)
times = st.floats(0, 1e11, allow_nan=False)
scalars = (
    st.none()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.sampled_from(["\ud800", "a\udfffé"])
    | st.binary(max_size=20)
)
tunings = st.builds(
    Tuning, counts, st.sampled_from(["off", "500", "0.5", "1000000000", "auto", "auto:80%"]), st.booleans()
)
paces = st.builds(Pace, times, st.none() | times, st.sampled_from(TRENDS))
tallies = st.dictionaries(texts, counts, max_size=2)
flows = st.builds(Flow, counts, st.none() | times, tallies, tallies, texts)
leases = st.builds(Lease, tallies, st.none() | times)
positions = st.lists(scalars, min_size=1, max_size=4).map(tuple)


@st.composite
def key_ranges(draw: st.DrawFn) -> KeyRange:
    items, more = draw(counts), draw(st.integers(1, 9))
    chunks = draw(counts) if items else 0
    return KeyRange(draw(positions), items + more, items, chunks, draw(st.integers(0, MODULUS - 1)))


ranges = st.dictionaries(texts, st.lists(key_ranges(), max_size=3).map(tuple), max_size=3)
proofs = st.builds(TableProof, texts, texts, counts, times, ranges)


@st.composite
def progresses(draw: st.DrawFn, table: str, name: str) -> EntityProgress:
    account = draw(counts), draw(counts), draw(counts)
    read = sum(account)
    position = draw(positions) if read else draw(st.none() | positions)
    return EntityProgress(table, name, position, draw(counts), read, *account, done=draw(st.booleans()))


@st.composite
def checkpoints(draw: st.DrawFn) -> Checkpoint:
    tables = draw(st.dictionaries(texts, texts, max_size=3))
    names = st.lists(st.tuples(st.sampled_from(sorted(tables) or [""]), texts), unique=True, max_size=4)
    entities = tuple(draw(progresses(table, name)) for table, name in draw(names)) if tables else ()
    complete = bool(entities) and all(e.done for e in entities)
    identity = st.builds(TableIdentity, texts, texts, texts)
    return Checkpoint(
        run_id=RUN,
        created_at=draw(times),
        endpoint=draw(texts),
        region=draw(texts),
        tables=tables,
        entities=entities,
        fingerprints=Fingerprints(
            draw(st.dictionaries(texts, texts, max_size=2)),
            draw(st.dictionaries(texts, texts, max_size=2)),
            draw(st.dictionaries(texts, identity, max_size=2)),
            draw(st.dictionaries(texts, texts, max_size=2)),
        ),
        status=draw(st.sampled_from([s for s in STATUSES if complete or s != "completed"])),
        updated_at=draw(times),
        snapshot=draw(st.none() | texts),
        phases=tuple(
            draw(st.lists(st.builds(PhaseTime, texts, st.none() | times, st.none() | times), max_size=3))
        ),
        counters=draw(st.builds(Counters, counts, counts, counts, counts, counts, times)),
        rejects_bytes=draw(counts),
        rejects_rewrites=draw(counts),
        errors=tuple(draw(st.lists(st.builds(RunError, times, texts), max_size=3))),
        tuning=draw(tunings),
        pace=draw(paces),
        flow=draw(flows),
        lease=draw(leases),
        proofs=draw(st.dictionaries(st.sampled_from(sorted(tables)), proofs)) if tables else {},
        generation=draw(st.integers(1, 2**53)),
    )
