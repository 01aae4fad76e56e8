"""`validate`: the whole proof, at any time, against the source as the last run read it or as it is now."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from migration_tool.config import Config
from migration_tool.job import bind, open_target, open_wire, selected
from migration_tool.source.snapshot import fingerprint
from migration_tool.source.sqlite import SqliteSource, check_source
from migration_tool.state.checkpoint import Checkpoint
from migration_tool.state.store import StateStore
from migration_tool.verify import validate as proof
from migration_tool.verify.report import Report


class Watcher(Protocol):
    """Who is told how far the comparison is."""

    def checked(self, table: str, done: int, total: int) -> None: ...

    def notice(self, text: str) -> None: ...


def validate(
    config: Config, names: Sequence[str], limit: int | None, processes: int | None, watcher: Watcher
) -> Report:
    """Compares every item of the chosen tables and tries their access patterns.

    limit      parameter sets per access pattern; None tries all, 0 leaves the patterns out
    processes  that read a large table; None: one per CPU, at most 8
    Raises MigrationError where it cannot compare; differences are in the report.
    """
    chosen = selected(config, names)
    store = StateStore(config.state_dir)
    latest = store.latest()
    path = _source(config, store, latest, watcher)
    target = open_target(config, start=False).target
    with SqliteSource(path) as source, open_wire(config, target) as wire:
        tables = [(bound.compiled, bound.table_name) for bound in bind(config, chosen, source.schema)]
        return proof.validate(
            source,
            tables,
            wire,
            work_folder=config.state_dir,
            run_id=latest.run_id if latest else None,
            source_name=str(config.source_db),
            limit=limit,
            processes=processes,
            progress=watcher.checked,
        )


def _source(config: Config, store: StateStore, latest: Checkpoint | None, watcher: Watcher) -> Path:
    """The private copy while a run is unfinished, else the database; says so where it has changed since."""
    if latest and latest.status != "completed" and latest.snapshot:
        copy = store.snapshot_path(latest.run_id)
        if copy.exists():
            watcher.notice(
                f"Run {latest.run_id} is unfinished: comparing with its private copy of the source"
            )
            return copy
    check_source(config.source_db)
    if latest and latest.fingerprints.source.get("content") != fingerprint(config.source_db):
        watcher.notice("The source has changed since the run; comparing with the source as it is now")
    return config.source_db
