"""`design check`: the faults of designs, before anything is written."""

from __future__ import annotations

from pathlib import Path

import click

from migration_tool.cli.options import Globals, command


@command()
@click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path(path_type=Path))
@click.pass_obj
def check(shared: Globals, files: tuple[Path, ...]) -> None:
    """Find the faults of designs; no target is needed.

    Reads the named files, or the designs of the configuration, and compares them with the source database:
    every table, column and alias, and every access pattern. All faults are named at once.
    """
    from migration_tool.checking.designs import check_designs
    from migration_tool.cli.console import line

    for found in check_designs(shared.load(), files):
        line(f"{found.name}: sound; {len(found.entities)} entities")
