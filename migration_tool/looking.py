"""`validate --while-running` and `--since`: what a run has written, by its saved state, compared by key."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

from migration_tool.config import Config
from migration_tool.errors import StateError
from migration_tool.job import bind, open_target, open_wire, selected
from migration_tool.proofs import source_to_read
from migration_tool.state.checkpoint import Checkpoint, EntityProgress
from migration_tool.state.lock import is_held
from migration_tool.state.store import StateStore
from migration_tool.verify.moving import Due, Look, View, look_at
from migration_tool.verify.moving_report import MovingReport


def look(
    config: Config,
    names: Sequence[str],
    since: int | None,
    progress: Callable[[str, int, int], None],
    tell: Callable[[str], None],
) -> MovingReport:
    """Compares what the newest run has written so far, while it may go on writing.

    since     generation of the state behind which to begin; None: at the first row
    progress  is told what is looked at, how many rows are done, and how many there are
    Raises MigrationError where it cannot compare; differences are in the report.
    """
    store = StateStore(config.state_dir)
    latest = store.latest()
    if latest is None:
        raise StateError(
            "look at what is written", config.state_dir, "no run is saved here", "migrate.py migrate"
        )
    of_run = tuple(dict.fromkeys(entity.table for entity in latest.entities))
    chosen = _chosen(latest, selected(config, names), of_run) if names else of_run
    earlier = None if since is None else _generation(store, latest, since)
    running = is_held(config.state_dir / ".lock")
    path, _ = source_to_read(config, store, latest, tell)
    target = open_target(config, start=False).target
    with View(path, moves=path == config.source_db) as view, open_wire(config, target) as wire:
        looks = [
            Look(
                bound.compiled,
                bound.table_name,
                [_due(latest, earlier, bound.name, entity.name) for entity in bound.compiled.entities],
                partial(_begun_anew, store, latest, bound.name),
            )
            for bound in bind(config, chosen, view.source.schema)
        ]
        report = MovingReport(
            run_id=latest.run_id,
            generation=latest.generation,
            since=since,
            running=running,
            tables=look_at(view, wire, looks, _steps(sum(look.rows for look in looks), progress)),
            checked_at=time.time(),
            source=str(config.source_db),
            endpoint=wire.target.url,
        )
    if report.settled and set(chosen) == set(of_run):
        _keep(store, latest, tell)
    return report


def _keep(store: StateStore, latest: Checkpoint, tell: Callable[[str], None]) -> None:
    """So that the next look can begin here. It is no part of the result."""
    try:
        store.keep_checked(latest)
    except StateError as error:
        tell(f"Generation {latest.generation} is not kept: {error}")


def _steps(total: int, progress: Callable[[str, int, int], None]) -> Callable[[int], None]:
    done = 0

    def advance(more: int) -> None:
        nonlocal done
        done += more
        progress("what is written", done, total)

    return advance


def _chosen(latest: Checkpoint, names: Sequence[str], of_run: Sequence[str]) -> Sequence[str]:
    unknown = [name for name in names if name not in of_run]
    if unknown:
        raise StateError(
            "look at what is written", ", ".join(unknown), f"run {latest.run_id} does not load it",
            f"Choose from: {', '.join(of_run)}.",
        )  # fmt: skip
    return names


def _generation(store: StateStore, latest: Checkpoint, since: int) -> Checkpoint:
    """The state of that generation. Raises StateError naming those that there are."""
    found = {n: old for n, old in store.generations(latest.run_id).items() if latest.continues(old)}
    if since not in found:
        at_hand = ", ".join(str(number) for number in sorted(found)) or "none"
        raise StateError(
            "look back to a generation", since, f"of run {latest.run_id} there are at hand: {at_hand}",
            "Name one of these; validate --while-running looks at everything, and keeps its generation.",
        )  # fmt: skip
    return found[since]


def _due(latest: Checkpoint, earlier: Checkpoint | None, table: str, entity: str) -> Due:
    now = latest.entity(table, entity)
    before = earlier.entity(table, entity) if earlier else EntityProgress(table, entity)
    return Due(before.position, now.rows_read - before.rows_read, max(0, now.rows_total - now.rows_read))


def _begun_anew(store: StateStore, latest: Checkpoint, table: str, entity: str) -> bool:
    now = store.latest()
    if now is None or now.run_id != latest.run_id:
        return True
    return now.entity(table, entity).rows_read < latest.entity(table, entity).rows_read
