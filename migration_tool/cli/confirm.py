"""Questions that have to be answered with yes before something is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from migration_tool.model import Confirm, Question

if TYPE_CHECKING:
    from migration_tool.cli.progress import Watch

yes = click.option(
    "-y", "--yes", is_flag=True,
    help="Agree without being asked, for scripts: to a new target, and to what is replaced or deleted.",
)  # fmt: skip
"""The option of the commands that write."""


def confirmation(agreed: bool, watch: Watch) -> Confirm:
    """Tells the facts, and asks unless --yes was given. Raises UsageError where there is nobody to ask."""
    from migration_tool.cli.console import ask, on_terminal, say
    from migration_tool.errors import UsageError

    def confirm(question: Question) -> bool:
        for fact in question.facts:
            say(fact)
        if agreed:
            return True
        if not on_terminal():
            cause, hint = "there is no terminal to ask on", "Repeat the command with --yes, if that is meant."
            raise UsageError(question.operation, question.obj, cause, hint)
        with watch.paused():
            return ask(question.text)

    return confirm
