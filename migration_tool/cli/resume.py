"""`resume`: continues the unfinished run."""

from __future__ import annotations

import click

from migration_tool.cli.confirm import confirmation, yes
from migration_tool.cli.options import (
    LEASE,
    MAX_REJECTS,
    MAX_WCU,
    Globals,
    command,
    max_rejects,
    max_wcu,
    no_lease,
    take_over,
)


@command()
@click.option(
    "--accept-changed", "accepted", multiple=True, type=click.Choice(["source", "design", "target"]),
    help="Go on although this has changed since the run began; what it touches is loaded again. Repeatable.",
)  # fmt: skip
@yes
@max_wcu
@max_rejects
@no_lease
@take_over
@click.pass_obj
def resume(
    shared: Globals,
    accepted: tuple[str, ...],
    yes: bool,
    max_wcu: str | None,
    max_rejects: str | None,
    lease: str | None,
    take_over: bool,
) -> None:
    """Continue the unfinished run from its exact place.

    Refused where source, design or target are not what they were, also where another run had the tables
    since; the message says what changed. With no unfinished run it says so and ends with 0. A run that
    `tune --pause` paused takes its place and waits for `tune --continue`.
    """
    from migration_tool.cli.console import named, say
    from migration_tool.cli.progress import watching
    from migration_tool.cli.summary import show_summary
    from migration_tool.migrating import resume as run

    config = shared.load(flags={MAX_WCU: max_wcu, MAX_REJECTS: max_rejects, LEASE: lease})
    with watching(shared) as watch:
        summary = run(config, frozenset(accepted), confirmation(yes, watch), watch, take_over)
        watch.finished()
    if summary is None:
        say(
            named(
                "There is nothing to resume: no run is unfinished. migrate.py status shows the last one",
                shared,
            )
        )
    else:
        show_summary(summary, shared)
