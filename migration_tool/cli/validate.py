"""`validate`: the full comparison and the access patterns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migration_tool.cli.claim import claimed
from migration_tool.cli.options import Globals, as_json, command
from migration_tool.cli.repair import Repairing, repaired, repairing
from migration_tool.verify import SAMPLE_CALLS

if TYPE_CHECKING:
    from migration_tool.verify.claim import Claim
    from migration_tool.verify.report import Report


@command()
@click.option(
    "-t", "--table", "--tables", "tables", multiple=True, metavar="TABLE", help="Only this table; repeatable."
)
@as_json("the report")
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Also write it to FILE.html or FILE.json.",
)
@click.option("--all-parameters", is_flag=True, help="Try every set of parameters of every access pattern.")
@click.option(
    "--sample-parameters", type=click.IntRange(min=1), default=SAMPLE_CALLS, show_default=True, metavar="N",
    help="Try at most N sets of parameters per access pattern, spread evenly.",
)  # fmt: skip
@click.option(
    "--indexes/--no-indexes", default=True, show_default=True,
    help="Count the items of every index, which reads it whole.",
)  # fmt: skip
@click.option("--items-only", is_flag=True, help="Leave the access patterns and the indexes out.")
@click.option(
    "--workers", type=click.IntRange(min=1), metavar="N",
    help="Read large tables with N processes.  [default: one per CPU, at most 8]",
)  # fmt: skip
@click.option("--fresh", is_flag=True, help="Read the source also where an earlier proof stands for it.")
@click.option("--resume", "go_on", is_flag=True, help="Go on with the validation that was interrupted.")
@click.option(
    "--while-running", is_flag=True,
    help="Compare by key what is written so far, while a run goes on; needs no scan.",
)  # fmt: skip
@click.option(
    "--since", type=click.IntRange(min=1), metavar="GENERATION",
    help="The same for what was written after that generation of the state.",
)  # fmt: skip
@claimed
@repairing
@click.pass_obj
def validate(
    shared: Globals, tables: tuple[str, ...], as_json: bool, report: Path | None, all_parameters: bool,
    sample_parameters: int, indexes: bool, items_only: bool, workers: int | None, fresh: bool, go_on: bool,
    while_running: bool, since: int | None, claim: Claim | None, repair: Repairing | None,
) -> None:  # fmt: skip
    """Compare every item with the source, and try the access patterns.

    Missing, extra and different items are named, with their attributes; every index must hold as many items
    as belong there; then every access pattern must give what its SQL gives, in the same order. Any difference
    ends with exit code 7. Where an earlier validation found a table equal, its rows are read again only if
    source or design have changed, or with --fresh.

    With --sample so many items of each table are compared that, where none is wrong, it is shown with
    --confidence that at most the share --at-most of all is. A sample sees no extra items, and may miss a
    single lost batch.

    With --repair items are compared, and what is wrong is put right: each item is shown first, what it
    replaces is kept in a file, and every item is read again. Exit code 0 then means that no difference is
    left, 6 that the tables are not those that the run has loaded.
    """
    from migration_tool.cli import moving
    from migration_tool.cli.console import data, named, say
    from migration_tool.cli.report import require_format, show_report, write_report
    from migration_tool.errors import UsageError
    from migration_tool.verify.json_form import json_text, to_json

    if while_running or since:
        moving.look(shared, tables, since, as_json)
        return
    if report:
        require_format(report)
    if items_only and all_parameters:
        hint = "Give one of the two."
        raise UsageError("choose what to try", "--items-only --all-parameters", "they contradict", hint)
    if repair:
        found = repaired(shared, tables, workers, repair, as_json)
    else:
        limit = 0 if items_only else None if all_parameters else sample_parameters
        counting = indexes and not items_only
        found = _compared(
            shared, tables, limit, workers, indexes=counting, claim=claim, fresh=fresh, go_on=go_on
        )
    if report:
        write_report(found, report)
    if as_json:
        data(json_text(to_json(found)))
    else:
        show_report(found)
    _require_equal(found)
    if repair:
        what = "counts the items of the indexes and tries the access patterns, too"
        say(named(f"next: migrate.py validate {what}", shared))


def _compared(
    shared: Globals, tables: Sequence[str], limit: int | None, workers: int | None, **how: Any
) -> Report:
    from migration_tool.cli.progress import watching
    from migration_tool.validating import validate as check

    with watching(shared, stoppable=False) as watch:
        return check(shared.load(), tables, limit, workers, watch, **how)


def _require_equal(report: Report) -> None:
    from migration_tool.errors import DifferencesFound

    if not report.ok:
        tables = ", ".join(t.difference.table for t in report.tables if not t.ok)
        raise DifferencesFound(
            "confirm that source and target are equal", tables, report.summary(), _hint(report)
        )


def _hint(report: Report) -> str:
    if report.repair is None and report.items_ok:
        return (
            "The items are equal: look at the design's indexes and access patterns, then migrate.py validate"
        )
    if report.repair is None:
        return (
            "migrate.py validate --repair --dry-run shows what would mend it; migrate.py migrate --force "
            "loads anew"
        )
    if any(item.outcome == "planned" for item in report.repair.items):
        return "migrate.py validate --repair does what was shown"
    return "migrate.py validate shows what is left; --repair --delete-extra deletes what is extra, too"
