"""`status`: how far the newest run is."""

from __future__ import annotations

import json

import click

from migration_tool.cli.options import Globals, as_json, command


@command()
@as_json("the run")
@click.pass_obj
def status(shared: Globals, as_json: bool) -> None:
    """Show how far the newest run is, from saved state alone: no network is used."""
    from migration_tool.cli.console import data, named, say
    from migration_tool.present import present

    found = present(shared.load(log=False), lambda warning: say(f"warning: {warning}"))
    if as_json:
        data(json.dumps(found.to_json(), ensure_ascii=False))
        return
    from migration_tool.cli.summary import show_overview

    show_overview(found)
    if found.next:
        say(named(f"next: {found.next}", shared))
