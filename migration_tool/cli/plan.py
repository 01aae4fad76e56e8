"""`plan`: what a migration would do and cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from migration_tool.cli.options import Globals, as_json, command

if TYPE_CHECKING:
    from migration_tool.plan import Plan


@command()
@click.option(
    "-t", "--table", "--tables", "tables", multiple=True, metavar="TABLE", help="Only this table; repeatable."
)
@as_json("the plan")
@click.pass_obj
def plan(shared: Globals, tables: tuple[str, ...], as_json: bool) -> None:
    """Show what a migration would do and cost; reads everything, writes nothing.

    Every row is transformed: source rows, items, bytes, write units with indexes, the largest item, time and
    cost, the tables to be created, and everything that would be refused.
    """
    from migration_tool.cli.console import data, named, say
    from migration_tool.plan import make_plan
    from migration_tool.verify.json_form import json_text

    found = make_plan(shared.load(), tables)
    if as_json:
        data(json_text(found.to_json()))
        return
    _show(found)
    say(named("next: migrate.py migrate", shared))


def _show(plan: Plan) -> None:
    from migration_tool.cli.console import show
    from migration_tool.cli.render import heading, table
    from migration_tool.cli.text import duration, size

    show(f"source  {plan.source}")
    for planned in plan.tables:
        state = {True: "exists", False: "will be created", None: f"not known: {planned.note}"}[planned.exists]
        show(
            heading(
                f"{planned.table}  ({planned.name}; {state}; indexes {', '.join(planned.indexes) or 'none'})"
            )
        )
        columns = (
            "entity",
            "source table",
            ">rows",
            ">items",
            ">bytes",
            ">write units",
            ">largest item",
            "its key",
        )
        rows = [
            (e.name, e.source_table, e.rows, e.items, size(e.bytes), e.write_units, size(e.largest_bytes),
             " / ".join(e.largest_key or ()))
            for e in planned.entities
        ]  # fmt: skip
        show(table(columns, rows))
    show(
        heading(f"together  {plan.items:,} items, {plan.write_units:,} write units"),
        f"estimate  {duration(plan.seconds)}, ${plan.dollars:,.4f}  ({plan.to_json()['estimate']['basis']})",
    )
    _show_refusals(plan)


def _show_refusals(plan: Plan) -> None:
    from migration_tool.cli.console import show
    from migration_tool.cli.text import count

    if not plan.refused:
        show("refused   nothing")
        return
    show(f"refused   {count(plan.refused, 'row')}")
    for planned in plan.tables:
        for entity in planned.entities:
            for refusal in entity.refusals:
                show(f"  {planned.name}.{entity.name}: {count(refusal.rows, 'row')}, {refusal.rule}")
                for example in refusal.examples:
                    show(f"    {example}")
        for collision in planned.collisions:
            show(f"  {planned.name}: {collision}")
