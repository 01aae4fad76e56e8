"""`design show`: what designs say and make of the source, on the terminal, as JSON, and as a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from migration_tool.cli.options import Globals, as_json, command

if TYPE_CHECKING:
    from migration_tool.config import Config
    from migration_tool.showing.overview import Shown, ShownIndex, ShownTable


@command()
@click.argument("designs", nargs=-1, metavar="[FILE|DESIGN]...")
@click.option(
    "--source-db",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="The database to read; beats the configuration, and needs none.",
)
@as_json("what designs say")
@click.option(
    "--html", type=click.Path(path_type=Path), metavar="PATH", help="Write one page with pictures and items."
)
@click.pass_obj
def show(
    shared: Globals, designs: tuple[str, ...], source_db: Path | None, as_json: bool, html: Path | None
) -> None:
    """Show what designs make of the source: keys, entities, attributes, access patterns.

    Takes the named files, or designs and tables of the configuration, or all of its designs; reads the first
    rows of each entity, and no target. The page of --html also has the tables of the source and their
    references, item collections of the table and of each index, and an example of each access pattern. It
    holds real items and needs no network.
    """
    from migration_tool.cli.console import data, say
    from migration_tool.cli.files import require_folder, write_whole
    from migration_tool.showing.overview import overview
    from migration_tool.verify.json_form import json_text

    if html:
        require_folder("show the designs", html)
    config = _config(shared, designs, source_db)
    found = overview(config, designs)
    if html:
        write_whole("show the designs", html, _page(found), "--html")
        say(f"Wrote {html}")
    if as_json:
        data(json_text(found.to_json()))
    elif not html:
        for table in found.tables:
            _show(table)


def _config(shared: Globals, designs: Sequence[str], source_db: Path | None) -> Config:
    """One of these files where a database is named and no configuration is there."""
    from migration_tool.config import Config
    from migration_tool.design.draft import each
    from migration_tool.design.load import load_design
    from migration_tool.job import chosen_files

    if source_db is None:
        return shared.load()
    if found := shared.load_if_there({"source_db": source_db}):
        return found
    named = each(chosen_files(None, designs), load_design)
    return Config.of(source_db, named, allow_code=bool(shared.allow_code))


def _page(found: Shown) -> str:
    from time import time

    from migration_tool.showing.page import to_html
    from migration_tool.verify.report import iso_time

    return to_html(found, iso_time(time()))


def _show(found: ShownTable) -> None:
    from migration_tool.cli.console import show
    from migration_tool.cli.render import heading, table
    from migration_tool.showing.costing import in_words

    show(heading(f"{found.name}  (table {found.table})"), *([found.description] if found.description else []))
    entities = [
        (e.name, e.source_table, e.rows, e.average_bytes, e.largest_bytes, e.says) for e in found.entities
    ]
    columns = ("entity", "source table", ">rows", ">bytes on average", ">largest", "besides")
    show("", table(columns, entities), "", in_words(found.cost))
    show("", table(("keys of", "entity", "partition key", "sort key"), _keys(found)))
    indexes = [(i.name, "local" if i.local else "global", _projected(i)) for i in found.indexes]
    if indexes:
        show("", table(("index", "kind", "projects"), indexes))
    if found.settings:
        show("", table(("setting", "value"), list(found.settings.items())))
    attributes = [
        (e.name, a.name, " or ".join(a.types) or "absent", a.source)
        for e in found.entities
        for a in e.attributes
    ]
    show("", table(("entity", "attribute", "type", "made of"), attributes))
    patterns = [(p.signature, p.asks, p.requests) for p in found.access_patterns]
    if patterns:
        show("", table(("access pattern", "asks", ">requests"), patterns))


def _projected(index: ShownIndex) -> str:
    return "all" if index.projects is None else ", ".join(index.projects) or "keys only"


def _keys(found: ShownTable) -> list[tuple[str, ...]]:
    places = [("table", found.keys), *((index.name, index.keys) for index in found.indexes)]
    return [
        (name, entity.name, *(f"{key} = {entity.keys[key]}" for key in keys), *[""] * (2 - len(keys)))
        for name, keys in places
        for entity in found.entities
        if all(key in entity.keys for key in keys)
    ]
