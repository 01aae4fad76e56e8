"""The whole proof: every item compared, every access pattern asked, and what neither can say."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from migration_tool.design.compile import CompiledDesign
from migration_tool.oversize import CHUNK
from migration_tool.source.sqlite import SqliteSource
from migration_tool.state.proofs import every
from migration_tool.state.validation import TableSums
from migration_tool.target.wire import Wire
from migration_tool.verify.cases import check_projections, check_sql, possible
from migration_tool.verify.claim import Claim
from migration_tool.verify.compare import DETAILS, compare
from migration_tool.verify.indexes import count_indexes
from migration_tool.verify.journal import Journal
from migration_tool.verify.patterns import ASK_AGAIN_SECONDS, LONGEST_ANSWER, check_patterns
from migration_tool.verify.readers import Readers, usual_processes
from migration_tool.verify.report import (
    Advance,
    IndexCount,
    PatternResult,
    Report,
    TableDifference,
    TableReport,
    UnusedObjects,
    iso_time,
    many,
)
from migration_tool.verify.sampled import Sampling, seen, unseen
from migration_tool.verify.unused import look_for_unused, points

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with the design's name, how much has been looked at, and how much there is (an estimate)."""


def no_progress(design: str, done: int, total: int) -> None:
    """A Progress that nobody watches."""


def validate(
    source: SqliteSource,
    tables: Sequence[tuple[CompiledDesign, str]],
    wire: Wire,
    work_folder: Path,
    *,
    journal: Journal | None = None,
    run_id: str | None = None,
    limit: int | None = None,
    indexes: bool = True,
    claim: Claim | None = None,
    details: int = DETAILS,
    processes: int | None = None,
    progress: Progress = no_progress,
    clock: Callable[[], float] = time.time,
    source_name: str | None = None,
) -> Report:
    """Compares each table with what the source should have become, then runs its access patterns.

    tables         compiled design and physical table name
    work_folder    where hashes go that do not fit in memory; nothing is left there
    journal        what is known already, and where to write down how far this is
    limit          parameter sets per access pattern; None: all, 0: the patterns are left out
    indexes        whether the items of each index are counted; not where there is a claim
    claim          compare only a sample of each table, that is to show this; None: every item
    processes      that read a large table, this one included; None: as `usual_processes` says
    source_name    how the report calls the source, when it is read from a copy

    Raises DesignError, SourceError, TargetError, StateError.
    """
    for compiled, _ in tables if limit != 0 else ():
        check_projections(source, compiled.design)
        check_sql(source, compiled.design)
    reports = []
    journal = journal or Journal()
    with Readers(wire, processes or usual_processes()) as readers:
        for compiled, table in tables:
            if claim:
                sampling = Sampling(source, compiled, claim)
                advance = _counted(source, compiled, sampling.drawn, limit, progress)
                difference = sampling.compare(wire, table, advance, clock)
            else:
                rows = _rows(source, compiled, journal.known(compiled.name))
                advance = _counted(source, compiled, 2 * rows, limit, progress)
                difference = compare(
                    source, compiled, readers, table, work_folder,
                    rows=rows, indexes=compiled.design.indexes if indexes else (), journal=journal,
                    details=details, advance=advance, clock=clock,
                )  # fmt: skip
            reports.append(_with_patterns(source, compiled, wire, difference, limit, advance))
            advance(sys.maxsize)
    return Report(run_id, clock(), source_name or str(source.path), wire.target.url, tuple(reports))


def _rows(source: SqliteSource, compiled: CompiledDesign, known: TableSums) -> int:
    if known.proved_at is not None:
        return sum(part.rows for part in every(known.ranges))
    return sum(source.count(entity.read) for entity in compiled.entities)


def _with_patterns(
    source: SqliteSource,
    compiled: CompiledDesign,
    wire: Wire,
    difference: TableDifference,
    limit: int | None,
    advance: Advance,
) -> TableReport:
    pauses = () if wire.target.loopback else ASK_AGAIN_SECONDS
    rejected = difference.total("rejected")
    patterns: tuple[PatternResult, ...] = ()
    if limit != 0:
        patterns = check_patterns(
            source, compiled, wire, difference.table, limit, advance, rejected=rejected, pauses=pauses
        )
    counted = count_indexes(wire, difference.table, compiled.design.keys, difference.members, pauses)
    unused = None
    if wire.objects and difference.pointed is not None:
        unused = look_for_unused(wire.objects, difference.table, difference.pointed)
    checked = (*_compared(difference), *_listed(unused), *_asked(patterns, counted))
    not_checked = (*_not_listed(compiled, unused), *_not_checked(compiled, difference, patterns))
    return TableReport(difference, patterns, checked, not_checked, counted, unused)


def _counted(
    source: SqliteSource, compiled: CompiledDesign, items: int, limit: int | None, progress: Progress
) -> Advance:
    """Steps of the work as a progress: each row or item once, each call of a pattern once."""
    calls = [possible(source, pattern) for pattern in compiled.design.patterns] if limit != 0 else []
    total = items + sum(calls if limit is None else [min(limit, count) for count in calls])
    done = 0

    def advance(more: int) -> None:
        nonlocal done
        done = max(0, min(total, done + more))
        progress(compiled.name, done, total)

    return advance


