"""`validate --repair`: every item compared, and what is wrong put right, in the tables of the saved run."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from migration_tool.config import Config
from migration_tool.destination import require_agreed
from migration_tool.errors import StateError, UsageError
from migration_tool.job import Bound, Endpoint, bind, open_target, open_wire, selected
from migration_tool.leases import Leases
from migration_tool.mending import MOST_CHANGES, Plan, make_plan, mend, put_objects, result
from migration_tool.model import Confirm, Question
from migration_tool.proofs import source_to_read
from migration_tool.source.sqlite import SqliteSource
from migration_tool.state.checkpoint import Checkpoint, Lease
from migration_tool.state.repairs import RepairLog
from migration_tool.state.store import StateStore
from migration_tool.target.wire import Wire
from migration_tool.verify.collisions import require_unique_keys
from migration_tool.verify.mended import Mended
from migration_tool.verify.report import Report, many
from migration_tool.verify.validate import validate
from migration_tool.world import changes_but_of_source


class Watcher(Protocol):
    """Who is told how far it is, and who may ask to stop the wait for another writer."""

    def checked(self, table: str, done: int, total: int) -> None: ...

    def notice(self, text: str) -> None: ...

    def stopping(self) -> bool: ...


def repair(
    config: Config,
    names: Sequence[str],
    processes: int | None,
    delete_extra: bool,
    confirm: Callable[[Sequence[Plan], Path], bool],
    agree: Confirm,
    watcher: Watcher,
) -> Report:
    """Compares every item of the chosen tables, and puts right what is wrong, if `confirm` says so.

    delete_extra  whether items that no row gives are deleted; else they are left
    confirm       is shown every change, and the file where what is replaced will be; False: do nothing
    agree         to a target that this configuration has never written to

    Raises MigrationError, StateError among them where the tables are not those that the run has loaded.
    """
    chosen = selected(config, names)
    store = StateStore(config.state_dir)
    with store.lock():
        run = _loaded(store.latest(), chosen)
        endpoint = open_target(config, start=False)
        _require_same_tables(config, endpoint, run)
        path, _ = source_to_read(config, store, run, watcher.notice)
        with SqliteSource(path) as source, open_wire(config, endpoint.target) as wire:
            tables = bind(config, chosen, source.schema)
            report = _compared(config, run, source, tables, wire, processes, watcher)
            plans = [
                make_plan(source, bound.compiled, wire, found.difference, delete_extra)
                for bound, found in zip(tables, report.tables, strict=True)
            ]
            log = RepairLog(store.repairs_path(run.run_id))
            if not any(plan.found for plan in plans) or not confirm(plans, log.path):
                return replace(report, repair=result(plans))
            require_agreed(config, endpoint.target, agree, watcher.notice)
            leases = Leases(config, endpoint.target, store, run.run_id, watcher)
            done = _Writing(config, store, endpoint, leases, run).mend(source, tables, wire, plans, log)
            return replace(report, repair=result(plans, done, log.path))


def is_agreed(plans: Sequence[Plan], agree: Confirm) -> bool:
    """Whether anything is to be changed. Raises UsageError where it is, and nobody agrees to it."""
    what = changes_in_words(plans)
    if what and not agree(Question("repair the tables", what, (), "Do it?")):
        raise UsageError("repair the tables", what, "it was not confirmed", "Nothing was changed.")
    return bool(what)


def changes_in_words(plans: Sequence[Plan]) -> str:
    """How many items of what kind; "" where nothing is to be changed."""
    actions = [change.action for plan in plans for change in plan.changes]
    puts, deletes = actions.count("put"), actions.count("delete")
    return f"{many(puts, 'item')} to put, {many(deletes, 'item')} to delete" if actions else ""


def _loaded(run: Checkpoint | None, chosen: Sequence[str]) -> Checkpoint:
    """The run that has loaded all the chosen tables. Raises StateError."""
    if run is None:
        raise StateError(
            "repair the tables", ", ".join(chosen), "no run is saved here that has made them",
            "`migrate.py migrate` loads them; only what it has loaded is repaired.",
        )  # fmt: skip
    if not run.loaded:
        raise StateError(
            "repair the tables", run.run_id, "the run has not loaded everything yet", "`migrate.py resume`"
        )
    if unknown := [name for name in chosen if name not in run.fingerprints.targets]:
        raise StateError(
            "repair the tables", ", ".join(unknown), f"they are not of the run {run.run_id}",
            f"Name only tables of the run: {', '.join(run.tables)}.",
        )  # fmt: skip
    return run


def _require_same_tables(config: Config, endpoint: Endpoint, run: Checkpoint) -> None:
    """Nothing but the source may have changed. Raises StateError: there is no flag that accepts it."""
    if changes := [change.text for change in changes_but_of_source(config, endpoint, run)]:
        raise StateError(
            "repair the tables", run.run_id, "they are not what the run has loaded",
            "Undo the change, or load them anew with `migrate.py migrate --force`.", changes,
        )  # fmt: skip


def _compared(
    config: Config,
    run: Checkpoint,
    source: SqliteSource,
    tables: Sequence[Bound],
    wire: Wire,
    processes: int | None,
    watcher: Watcher,
) -> Report:
    """Items only, each of which a single row gives: nothing else says what to put."""
    for bound in tables:
        require_unique_keys(source, bound.compiled, config.state_dir)
    return validate(
        source,
        [(bound.compiled, bound.table_name) for bound in tables],
        wire,
        work_folder=config.state_dir,
        run_id=run.run_id,
        source_name=str(config.source_db),
        limit=0,
        indexes=False,
        details=MOST_CHANGES,
        processes=processes,
        progress=watcher.checked,
    )


class _Writing:
    """The part of a repair that changes something: alone, in the tables of the run."""

    def __init__(
        self, config: Config, store: StateStore, endpoint: Endpoint, leases: Leases, run: Checkpoint
    ) -> None:
        self._config = config
        self._store = store
        self._endpoint = endpoint
        self._leases = leases
        self._run = run

    def mend(
        self,
        source: SqliteSource,
        tables: Sequence[Bound],
        wire: Wire,
        plans: Sequence[Plan],
        log: RepairLog,
    ) -> list[Mended]:
        """The state is told of the leases, or a resume would take them for those of another run."""
        _require_same_tables(self._config, self._endpoint, self._run)
        with self._leases as leases:
            generations = leases.take(tables, self._run.lease.generations)
            self._save(Lease(generations, leases.until))
            _require_same_tables(self._config, self._endpoint, self._run)
            for bound, plan in zip(tables, plans, strict=True):
                put_objects(source, bound.compiled, wire, plan, leases.hold)
            done = [each for plan in plans for each in mend(wire, plan, log, leases.hold, time.time)]
            if self._run.status == "completed":
                leases.hold()
                self._save(Lease())
                leases.release()
        self._save(replace(self._run.lease, until=self._leases.until))
        return done

    def _save(self, lease: Lease) -> None:
        self._run = self._store.save(self._run.with_lease(lease))
