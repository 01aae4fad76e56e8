"""What a validation found, as values. `json_form.py` and `html.py` write them down."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias

from migration_tool.model import Position
from migration_tool.state.proofs import Ranges
from migration_tool.verify.mended import Repair

Advance: TypeAlias = Callable[[int], None]
"""Called with how many more source rows, items or calls have been looked at."""


def unwatched(more: int) -> None:
    """An Advance that nobody watches."""


@dataclass(frozen=True)
class AttributeDifference:
    """An attribute with its expected and actual plain value; None where the item does not have it.

    Where the plain values look alike ("1" as text and as blob), both stand in DynamoDB's wire form.
    """

    name: str
    expected: Any
    actual: Any


@dataclass(frozen=True)
class Difference:
    """One item that is missing, extra or different. `key` holds the table's key attributes."""

    key: Mapping[str, Any]
    entity: str
    attributes: tuple[AttributeDifference, ...] = ()


@dataclass(frozen=True)
class Rejection:
    """A source row that has no item, and why."""

    entity: str
    source_table: str
    source_key: Position
    rule: str
    reason: str


@dataclass(frozen=True)
class EntityCounts:
    """Exact counts of one entity.

    `entity` is "~chunk" for chunk items, and "" for items whose EntityType the design does not know.
    """

    entity: str
    expected: int = 0
    actual: int = 0
    missing: int = 0
    extra: int = 0
    different: int = 0
    rejected: int = 0


@dataclass(frozen=True)
class Sample:
    """What was looked at in place of everything, and what it says.

    confidence, at_most  the claim: with this confidence no more than this share of the rows is wrong
    seed                 of the drawing
    rows                 source rows of the table; `drawn` were to be looked at, `looked_at` of them were
    wrong                of those, whose item, or a chunk item of it, is missing or different
    bound                with the confidence, no greater share of all rows is wrong; None: it ended early
    """

    confidence: float
    at_most: float
    seed: int
    rows: int
    drawn: int
    looked_at: int
    wrong: int
    bound: float | None


