"""`retry-rejects`: sends rejected rows again."""

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


@command("retry-rejects")
@click.option(
    "--accept-changed", "accepted", multiple=True, type=click.Choice(["source"]),
    help="Go on although the source has another path or schema than the run had.",
)  # fmt: skip
@yes
@max_wcu
@max_rejects
@no_lease
@take_over
@click.pass_obj
def retry_rejects(
    shared: Globals,
    accepted: tuple[str, ...],
    yes: bool,
    max_wcu: str | None,
    max_rejects: str | None,
    lease: str | None,
    take_over: bool,
) -> None:
    """Send the rejected rows of the newest run again, once they or the designs are mended.

    Only these rows are read from the source and sent; each becomes an item, is rejected again, or is counted
    as skipped where it is gone. Then everything is compared, as at the end of every run. With no rejected row
    it says so and ends with 0.
    """
    from migration_tool.cli.console import say
    from migration_tool.cli.progress import watching
    from migration_tool.cli.summary import show_summary
    from migration_tool.retry import retry_rejects as run

    config = shared.load(flags={MAX_WCU: max_wcu, MAX_REJECTS: max_rejects, LEASE: lease})
    with watching(shared) as watch:
        summary = run(config, frozenset(accepted), confirmation(yes, watch), watch, take_over)
        watch.finished()
    if summary is None:
        say("There is nothing to send again: no row is rejected")
    else:
        show_summary(summary, shared)
