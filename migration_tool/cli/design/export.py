"""`design export`: designs in the form of other tools."""

from __future__ import annotations

from pathlib import Path

import click

from migration_tool.cli.options import Globals, command

FORMATS = ("cloudformation", "terraform", "cdk-json", "nosql-workbench", "json")
ITEMS = 10
"""Both as in `exporting.export`, which is not imported to show the help."""


@command()
@click.argument("designs", nargs=-1, metavar="[FILE|DESIGN]...")
@click.option("--format", "form", required=True, type=click.Choice(FORMATS), help="For which tool.")
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="PATH", help="Write this file instead of stdout."
)
@click.option("--prefix", metavar="TEXT", help="Put this before the names of tables, not the configured one.")
@click.option(
    "--items", type=click.IntRange(min=0), metavar="N",
    help=f"Put at most N real items of each entity into a NoSQL Workbench model.  [default: {ITEMS}]",
)  # fmt: skip
@click.pass_obj
def export(
    shared: Globals,
    designs: tuple[str, ...],
    form: str,
    out: Path | None,
    prefix: str | None,
    items: int | None,
) -> None:
    """Write the tables of designs for another tool.

    Takes the named files, or designs and tables of the configuration, or all of its designs. Only
    nosql-workbench reads the source database, for items to show; without a configuration the other formats
    take files. docs/export.md shows how each is used. Example:

    \b
      design export --format terraform --out tables.tf.json
    """
    from datetime import datetime

    from migration_tool.cli.console import data, say
    from migration_tool.cli.files import require_folder, write_whole
    from migration_tool.exporting.export import export as exporting

    if out:
        require_folder("export the designs", out)
    config = shared.load_if_there()
    exported = exporting(form, config, designs, items, datetime.now().astimezone(), prefix)
    for sentence in exported.left_out:
        say(f"not in the model: {sentence}")
    if out:
        write_whole("export the designs", out, exported.text, "--out")
        say(f"Wrote {out}")
    else:
        data(exported.text.removesuffix("\n"))
