"""A validation's report: on the terminal, and as a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from migration_tool.cli.console import show
from migration_tool.cli.files import require_folder, write_whole
from migration_tool.cli.render import Cell, good, heading, pairs, table
from migration_tool.cli.text import count, escape_json, one_line
from migration_tool.errors import UsageError
from migration_tool.verify.json_form import json_text, to_json
from migration_tool.verify.mended import Repair
from migration_tool.verify.report import Difference, PatternResult, Report, TableReport

FORMATS = (".html", ".json")
_SHOWN = 10


def require_format(path: Path) -> None:
    """Refuses a file that could not be written, before the work begins. Raises UsageError."""
    if path.suffix.lower() not in FORMATS:
        hint = "Name it FILE.html or FILE.json."
        raise UsageError("write the report", path, f"its name ends in neither of {', '.join(FORMATS)}", hint)
    require_folder("write the report", path)


def write_report(report: Report, path: Path) -> None:
    """The whole file or none. Raises UsageError."""
    if path.suffix.lower() == ".html":
        from migration_tool.verify.html import to_html

        text = to_html(report)
    else:
        text = json_text(to_json(report)) + "\n"
    write_whole("write the report", path, text, "--report")


def show_report(report: Report) -> None:
    """Counts per table, then every kind of difference with the first few of them, then what was checked.

    After a repair what came of it: the counts are those before, the differences have been shown.
    """
    show(f"source  {report.source}", f"target  {report.endpoint}")
    show(heading("before the repair") if report.repair else "", _counts(report))
    if report.repair:
        _show_repair(report.repair)
    for found in () if report.repair else report.tables:
        _show_differences(found)
    for found in report.tables:
        show(heading(found.difference.table))
        rows = [("checked", sentence) for sentence in found.checked]
        show(pairs([*rows, *(("not checked", sentence) for sentence in found.not_checked)]))
    show(heading(_result(report) if report.ok else "DIFFERENCES FOUND", _style(report.ok)))


def _result(report: Report) -> str:
    if report.repair:
        return "no item is missing, extra or different"
    return "the sample shows the claim" if report.sampled else "source and target are equal"


def _show_repair(repair: Repair) -> None:
    planned = sum(item.outcome == "planned" for item in repair.items)
    rows: list[tuple[str, Cell]] = [("found", count(repair.found, "difference"))]
    rows += [("gone", f"{repair.settled:,} when looked at again")] if repair.settled else []
    rows += [("planned", f"{count(planned, 'item')}; nothing was done")] if planned else []
    rows += [("repaired", count(repair.repaired, "item"))] if not planned else []
    rows += [("left", (count(repair.left, "difference"), _style(not repair.left)))]
    rows += [("replaced", repair.journal)] if repair.journal else []
    show(heading("repair of these differences"), pairs(rows))
    for item in repair.items:
        if item.outcome == "left":
            key = one_line(" / ".join(map(str, item.key.values())))
            show(f"  {item.table}  {item.entity or 'unknown entity'}  {key}: left, {one_line(item.reason)}")


def _counts(report: Report) -> Any:
    columns = ("table", ">expected", ">actual", ">missing", ">extra", ">different", ">patterns", "")
    return table(columns, [_count_row(found) for found in report.tables])


def _count_row(found: TableReport) -> tuple[Cell, ...]:
    difference, patterns = found.difference, found.access_patterns
    counts = [difference.total(name) for name in ("expected", "actual", "missing", "extra", "different")]
    marked: list[Cell] = [*counts[:2], *((n, "bold red" if n else "") for n in counts[2:])]
    passed = sum(pattern.ok for pattern in patterns)
    return (difference.table, *marked, f"{passed}/{len(patterns)}" if patterns else "-", good(found.ok))


def _show_differences(found: TableReport) -> None:
    difference = found.difference
    for kind in ("missing", "extra", "different"):
        items: Sequence[Difference] = getattr(difference, kind)
        number = difference.total(kind)
        if number:
            show(heading(f"{difference.table}: {number:,} {kind}", "bold red"))
            show(*(line for item in items[:_SHOWN] for line in item_lines(item)))
            if number > _SHOWN:
                show(f"  and {number - _SHOWN:,} more (--json or --report names up to {len(items):,})")
    for index in found.indexes:
        if not index.ok:
            wrong = f"{difference.table}: {index.name} holds {index.actual:,} items, not {index.expected:,}"
            show(heading(wrong, "bold red"))
    for pattern in found.access_patterns:
        if not pattern.ok:
            _show_failures(difference.table, pattern)


def item_lines(item: Difference) -> Iterator[str]:
    """Its entity and key, then a line for each attribute that is not as expected."""
    yield f"  {item.entity or 'unknown entity'}  {one_line(' / '.join(str(v) for v in item.key.values()))}"
    for attribute in item.attributes:
        expected, actual = _value(attribute.expected), _value(attribute.actual)
        yield f"    {attribute.name}: expected {expected}, found {actual}"


def _show_failures(table_name: str, pattern: PatternResult) -> None:
    wrong = pattern.calls - pattern.passed
    show(
        heading(
            f"{table_name}: access pattern {pattern.name}, {wrong:,} of {pattern.calls:,} calls", "bold red"
        )
    )
    for failure in pattern.failures[:_SHOWN]:
        arguments = ", ".join(f"{name}={_value(value)}" for name, value in failure.arguments.items())
        show(f"  ({arguments})  {failure.reason}")


def _value(value: object) -> str:
    """All of it to be seen: what is not shown may be the difference."""
    return "nothing" if value is None else escape_json(json_text(value, indent=False))


def _style(ok: bool) -> str:
    return "bold green" if ok else "bold red"
