"""Answers to BatchWriteItem: no item counts as written that the answer does not say is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import orjson

from migration_tool.book import Reading
from migration_tool.errors import Stopped, TargetError
from migration_tool.ledger import Ledger
from migration_tool.state.checkpoint import Checkpoint, EntityProgress
from migration_tool.state.rejects import RejectLog
from migration_tool.state.store import StateStore
from migration_tool.target.batch import Batch
from migration_tool.target.facts import Capacity
from migration_tool.target.loader import Loader
from tests.fuzz.scripted import Reply, ScriptedWire, cycled, error, line, replies
from tests.fuzz.target import Target, scratch
from tests.loading.ledger_server import LANE, Key, batch, items_of, key_of
from tests.state.samples import RUN

_FINE = Reply(200, True, b'{"UnprocessedItems":{}}')
_SCRIPTED = 12
_ITEM = {"PK": {"S": "P#1"}, "SK": {"S": "1"}, "N": {"N": "1"}}
_UNITS = {
    "TableName": LANE.table_name,
    "CapacityUnits": 5.0,
    "Table": {"CapacityUnits": 3.0},
    "GlobalSecondaryIndexes": {"GSI1": {"CapacityUnits": 2.0}},
}
_REASONS = [
    {"reason": "TableWriteKeyRangeThroughputExceeded", "resource": "arn:aws:dynamodb:x:1:table/T/index/G"}
]


def _left(*numbers: int) -> bytes:
    items = [{"PutRequest": {"Item": {"PK": {"S": f"P#{n}"}, "SK": {"S": f"{n}"}}}} for n in numbers]
    return line({"UnprocessedItems": {LANE.table_name: items}, "ConsumedCapacity": [_UNITS]})


def _seeds() -> list[bytes]:
    lines = [
        line({"UnprocessedItems": {}, "ConsumedCapacity": [_UNITS]}),
        _left(0, 2),
        _left(5),
        error("ThrottlingException", ThrottlingReasons=_REASONS),
        error("ValidationException"),
        error("InternalServerError", 500),
        b"200!{}",
        b"0",
        line({"UnprocessedItems": {LANE.table_name: [{"PutRequest": {"Item": _ITEM}}]}}),
    ]
    return [lines[0], b"\n".join(lines[:3]), b"\n".join(lines[3:6] + lines[:2]), b"\n".join(lines[6:])]


@dataclass
class _Table:
    """What the answers that were given out acknowledge."""

    script: list[Reply]
    acknowledged: set[Key] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._next = cycled(self.script, _SCRIPTED)

    def answer(self, operation: str, body: dict[str, Any], tag: object) -> Reply:
        (puts,) = body["RequestItems"].values()
        reply = self._next() or _FINE
        self.acknowledged |= _written(reply, {key_of(put["PutRequest"]["Item"]) for put in puts})
        return reply


def _written(reply: Reply, sent: set[Key]) -> set[Key]:
    """All that was sent less what comes back; nothing, where anything comes back that was not sent."""
    tables = (reply.success or {}).get("UnprocessedItems")
    if not isinstance(tables, dict):
        return set()
    try:
        (left,) = tables.values() if tables else ([],)
        keys = {key_of(put["PutRequest"]["Item"]) for put in left}
    except (ValueError, KeyError, TypeError):
        return set()
    sound = isinstance(left, list) and tables.keys() <= {LANE.table_name} and keys <= sent
    return sent - keys if sound else set()


class _Watcher:
    def progress(self, checkpoint: Checkpoint) -> None:
        return

    def stopping(self) -> bool:
        return False


def _check(data: bytes) -> None:
    """Whatever the answers are, the account and its save hold what they acknowledge, and no row more."""
    table, batches = _Table(replies(data)), [batch(0, 5), batch(5, 3), batch(8, 1)]
    wire = ScriptedWire(table.answer)
    loader = Loader(wire.as_wire())
    loader.keep_to(1000.0, {LANE.table_name: Capacity(900.0, {"GSI1": 900.0})})
    with scratch() as folder:
        saved = _load(loader, StateStore(folder), batches, wire.clock)
    done = [one for one in batches if not one.window.open]
    for one in batches:
        acknowledged = (items_of(one) & table.acknowledged) - _rejected(one)
        assert one.window.rows - one.window.open - len(_rejected(one)) <= len(acknowledged)
    assert all(items_of(one) <= table.acknowledged | _rejected(one) for one in done)
    assert saved.rows_read == saved.items_written + saved.rejected <= sum(one.window.rows for one in done)
    assert saved.rows_read == 9 or not loader.idle


def _load(
    loader: Loader, store: StateStore, batches: Sequence[Batch], clock: Callable[[], float]
) -> EntityProgress:
    """What a run saves when it ends, well or not."""
    progress = EntityProgress(LANE.table, LANE.entity, rows_total=9)
    checkpoint = Checkpoint(RUN, 1.0, "x", "us-east-1", {LANE.table: LANE.table_name}, (progress,))
    book = Reading(checkpoint, RejectLog(store.rejects_path(RUN), 0), 100)
    ledger = Ledger(store.save(checkpoint), store, loader, _Watcher(), book, clock=clock)
    with suppress(Stopped, TargetError):
        for one in batches:
            loader.submit(one)
        while not loader.idle:
            loader.pump()
    ledger.settle()
    ledger.save()
    return StateStore(store.folder).load(RUN).entities[0]


def _rejected(one: Batch) -> set[Key]:
    return {(f"P#{n!s}", str(n)) for reject in one.window.rejects for n in reject.source_key}


TARGETS: Sequence[Target] = (
    Target(
        "write-answers",
        _seeds,
        _check,
        (
            b'"UnprocessedItems"',
            b"{}",
            b"[]",
            b"null",
            b"\n200 ",
            b"\n200!",
            b"\n500 ",
            b"<html>",
            orjson.dumps(_ITEM),
        ),
    ),
)
