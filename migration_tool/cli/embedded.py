"""`embedded`: the DynamoDB on this machine that needs no account."""

from __future__ import annotations

from pathlib import Path

import click

from migration_tool.cli.options import Command, Globals, as_json


@click.group(invoke_without_command=False)
def embedded() -> None:
    """Start, stop or look for the embedded DynamoDB.

    One server per state folder, on a free port of this machine. Its tables live in its memory: they are
    gone when it stops.
    """


@embedded.command("start", cls=Command)
@click.pass_obj
def start(shared: Globals) -> None:
    """Start it, unless it runs already, and print its URL."""
    from migration_tool import embedded as server
    from migration_tool.cli.console import line, say

    found = server.start(_state_dir(shared))
    say(f"The embedded DynamoDB runs as process {found.pid}")
    line(found.url)


@embedded.command("stop", cls=Command)
@click.pass_obj
def stop(shared: Globals) -> None:
    """End it; its tables are gone then."""
    from migration_tool import embedded as server
    from migration_tool.cli.console import say

    stopped = server.stop(_state_dir(shared))
    say("It has stopped, and its tables are gone" if stopped else "No embedded DynamoDB runs here")


@embedded.command("status", cls=Command)
@as_json("the server, or null,")
@click.pass_obj
def status(shared: Globals, as_json: bool) -> None:
    """Say whether it runs, and where."""
    import json
    from dataclasses import asdict

    from migration_tool import embedded as server
    from migration_tool.cli.console import data, line

    found = server.find(_state_dir(shared))
    if as_json:
        data(json.dumps(asdict(found) if found else None))
    else:
        line(f"running at {found.url}, process {found.pid}" if found else "not running")


def _state_dir(shared: Globals) -> Path:
    """Where a configuration of that path has its state, whether or not the file is there."""
    from migration_tool.config import base_folder

    return base_folder(shared.config) / "state"
