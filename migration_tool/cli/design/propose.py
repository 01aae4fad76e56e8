"""`design propose`: designs for a database that nobody has designed anything for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from migration_tool.cli.options import Globals, as_json, command

if TYPE_CHECKING:
    from migration_tool.proposing.proposals import Proposal, Proposals

KINDS = ("aggregate", "adjacency", "aggregates", "relations")
_FIGURES = (
    "tables", "items", "stored", "a month", "write units", "amplification", "largest collection",
    "hottest key", "queries answered",
)  # fmt: skip
_SHOWN = 10
"""Queries that are not answered."""


@command()
@click.argument("database", required=False, metavar="[DATABASE]", type=click.Path(path_type=Path))
@click.option(
    "--queries", type=click.Path(path_type=Path), metavar="FILE",
    help="SQL that the application runs: statements, or a trace of them.",
)  # fmt: skip
@click.option(
    "--kind", "kinds", type=click.Choice(KINDS), multiple=True, help="Only this kind of design; repeatable."
)
@click.option("--choose", type=click.IntRange(min=1), metavar="N", help="Only the proposal of this rank.")
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="DIR",
    help="Write the designs: into DIR with --choose, else into DIR/KIND.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Replace designs of the same names there.")
@as_json("the proposals")
@click.pass_obj
def propose(
    shared: Globals,
    /,
    database: Path | None,
    queries: Path | None,
    kinds: tuple[str, ...],
    choose: int | None,
    out: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Propose designs for a database, ranked; no target is needed.

    Reads DATABASE, or the source of the configuration: its keys and references, declared or told from names
    and data, how its rows are distributed and how large they are. Each proposal holds all of the data, in one
    table or several, and can be loaded as it is; `init --propose` does so. The ranking is explained in
    docs/propose.md.
    """
    from migration_tool.cli.console import data, named, say
    from migration_tool.config_values import DEFAULT_REGION
    from migration_tool.prices import load_prices
    from migration_tool.proposing.proposals import propose as make
    from migration_tool.source.sqlite import check_source
    from migration_tool.verify.json_form import json_text

    config = shared.load_if_there({}) if database else shared.load()
    path = database or config.source_db  # type: ignore[union-attr]  # one of the two is there
    check_source(path)
    region = config.aws_region if config else DEFAULT_REGION
    prices = load_prices(config.prices if config else None).regions.get(region)
    found = make(path, kinds, queries, prices).only(choose)
    written: list[Path] = []
    for proposal in found.ranked if out else ():
        folder = out if choose else out / proposal.kind  # type: ignore[operator]  # out is set here
        written += proposal.save(folder or Path(), force)
    if as_json:
        data(json_text(found.to_json()))
    else:
        _show(found, written, out)
        if not out:
            say(named(f"next: migrate.py init --source-db {path} --propose", shared))


def _show(found: Proposals, written: list[Path], out: Path | None) -> None:
    from migration_tool.cli.console import say, show
    from migration_tool.cli.render import table
    from migration_tool.cli.text import count

    columns = ["", *(f">{proposal.rank} {proposal.kind}" for proposal in found.ranked)]
    show(table(columns, list(zip(_FIGURES, *map(_column, found.ranked), strict=False))))
    show("", *(f"{proposal.kind:11} {proposal.title}" for proposal in found.ranked))
    show("\na month: on demand, at 10 rows read and 1 written a second")
    inferred = [relation.label for relation in found.relations if not relation.declared]
    show(f"\n{count(len(found.relations), 'reference')}, of which {len(inferred)} inferred")
    show(*(f"  inferred: {label}" for label in inferred))
    show(*(f"left out: {name}: {reason}" for name, reason in found.left_out.items()))
    show(*(f"not possible: {kind}: {reason}" for kind, reason in found.impossible.items()))
    best = found.best
    show(*(f"not one Query in {best.kind}: {text}" for text in best.unanswered[:_SHOWN]))
    if len(best.unanswered) > _SHOWN:
        show(f"and {count(len(best.unanswered) - _SHOWN, 'other')}: --json has them all")
    if written:
        say(f"Wrote {count(len(written), 'design')} below {out}")


def _column(proposal: Proposal) -> list[str | int]:
    """Its figures; the last one only where there are queries."""
    from migration_tool.cli.text import size

    figures = proposal.prediction
    cells: list[str | int] = [
        len(proposal.files), figures.items, size(figures.stored),
        "?" if proposal.monthly is None else f"${proposal.monthly:,.2f}",
        figures.write_units, f"{figures.amplification:.1f}", size(figures.largest_collection),
        f"{figures.hottest:.0%}",
    ]  # fmt: skip
    return cells if proposal.answered is None else [*cells, f"{proposal.answered:.0%}"]
