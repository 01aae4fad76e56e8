"""How far a run is, and how it ended, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migration_tool.cli.console import named, say, show
from migration_tool.cli.render import Cell, good, heading, pairs, table
from migration_tool.cli.text import count, duration
from migration_tool.overview import Overview, overview

if TYPE_CHECKING:
    from migration_tool.cli.options import Globals
    from migration_tool.run import Summary

_STYLES = {"completed": "bold green", "failed": "bold red", "paused": "bold yellow"}


def show_overview(view: Overview) -> None:
    """The whole of `status`."""
    if view.run_id is None:
        show(f"status  {view.status}: {view.note}")
        return
    state = f"{view.status}, running now" if view.running else view.status
    rows: list[tuple[str, Cell]] = [
        ("run", view.run_id),
        ("status", (state, _STYLES.get(view.status, "bold"))),
        ("target", f"{view.endpoint}, region {view.region}"),
        ("updated", view.updated_at or ""),
    ]
    rows += [("note", (view.note, "yellow"))] if view.note else []
    show(pairs(rows), "", _tables(view), "", pairs(_figures(view)))


def show_summary(summary: Summary, shared: Globals) -> None:
    """The end of a run that went well."""
    checkpoint = summary.checkpoint
    view = overview(checkpoint, checkpoint.endpoint.partition(":")[2], False)
    show(heading(f"run {summary.run_id} is complete", "bold green"), "", _tables(view), "")
    rows: list[tuple[str, Cell]] = [("time", duration(summary.seconds))]
    rows += [("loading", f"{view.rate:,.0f} items/s")] if view.rate else []
    rows += [("rejected", f"{count(view.rejected, 'row')}, see {summary.rejects}")] if summary.rejects else []
    show(pairs([*rows, ("validation", _verdict(summary))]))
    say(named("next: migrate.py validate, migrate.py query TABLE, migrate.py status", shared))


def _verdict(summary: Summary) -> tuple[str, str]:
    if summary.report is None:
        return "switched off (enable_validation)", "yellow"
    items = sum(found.difference.total("actual") for found in summary.report.tables)
    calls = sum(pattern.calls for found in summary.report.tables for pattern in found.access_patterns)
    return good(
        summary.report.ok, f"{count(items, 'item')} and {count(calls, 'call')} of access patterns are equal"
    )


def _tables(view: Overview) -> object:
    columns = ("table", ">written", ">of", ">percent", ">rejected", ">items/s")
    rows = [
        (t.table, t.items_written, t.items_total, f"{t.percent}%", t.rejected, _rate(t.rate))
        for t in view.tables
    ]
    total = (
        "together",
        view.items_written,
        view.items_total,
        f"{view.percent}%",
        view.rejected,
        _rate(view.rate),
    )
    return table(columns, rows, total)


def _figures(view: Overview) -> list[tuple[str, str]]:
    rows = [
        ("requests", f"{view.requests:,}"),
        ("retries", f"{view.retries:,} ({count(view.resent_items, 'item')} sent again)"),
        ("throttled", f"{view.throttles:,}"),
        ("phases", ", ".join(f"{p.name} {_took(p.seconds)}" for p in view.phases) or "none yet"),
    ]
    rows += [("time left", duration(view.eta_seconds))] if view.eta_seconds is not None else []
    rows += [("last error", f"{view.last_error.at}  {view.last_error.message}")] if view.last_error else []
    return rows


def _rate(rate: float | None) -> str:
    return "" if rate is None else f"{rate:,.0f}"


def _took(seconds: float | None) -> str:
    return "not finished" if seconds is None else duration(seconds)
