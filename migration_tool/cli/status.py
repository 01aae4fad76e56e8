"""`status`: how far the newest run is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from migration_tool.cli.options import Globals, as_json, command

if TYPE_CHECKING:
    from migration_tool.config import Config
    from migration_tool.overview import Overview
    from migration_tool.state.control import Wish
    from migration_tool.state.store import StateStore


@command()
@as_json("the run")
@click.pass_obj
def status(shared: Globals, as_json: bool) -> None:
    """Show how far the newest run is, from saved state alone: no network is used."""
    from migration_tool.cli.console import data, named, say

    found = _overview(shared.load(log=False))
    if as_json:
        data(json.dumps(found.to_json(), ensure_ascii=False))
        return
    from migration_tool.cli.summary import show_overview

    show_overview(found)
    if found.next:
        say(named(f"next: {found.next}", shared))


def _overview(config: Config) -> Overview:
    from migration_tool import embedded
    from migration_tool.cli.console import say
    from migration_tool.overview import overview
    from migration_tool.state.lock import is_held
    from migration_tool.state.store import StateStore

    store = StateStore(config.state_dir)
    running = is_held(config.state_dir / ".lock")
    server = embedded.find(config.state_dir)
    checkpoint = store.latest()
    wish = _wish(store, checkpoint.run_id) if checkpoint else None
    for warning in store.warnings:
        say(f"warning: {warning}")
    return overview(checkpoint, server.instance if server else None, running, wish)


def _wish(store: StateStore, run_id: str) -> Wish | None:
    """A file that cannot be used is not followed by the run either."""
    from migration_tool.errors import StateError
    from migration_tool.state.control import read_wish

    try:
        return read_wish(store.control_path(run_id))
    except StateError as error:
        store.warnings.append(str(error))
        return None
