"""`design check`: what is wrong with designs, before anything is written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from migration_tool.cli.options import Globals, as_json, command
from migration_tool.errors import DesignError, Fault

if TYPE_CHECKING:
    from migration_tool.checking.designs import Checked, Examination
    from migration_tool.checking.figures import Spread, TableFigures
    from migration_tool.config import Config

_KEYS = 3
"""Partition keys that are shown of the table and of each index."""


@command()
@click.argument("designs", nargs=-1, metavar="[FILE|DESIGN]...")
@click.option(
    "--source-db",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="The database to compare with; beats the configuration, and needs none.",
)
@click.option("--no-data", is_flag=True, help="Compare with the schema alone; make no items.")
@as_json("what was found")
@click.pass_obj
def check(
    shared: Globals, designs: tuple[str, ...], source_db: Path | None, no_data: bool, as_json: bool
) -> None:
    """Find what is wrong with designs; no target is needed.

    Reads the named files, or designs and tables of the configuration, or all of its designs, and compares
    them with the source: every table, column and alias, the SQL of every access pattern, what no item
    carries. All faults are named at once, each with line, column and remedy. Then every item is made and
    measured: rows that share a key or are rejected (exit codes 3 and 8, as of migrate), large items and
    collections, hot partition keys, who is in which index. Files without a configuration are checked by
    themselves.
    """
    from dataclasses import asdict

    from migration_tool.budget import NO_REJECTS
    from migration_tool.checking.designs import Examination, examine
    from migration_tool.cli.console import data
    from migration_tool.job import chosen_files, require_bucket
    from migration_tool.verify.json_form import json_text

    config = _config(shared, designs, source_db)
    database = config.source_db if config else source_db
    try:
        found = examine(chosen_files(config, designs), database, not no_data, _allows_code(shared, config))
    except DesignError as error:
        if as_json:
            faults = error.found or [Fault("", error.cause, error.hint, error.obj)]
            data(json_text({**Examination(database, (), ()).to_json(), "faults": list(map(asdict, faults))}))
        raise
    if as_json:
        data(json_text(found.to_json()))
    else:
        _show(found)
    if config:
        require_bucket(config, [checked.design for checked in found.designs])
    found.require_sound(config.settings.max_rejects if config else NO_REJECTS)


def _config(shared: Globals, designs: tuple[str, ...], source_db: Path | None) -> Config | None:
    """None where designs are named and no configuration is there."""
    flags = {"source_db": source_db}
    return shared.load_if_there(flags) if designs else shared.load(flags=flags)


def _allows_code(shared: Globals, config: Config | None) -> bool:
    return config.settings.allow_code if config else bool(shared.allow_code)


def _show(found: Examination) -> None:
    from migration_tool.cli.console import say, show

    if found.source:
        show(f"source  {found.source}")
    for checked in found.designs:
        _show_design(checked)
    if found.notices:
        show("", *(f"notice   {notice}" for notice in found.notices))
    if found.source is None:
        say("checked by themselves: no source database is configured; name one with --source-db PATH")


def _show_design(checked: Checked) -> None:
    from migration_tool.cli.console import show
    from migration_tool.cli.render import heading
    from migration_tool.cli.text import count

    design = checked.design
    parts = (
        count(len(design.entities), "entity", "entities"),
        count(len(design.indexes), "index", "indexes"),
        count(len(design.patterns), "access pattern"),
    )
    verdict = "its data does not fit" if checked.faults else "sound"
    show(heading(f"{design.name}: {verdict}; {', '.join(parts)}", "bold red" if checked.faults else "bold"))
    show(*(_marked("fault  ", line) for line in checked.faults))
    show(*(_marked("warning", line) for line in checked.warnings))
    if checked.figures:
        _show_figures(checked.figures)


def _marked(word: str, line: str) -> str:
    return f"{' ' * len(word) if line.startswith('  ') else word}  {line}"


def _show_figures(figures: TableFigures) -> None:
    from migration_tool.cli.console import show
    from migration_tool.cli.render import table
    from migration_tool.cli.text import size

    columns = ("entity", ">rows", ">left out", ">rejected", ">items", ">bytes", ">largest")
    entities = [
        (e.name, e.rows, e.dropped, e.refused, e.items, size(e.bytes), size(e.largest_bytes))
        for e in figures.entities
    ]
    show(table(columns, entities))
    members = [
        (index.name, entity.name, entity.members[index.name], entity.items)
        for index in figures.indexes
        for entity in figures.entities
        if index.name in entity.members
    ]
    if members:
        show("", table(("in the index", "entity", ">items", ">of"), members))
    spreads = [row for spread in (figures.table, *figures.indexes) for row in _spread_rows(spread)]
    if spreads:
        headings = ("partition keys of", ">count", "hottest", ">of its writes", "largest", ">items", ">bytes")
        show("", table(headings, spreads))


def _spread_rows(spread: Spread) -> Iterator[tuple[str | int, ...]]:
    """A local index has no writes of its own."""
    from migration_tool.cli.text import size

    name, count = spread.name or "the table", f"{spread.keys:,}"
    for hot, large in zip(spread.hottest[:_KEYS], spread.largest, strict=False):
        own = (hot.key, f"{hot.share:.1%}") if hot.share else (name and "with the table's", "-")
        yield name, count, *own, large.key, large.items, size(large.bytes)
        name = count = ""
