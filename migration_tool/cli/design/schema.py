"""`design schema`: the JSON Schema of the design language."""

from __future__ import annotations

from migration_tool.cli.options import command


@command()
def schema() -> None:
    """Print the JSON Schema of the design language, for editors.

    \b
    migrate.py design schema > config/design.schema.json
    """
    from migration_tool.cli.console import data
    from migration_tool.design.language import SCHEMA

    data(SCHEMA.read_text("utf-8").rstrip("\n"))
