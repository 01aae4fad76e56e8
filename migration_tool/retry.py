"""`retry-rejects`: sends the rows again that were rejected, after they or the designs have been mended.

It goes on with the newest run, through the same phases and the same copy loop; only the rows are chosen. See
docs/decisions/0008-retry-rejects.md for what may have changed meanwhile.
"""

from __future__ import annotations

import time

from migration_tool import world
from migration_tool.config import Config
from migration_tool.destination import require_agreed
from migration_tool.errors import StateError
from migration_tool.job import open_target
from migration_tool.leases import Leases
from migration_tool.model import Confirm
from migration_tool.phases import Observer, Run, Summary
from migration_tool.state.checkpoint import RETRY, Checkpoint
from migration_tool.state.store import StateStore

_OPERATION = "send the rejected rows again"


def retry_rejects(
    config: Config, accept: frozenset[str], confirm: Confirm, observer: Observer, take_over: bool = False
) -> Summary | None:
    """Ends as a run does, with the proof; None when no row is rejected.

    accept     the kinds of change (only "source") that the user accepts beyond other rows and another design
    confirm    is asked about a new target
    take_over  load tables also where another run that is alive does
    Raises MigrationError; StateError for a change that is not accepted among them.
    """
    store = StateStore(config.state_dir)
    with store.lock():
        before = store.latest()
        for warning in store.warnings:
            observer.notice(warning)
        if before is None or not before.rejected:
            return None
        _require_loaded(before)
        endpoint = open_target(config, start=False)
        changes = world.changes_since(config, endpoint, before)
        world.require_mended(changes, accept, before.run_id)
        for change in changes:
            observer.notice(f"Since the run: {change.text}")
        require_agreed(config, endpoint.target, confirm, observer.notice)
        checkpoint = world.taken_over(config, endpoint.label, before, changes, ())
        _require_same_entities(before, checkpoint)
        checkpoint = checkpoint.with_snapshot(None).with_phase(RETRY, started=time.time())
        leases = Leases(config, endpoint.target, store, before.run_id, observer, take_over)
        summary = Run(config, store, endpoint, observer, store.save(checkpoint), leases).execute()
        observer.notice(_told(before, summary.checkpoint))
        return summary


def _require_loaded(checkpoint: Checkpoint) -> None:
    if not checkpoint.loaded:
        raise StateError(
            _OPERATION, checkpoint.run_id, "the run has not read all rows of its source yet",
            "First `migrate.py resume`, with --max-rejects N where too many were rejected.",
        )  # fmt: skip


def _require_same_entities(before: Checkpoint, now: Checkpoint) -> None:
    """Rows of a new entity were never read, and rows of one that is gone have no design any more."""
    known, found = ({entity.name for entity in c.entities} for c in (before, now))
    if known != found:
        raise StateError(
            _OPERATION, before.run_id, "the designs have other entities than the run",
            "Begin anew with `migrate.py migrate --force`.",
            [f"{table}.{entity}" for table, entity in sorted(known ^ found)],
        )  # fmt: skip


def _told(before: Checkpoint, after: Checkpoint) -> str:
    items, gone = after.items_written - before.items_written, after.skipped - before.skipped
    became = f"{items:,} are items now, {gone:,} are gone, {after.rejected:,} are still rejected"
    return f"Of {before.rejected:,} rejected rows {became}"
