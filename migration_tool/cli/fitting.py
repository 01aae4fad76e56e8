"""Ways of doing a command that do not follow all of its options."""

from __future__ import annotations

from collections.abc import Collection

import click
from click.core import ParameterSource

from migration_tool.cli.options import GLOBAL


def require_fitting(instead: str, fitting: Collection[str], cause: str) -> None:
    """Raises UsageError naming the options of this call that have no effect where it is done in that way.

    instead  what else can be done, for the hint
    fitting  names of the parameters that it follows, beside the global ones
    """
    from migration_tool.errors import UsageError

    context = click.get_current_context()
    given = [
        _as_given(param, context)
        for param in context.command.params
        if param.name not in {*GLOBAL, *fitting}
        and context.get_parameter_source(str(param.name)) is ParameterSource.COMMANDLINE
    ]
    if given:
        hint = f"Leave them out, or {instead}."
        raise UsageError("follow every option", " ".join(given), cause, hint)


def _as_given(param: click.Parameter, context: click.Context) -> str:
    """The name that was typed: of a flag with two names the one of its value."""
    off = context.params.get(str(param.name)) is False
    return (param.secondary_opts if off else param.opts)[-1]
