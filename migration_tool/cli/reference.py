"""docs/cli.md, made from the commands: `python -m migration_tool.cli.reference [--check] docs/cli.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from inspect import cleandoc

import click

from migration_tool.cli.group import EXIT_CODES, cli
from migration_tool.cli.options import GLOBAL, Globals
from migration_tool.design.reference import keep_current

PROGRAM = "migrate-dynamodb"
_HEAD = f"""\
# Command reference

Made from the commands by `python -m migration_tool.cli.reference docs/cli.md`; do not edit it by hand.

In a checkout the program is `python migrate.py`, after `pip install` it is `{PROGRAM}`; both are the same.

Results go to stdout; progress, notices and errors go to stderr. With `--json` there is nothing but data on
stdout; docs/json.md describes it. On a terminal a run shows bars, elsewhere a plain line now and then.
Colours are for terminals only; `NO_COLOR=1` switches them off.
"""
_COMPLETION = f"""\
## Shell completion

The installed command completes its commands and options. Add one line to the shell's start file:

| Shell | File | Line |
|---|---|---|
| bash | `~/.bashrc` | `eval "$(_MIGRATE_DYNAMODB_COMPLETE=bash_source {PROGRAM})"` |
| zsh | `~/.zshrc` | `eval "$(_MIGRATE_DYNAMODB_COMPLETE=zsh_source {PROGRAM})"` |
| fish | `~/.config/fish/config.fish` | `_MIGRATE_DYNAMODB_COMPLETE=fish_source {PROGRAM} \\| source` |
"""
_SIGNALS = """\
An error names the operation, the object, the cause and the next command. A traceback comes only with `-v`.

During `migrate`, `resume` and `retry-rejects` the first Ctrl-C, SIGTERM or SIGHUP lets what is on its way
arrive, saves the place and ends with 130; a second one leaves at once, also with 130. `resume` goes on after
either. Other commands have nothing to save: they end at the first signal.
"""


def reference() -> str:
    """The whole document."""
    return "\n".join([_HEAD, *_globals(), *_commands(), *_exit_codes(), _COMPLETION])


def commands() -> Iterator[tuple[click.Context, click.Command]]:
    """Every command with its context, the subcommands of groups included."""
    top = click.Context(cli, info_name=PROGRAM, obj=Globals(), terminal_width=100)
    for name in cli.list_commands(top):
        found = cli.get_command(top, name)
        if found is not None:
            yield from _with_children(click.Context(found, top, name), found)


def _with_children(
    context: click.Context, found: click.Command
) -> Iterator[tuple[click.Context, click.Command]]:
    yield context, found
    if isinstance(found, click.Group):
        for name in found.list_commands(context):
            child = found.get_command(context, name)
            if child is not None:
                yield from _with_children(click.Context(child, context, name), child)


def _globals() -> Iterator[str]:
    yield "## Global options\n\nThey may stand before the command or after it.\n"
    yield from _options(click.Context(cli, info_name=PROGRAM, obj=Globals()), cli.params)


def _commands() -> Iterator[str]:
    for context, found in commands():
        level = "##" if context.parent and context.parent.parent is None else "###"
        usage = " ".join(found.collect_usage_pieces(context))
        yield f"{level} {context.command_path.removeprefix(PROGRAM).strip()}\n"
        yield f"```\n{context.command_path} {usage}\n```\n"
        yield f"{_text(found.help or '')}\n"
        yield from _options(context, [p for p in found.params if p.name not in GLOBAL])


def _text(help_text: str) -> str:
    """The help with its examples as code blocks."""
    parts = [part.strip("\n") for part in cleandoc(help_text).replace("\b\n", "\b").split("\n\n")]
    return "\n\n".join(f"```\n{p[1:]}\n```" if p.startswith("\b") else p for p in parts)


def _options(context: click.Context, params: Sequence[click.Parameter]) -> Iterator[str]:
    records = [record for param in params if (record := param.get_help_record(context))]
    if records:
        yield "| | |\n|---|---|"
        for option, meaning in records:
            cells = [cell.replace("|", "\\|") for cell in (option, meaning)]
            yield f"| `{cells[0]}` | {cells[1]} |"
        yield ""


def _exit_codes() -> Iterator[str]:
    yield "## Exit codes\n\n| Code | Meaning |\n|---|---|"
    yield from (f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items())
    yield f"\n{_SIGNALS}"


def main(arguments: Sequence[str]) -> int:
    """As `keep_current`."""
    return keep_current(arguments, "docs/cli.md", reference())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
