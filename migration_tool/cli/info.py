"""`info`: what a run would use, and where each value came from."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from migration_tool.cli.options import Globals, as_json, command

if TYPE_CHECKING:
    from migration_tool.about import About


@command()
@as_json("all of it")
@click.pass_obj
def info(shared: Globals, as_json: bool) -> None:
    """Show configuration, source, identity, endpoint and versions.

    Each value of the configuration comes with its origin: flag, environment, file or default. Secrets are
    never shown. What is missing is named, and is no failure; only a broken configuration is one.
    """
    from migration_tool.cli.console import data, named, say
    from migration_tool.verify.report import json_text

    found = _about(shared)
    if as_json:
        data(json_text(asdict(found)))
        return
    _show(found)
    if "config" in found.problems:
        say(named("next: migrate.py init --source-db PATH", shared))


def _about(shared: Globals) -> About:
    from migration_tool.about import about, about_nothing

    if shared.config.exists():
        return about(shared.load(log=False))
    return about_nothing(shared.config, "there is no such file")


def _show(found: About) -> None:
    from migration_tool.cli.console import show
    from migration_tool.cli.render import heading, pairs, table

    show(f"configuration  {found.config}")
    if found.settings:
        show(table(("key", "value", "from"), [(s.name, _plain(s.value), s.origin) for s in found.settings]))
    _show_source(found)
    _show_target(found)
    if found.designs:
        show(heading("designs"))
        columns = ("design", "table", ">entities", ">patterns", "file")
        rows = [(d.name, d.table, d.entities, d.access_patterns, d.problem or d.path) for d in found.designs]
        show(table(columns, rows))
    show(heading("versions"), pairs(found.versions.items()))
    if found.problems:
        show(heading("missing", "bold yellow"), pairs(found.problems.items()))


def _show_source(found: About) -> None:
    from migration_tool.cli.console import show
    from migration_tool.cli.render import heading, table
    from migration_tool.cli.text import size

    if source := found.source:
        show(heading("source"))
        show(f"{source.path}  ({size(source.size)}, {source.encoding}, journal mode {source.journal_mode})")
        total = ("together", sum(source.rows.values()))
        show(table(("table", ">rows"), list(source.rows.items()), total))


def _show_target(found: About) -> None:
    from migration_tool.cli.console import show
    from migration_tool.cli.render import heading, pairs

    if target := found.target:
        token = " with a session token" if target.session_token else ""
        rows = [("endpoint", target.endpoint), ("URL", target.url), ("region", target.region)]
        rows += [("access key", f"{target.access_key}{token}" if target.access_key else "none")]
        rows += [("identity", target.identity)] if target.identity else []
        show(heading("target"), pairs(rows))


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
