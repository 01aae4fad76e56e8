"""`migrate` and `resume`: one way through the phases, from the start or from a checkpoint."""

from __future__ import annotations

import time
from collections.abc import Sequence

from migration_tool import proofs, world
from migration_tool.checking.fitting import require_fit
from migration_tool.config import Config
from migration_tool.destination import require_agreed
from migration_tool.filing import Form
from migration_tool.importing import plan_import
from migration_tool.job import open_target, require_objects, selected
from migration_tool.leases import Leases
from migration_tool.model import Confirm
from migration_tool.phases import Observer, Run, Summary
from migration_tool.preparation import delete_tables
from migration_tool.source.examination import Examination
from migration_tool.state.store import StateStore
from migration_tool.target.session import preload


def migrate(
    config: Config,
    names: Sequence[str],
    force: bool,
    confirm: Confirm,
    observer: Observer,
    take_over: bool = False,
    importing: Form | None = None,
    examination: Examination | None = None,
) -> Summary:
    """Begins a run. `confirm` is asked about a new target, and about what `force` deletes.

    take_over    load tables also where another run that is alive does
    importing    new tables are imported from S3, from files like this
    examination  of the source, where it has begun already
    Raises MigrationError; the run can then be resumed where the error says so.
    """
    chosen = selected(config, names)
    force = force or config.settings.delete_existing_tables
    store = StateStore(config.state_dir)
    with store.lock():
        world.refuse_unfinished(store, force)
        with examination or Examination(config.source_db) as examined:
            preload()
            content = examined.result()
        require_fit(config, chosen, config.source_db)
        endpoint = open_target(config, start=True)
        require_agreed(config, endpoint.target, confirm, observer.notice)
        require_objects(config, endpoint.target, chosen, observer.notice)
        now = time.time()
        run_id = store.new_run_id(now)
        if importing:
            plan_import(config, endpoint.target, store, run_id, importing)
        leases = Leases(config, endpoint.target, store, run_id, observer, take_over)
        if force:
            names = [config.table_name(name) for name in chosen]
            delete_tables(endpoint.target, names, confirm, leases, observer.notice)
        world.drop_copies(store)
        checkpoint = world.first_checkpoint(config, chosen, endpoint.label, run_id, now, content)
        return Run(config, store, endpoint, observer, store.save(checkpoint), leases).execute()


def resume(
    config: Config, accept: frozenset[str], confirm: Confirm, observer: Observer, take_over: bool = False
) -> Summary | None:
    """Continues the unfinished run; None when there is none.

    accept     the kinds of change ("source", "design", "target") the user accepts
    confirm    is asked about a new target
    take_over  as of `migrate`
    Raises MigrationError, StateError for a change that is not accepted among them.
    """
    store = StateStore(config.state_dir)
    with store.lock():
        checkpoint = store.latest()
        for warning in store.warnings:
            observer.notice(warning)
        if checkpoint is None:
            return None
        if checkpoint.status == "completed":
            world.require_still_there(config, checkpoint)
            proofs.tell_standing(config, checkpoint, observer.notice)
            return None
        endpoint = open_target(config, start="target" in accept)
        changes = world.changes_since(config, endpoint, checkpoint)
        again = world.require_accepted(changes, accept, checkpoint.run_id)
        require_agreed(config, endpoint.target, confirm, observer.notice)
        checkpoint = world.taken_over(config, endpoint.label, checkpoint, changes, again)
        leases = Leases(config, endpoint.target, store, checkpoint.run_id, observer, take_over)
        checkpoint = world.saved(store, checkpoint, again)
        return Run(config, store, endpoint, observer, checkpoint, leases).execute()
