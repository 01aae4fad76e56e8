"""`reset`: clears the saved state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from migration_tool.cli.options import Globals, command

if TYPE_CHECKING:
    from migration_tool.state.store import StateStore


@command()
@click.option("--confirm", is_flag=True, help="Do it without asking.")
@click.option("--dry-run", is_flag=True, help="Only name what would be removed.")
@click.pass_obj
def reset(shared: Globals, confirm: bool, dry_run: bool) -> None:
    """Clear the saved state of all runs, after naming each; tables and objects are never touched.

    Removes state files, reject files and private copies of the source. Refuses while a run is running.
    """
    from migration_tool.cli.console import line, say
    from migration_tool.state.store import StateStore

    config = shared.load()
    store = StateStore(config.state_dir)
    with store.lock():
        runs = store.runs()
        for run_id in runs:
            line(f"run {run_id}: {_described(store, run_id)}")
            for path in store.files(run_id):
                line(f"  {path}")
        if not runs:
            say("No run is saved here; there is nothing to clear")
        elif dry_run:
            say("Nothing was removed (--dry-run)")
        elif confirm or _agreed(len(runs)):
            for run_id in runs:
                store.remove(run_id)
            bucket = config.settings.oversize_bucket
            objects = f", and so are the objects of large items in s3://{bucket}" if bucket else ""
            say(f"The state is cleared; the tables are as they were{objects}")
        else:
            say("Nothing was removed")


def _described(store: StateStore, run_id: str) -> str:
    from migration_tool.errors import StateError

    try:
        checkpoint = store.load(run_id)
    except StateError as error:
        return f"cannot be read ({error.cause})"
    return f"{checkpoint.status}, {checkpoint.items_written:,} of {checkpoint.items_total:,} items written"


def _agreed(runs: int) -> bool:
    from migration_tool.cli.console import ask, on_terminal
    from migration_tool.cli.text import count
    from migration_tool.errors import UsageError

    if not on_terminal():
        hint = "migrate.py reset --confirm"
        raise UsageError("clear the state", count(runs, "run"), "there is no terminal to ask on", hint)
    return ask(f"Remove the state of {count(runs, 'run')}?")
