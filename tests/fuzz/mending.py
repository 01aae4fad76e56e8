"""Answers to a repair: what counts as repaired was read as it is to be, after the write."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import orjson

from migration_tool.errors import TargetError
from migration_tool.mending import Change, Plan, mend
from migration_tool.model import WireItem
from migration_tool.state.repairs import RepairLog
from tests.fuzz.scripted import Reply, ScriptedWire, cycled, error, line, replies
from tests.fuzz.target import Target, scratch

_KEYS = ("PK", "SK")
_SCRIPTED = 24
_UNITS = {"ConsumedCapacity": {"TableName": "t", "CapacityUnits": 1.0}}


def _item(number: int, value: str) -> WireItem:
    return {"PK": {"S": f"p{number}"}, "SK": {"S": "s"}, "N": {"N": value}}


def _text(item: WireItem | None) -> bytes | None:
    return None if item is None else orjson.dumps(item, option=orjson.OPT_SORT_KEYS)


_CHANGES = tuple(
    Change(_KEYS, (f"p{number}", "s"), "Thing", _text(before), _text(after))
    for number, before, after in (
        (0, None, _item(0, "1")),
        (1, _item(1, "2"), _item(1, "1.5")),
        (2, _item(2, "3"), None),
    )
)
PLAN = Plan("things", "t", 3, 0, _CHANGES)


def _there(*items: WireItem, left: Sequence[WireItem] = ()) -> bytes:
    unprocessed = {"t": {"Keys": list(left)}} if left else {}
    return line({"Responses": {"t": list(items)}, "UnprocessedKeys": unprocessed})


BEFORE, WRITTEN = _there(_item(1, "2"), _item(2, "3")), line(_UNITS)
"""Answers: the items as PLAN has found them, and that a write was done."""


def _seeds() -> list[bytes]:
    after, refused = _there(_item(0, "1"), _item(1, "1.5")), error("ConditionalCheckFailedException")
    split = [_there(_item(1, "2"), left=[{"PK": {"S": "p2"}, "SK": {"S": "s"}}]), _there(_item(2, "3"))]
    return [
        b"\n".join([BEFORE, WRITTEN, WRITTEN, WRITTEN, after]),
        b"\n".join([*split, WRITTEN, refused, error("InternalServerError", 500), after]),
        b"\n".join([after, after]),
    ]


@dataclass
class _Table:
    """What the last look at it gave; and what was written after it was shown and journaled."""

    script: Sequence[Reply]
    seen: dict[str, Any] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._next = cycled(self.script, _SCRIPTED)

    def answer(self, operation: str, body: dict[str, Any], tag: object) -> Reply:
        reply = self._next() or Reply(
            200, True, b'{"Responses":{},"UnprocessedKeys":{},"ConsumedCapacity":{}}'
        )
        if operation == "BatchGetItem":
            for key in body["RequestItems"]["t"]["Keys"]:
                self.seen[key["PK"]["S"]] = None
            with suppress(ValueError, KeyError, TypeError, AttributeError):
                found = (reply.success or {})["Responses"].get("t", [])
                self.seen |= {item["PK"]["S"]: item for item in found}
        else:
            assert body["ConditionExpression"]
            self.written.append(body.get("Item", body.get("Key"))["PK"]["S"])
        return reply


def _check(data: bytes) -> None:
    """Repaired is what the last look has shown to be so; all that is written is in the journal."""
    table = _Table(replies(data))
    with scratch() as folder:
        log = RepairLog(folder / "x.repairs.jsonl")
        try:
            done = list(mend(ScriptedWire(table.answer).as_wire(), PLAN, log, lambda: None, lambda: 1.0))
        except TargetError:
            done = []
        journal = (
            [json.loads(each) for each in log.path.read_bytes().splitlines()] if log.path.exists() else []
        )
    told = {entry["key"]["PK"]["S"] for entry in journal if "action" in entry}
    assert set(table.written) <= told
    wanted = {change.key[0]: change.items[1] for change in _CHANGES}
    for result in done:
        key = str(result.key["PK"])
        if result.outcome == "repaired":
            assert _same(table.seen[key], wanted[key])
    assert len(done) in (0, len(_CHANGES))


def _same(found: WireItem | None, wanted: WireItem | None) -> bool:
    if found is None or wanted is None:
        return found is wanted
    number = {"N": {"N": float(found["N"]["N"])}}
    return found | number == wanted | {"N": {"N": float(wanted["N"]["N"])}}


_WORDS = (b'"Responses"', b'"UnprocessedKeys"', b'"Keys"', b'"ConsumedCapacity"', b"{}", b"[]", b"null")

TARGETS: Sequence[Target] = (
    Target("repair-answers", _seeds, _check, (*_WORDS, b"\n200 ", b"\n200!", b"\n500 ", b'{"N":"1e0"}')),
)
