"""The command line: parse, build, call, render. `main` is what migrate.py and `migrate-dynamodb` run."""

from __future__ import annotations

import sys
from typing import NoReturn

from migration_tool.interpreter import seldom_search_for_cycles


def main() -> NoReturn:
    """Runs the command of `sys.argv` and ends the process with its exit code."""
    seldom_search_for_cycles()
    from migration_tool.cli.console import run
    from migration_tool.cli.group import cli

    sys.exit(run(cli))
