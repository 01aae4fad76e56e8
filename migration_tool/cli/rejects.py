"""`rejects`: why rows did not become items, and what helps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from migration_tool.cli.options import Globals, as_json, command

if TYPE_CHECKING:
    from migration_tool.rejected import Group, Rejected
    from migration_tool.state.store import StateStore


@command()
@click.option("--all", "every", is_flag=True, help="List every row, not only the first three of a group.")
@as_json("the rows, grouped")
@click.pass_obj
def rejects(shared: Globals, every: bool, as_json: bool) -> None:
    """Show the rejected rows of the newest run, why each was, and what usually helps.

    Read from saved state alone. Mend the rows in the source, or the design, then send just these rows again
    with retry-rejects.
    """
    from migration_tool.cli.console import data, named, say
    from migration_tool.rejected import EXAMPLES, rejected
    from migration_tool.state.store import StateStore
    from migration_tool.verify.json_form import json_text

    store = StateStore(shared.load(log=False).state_dir)
    found = rejected(store, None if every else EXAMPLES)
    for warning in store.warnings:
        say(f"warning: {warning}")
    if as_json:
        data(json_text(found.to_json()))
        return
    _show(found, store)
    if found.rows:
        say(named("next: mend the rows or the design, then migrate.py retry-rejects", shared))


def _show(found: Rejected, store: StateStore) -> None:
    from migration_tool.cli.console import show
    from migration_tool.cli.text import count

    if found.run_id is None:
        show("rejected  nothing: no run is saved here")
        return
    show(f"rejected  {count(found.rows, 'row')} of run {found.run_id}, in {store.rejects_path(found.run_id)}")
    for group in found.groups:
        _show_group(group)


def _show_group(group: Group) -> None:
    from migration_tool.cli.console import show
    from migration_tool.cli.render import heading, pairs, table
    from migration_tool.cli.text import count
    from migration_tool.rejected import key_text

    rows = [(r.source_table, key_text(r.source_key), r.attempts, r.reason) for r in group.examples]
    show(
        heading(f"{group.table}.{group.entity}  {group.rule}: {count(group.rows, 'row')}"),
        pairs([("cause", group.cause), ("remedy", group.remedy)]),
        "",
        table(("source table", "key", ">attempts", "reason"), rows),
    )
    if group.rows > len(rows):
        show(f"and {group.rows - len(rows):,} more: --all lists them")
