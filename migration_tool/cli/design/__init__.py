"""`design`: what can be done with a design before anything is written."""

from __future__ import annotations

import click

from migration_tool.cli.group import LazyGroup

COMMANDS = {
    "check": "Find what is wrong with designs; no target is needed.",
    "schema": "Print the JSON Schema of the design language, for editors.",
    "export": "Write the tables of designs for another tool.",
    "show": "Show what designs make of the source: keys, entities, attributes, access patterns.",
}
"""As in `cli.group`: every subcommand with the first sentence of its help."""


@click.command(cls=LazyGroup, package=__name__, lines=COMMANDS)
def design() -> None:
    """Check, show and export designs; nothing is written to a target."""
