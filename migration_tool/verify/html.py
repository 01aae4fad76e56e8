"""A report as one HTML page that needs nothing else: no script, no network, light or dark as the reader's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from migration_tool.verify.html_parts import chart, code, items, key, mark, page, table, text
from migration_tool.verify.json_form import json_text
from migration_tool.verify.mended import Mended, Repair
from migration_tool.verify.report import (
    Difference,
    Failure,
    IndexCount,
    PatternResult,
    Report,
    TableReport,
    iso_time,
    many,
)

_COUNTS = ("expected", "actual", "missing", "extra", "different", "rejected")


def to_html(report: Report) -> str:
    """The page. Whatever comes from the source or the target is escaped."""
    title = "Migration proof: " + (_equal(report) if report.ok else "differences found")
    return page(
        title,
        f"<h1>SQLite to DynamoDB: proof of the migration</h1>\n{_verdict(report)}{_facts(report)}"
        f"<h2>{_what(report)}</h2>\n"
        f"<div class=card>{chart(report.tables)}</div>\n{_overview(report)}"
        f"{_repair(report.repair)}{''.join(map(_table, report.tables))}"
        f"<footer>Checked {text(iso_time(report.checked_at))}. Absent means that the item does not have the "
        "attribute; numbers are exact; blobs are base64.</footer>\n",
    )


def _equal(report: Report) -> str:
    if report.repair and report.repair.found:
        return "no differences left"
    return "no differences in the sample" if report.sampled else "no differences"


def _what(report: Report) -> str:
    if report.repair:
        return "Items before the repair"
    return "Sampled items" if report.sampled else "Items"


def _verdict(report: Report) -> str:
    compared = sum(t.difference.total("expected") for t in report.tables)
    items = many(compared, "sampled item" if report.sampled else "item")
    patterns = [pattern for t in report.tables for pattern in t.access_patterns]
    calls = sum(pattern.calls for pattern in patterns)
    if report.ok:
        verdict = f"<strong>✓ {_equal(report).capitalize()}</strong>"
        asked = f" and {many(calls, 'call')} of {many(len(patterns), 'access pattern')}" if patterns else ""
        words = f"{items} in {many(len(report.tables), 'table')}{asked} are what the source says."
        return f'<div class="verdict yes">{verdict}<p>{words}</p></div>\n'
    bad = [table for table in report.tables if not table.ok]
    wrong = "".join(f"<p><b>{text(t.difference.name)}</b>: {text(', '.join(t.faults()))}</p>" for t in bad)
    return f'<div class="verdict no"><strong>✗ Differences found</strong>{wrong}</div>\n'


def _facts(report: Report) -> str:
    facts = {
        "Source": report.source,
        "Target": report.endpoint,
        "Run": report.run_id or "none",
        "Checked": iso_time(report.checked_at),
    }
    return f"<dl>{''.join(f'<dt>{name}</dt><dd>{text(value)}</dd>' for name, value in facts.items())}</dl>\n"


def _repair(repair: Repair | None) -> str:
    if not repair:
        return ""
    rows = (
        [text(i.table), text(i.entity), key(i.key), i.action, mark(i.outcome == "repaired", _came_of(i))]
        for i in repair.items
    )
    words = (
        f"{many(repair.found, 'difference')} found, {repair.settled:,} of them gone when looked at again, "
        f"{repair.repaired:,} repaired, {repair.left:,} left."
    )
    journal = (
        f"<p>What was replaced is kept in <code>{text(repair.journal)}</code>.</p>" if repair.journal else ""
    )
    headings = ("Table", "Entity", "Key", "Action", "Outcome")
    return f"<h2>Repair</h2>\n<div class=card><p>{words}</p>{journal}{table(headings, rows)}</div>\n"


def _came_of(item: Mended) -> str:
    return f"{item.outcome}: {item.reason}" if item.reason else item.outcome


def _overview(report: Report) -> str:
    headings = ("Table", "In DynamoDB", *map(str.capitalize, _COUNTS), "Access patterns")
    rows = []
    for each in report.tables:
        passed = sum(pattern.ok for pattern in each.access_patterns)
        counts = [_count(each.difference.total(kind), kind) for kind in _COUNTS]
        patterns = mark(passed == len(each.access_patterns), f"{passed} of {len(each.access_patterns)}")
        rows.append([f"<b>{text(each.difference.name)}</b>", text(each.difference.table), *counts, patterns])
    return f"<div class=card>{table(headings, rows, range(2, 8))}</div>\n"


def _count(count: int, kind: str) -> str:
    wrong = count and kind in ("missing", "extra", "different")
    return f'<span class="bad">{count:,}</span>' if wrong else f"{count:,}"


def _table(report: TableReport) -> str:
    difference = report.difference
    parts = [f"<h2>{text(difference.name)}</h2>\n"]
    if not difference.ok:
        parts.append(f"<div class=card>{''.join(_differences(report))}</div>\n")
    found = f"{_entities(report)}{_indexes(report.indexes)}{_patterns(report.access_patterns)}"
    parts.append(f"<div class=card>{found}</div>\n")
    parts.append(f"<div class=card><h3>What was checked</h3>\n{items(report.checked)}")
    parts.append(f"<h3>What was not checked</h3>\n{items(report.not_checked)}{_rejections(report)}</div>\n")
    return "".join(parts)


def _differences(report: TableReport) -> Iterator[str]:
    difference = report.difference
    for kind, found, meaning in (
        ("missing", difference.missing, "a source row has no item"),
        ("extra", difference.extra, "an item that no source row gives"),
    ):
        if count := difference.total(kind):
            yield _heading(kind, count, len(found), meaning)
            yield table(("Key", "Entity"), ([key(item.key), text(item.entity)] for item in found))
    if count := difference.total("different"):
        yield _heading("different", count, len(difference.different), "attributes are not those of the row")
        yield table(
            ("Key", "Entity", "Attribute", "Expected", "Actual"),
            (row for item in difference.different for row in _attributes(item)),
        )


def _heading(kind: str, count: int, named: int, meaning: str) -> str:
    limited = f", the first {named:,} of them" if named < count else ""
    words = mark(False, f"{many(count, 'item')} {kind}")
    return f"<h3>{words} <span class=soft>({meaning}{limited})</span></h3>\n"


def _attributes(item: Difference) -> Iterator[Sequence[str]]:
    """One row for each attribute; the key stands in the first."""
    start = [key(item.key), text(item.entity)]
    if not item.attributes:
        yield [*start, "", '<span class="soft">equal when looked at again</span>', ""]
    for attribute in item.attributes:
        yield [*start, f"<b>{text(attribute.name)}</b>", code(attribute.expected), code(attribute.actual)]
        start = ["", ""]


def _entities(report: TableReport) -> str:
    rows = (
        [text(each.entity or "(unknown)"), *(_count(getattr(each, kind), kind) for kind in _COUNTS)]
        for each in report.difference.entities
    )
    headings = ("Entity", *map(str.capitalize, _COUNTS))
    return f"<h3>Entities</h3>\n{table(headings, rows, range(1, 7))}"


def _indexes(indexes: Sequence[IndexCount]) -> str:
    if not indexes:
        return ""
    rows = ([text(i.name), f"{i.expected:,}", mark(i.ok, f"{i.actual:,}")] for i in indexes)
    return f"<h3>Indexes</h3>\n{table(('Index', 'Expected items', 'Items'), rows, (1, 2))}"


def _patterns(patterns: Sequence[PatternResult]) -> str:
    if not patterns:
        return ""
    rows = (
        [
            f"<b>{text(pattern.name)}</b><br><span class=soft>{text(pattern.description)}</span>",
            text(pattern.operation) + (f", {pattern.requests} shards" if pattern.requests > 1 else ""),
            _tried(pattern),
            f"{pattern.rows:,}",
            mark(pattern.ok, f"{pattern.passed:,} of {pattern.calls:,}"),
        ]
        for pattern in patterns
    )
    headings = ("Pattern", "Each call", "Calls tried", "Rows compared", "Equal to the SQL")
    failing = "".join(_failures(n, pattern) for n, pattern in enumerate(p for p in patterns if p.failures))
    return f"<h3>Access patterns</h3>\n{table(headings, rows, (2, 3))}{failing}"


def _tried(pattern: PatternResult) -> str:
    of_all = f" <span class=soft>of {pattern.possible:,}</span>" if pattern.calls < pattern.possible else ""
    return f"{pattern.calls:,}{of_all}"


def _failures(place: int, pattern: PatternResult) -> str:
    failed = pattern.calls - pattern.passed
    shown = f", the first {len(pattern.failures)} of them" if len(pattern.failures) < failed else ""
    cases = "".join(map(_failure, pattern.failures))
    words = mark(False, f"{pattern.name}: {many(failed, 'call')} not equal to the SQL{shown}")
    return f"<details{'' if place else ' open'}><summary>{words}</summary>\n{cases}</details>\n"


def _failure(failure: Failure) -> str:
    arguments = ", ".join(f"{name} = {json_text(v, indent=False)}" for name, v in failure.arguments.items())
    called = f"<code>{text(arguments)}</code>: " if arguments else ""
    rows = []
    for n in range(max(len(failure.expected), len(failure.actual))):
        expected, actual = (side[n] if n < len(side) else None for side in (failure.expected, failure.actual))
        rows.append([f"{failure.first_row + n + 1:,}", _row(expected, actual), _row(actual, expected)])
    return f"<p>{called}{text(failure.reason)}.</p>\n{table(('Row', 'The SQL', 'The table'), rows, (0,))}"


def _row(row: Mapping[str, object] | None, other: Mapping[str, object] | None) -> str:
    if row is None:
        return '<span class="none">no row</span>'
    shown = f"<code>{text(json_text(row, indent=False))}</code>"
    return shown if row == other else f'<span class="differs">{shown}</span>'


def _rejections(report: TableReport) -> str:
    rejections = report.difference.rejections
    if not rejections:
        return ""
    rows = (
        [text(r.source_table), code(list(r.source_key)), text(r.entity), text(r.rule), text(r.reason)]
        for r in rejections
    )
    shown = report.difference.total("rejected")
    limited = f", the first {len(rejections)} of {shown:,}" if len(rejections) < shown else ""
    headings = ("Source table", "Key", "Entity", "Rule", "Reason")
    return f"<h3>Rejected rows{limited}</h3>\n{table(headings, rows)}"
