"""`validate --while-running` and `validate --since`: a look at a migration that moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migration_tool.cli.fitting import require_fitting

if TYPE_CHECKING:
    from migration_tool.cli.options import Globals
    from migration_tool.verify.moving_report import LastingDifference, MovingReport

_FITTING = frozenset({"tables", "as_json", "while_running", "since"})
_SHOWN = 10


def look(shared: Globals, tables: tuple[str, ...], since: int | None, as_json: bool) -> None:
    """Shows what was found; raises DifferencesFound where something is different."""
    from migration_tool.cli.console import data, named, say
    from migration_tool.cli.progress import watching
    from migration_tool.errors import DifferencesFound
    from migration_tool.looking import look as looked
    from migration_tool.verify.json_form import json_text

    why = "a look at what is written compares items by key and nothing else"
    require_fitting("leave --while-running and --since out", _FITTING, why)
    with watching(shared, stoppable=False) as watch:
        found = looked(shared.load(), tables, since, watch.checked, watch.notice)
    if as_json:
        data(json_text(found.to_json()))
    else:
        _show(found)
        if found.settled:
            say(
                named(
                    f"next: migrate.py validate --since {found.generation} looks at what comes after", shared
                )
            )
    if not found.ok:
        names = ", ".join(table.table for table in found.tables if not table.ok)
        hint = "Let the run come to its end: it compares everything, and says what is missing, too"
        raise DifferencesFound(
            "confirm what is written",
            names,
            found.summary(),
            hint if found.running else "migrate.py validate",
        )


def _show(report: MovingReport) -> None:
    from migration_tool.cli.console import show
    from migration_tool.cli.render import heading, pairs

    rows = [
        ("source", report.source),
        ("target", report.endpoint),
        ("run", f"{report.run_id}, {'running now' if report.running else 'not running'}"),
        ("written", _span(report)),
    ]
    show(pairs(rows), "", _counts(report))
    for table in report.tables:
        if not table.ok:
            show(heading(f"{table.table}: {table.total('different'):,} different", "bold red"))
            for found in table.differences[:_SHOWN]:
                _show_difference(found)
    if report.ok:
        show(heading("nothing that is written is different", "bold green"))
    else:
        show(heading("DIFFERENCES FOUND", "bold red"))
    show(pairs([("not checked", "what is in the tables without a row; access patterns: validate does both")]))


def _span(report: MovingReport) -> str:
    begin = "from the first row" if report.since is None else f"after generation {report.since}"
    return f"{begin} up to generation {report.generation} of the state"


def _counts(report: MovingReport) -> object:
    from migration_tool.cli.render import Cell, table
    from migration_tool.verify.moving_report import COUNTS

    styles = {"suspended": "yellow", "different": "bold red"}
    rows: list[tuple[Cell, ...]] = []
    for found in report.tables:
        for entity in found.entities:
            numbers = [(getattr(entity, name), styles.get(name, "")) for name in COUNTS]
            rows.append((found.table, entity.entity, *((n, style if n else "") for n, style in numbers)))
    return table(("table", "entity", *(f">{name}" for name in COUNTS)), rows)


def _show_difference(found: LastingDifference) -> None:
    from migration_tool.cli.console import show
    from migration_tool.cli.text import one_line
    from migration_tool.verify.json_form import json_text

    why = "" if found.in_table else "  is not in the table"
    why += "" if found.in_source else "  has no row any more"
    show(f"  {found.entity}  {one_line(' / '.join(str(v) for v in found.key.values()))}{why}")
    for attribute in found.attributes:
        values = (attribute.expected, attribute.actual)
        texts = ("nothing" if v is None else one_line(json_text(v, indent=False)) for v in values)
        show("    {}: expected {}, found {}".format(attribute.name, *texts))
