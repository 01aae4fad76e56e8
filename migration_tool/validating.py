"""`validate`: the whole proof, at any time, against the source as the last run read it or as it is now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from migration_tool.checking.fitting import require_fit
from migration_tool.config import Config
from migration_tool.errors import StateError
from migration_tool.job import Bound, bind, open_target, open_wire, selected
from migration_tool.model import TableIdentity
from migration_tool.proofs import Found, World, keep, open_journal, source_to_read
from migration_tool.source.sqlite import SqliteSource
from migration_tool.state.checkpoint import Checkpoint
from migration_tool.state.store import StateStore
from migration_tool.target.session import Target
from migration_tool.target.table import describe
from migration_tool.verify import validate as proof
from migration_tool.verify.claim import Claim
from migration_tool.verify.journal import Journal
from migration_tool.verify.report import Report


class Watcher(Protocol):
    """Who is told how far the comparison is."""

    def checked(self, table: str, done: int, total: int) -> None: ...

    def notice(self, text: str) -> None: ...


def validate(
    config: Config,
    names: Sequence[str],
    limit: int | None,
    processes: int | None,
    watcher: Watcher,
    *,
    indexes: bool = True,
    claim: Claim | None = None,
    fresh: bool = False,
    go_on: bool = False,
) -> Report:
    """Compares every item of the chosen tables and tries their access patterns.

    limit      parameter sets per access pattern; None tries all, 0 leaves the patterns out
    processes  that read a large table; None: one per CPU, at most 8
    indexes    whether the items of each index are counted
    claim      what a sample is to show; None: every item is compared
    fresh      reads the source in any case, also where a proof stands for it
    go_on      with the validation that was interrupted
    Raises MigrationError where it cannot compare; differences are in the report.
    """
    chosen = selected(config, names)
    store = StateStore(config.state_dir)
    latest = store.latest()
    path, content = source_to_read(config, store, latest, watcher.notice)
    if limit != 0:
        require_fit(config, chosen, path)
    target = open_target(config, start=False).target
    with SqliteSource(path) as source, open_wire(config, target) as wire:
        tables = bind(config, chosen, source.schema)
        about = World(tables, content, wire.target.url, _identities(target, tables, latest, go_on))
        with _journal(store, None if claim else latest, about, watcher, fresh, go_on) as journal:
            report = proof.validate(
                source,
                [(bound.compiled, bound.table_name) for bound in tables],
                wire,
                work_folder=config.state_dir,
                journal=journal,
                run_id=latest.run_id if latest else None,
                source_name=str(config.source_db),
                limit=limit,
                indexes=indexes,
                claim=claim,
                processes=processes,
                progress=watcher.checked,
            )
    if latest:
        _keep(store, latest.run_id, Found(report, about), config.source_db, watcher)
    return report


def _identities(
    target: Target, tables: Sequence[Bound], latest: Checkpoint | None, go_on: bool
) -> Mapping[str, TableIdentity]:
    """What the tables are: asked for where the rest of a validation may only count for the same ones."""
    if not go_on:
        return latest.fingerprints.targets if latest else {}
    facts = {bound.name: describe(target, bound.table_name) for bound in tables}
    return {name: found.identity for name, found in facts.items() if found}


@contextmanager
def _journal(
    store: StateStore, latest: Checkpoint | None, about: World, watcher: Watcher, fresh: bool, go_on: bool
) -> Iterator[Journal]:
    """Says what an earlier validation left, and what this one leaves where it does not come to its end.

    latest  None where nothing is known of a run, or nothing is to be kept
    """
    if latest is None:
        yield Journal()
        return
    left = store.validation_path(latest.run_id).exists()
    if go_on and not left:
        watcher.notice("No interrupted validation is kept; this one begins anew")
    if left and not go_on:
        watcher.notice("An interrupted validation is given up; migrate.py validate --resume goes on with one")
    journal = open_journal(store, latest, about, watcher.notice, fresh=fresh, go_on=go_on)
    try:
        with journal:
            yield journal
    finally:
        if journal.fault:
            watcher.notice(f"An interruption would have lost the place of this validation: {journal.fault}")
        elif journal.saved and store.validation_path(latest.run_id).exists():
            watcher.notice("The place is saved: migrate.py validate --resume goes on from there")


def _keep(store: StateStore, run_id: str, found: Found, source: Path, watcher: Watcher) -> None:
    """A proof that cannot be kept is no reason not to report what was found."""
    try:
        keep(store, run_id, found, source)
    except StateError as error:
        watcher.notice(f"The proof is not kept for later: {error}")
