"""`query`: one access pattern against the target."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from migration_tool.cli.options import Globals, as_json, command

if TYPE_CHECKING:
    from migration_tool.config import Config
    from migration_tool.design.model import Design


@command()
@click.argument("table", help="Its design, or its table with or without the prefix.")
@click.argument("pattern", required=False, help="One of the design's access patterns.")
@click.argument("parameters", nargs=-1, metavar="[NAME=VALUE]...", help="The pattern's parameters.")
@as_json("one item per line")
@click.pass_obj
def query(
    shared: Globals, table: str, pattern: str | None, parameters: tuple[str, ...], as_json: bool
) -> None:
    """Run one access pattern of a design and print the items.

    Without PATTERN the access patterns of TABLE are listed. Example:

    \b
      query music_catalog tracks_of_album album_id=1
    """
    from migration_tool.ask import ask
    from migration_tool.cli.console import line, say
    from migration_tool.cli.items import ordered

    config = shared.load()
    design = _design(config, table)
    if pattern is None:
        _list(design, line)
        return
    words = _words(parameters)
    if design.pattern(pattern) is None:
        _list(design, say)
    items = map(ordered, ask(config, table, pattern, words))
    if as_json:
        _print_lines(items)
    else:
        _print_items(list(items))


def _design(config: Config, table: str) -> Design:
    from migration_tool.job import find_design, selected

    (name,) = selected(config, [table])
    return find_design(config, name)


def _list(design: Design, put: Callable[[str], None]) -> None:
    from migration_tool.showing.questions import signature

    put(": ".join(filter(None, (design.name, design.description))))
    for pattern in design.patterns:
        put(f"  {signature(pattern)}")
        if pattern.description:
            put(f"      {pattern.description}")


def _words(parameters: Sequence[str]) -> dict[str, str]:
    """`name=value` arguments by name. Raises UsageError."""
    from migration_tool.errors import UsageError

    words: dict[str, str] = {}
    for parameter in parameters:
        name, equals, value = parameter.partition("=")
        if not equals or not name:
            hint = "Write NAME=VALUE, as in album_id=1."
            raise UsageError("read the parameters", parameter, "it is not of the form NAME=VALUE", hint)
        if name in words:
            raise UsageError("read the parameters", name, "it is given twice", "Give each parameter once.")
        words[name] = value
    return words


def _print_lines(items: Iterable[dict[str, Any]]) -> None:
    from migration_tool.cli.console import data
    from migration_tool.verify.json_form import json_text

    for item in items:
        data(json_text(item, indent=False))


def _print_items(items: Sequence[dict[str, Any]]) -> None:
    """One item as a list of its attributes; several as a table of those that fit."""
    from migration_tool.cli.console import say, show, width
    from migration_tool.cli.items import item_list, item_table
    from migration_tool.cli.text import count

    if len(items) == 1:
        show(item_list(items[0]))
    elif items:
        found, hidden = item_table(items, width())
        show(found)
        if hidden:
            say(f"not shown: {', '.join(hidden)} (--json shows all)")
    say(count(len(items), "item"))
