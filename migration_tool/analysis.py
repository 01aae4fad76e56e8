"""What is read: the private copy of the source or the source itself, and how many rows it has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from migration_tool import proofs
from migration_tool.config import Config
from migration_tool.errors import StateError
from migration_tool.job import Bound
from migration_tool.source.snapshot import copy_database
from migration_tool.source.sqlite import SqliteSource
from migration_tool.state.checkpoint import Checkpoint
from migration_tool.state.store import StateStore


def readable(
    config: Config, store: StateStore, checkpoint: Checkpoint, copied: Callable[[int, int], None]
) -> tuple[Path, Checkpoint]:
    """The private copy, made once per run; or the database itself. And the saved checkpoint that knows of it.

    copied  is told (pages copied, pages in all)
    Raises SourceError, StateError.
    """
    if config.settings.source_snapshot == "live" and not checkpoint.snapshot:
        return config.source_db, checkpoint
    copy = store.snapshot_path(checkpoint.run_id)
    if checkpoint.snapshot and copy.exists():
        return copy, checkpoint
    if checkpoint.snapshot and any(e.rows_read for e in checkpoint.entities):
        raise StateError(
            "read the private copy of the source", copy, "it is gone, but the run has read part of it",
            "Begin anew with `migrate.py migrate --force`.",
        )  # fmt: skip
    copy_database(config.source_db, copy, copied)
    return copy, store.save(proofs.with_copy(checkpoint, copy.name))


def counted(source: SqliteSource, tables: Sequence[Bound], checkpoint: Checkpoint) -> Checkpoint:
    """With the rows of what is still to be read; what is done keeps its count, also in a retry."""
    reads = {(bound.name, e.name): e.read for bound in tables for e in bound.compiled.entities}
    entities = tuple(
        e if e.done else replace(e, rows_total=source.count(reads[e.table, e.entity]))
        for e in checkpoint.entities
    )
    return replace(checkpoint, entities=entities)
