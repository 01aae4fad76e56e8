"""`reset`: clears the saved state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from migration_tool.cli.options import Globals, command

if TYPE_CHECKING:
    from migration_tool.model import Question


@command()
@click.option("--confirm", is_flag=True, help="Do it without asking.")
@click.option("--dry-run", is_flag=True, help="Only name what would be removed.")
@click.pass_obj
def reset(shared: Globals, confirm: bool, dry_run: bool) -> None:
    """Clear the saved state of all runs, after naming each; tables and objects are never touched.

    Removes state files, reject files and private copies of the source. Refuses while a run is running.
    """
    from migration_tool.clearing import clear, described
    from migration_tool.cli.console import line, say

    def agreed(question: Question) -> bool:
        for fact in question.facts:
            line(fact)
        return confirm or _agreed(question)

    config = shared.load()
    found = clear(config.state_dir, dry_run, agreed)
    if not found.runs:
        say("No run is saved here; there is nothing to clear")
    elif dry_run:
        for told in described(found.runs):
            line(told)
        say("Nothing was removed (--dry-run)")
    elif found.removed:
        settings = config.settings
        place = "/".join(filter(None, (settings.oversize_bucket, settings.oversize_prefix.strip("/"))))
        objects = f", and so are the objects of large items in s3://{place}" if place else ""
        say(f"The state is cleared; the tables are as they were{objects}")
    else:
        say("Nothing was removed")


def _agreed(question: Question) -> bool:
    from migration_tool.cli.console import ask, on_terminal
    from migration_tool.errors import UsageError

    if not on_terminal():
        hint = "migrate.py reset --confirm"
        raise UsageError(question.operation, question.obj, "there is no terminal to ask on", hint)
    return ask(question.text)
