"""A report as the JSON that docs/json.md describes, and plain data as JSON text.

Numbers keep all their digits: in `to_json` a number with a fraction is a Decimal, which `json_text` writes
as a JSON number. Blobs become base64 text.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import isfinite
from typing import Any

import orjson

from migration_tool.attributes import canonical_number
from migration_tool.verify.mended import Repair
from migration_tool.verify.report import (
    AttributeDifference,
    Difference,
    PatternResult,
    Report,
    TableReport,
    iso_time,
)

_LARGEST_INTEGER = 2**63 - 1


def to_json(report: Report) -> dict[str, Any]:
    """The documented form; write it with `json_text`."""
    return {
        "ok": report.ok,
        "run_id": report.run_id,
        "checked_at": iso_time(report.checked_at),
        "source": report.source,
        "endpoint": report.endpoint,
        "repair": _repair(report.repair) if report.repair else None,
        "tables": [_table(table) for table in report.tables],
        "access_patterns": [
            {"table": table.difference.name, **_pattern(pattern)}
            for table in report.tables
            for pattern in table.access_patterns
        ],
    }


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


def _repair(repair: Repair) -> dict[str, Any]:
    return {
        "found": repair.found,
        "settled": repair.settled,
        "repaired": repair.repaired,
        "left": repair.left,
        "journal": repair.journal or None,
        "items": [plain_json(vars(item)) for item in repair.items],
    }


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
        "sample": dict(vars(difference.sample)) if difference.sample else None,
        "indexes": [dict(vars(index)) for index in report.indexes],
        "access_patterns": [_pattern(pattern) for pattern in report.access_patterns],
        "unused_objects": dict(vars(report.unused)) if report.unused else None,
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
