"""The command group. A command's module is imported when the command is called, so help is quick."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, cast

import click

from migration_tool import __version__
from migration_tool.cli.options import global_options

COMMANDS = {
    "init": "Check the source database and write the configuration.",
    "plan": "Show what a migration would do and cost; writes nothing.",
    "migrate": "Create the tables, load them, and prove the result.",
    "resume": "Continue the unfinished run from its exact place.",
    "design": "Check, show and export designs; nothing is written to a target.",
    "rejects": "Show the rejected rows, why each was, and what usually helps.",
    "retry-rejects": "Send the rejected rows again, once they are mended.",
    "tune": "Limit, pause or continue a run while it runs.",
    "status": "Show how far the newest run is, from saved state alone.",
    "validate": "Compare every item with the source, and try the access patterns.",
    "query": "Run one access pattern of a design and print the items.",
    "reset": "Clear the saved state of all runs; never touches tables.",
    "info": "Show configuration, source, identity, endpoint and versions.",
    "sample": "Write a sample database in the Chinook schema.",
    "embedded": "Start, stop or look for the embedded DynamoDB.",
}
"""Every command with the first sentence of its help; its module has its name, with _ for -."""

EXIT_CODES: Mapping[int, str] = {
    0: "done",
    1: "internal error: a bug, or output that cannot be written",
    2: "usage: the command line asks for something that is not there",
    3: "configuration or design",
    4: "source database",
    5: "target: tables, credentials, network",
    6: "state: files, lock, a run that does not match the world",
    7: "differences found between source and target",
    8: "more rejected rows than the budget allows (max_rejects)",
    9: "stopped by a lasting fault, resumable",
    130: "interrupted (Ctrl-C, SIGTERM, SIGHUP), resumable",
    141: "the reader of the output went away, as in `| head`",
}


class LazyGroup(click.Group):
    """Knows the names and help lines of its commands without importing them.

    package  where each command is: in the module of its name, with _ for -
    lines    its commands in order, each with the first sentence of its help
    """

    def __init__(self, *, package: str, lines: Mapping[str, str], **settings: Any) -> None:
        super().__init__(**settings)
        self.package, self.lines = package, lines

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.lines)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.lines:
            return None
        name = cmd_name.replace("-", "_")
        return cast(click.Command, getattr(import_module(f"{self.package}.{name}"), name))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(self.lines.items()))


@click.command(
    cls=LazyGroup,
    package="migration_tool.cli",
    lines=COMMANDS,
    params=global_options(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, message="%(prog)s %(version)s", help="Show the version and exit.")
def cli() -> None:
    """Move a SQLite database into DynamoDB single-table designs: stop anywhere, resume, prove it.

    Results go to stdout; progress, notices and errors go to stderr. A first run:

    \b
      sample --scale 1 --out data/sample.sqlite
      --endpoint embedded init --source-db data/sample.sqlite
      plan
      migrate
      validate
    """
