"""`design check`: the faults of designs, before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from migration_tool.cli.options import Globals, as_json, command
from migration_tool.errors import DesignError, Fault

if TYPE_CHECKING:
    from migration_tool.design.model import Design


@command()
@click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path(path_type=Path))
@as_json("the faults")
@click.pass_obj
def check(shared: Globals, files: tuple[Path, ...], as_json: bool) -> None:
    """Find the faults of designs; no target is needed.

    Reads the named files, or the designs of the configuration, and compares them with the source database:
    every table, column and alias, and every access pattern. All faults of a file are named at once, each with
    line, column and remedy.
    """
    from migration_tool.checking.designs import check_designs
    from migration_tool.cli.console import line

    try:
        found = check_designs(shared.load(), files)
    except DesignError as error:
        if as_json:
            _print_json([], error.found or [Fault("", error.cause, error.hint, error.obj)])
        raise
    if as_json:
        _print_json([compiled.design for compiled in found], [])
        return
    for compiled in found:
        line(f"{compiled.name}: sound; {len(compiled.entities)} entities")


def _print_json(designs: Sequence[Design], faults: Sequence[Fault]) -> None:
    from dataclasses import asdict

    from migration_tool.cli.console import data
    from migration_tool.verify.json_form import json_text

    sound = [{"name": design.name, "path": design.path} for design in designs]
    data(json_text({"designs": sound, "faults": [asdict(fault) for fault in faults]}))