@dataclass(frozen=True)
class TableDifference:
    """Expected against actual items of one table.

    Counts are exact; `missing`, `extra` and `different` name at most as many as were asked for.
    repeated         how often the scan gave a key a second time
    members          items of the table by the index that they belong to; empty where they were not counted
    sample           None where every item was compared; else all counts are those of the sample
    scan_started     unix seconds, as is scan_finished
    ranges           what the rows of the source become, where both sides are equal and no two keys can be
    proved_at        unix seconds: when that was found out, where it stands for the source, which was not read
    continued        part of it was read by a validation that was interrupted
    pointed          SHA-256 of each object that an item points to; None where they were not collected
    """

    name: str
    table: str
    entities: tuple[EntityCounts, ...]
    missing: tuple[Difference, ...] = ()
    extra: tuple[Difference, ...] = ()
    different: tuple[Difference, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    repeated: int = 0
    members: Mapping[str, int] = field(default_factory=dict)
    sample: Sample | None = None
    scan_started: float = 0.0
    scan_finished: float = 0.0
    ranges: Ranges = field(default_factory=dict)
    proved_at: float | None = None
    continued: bool = False
    pointed: Set[bytes] | None = None

    def total(self, count: str) -> int:
        """The sum of one of EntityCounts' counts, by its name."""
        return sum(getattr(entity, count) for entity in self.entities)

    @property
    def ok(self) -> bool:
        return not (self.total("missing") or self.total("extra") or self.total("different"))


@dataclass(frozen=True)
class UnusedObjects:
    """How many objects, of how many bytes, lie at `place` in S3 that no item points to.

    names   of the first of them
    reason  why they could not be listed, else ""
    """

    place: str
    count: int
    bytes: int
    names: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class IndexCount:
    """How many items of its table an index should hold, and does."""

    name: str
    expected: int
    actual: int

    @property
    def ok(self) -> bool:
        return self.actual == self.expected


@dataclass(frozen=True)
class Failure:
    """One call of an access pattern whose answer is not that of its SQL.

    Rows hold what is compared; of long answers those around the first difference, from `first_row` on.
    """

    arguments: Mapping[str, Any]
    reason: str
    expected_count: int = 0
    actual_count: int = 0
    first_row: int = 0
    expected: tuple[Mapping[str, Any], ...] = ()
    actual: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class PatternResult:
    """An access pattern against its SQL.

    possible   how many sets of parameters there are; `calls` of them were tried, `passed` agreed
    skipped    how many more would have been tried, but give more rows than are compared
    rows       rows compared in all
    requests   requests that one call takes (GetItem or Query, never a Scan), further pages not counted
    failures   the first of those that did not agree
    short      how many of those that passed lack rows, no more than were rejected
    partial    calls that met text that is not UTF-8, which is in no item: left out where a parameter holds
               it, else compared with the rows that do not
    """

    name: str
    operation: str
    calls: int
    possible: int
    passed: int
    skipped: int = 0
    rows: int = 0
    requests: int = 1
    failures: tuple[Failure, ...] = ()
    description: str = ""
    short: int = 0
    partial: int = 0

    @property
    def ok(self) -> bool:
        return self.passed == self.calls


@dataclass(frozen=True)
class TableReport:
    """All that is known about one table; `checked` and `not_checked` are sentences.

    unused  None where no objects were looked for
    """

    difference: TableDifference
    access_patterns: tuple[PatternResult, ...]
    checked: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()
    indexes: tuple[IndexCount, ...] = ()
    unused: UnusedObjects | None = None

    @property
    def ok(self) -> bool:
        parts: tuple[IndexCount | PatternResult, ...] = (*self.indexes, *self.access_patterns)
        return self.difference.ok and all(part.ok for part in parts)

    def faults(self) -> Iterator[str]:
        """What is wrong with the table, in a few words each."""
        for kind in ("missing", "extra", "different"):
            if count := self.difference.total(kind):
                yield f"{many(count, 'item')} {kind}"
        for index in self.indexes:
            if not index.ok:
                yield f"{index.name} holds {many(index.actual, 'item')}, not {index.expected:,}"
        failed = [pattern.name for pattern in self.access_patterns if not pattern.ok]
        if failed:
            names = ", ".join(failed[:3]) + (" …" if len(failed) > 3 else "")
            yield f"{many(len(failed), 'access pattern')} not equal to the SQL ({names})"


@dataclass(frozen=True)
class Report:
    """The whole validation. `checked_at` is in unix seconds."""

    run_id: str | None
    checked_at: float
    source: str
    endpoint: str
    tables: tuple[TableReport, ...] = ()
    repair: Repair | None = None

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong, or nothing any more."""
        return not self.repair.left if self.repair else all(table.ok for table in self.tables)

    @property
    def items_ok(self) -> bool:
        """Whether all that is wrong is in indexes and answers."""
        return all(table.difference.ok for table in self.tables)

    @property
    def sampled(self) -> bool:
        """Whether items were compared by a sample only."""
        return any(table.difference.sample for table in self.tables)

    def summary(self) -> str:
        """What is wrong, in one line; "" when nothing is."""
        if self.repair:
            left, found = self.repair.left, many(self.repair.found, "difference")
            return f"{left:,} of {found} {'is' if left == 1 else 'are'} left" if left else ""
        bad = [table for table in self.tables if not table.ok]
        return "; ".join(f"{table.difference.name}: {', '.join(table.faults())}" for table in bad)


def many(count: int, noun: str) -> str:
    """ "1 item", "2,000 items"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def iso_time(moment: float) -> str:
    """Unix seconds as UTC, to the second."""
    return datetime.fromtimestamp(int(moment), UTC).isoformat().replace("+00:00", "Z")
