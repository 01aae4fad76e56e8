"""`sample`: a database to try the tool on."""

from __future__ import annotations

from pathlib import Path

import click

from migration_tool.cli.options import Globals, command


@command()
@click.option(
    "--scale", type=click.IntRange(min=1), default=1, show_default=True, metavar="N",
    help="1 has exactly Chinook's table sizes; N has N times the rows.",
)  # fmt: skip
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, metavar="PATH", help="The file to write."
)
@click.option("-f", "--force", is_flag=True, help="Replace the file if it exists.")
@click.pass_obj
def sample(shared: Globals, scale: int, out: Path, force: bool) -> None:
    """Write a sample database in the Chinook schema, the same on every machine."""
    from migration_tool import sample as maker
    from migration_tool.cli.console import line, named, say

    maker.write(out, scale, overwrite=force)
    say(f"Wrote {sum(maker.row_counts(scale).values()):,} rows at scale {scale:,}")
    line(str(out))
    say(named(f"next: migrate.py init --source-db {out}", shared))
