"""The saved state of all runs, named and cleared. Tables and objects are never touched."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from migration_tool.errors import StateError
from migration_tool.model import Confirm, Question
from migration_tool.state.store import StateStore
from migration_tool.verify.report import many


@dataclass(frozen=True)
class SavedRun:
    """A run in the state folder.

    account  how far it is, or why nobody can say
    files    everything that belongs to it: state, reject files, private copies of the source
    """

    run_id: str
    account: str
    files: tuple[Path, ...]


@dataclass(frozen=True)
class Cleared:
    """The runs that were there, newest first, and whether they are gone now."""

    runs: tuple[SavedRun, ...]
    removed: bool


def clear(state_dir: Path, dry_run: bool, confirm: Confirm) -> Cleared:
    """Removes the state of every run, if `confirm` agrees; with `dry_run` it only looks, and asks nobody.

    Raises StateError, also while a run is running, and what `confirm` raises.
    """
    store = StateStore(state_dir)
    with store.lock():
        runs = tuple(_saved(store, run_id) for run_id in store.runs())
        removed = bool(runs) and not dry_run and confirm(_question(runs))
        for run in runs if removed else ():
            store.remove(run.run_id)
    return Cleared(runs, removed)


def described(runs: tuple[SavedRun, ...]) -> tuple[str, ...]:
    """A line for each run, and for each of its files."""
    return tuple(
        line
        for run in runs
        for line in (f"run {run.run_id}: {run.account}", *(f"  {path}" for path in run.files))
    )


def _question(runs: tuple[SavedRun, ...]) -> Question:
    number = many(len(runs), "run")
    return Question("clear the state", number, described(runs), f"Remove the state of {number}?")


def _saved(store: StateStore, run_id: str) -> SavedRun:
    return SavedRun(run_id, _account(store, run_id), tuple(store.files(run_id)))


def _account(store: StateStore, run_id: str) -> str:
    try:
        checkpoint = store.load(run_id)
    except StateError as error:
        return f"cannot be read ({error.cause})"
    return f"{checkpoint.status}, {checkpoint.items_written:,} of {checkpoint.items_total:,} items written"
