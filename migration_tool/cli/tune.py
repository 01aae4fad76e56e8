"""`tune`: limits, pauses or continues a run from another terminal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from migration_tool.cli.options import Globals, as_json, command
from migration_tool.rates import MaxWcu

if TYPE_CHECKING:
    from migration_tool.tuning import Tuned


def _limit(context: click.Context, option: click.Parameter, value: str | None) -> MaxWcu | None:
    try:
        return None if value is None else MaxWcu.parse(value)
    except ValueError as error:
        raise click.BadParameter(f"must be {error}") from error


@command()
@click.option(
    "--max-wcu", "max_wcu", metavar="N|auto|auto:P%|off", callback=_limit,
    help="From now on write at most N write units per second.",
)  # fmt: skip
@click.option("--pause", is_flag=True, help="Let what is on its way arrive, then wait; also after a resume.")
@click.option("--continue", "go_on", is_flag=True, help="Go on after --pause.")
@as_json("what is in force")
@click.option(
    "--timeout", type=click.FloatRange(min=0), default=5, show_default=True, metavar="SECONDS",
    help="How long the running process may take to acknowledge.",
)  # fmt: skip
@click.pass_obj
def tune(
    shared: Globals, max_wcu: MaxWcu | None, pause: bool, go_on: bool, as_json: bool, timeout: float
) -> None:
    """Limit, pause or continue a run while it runs, from another terminal.

    Ends when the running process has acknowledged; `status` shows what is in force. Where no process runs,
    it counts from the next `resume` on.
    """
    from migration_tool.cli.console import data, line, named, say
    from migration_tool.state.store import StateStore
    from migration_tool.tuning import tune as wish

    _require_one(max_wcu is not None, pause, go_on)
    paused = pause if pause or go_on else None
    store = StateStore(shared.load().state_dir)
    found = wish(store, max_wcu, paused, timeout)
    for warning in store.warnings:
        say(f"warning: {warning}")
    if as_json:
        data(json.dumps(found.to_json()))
    else:
        line(named(_sentence(found, max_wcu is not None), shared))


def _require_one(limited: bool, pause: bool, go_on: bool) -> None:
    from migration_tool.errors import UsageError

    if pause and go_on:
        hint = "migrate.py tune --pause, and later migrate.py tune --continue"
        raise UsageError("tune the run", "--pause --continue", "only one of them can be meant", hint)
    if not (limited or pause or go_on):
        hint = "migrate.py tune --max-wcu N, --pause or --continue"
        raise UsageError("tune the run", "tune", "nothing is wished of it", hint)


def _sentence(found: Tuned, limited: bool) -> str:
    from migration_tool.cli.text import count, limit

    run, checkpoint = f"run {found.wish.run_id}", found.checkpoint
    if not found.in_force:
        return (
            f"{run}: no process works on it; the wish is kept, and takes effect with the next "
            "migrate.py resume"
        )
    tuning = checkpoint.tuning
    place = "paused at" if tuning.paused else "goes on from"
    parts = [f"{place} {count(checkpoint.items_written, 'item')}"]
    if limited and tuning.max_wcu == "off":
        parts.append("no limit in force")
    elif limited or tuning.max_wcu != "off":
        parts.append(f"limit {limit(tuning.max_wcu, checkpoint.flow.limit_wcu)} in force")
    return f"{run}: {', '.join(parts)}"
