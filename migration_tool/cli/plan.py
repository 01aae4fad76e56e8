"""`plan`: what a migration would do and cost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from migration_tool.cli.options import Globals, as_json, command

if TYPE_CHECKING:
    from migration_tool.costs import Month
    from migration_tool.planning import Plan, PlannedTable

_WAYS = {
    "on_demand": "write, on demand",
    "pre_warmed": "write, pre-warmed",
    "provisioned": "write, provisioned",
    "s3_import": "import from S3",
}
_WORDS = {
    "on_demand": "on demand", "provisioned": "provisioned",
    "standard": "Standard", "infrequent_access": "Standard-IA",
}  # fmt: skip


@command()
@click.option(
    "-t", "--table", "--tables", "tables", multiple=True, metavar="TABLE", help="Only this table; repeatable."
)
@click.option(
    "--prices",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Prices in the form of config/prices.yaml; beats the environment and the file.",
)
@click.option(
    "--wcu",
    metavar="N",
    type=click.IntRange(1),
    default=4_000,
    show_default=True,
    help="Write units a second for a load with provisioned capacity, all tables and indexes together.",
)
@click.option(
    "--reads-per-second",
    "reads",
    metavar="R",
    type=float,
    default=10,
    show_default=True,
    help="Items that an application reads afterwards, eventually consistent.",
)
@click.option(
    "--writes-per-second",
    "writes",
    metavar="W",
    type=float,
    default=1,
    show_default=True,
    help="Items that it writes afterwards.",
)
@click.option(
    "--current-monthly",
    "current",
    metavar="DOLLARS",
    type=float,
    help="What the database costs a month now, to compare with.",
)
@as_json("the plan")
@click.pass_obj
def plan(
    shared: Globals,
    tables: tuple[str, ...],
    prices: Path | None,
    wcu: int,
    reads: float,
    writes: float,
    current: float | None,
    as_json: bool,
) -> None:
    """Show what a migration would do and cost; reads everything, writes nothing.

    Every row is transformed: source rows, items, bytes, write units with indexes, largest items, the tables
    to be created, everything that would be refused; time and dollars of each way to load, and dollars a month
    afterwards. docs/costs.md has the formulas.
    """
    from migration_tool.cli.console import data, named, say
    from migration_tool.costs import Traffic
    from migration_tool.planning import Wishes, make_plan
    from migration_tool.verify.json_form import json_text

    wishes = Wishes(wcu, Traffic(reads, writes), current)
    found = make_plan(shared.load(flags={"prices": prices}), tables, wishes)
    if as_json:
        data(json_text(found.to_json()))
        return
    _show(found)
    say(named("next: migrate.py migrate", shared))


def _show(plan: Plan) -> None:
    from migration_tool.cli.console import show
    from migration_tool.cli.render import heading
    from migration_tool.cli.text import size

    show(f"source  {plan.source}")
    for planned in plan.tables:
        _show_table(planned)
    stored = sum(planned.figures.table.bytes for planned in plan.tables)
    copied = plan.write_units - sum(planned.figures.table.write_units for planned in plan.tables)
    show(
        heading(
            f"together  {plan.items:,} items, {size(stored)}, {plan.write_units:,} write units, "
            f"{copied:,} of them for indexes"
        )
    )
    _show_ways(plan)
    _show_months(plan)
    _show_refusals(plan)


def _show_table(planned: PlannedTable) -> None:
    from migration_tool.checking.remarks import too_large
    from migration_tool.cli.console import show
    from migration_tool.cli.render import heading, table
    from migration_tool.cli.text import size

    figures = planned.figures
    state = {True: "exists", False: "will be created", None: f"not known: {planned.note}"}[planned.exists]
    indexes = ", ".join(index.name for index in figures.indexes) or "none"
    columns = (
        "entity", "source table", ">rows", ">items", ">bytes", ">write units", ">largest item", "its key",
    )  # fmt: skip
    rows = [
        (e.name, e.source_table, e.rows, e.items, size(e.bytes), e.write_units, size(e.largest_bytes),
         " / ".join(e.largest_key or ()))
        for e in figures.entities
    ]  # fmt: skip
    show(heading(f"{planned.table}  ({figures.name}; {state}; indexes {indexes})"), table(columns, rows))
    show(*(too_large(entity) for entity in figures.entities if entity.oversize))


def _show_ways(plan: Plan) -> None:
    from migration_tool.cli.console import show
    from migration_tool.cli.render import heading, table
    from migration_tool.cli.text import duration
    from migration_tool.costs import in_dollars

    rows = [
        (
            _WAYS[way.name],
            "?" if way.seconds is None else duration(way.seconds),
            in_dollars(way.dollars),
            way.basis,
        )
        for way in plan.ways
    ]
    best = plan.recommended
    show(heading("load"), table(("way", ">time at least", ">cost", "assumed"), rows))
    show(f"recommended  {_WAYS[best.name]}: {best.reason}", *_slowest(plan))


def _slowest(plan: Plan) -> list[str]:
    """The partition key that holds all ways of writing up, where one does."""
    from migration_tool.costs import PARTITION_UNITS

    keys = [
        (key, spread.name or "the table", planned.table)
        for planned in plan.tables
        for spread in (planned.figures.table, *planned.figures.indexes)
        for key in spread.hottest
    ]
    key, spread, table = max(keys, key=lambda found: found[0].write_units, default=(None, "", ""))
    seconds = key.write_units / PARTITION_UNITS if key else 0
    if key is None or seconds < 1 or plan.ways[0].seconds != seconds:
        return []
    return [
        f"held up by   {key.key}, {key.share:.0%} of the writes of {spread} ({table}): a partition key takes "
        f"{PARTITION_UNITS:,} units/s"
    ]


def _show_months(plan: Plan) -> None:
    from migration_tool.cli.console import show
    from migration_tool.cli.render import heading, table
    from migration_tool.costs import in_dollars

    if not plan.months:
        show(f"prices    {plan.unpriced}")
        return
    traffic, now = plan.wishes.traffic, plan.wishes.current
    with_recovery = any(planned.volume.recoverable for planned in plan.tables)
    with_objects = any(planned.volume.objects for planned in plan.tables)

    def besides(month: Month) -> list[float | None]:
        return [*([month.recovery] if with_recovery else []), *([month.objects] if with_objects else [])]

    rows = [
        (
            f"{_WORDS[month.billing]}, {_WORDS[month.table_class]}",
            *map(in_dollars, (month.storage, *besides(month), month.reads, month.writes, month.total)),
            *([] if now is None else [_difference(month.total - now)]),
        )
        for month in plan.months
    ]
    columns = (
        "billing, table class", ">storage", *([">recovery"] if with_recovery else []),
        *([">objects in S3"] if with_objects else []), ">reads", ">writes", ">total",
    )  # fmt: skip
    against = [] if now is None else [f">against {in_dollars(now)} now"]
    show(
        heading(f"each month  at {traffic.reads:,g} items read and {traffic.writes:,g} written a second"),
        table((*columns, *against), rows),
        f"prices    {plan.region}, {plan.priced}, {plan.prices.path}; no free tier, no transfer",
        *([f"missing   {plan.unpriced}"] if plan.unpriced else []),
    )


def _difference(amount: float) -> str:
    from migration_tool.costs import in_dollars

    return f"{'-' if amount < 0 else '+'}{in_dollars(abs(amount))}"


def _show_refusals(plan: Plan) -> None:
    from migration_tool.cli.console import show
    from migration_tool.cli.text import count

    if not plan.refused:
        show("refused   nothing")
        return
    show(f"refused   {count(plan.refused, 'row')}")
    for planned in plan.tables:
        figures = planned.figures
        for entity in figures.entities:
            for refusal in entity.refusals:
                show(f"  {figures.name}.{entity.name}: {count(refusal.rows, 'row')}, {refusal.rule}")
                for example in refusal.examples:
                    show(f"    {example}")
        for collision in figures.collisions.named:
            show(f"  {figures.name}: {collision}")
