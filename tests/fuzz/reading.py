"""Answers to Scan, Query, GetItem and DescribeTable: what is told as equal was there, and nothing else is."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from migration_tool.design.compile import CompiledDesign, compile_design
from migration_tool.design.load import load_design
from migration_tool.errors import TargetError
from migration_tool.source.sqlite import SqliteSource
from migration_tool.verify.compare import compare
from migration_tool.verify.patterns import check_patterns
from migration_tool.verify.readers import Readers
from tests.fuzz.scripted import Reply, ScriptedWire, cycled, error, line, replies
from tests.fuzz.target import Target, scratch
from tests.verify.fakes import FakeWire
from tests.verify.helpers import expected_items
from tests.verify.shop import DESIGN, ROWS, SCHEMA

_SCRIPTED = 24
_LAST = Reply(200, True, b'{"Items":[],"ConsumedCapacity":{}}')
_FIGURES = ("expected", "actual", "missing", "extra", "different")


@cache
def _shop() -> tuple[SqliteSource, CompiledDesign]:
    folder = Path(mkdtemp())
    with closing(sqlite3.connect(folder / "shop.sqlite")) as connection:
        connection.executescript(SCHEMA + ROWS)
    (folder / "shop.yaml").write_text(f"version: 1\ntable: Shop\n{DESIGN}", encoding="utf-8")
    source = SqliteSource(folder / "shop.sqlite")
    return source, compile_design(load_design(folder / "shop.yaml"), source.schema)


@cache
def _expected() -> Counter[str]:
    return Counter(_meaning(item) for item in expected_items(*_shop()))


def _meaning(item: Any) -> str:
    """The item as text, equal for equal items: numbers by their value, sets in one order."""
    return json.dumps({name: _value(value) for name, value in item.items()}, sort_keys=True)


def _value(value: Any) -> Any:
    ((kind, content),) = value.items()
    match kind:
        case "N":
            return ["N", str(Decimal(content).normalize() + 0)]
        case "L":
            return ["L", [_value(part) for part in content]]
        case "M":
            return ["M", {name: _value(part) for name, part in content.items()}]
    return [kind, sorted(content) if kind in ("SS", "BS", "NS") else content]


def _scans() -> list[bytes]:
    items = list(expected_items(*_shop()))
    first = line({"Items": items[:3], "Count": 3, "LastEvaluatedKey": {"PK": {"S": "x"}, "SK": {"S": "y"}}})
    both = [line({"Items": items[:4]}), line({"Items": items[4:]})]
    paged = [first, line({"Items": items[3:5]}), line({"Items": items[5:]})]
    odd = {
        "PK": {"S": "a"},
        "SK": {"S": "b"},
        "L": {"L": [{"N": "1.50"}, {"NULL": True}]},
        "S": {"NS": ["2", "1e1"]},
    }
    return [
        b"\n".join(both),
        b"\n".join(paged),
        b"\n".join([error("ThrottlingException"), *both]),
        b"\n".join([line({"Items": [*items, odd]}), line({"Items": []})]),
    ]


class _Scan:
    """Hands the script out, for each reading from its beginning; keeps what the answers of the last gave."""

    def __init__(self, script: Sequence[Reply]) -> None:
        self._script = script
        self._next = cycled(script, _SCRIPTED)
        self._tags: list[object] = []
        self.items: list[Any] = []

    def answer(self, operation: str, body: Mapping[str, Any], tag: object) -> Reply:
        if operation != "Scan":
            return self._next() or _LAST
        again = any(tag is one for one in self._tags)
        if not again and body["Segment"] == 0 and "ExclusiveStartKey" not in body:
            self._next, self.items = cycled(self._script, _SCRIPTED), []
        self._tags.append(tag)
        reply = self._next() or _LAST
        page = reply.success or {}
        objects = all(isinstance(page.get(name, {}), dict) for name in ("LastEvaluatedKey", "Item"))
        if isinstance(page.get("Items"), list) and objects:
            self.items += page["Items"]
        return reply


def _check_scan(data: bytes) -> None:
    """Equal is said only where every item, by its meaning, is there, and no other."""
    scan = _Scan(replies(data))
    wire = ScriptedWire(scan.answer).as_wire()
    with scratch() as folder:
        try:
            found = compare(*_shop(), Readers(wire), "Shop", folder, details=5)
        except TargetError:
            return
    said = {name: found.total(name) for name in _FIGURES}
    assert said["expected"] == 7 and all(figure >= 0 for figure in said.values())
    if found.ok:
        assert set(map(_meaning, scan.items)) == _expected().keys()


def _questions() -> list[bytes]:
    """The answers of a good table, in the order in which the patterns ask."""
    source, compiled = _shop()
    wire, given = FakeWire(expected_items(source, compiled)), []

    def answer(operation: str, body: Any, tag: object) -> Reply:
        given.append(getattr(wire, f"_{operation.lower()}")(body))
        return Reply(200, True, json.dumps(given[-1]).encode())

    assert all(p.passed for p in check_patterns(source, compiled, ScriptedWire(answer).as_wire(), "Shop"))
    return [b"\n".join(map(line, given)), b"\n".join(map(line, given[:4]))]


def _check_patterns(data: bytes) -> None:
    """Each call passes, fails by name, or is a fault of the target."""
    source, compiled = _shop()
    following = cycled(replies(data), 80)
    wire = ScriptedWire(lambda operation, body, tag: following() or _LAST).as_wire()
    with suppress(TargetError):
        for result in check_patterns(source, compiled, wire, "Shop", pauses=()):
            assert 0 <= result.passed <= result.calls
            assert result.passed == result.calls or result.failures


_JSON = (
    b'"LastEvaluatedKey"',
    b'"Items"',
    b"{}",
    b"[]",
    b"null",
    b"\n200 ",
    b"\n200!",
    b"\n500 ",
    b'{"N":"1"}',
)

TARGETS: Sequence[Target] = (
    Target(
        "scan-answers", _scans, _check_scan, (*_JSON, b'{"NS":["1","1"]}', b'{"N":"1e999"}', b'{"N":"NaN"}')
    ),
    Target("pattern-answers", _questions, _check_patterns, _JSON),
)
