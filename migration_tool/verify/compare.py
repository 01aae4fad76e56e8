"""Every expected item against every actual one, in bounded memory at any size.

First each side is one sum of hashes: equal sums are equal sides, and nothing is kept of any item. Only
where they are not equal, a second reading keeps two hashes of each item, on disk once they are many, and
says what is wrong; the items concerned are then read once more and named.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from migration_tool.design.compile import CompiledDesign
from migration_tool.design.model import Index
from migration_tool.design.uniqueness import proof
from migration_tool.interpreter import no_search_for_cycles
from migration_tool.oversize import CHUNK
from migration_tool.source.sqlite import SqliteSource
from migration_tool.state.proofs import KeyRange
from migration_tool.state.validation import TableSums
from migration_tool.verify.expected import Expected
from migration_tool.verify.indexes import Counts, Members
from migration_tool.verify.journal import Journal
from migration_tool.verify.named import extra, missing_and_different
from migration_tool.verify.pairing import Findings, pair
from migration_tool.verify.readers import Plan, Readers
from migration_tool.verify.report import Advance, EntityCounts, TableDifference, unwatched
from migration_tool.verify.spill import BUCKET_BYTES, MEMORY_BYTES, Spill
from migration_tool.verify.tallies import Records, Sums, Tally
from migration_tool.verify.unused import Pointers, points

DETAILS = 1_000


def compare(
    source: SqliteSource,
    compiled: CompiledDesign,
    readers: Readers,
    table_name: str,
    work_folder: Path,
    *,
    rows: int = 0,
    indexes: Sequence[Index] = (),
    journal: Journal | None = None,
    details: int = DETAILS,
    advance: Advance = unwatched,
    clock: Callable[[], float] = time.time,
    memory: int = MEMORY_BYTES,
    bucket: int = BUCKET_BYTES,
) -> TableDifference:
    """Compares what the source should have become with what the table holds.

    rows     how many the source has for this table, about: whether the readers' helpers are worth it
    indexes  for which the items of the table are counted that belong there
    journal  what is known of the two sides already, and where what is found is written down
    details  how many items of each kind (missing, extra, different) are named; counts are always exact
    memory   bytes of hashes held before they go to files in `work_folder`

    Raises SourceError, TargetError, and StateError when the working files cannot be written.
    """
    comparison = _Comparison(
        source, compiled, readers, table_name, rows, indexes, journal or Journal(), details,
        _Steps(advance), clock,
    )  # fmt: skip
    with no_search_for_cycles(), Spill(work_folder, memory, bucket) as spill:
        return comparison.by_sums() or comparison.by_pairs(spill)


class _Steps:
    """Progress that is taken back where the work begins anew."""

    def __init__(self, advance: Advance) -> None:
        self._advance = advance
        self._done = 0

    def __call__(self, more: int) -> None:
        self._done += more
        self._advance(more)

    def back(self) -> None:
        self(-self._done)


@dataclass(frozen=True)
class _Reading:
    """Both sides have been read. `started` and `finished` in unix seconds.

    members  items of the table by index; empty where not all of them were counted
    pointed  as of TableDifference
    """

    expected: Expected
    members: Counts
    pointed: Set[bytes] | None
    started: float
    finished: float


@dataclass(frozen=True)
class _Comparison:
    """One table's comparison, in its two ways."""

    source: SqliteSource
    compiled: CompiledDesign
    readers: Readers
    table: str
    rows: int
    indexes: Sequence[Index]
    journal: Journal
    details: int
    advance: _Steps
    clock: Callable[[], float]

    def by_sums(self) -> TableDifference | None:
        """The result where both sides are equal, else None; also where two rows might give one item.

        A sum cannot tell two rows with equal items from one row and a scan that gives its item twice.
        What is known of either side is not read again.
        """
        if proof(self.compiled):
            return None
        name = self.compiled.name
        earlier = self.journal.known(name)
        known = self._begun(earlier)
        sums = Sums([entity.name for entity in self.compiled.entities], known)
        members = Members(sums, self.indexes, known)
        self.journal.watch(
            name,
            lambda: replace(known, actual=sums.actual, ranges=sums.ranges, members=members.shares),
        )
        done = sums.read()
        self.advance(sum(part.items for part in done.values()) + self.rows * len(sums.whole) // known.shares)
        reading = self._read(members, known, done)
        if not sums.equal:
            self.advance.back()
            return None
        difference = self._result(reading, Findings(self.details, actual=reading.expected.counts))
        continued = earlier.shares > 0
        return replace(difference, ranges=sums.ranges, proved_at=known.proved_at, continued=continued)

    def by_pairs(self, spill: Spill) -> TableDifference:
        """The result, whatever it is."""
        members = Members(Records(self.compiled, spill), self.indexes)
        reading = self._read(members, self._begun(TableSums()), {})
        return self._result(reading, pair(spill.buckets(), self.details))

    def _begun(self, known: TableSums) -> TableSums:
        """With the time and the plan of the scan, which an interrupted one has already."""
        if known.shares:
            return known
        plan = self.readers.plan(self.rows)
        return replace(known, started=self.clock(), shares=plan.shares, width=plan.width)

    def _read(self, members: Members[Any], known: TableSums, done: Mapping[int, KeyRange]) -> _Reading:
        expected = Expected(self.source, self.compiled.entities, done)
        pointers = Pointers(members) if points(self.compiled.design) else None
        tally: Tally[Any] = pointers or members
        actual = self.readers.begin(self.table, Plan(known.shares, known.width), tally, self._step)
        for part in expected.parts() if known.proved_at is None else ():
            tally.expect(part)
            self._step(len(part.items))
            actual.attend()
        actual.finish()
        pointed = pointers.found if pointers else None
        return _Reading(expected, members.counts, pointed, known.started, self.clock())

    def _step(self, more: int) -> None:
        self.advance(more)
        self.journal.step()

    def _result(self, reading: _Reading, findings: Findings) -> TableDifference:
        compiled, wire = self.compiled, self.readers.wire
        missing, different = missing_and_different(self.source, compiled, wire, self.table, findings)
        return TableDifference(
            name=compiled.name,
            table=self.table,
            entities=tuple(self._counts(reading.expected, findings)),
            missing=tuple(missing),
            extra=tuple(extra(wire, self.table, compiled.design.keys, findings)),
            different=tuple(different),
            rejections=tuple(reading.expected.rejections),
            repeated=findings.repeated.total(),
            members={} if findings.repeated.total() else reading.members,
            scan_started=reading.started,
            scan_finished=reading.finished,
            pointed=reading.pointed,
        )

    def _counts(self, expected: Expected, findings: Findings) -> Iterator[EntityCounts]:
        entities = [entity.name for entity in self.compiled.entities]
        for number, name in enumerate([*entities, CHUNK, ""]):
            counts = EntityCounts(
                entity=name,
                expected=expected.counts[number],
                actual=findings.actual[number] - findings.repeated[number],
                missing=findings.missing_count[number],
                extra=findings.extra_count[number],
                different=findings.different_count[number],
                rejected=expected.rejected[number],
            )
            if name in entities or counts.expected or counts.actual:
                yield counts