def _compared(difference: TableDifference) -> Iterator[str]:
    if difference.sample:
        yield from seen(difference.sample)
        if chunks := sum(counts.expected for counts in difference.entities if counts.entity == CHUNK):
            yield (
                f"{many(chunks, 'chunk item')} of items over 400 KB were compared, too; one that is wrong "
                "makes its row wrong."
            )
        return
    expected, actual = difference.total("expected"), difference.total("actual")
    yield (
        f"Every item was compared, key and attributes: {many(expected, 'item')} that the source gives with "
        f"{many(actual, 'item')} that the table holds."
    )
    yield from _sides(difference)


def _listed(unused: UnusedObjects | None) -> Iterator[str]:
    if unused and not unused.reason:
        are = "is" if unused.count == 1 else "are"
        yield (
            f"{many(unused.count, 'object')} of {many(unused.bytes, 'byte')} {are} in {unused.place} that no "
            "item points to; that is no difference."
        )


def _not_listed(compiled: CompiledDesign, unused: UnusedObjects | None) -> Iterator[str]:
    if points(compiled.design) and (unused is None or unused.reason):
        why = f": {unused.reason}" if unused else ""
        yield f"Objects in S3 that no item points to were not looked for{why}."


def _asked(patterns: Sequence[PatternResult], indexes: Sequence[IndexCount]) -> Iterator[str]:
    if indexes:
        counts = ", ".join(f"{index.name} {index.actual:,} of {index.expected:,}" for index in indexes)
        yield f"The items of each index were counted, by eventually consistent scans: {counts}."
    if patterns:
        calls, rows = sum(p.calls for p in patterns), sum(p.rows for p in patterns)
        yield (
            f"{many(len(patterns), 'access pattern')} answered {many(calls, 'call')}; the values, number and "
            f"order of the items were compared with {many(rows, 'row')} of the SQL. GetItem and Query only."
        )


def _sides(difference: TableDifference) -> Iterator[str]:
    """Where either side comes from."""
    started, finished = iso_time(difference.scan_started), iso_time(difference.scan_finished)
    scan = f"by a strongly consistent scan from {started} to {finished}."
    if difference.proved_at is None:
        yield f"The source was read in one snapshot; the table {scan}"
    else:
        ranges = many(sum(1 for _ in every(difference.ranges)), "key range")
        yield (
            f"Expected side: the proof of {iso_time(difference.proved_at)}, {ranges} of this source and "
            "design; the rows of the source were not read (validate --fresh reads them)."
        )
        yield f"The table was read {scan}"
    if difference.continued:
        yield "This validation was interrupted and continued: what it had read before was not read again."


def _not_checked(
    compiled: CompiledDesign, difference: TableDifference, patterns: Sequence[PatternResult]
) -> Iterator[str]:
    if difference.sample:
        yield from unseen(difference.sample)
    if compiled.design.indexes:
        names = ", ".join(index.name for index in compiled.design.indexes)
        counted = "" if difference.members else " and not counted"
        yield (
            f"The indexes ({names}) were not compared item by item{counted}, only as far as the access "
            "patterns read them; DynamoDB itself copies items into them."
        )
    if rejected := difference.total("rejected"):
        why = (
            "cannot become items, or are left out by own code"
            if compiled.design.code
            else "cannot become items"
        )
        yield (
            f"{many(rejected, 'source row')} {why} (see the reject file); "
            "the SQL of the access patterns still gives what they hold, so an answer may lack that many "
            f"rows: {many(sum(pattern.short for pattern in patterns), 'call')} did."
        )
    if unasked := len(compiled.design.patterns) - len(patterns):
        yield f"{many(unasked, 'access pattern')} {'was' if unasked == 1 else 'were'} not tried."
    for pattern in patterns:
        yield from _untried(pattern)
    named = len(difference.missing) + len(difference.extra) + len(difference.different)
    all_counted = sum(difference.total(kind) for kind in ("missing", "extra", "different"))
    if named < all_counted:
        yield f"Of {all_counted:,} differences {named:,} are named; the counts are exact."
    yield "Writes to the table after it was read, by this tool or another, are not seen."


def _untried(pattern: PatternResult) -> Iterator[str]:
    tried = pattern.calls + pattern.skipped
    if tried < pattern.possible:
        yield (
            f"{pattern.name}: {tried:,} of {pattern.possible:,} parameter sets were tried, in even distances."
        )
    if pattern.partial:
        yield (
            f"{pattern.name}: {many(pattern.partial, 'call')} met text that is not UTF-8: in a parameter, "
            "then it was not asked; or where the SQL changes its case, then the rows with it were left out."
        )
    if pattern.skipped:
        yield (
            f"{pattern.name}: {many(pattern.skipped, 'call')} with answers of more than "
            f"{LONGEST_ANSWER:,} rows {'was' if pattern.skipped == 1 else 'were'} left out."
        )
