"""`migrate`: begins a run, or writes the items to files."""

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
from migration_tool.cli.ways import Way, ways, write_files


@command()
@click.option(
    "-f", "--force", is_flag=True,
    help="Delete and recreate the tables, or the files, after naming them; begin anew.",
)  # fmt: skip
@click.option(
    "-t", "--tables", "--table", "tables", multiple=True, metavar="NAME", help="Only this table; repeatable."
)
@yes
@max_wcu
@max_rejects
@no_lease
@take_over
@ways
@click.pass_obj
def migrate(
    shared: Globals,
    force: bool,
    tables: tuple[str, ...],
    yes: bool,
    max_wcu: str | None,
    max_rejects: str | None,
    lease: str | None,
    take_over: bool,
    way: Way,
) -> None:
    """Create the tables, load them, and prove the result.

    Five phases: analysis, preparation, transformation, loading, validation. Ctrl-C lets what is on its way
    arrive, saves the place and ends with 130; `resume` goes on from there, also after a crash.

    A table that another run loads, on whatever host, is refused with exit code 6 and the name of the holder.
    If nothing is heard of the holder for as long as its lease lasts, the table is taken over.

    With --via files the items go to files, with the definition of each table and a manifest. The same command
    goes on where it was stopped or killed. With --via s3-import these files are uploaded, and DynamoDB makes
    the tables of them; a table that exists is loaded by batch writing. `resume` goes on with it, too.
    """
    from migration_tool.source.examination import Examination

    if way.via == "files":
        write_files(shared, tables, way, force, yes, max_rejects)
        return
    importing = way.form if way.via == "s3-import" else None
    config = shared.load(flags={MAX_WCU: max_wcu, MAX_REJECTS: max_rejects, LEASE: lease, **way.flags})
    with Examination(config.source_db) as examination:
        # While SQLite is at work: these take a sixth of a second
        from migration_tool.cli.progress import watching
        from migration_tool.migrating import migrate as run

        with watching(shared) as watch:
            confirm = confirmation(yes, watch)
            summary = run(config, tables, force, confirm, watch, take_over, importing, examination)
            watch.finished()
    from migration_tool.cli.summary import show_summary

    show_summary(summary, shared)
