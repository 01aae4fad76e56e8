"""What a validation found, as values, and as the JSON that docs/json.md describes.

Numbers keep all their digits: in `to_json` a number with a fraction is a Decimal, which `json_text` writes
as a JSON number. Blobs become base64 text.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from math import isfinite
from typing import Any, TypeAlias

import orjson

from migration_tool.attributes import canonical_number
from migration_tool.model import Position
from migration_tool.state.proofs import Ranges

Advance: TypeAlias = Callable[[int], None]
"""Called with how many more source rows, items or calls have been looked at."""

_LARGEST_INTEGER = 2**63 - 1


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
    """One item that is missing, extra or different. `key` holds the table's two key attributes."""

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
    """Exact counts of one entity; `entity` is "" for items whose EntityType the design does not know."""

    entity: str
    expected: int = 0
    actual: int = 0
    missing: int = 0
    extra: int = 0
    different: int = 0
    rejected: int = 0


@dataclass(frozen=True)
class TableDifference:
    """Expected against actual items of one table.

    Counts are exact; `missing`, `extra` and `different` name at most as many as were asked for.
    repeated         how often the scan gave a key a second time
    scan_started     unix seconds, as is scan_finished
    ranges           what the rows of the source become, where both sides are equal and no two keys can be
    proved_at        unix seconds: when that was found out, where it stands for the source, which was not read
    continued        part of it was read by a validation that was interrupted
    """

    name: str
    table: str
    entities: tuple[EntityCounts, ...]
    missing: tuple[Difference, ...] = ()
    extra: tuple[Difference, ...] = ()
    different: tuple[Difference, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    repeated: int = 0
    scan_started: float = 0.0
    scan_finished: float = 0.0
    ranges: Ranges = field(default_factory=dict)
    proved_at: float | None = None
    continued: bool = False

    def total(self, count: str) -> int:
        """The sum of one of EntityCounts' counts, by its name."""
        return sum(getattr(entity, count) for entity in self.entities)

    @property
    def ok(self) -> bool:
        return not (self.total("missing") or self.total("extra") or self.total("different"))


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

    @property
    def ok(self) -> bool:
        return self.passed == self.calls


@dataclass(frozen=True)
class TableReport:
    """All that is known about one table; `checked` and `not_checked` are sentences."""

    difference: TableDifference
    access_patterns: tuple[PatternResult, ...]
    checked: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return self.difference.ok and all(pattern.ok for pattern in self.access_patterns)

    def faults(self) -> Iterator[str]:
        """What is wrong with the table, in a few words each."""
        for kind in ("missing", "extra", "different"):
            if count := self.difference.total(kind):
                yield f"{many(count, 'item')} {kind}"
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

    @property
    def ok(self) -> bool:
        return all(table.ok for table in self.tables)

    def summary(self) -> str:
        """What is wrong, in one line; "" when nothing is."""
        bad = [table for table in self.tables if not table.ok]
        return "; ".join(f"{table.difference.name}: {', '.join(table.faults())}" for table in bad)

    def to_json(self) -> dict[str, Any]:
        """The documented form; write it with `json_text`."""
        return {
            "ok": self.ok,
            "run_id": self.run_id,
            "checked_at": iso_time(self.checked_at),
            "source": self.source,
            "endpoint": self.endpoint,
            "tables": [_table(table) for table in self.tables],
            "access_patterns": [
                {"table": table.difference.name, **_pattern(pattern)}
                for table in self.tables
                for pattern in table.access_patterns
            ],
        }


def many(count: int, noun: str) -> str:
    """ "1 item", "2,000 items"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def iso_time(moment: float) -> str:
    """Unix seconds as UTC, to the second."""
    return datetime.fromtimestamp(int(moment), UTC).isoformat().replace("+00:00", "Z")


def json_text(value: Any, *, indent: bool = True) -> str:
    """JSON text of `to_json` or of any plain data: ints and Decimals of any length exact, bytes as base64."""
    return orjson.dumps(_fragments(plain_json(value)), option=orjson.OPT_INDENT_2 if indent else 0).decode()


def plain_json(value: Any) -> Any:
    """Plain data as JSON can hold it. Infinities, which it cannot, become text."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, float):
        return value if isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(name): plain_json(element) for name, element in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain_json(element) for element in value]
    return value


def _fragments(value: Any) -> Any:
    """Numbers that orjson cannot write, as the text it shall write."""
    if isinstance(value, Decimal) or (type(value) is int and abs(value) > _LARGEST_INTEGER):
        return orjson.Fragment(canonical_number(str(value)))
    if isinstance(value, dict):
        return {name: _fragments(element) for name, element in value.items()}
    if isinstance(value, list):
        return [_fragments(element) for element in value]
    return value


def _table(report: TableReport) -> dict[str, Any]:
    difference = report.difference
    return {
        "name": difference.name,
        "table": difference.table,
        "ok": report.ok,
        "expected": difference.total("expected"),
        "actual": difference.total("actual"),
        "missing": [_item(item) for item in difference.missing],
        "extra": [_item(item) for item in difference.extra],
        "different": [
            {**_item(item), "attributes": [_attribute(attribute) for attribute in item.attributes]}
            for item in difference.different
        ],
        "missing_count": difference.total("missing"),
        "extra_count": difference.total("extra"),
        "different_count": difference.total("different"),
        "rejected": difference.total("rejected"),
        "rejections": [plain_json(vars(rejection)) for rejection in difference.rejections],
        "entities": [dict(vars(entity)) for entity in difference.entities],
        "scan_started": iso_time(difference.scan_started),
        "scan_finished": iso_time(difference.scan_finished),
        "proved_at": None if difference.proved_at is None else iso_time(difference.proved_at),
        "access_patterns": [_pattern(pattern) for pattern in report.access_patterns],
        "checked": list(report.checked),
        "not_checked": list(report.not_checked),
    }


def _item(item: Difference) -> dict[str, Any]:
    return {"key": plain_json(item.key), "entity": item.entity}


def _attribute(attribute: AttributeDifference) -> dict[str, Any]:
    return {
        "name": attribute.name,
        "expected": plain_json(attribute.expected),
        "actual": plain_json(attribute.actual),
    }


def _pattern(pattern: PatternResult) -> dict[str, Any]:
    counts = {name: value for name, value in vars(pattern).items() if name not in ("failures", "description")}
    return {**counts, "failures": [plain_json(vars(failure)) for failure in pattern.failures]}
