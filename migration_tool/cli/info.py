"""`info`: what a run would use, and where each value came from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from migration_tool.cli.options import Globals, as_json, command

if TYPE_CHECKING:
    from migration_tool.about import About


def _account(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    if value is not None and not re.fullmatch("[0-9]{12}", value):
        raise click.BadParameter("an account has 12 digits")
    if value is not None and not context.params.get("command"):
        raise click.BadParameter("it belongs to --iam-policy")
    return value


@command()
@as_json("all of it")
@click.option(
    "--iam-policy", "command", is_eager=True, metavar="COMMAND",
    help='Print instead the least IAM policy for COMMAND, as in "migrate" or "migrate --force".',
)  # fmt: skip
@click.option(
    "--account", callback=_account, metavar="ID",
    help="The AWS account of the policy.  [default: that of the credentials, by STS]",
)  # fmt: skip
@click.pass_obj
def info(shared: Globals, as_json: bool, command: str | None, account: str | None) -> None:
    """Show configuration, source, identity, endpoint and versions.

    Each value of the configuration comes with its origin: flag, environment, file or default. Secrets are
    never shown. What is missing is named, and is no failure; only a broken configuration is one.

    With --iam-policy: the least policy for one command on the configured tables, in the configured region.
    """
    from migration_tool.cli.console import data, named, say
    from migration_tool.verify.json_form import json_text

    if command is not None:
        _show_policy(shared, command, account)
        return
    found = _about(shared)
    if as_json:
        data(json_text(found.to_json()))
        return
    _show(found)
    if "config" in found.problems:
        say(named("next: migrate.py init --source-db PATH", shared))


def _show_policy(shared: Globals, command: str, account: str | None) -> None:
    from migration_tool.cli.console import data, say
    from migration_tool.permissions import policy
    from migration_tool.verify.json_form import json_text

    found = policy(shared.load(log=False), command, account)
    data(json_text(found))
    if not found["Statement"]:
        say(f"{command} needs no permission")


def _about(shared: Globals) -> About:
    from migration_tool.about import about, about_nothing

    if shared.config.exists():
        return about(shared.load(log=False))
    return about_nothing(shared.config, "there is no such file")


def _show(found: About) -> None:
    from migration_tool.cli.console import show
    from migration_tool.cli.render import heading, pairs, table

    show(f"configuration  {found.config}")
    if found.settings:
        show(table(("key", "value", "from"), [(s.name, _plain(s.value), s.origin) for s in found.settings]))
    _show_source(found)
    _show_target(found)
    if found.designs:
        show(heading("designs"))
        columns = ("design", "table", ">entities", ">patterns", "file")
        rows = [(d.name, d.table, d.entities, d.access_patterns, d.problem or d.path) for d in found.designs]
        show(table(columns, rows))
    show(heading("versions"), pairs(found.versions.items()))
    if found.problems:
        show(heading("missing", "bold yellow"), pairs(found.problems.items()))


def _show_source(found: About) -> None:
    from migration_tool.cli.console import show
    from migration_tool.cli.render import heading, table
    from migration_tool.cli.text import size

    if source := found.source:
        show(heading("source"))
        show(f"{source.path}  ({size(source.size)}, {source.encoding}, journal mode {source.journal_mode})")
        total = ("together", sum(source.rows.values()))
        show(table(("table", ">rows"), list(source.rows.items()), total))


def _show_target(found: About) -> None:
    from migration_tool.cli.console import show
    from migration_tool.cli.render import heading, pairs

    if target := found.target:
        token = " with a session token" if target.session_token else ""
        rows = [("endpoint", target.endpoint), ("URL", target.url), ("region", target.region)]
        rows += [("access key", f"{target.access_key}{token}" if target.access_key else "none")]
        rows += [("identity", target.identity)] if target.identity else []
        show(heading("target"), pairs(rows))


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
