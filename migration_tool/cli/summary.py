"""How far a run is, and how it ended, for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from migration_tool.cli.console import named, say, show
from migration_tool.cli.render import Cell, good, heading, pairs, table
from migration_tool.cli.text import count, duration, limit
from migration_tool.overview import Overview, WishView, overview

if TYPE_CHECKING:
    from migration_tool.cli.options import Globals
    from migration_tool.phases import Summary
    from migration_tool.state.live import Trend

_STYLES = {"completed": "bold green", "failed": "bold red", "paused": "bold yellow"}
_ARROWS: Mapping[Trend, str] = {"rising": "↑", "falling": "↓", "steady": "→", "": ""}


def show_overview(view: Overview) -> None:
    """The whole of `status`."""
    if view.run_id is None:
        show(f"status  {view.status}: {view.note}")
        return
    state = f"{view.status}, running now" if view.running else view.status
    state += f", paused by tune{_as_of(view.tuning.number)}" if view.running and view.tuning.paused else ""
    rows: list[tuple[str, Cell]] = [
        ("run", view.run_id),
        ("status", (state, _STYLES.get(view.status, "bold"))),
        ("target", f"{view.endpoint}, region {view.region}"),
        ("updated", view.updated_at or ""),
    ]
    rows += [("note", (view.note, "yellow"))] if view.note else []
    show(pairs(rows), "", _tables(view), "", pairs([("account", _account(view)), *_figures(view)]))


def show_summary(summary: Summary, shared: Globals) -> None:
    """The end of a run that went well."""
    checkpoint = summary.checkpoint
    view = overview(checkpoint, checkpoint.endpoint.partition(":")[2], False)
    show(heading(f"run {summary.run_id} is complete", "bold green"), "", _tables(view), "")
    rows: list[tuple[str, Cell]] = [("time", duration(summary.seconds))]
    rows += [("loading", f"{view.rate:,.0f} items/s")] if view.rate else []
    rows += [("account", _account(view))]
    rows += [("rejected", f"{count(view.rejected, 'row')}, see {summary.rejects}")] if summary.rejects else []
    show(pairs([*rows, ("validation", _verdict(summary))]))
    more = "migrate.py rejects, " if summary.rejects else ""
    say(named(f"next: {more}migrate.py validate, migrate.py query TABLE, migrate.py status", shared))


def _account(view: Overview) -> str:
    """What became of every source row."""
    parts = [count(view.items_written, "item"), f"{view.rejected:,} rejected"]
    parts += [f"{view.skipped:,} skipped"] if view.skipped else []
    parts += [f"{view.unread:,} not read yet"] if view.unread else []
    return f"{count(view.items_total, 'row')} = {' + '.join(parts)}"


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
        *_flow(view),
        *_lease(view),
        ("phases", ", ".join(f"{p.name} {_took(p.seconds)}" for p in view.phases) or "none yet"),
    ]
    if view.rate_now is not None:
        rows += [("pace", f"{view.rate_now:,.0f} items/s, {view.trend} {_ARROWS[view.trend]}")]
    rows += [("time left", duration(view.eta_seconds))] if view.eta_seconds is not None else []
    rows += [("last error", f"{view.last_error.at}  {view.last_error.message}")] if view.last_error else []
    return rows


def _flow(view: Overview) -> list[tuple[str, str]]:
    """What throttled, what is done about it, and what the user set."""
    flow, tuning, wish = view.flow, view.tuning, view.wish
    rows = [("throttled", ", ".join([f"{view.throttles:,}", *_counted(flow.reasons)]))]
    rows += [("throttled by", ", ".join(_counted(flow.indexes)))] if flow.indexes else []
    if view.running and flow.allowed:
        rows += [("in flight", f"at most {count(flow.allowed, 'request')}; {flow.note}".removesuffix("; "))]
    if tuning.max_wcu != "off" or tuning.number:
        rows += [("limit", limit(tuning.max_wcu, flow.limit_wcu) + _as_of(tuning.number))]
    if wish:
        wanted = [*_wanted(wish), f"wish {wish.number} is not in force yet"]
        rows += [("wished", ", ".join(wanted))]
    return rows


def _lease(view: Overview) -> list[tuple[str, str]]:
    """Whether another run could have the tables now; a process that runs renews what the last save says."""
    if view.lease is None:
        return []
    if view.running:
        state = "held"
    elif view.lease.until:
        state = f"left behind, so another host has to wait until {view.lease.until}"
    else:
        state = "given back: another run may take the tables"
    return [("lease", f"{state} (generation {view.lease.generation})")]


def _counted(times: Mapping[str, int]) -> list[str]:
    """The names with their counts, the most frequent first."""
    return [f"{name} {number:,}" for name, number in sorted(times.items(), key=lambda pair: -pair[1])]


def _wanted(wish: WishView) -> list[str]:
    limits = [] if wish.max_wcu is None else [f"limit {limit(wish.max_wcu, None)}"]
    return ["paused" if wish.paused else "not paused", *limits]


def _as_of(number: int) -> str:
    return f", as of wish {number}" if number else ""


def _rate(rate: float | None) -> str:
    return "" if rate is None else f"{rate:,.0f}"


def _took(seconds: float | None) -> str:
    return "not finished" if seconds is None else duration(seconds)
