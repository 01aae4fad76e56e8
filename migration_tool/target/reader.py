"""Reads items back: whole tables and access patterns, many requests at a time over one wire.

Data ends only where an answer without LastEvaluatedKey says so: a page without items is not the end,
and neither is an error.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from migration_tool.errors import TargetError
from migration_tool.model import WireItem
from migration_tool.oversize import chunk_keys, restored
from migration_tool.target.exchange import Exchange
from migration_tool.target.faults import NO_DYNAMODB_HINT
from migration_tool.target.items import require_items
from migration_tool.target.lease import ATTRIBUTE, KEY, without_lease
from migration_tool.target.wire import Wire

if TYPE_CHECKING:
    from migration_tool.design.model import Requests

MOST_KEYS = 100
"""Of one BatchGetItem."""

_CALLS_PER_CONNECTION = 4

T = TypeVar("T")


def scan(
    wire: Wire, table: str, segments: int, share: Sequence[int] | None = None
) -> Iterator[list[WireItem]]:
    """All items of the table but its lease, strongly consistent, in pages of no order; none is empty.

    share  which of the `segments` to read; None: all of them

    Each segment is asked for its next page before the last one is given out, so memory holds one page
    (1 MB) per segment. The items are as they came; see `require_items`. Raises TargetError.
    """
    body = {"TableName": table, "ConsistentRead": True, "TotalSegments": segments}
    for page in _pages(wire, "read the table", body, range(segments) if share is None else share):
        if items := _without_lease(table, page["Items"]):
            yield items


def count(wire: Wire, table: str, keys: Sequence[str], index: str, segments: int) -> int:
    """How many items the index holds, eventually consistent; it is read whole. Raises TargetError.

    keys  the key attributes of the table: an index of these alone holds the lease, which does not count
    """
    body = {
        "TableName": table,
        "IndexName": index,
        "Select": "COUNT",
        "TotalSegments": segments,
        **without_lease(keys),
    }
    return sum(page["Count"] for page in _pages(wire, "count the items of an index", body, range(segments)))


def _pages(
    wire: Wire, operation: str, body: Mapping[str, Any], segments: Iterable[int]
) -> Iterator[dict[str, Any]]:
    """The pages of a parallel Scan: what each segment gives until it says that there is no more."""
    with Exchange[int](wire, operation, body["TableName"]) as exchange:

        def ask(segment: int, start: Any) -> None:
            more = {"ExclusiveStartKey": start} if start else {}
            exchange.put(segment, "Scan", {**body, "Segment": segment, **more})

        for segment in segments:
            ask(segment, None)
        for segment, page in exchange:
            if start := page.get("LastEvaluatedKey"):
                ask(segment, start)
            yield page


def _without_lease(table: str, items: list[WireItem]) -> list[WireItem]:
    try:
        return [i for i in items if ATTRIBUTE not in i or {"S": KEY} not in i.values()]
    except (TypeError, AttributeError):
        require_items(table, items)
        raise


def fetch(wire: Wire, table: str, requests: Requests) -> list[WireItem]:
    """The items that one call of an access pattern gives, in its order. Raises TargetError."""
    return next(fetch_many(wire, table, [requests]))


def fetch_many(wire: Wire, table: str, calls: Iterable[Requests]) -> Iterator[list[WireItem]]:
    """The items of each call, in the order of the calls; many are asked at a time.

    Attributes that had left an item of over 400 KB are back in place. `calls` is read only a few ahead of
    what was given out. Raises TargetError.
    """
    for found in _fetched(wire, table, calls):
        items = wire.objects.whole(table, found) if wire.objects else found
        yield [restored(item, _chunks(wire, table, chunk_keys(item))) for item in items]


def _chunks(wire: Wire, table: str, keys: Sequence[WireItem]) -> list[WireItem]:
    """The chunk items that are there; their keys are in their order."""
    groups = ((None, keys[start : start + MOST_KEYS]) for start in range(0, len(keys), MOST_KEYS))
    found = [item for _, items in get_items(wire, table, groups) for item in items] if keys else []
    require_items(table, found)
    return sorted(found, key=lambda item: [str(item.get(name)) for name in keys[0]])


def _fetched(wire: Wire, table: str, calls: Iterable[Requests]) -> Iterator[list[WireItem]]:
    coming = iter(calls)
    open_calls: deque[_Call] = deque()
    limit = wire.target.connections * _CALLS_PER_CONNECTION
    with Exchange[tuple[_Call, int]](wire, "ask the table", table) as exchange:
        while True:
            while len(open_calls) < limit and (requests := next(coming, None)) is not None:
                open_calls.append(_asked(exchange, table, requests))
            if not open_calls:
                return
            while open_calls[0].unfinished and (taken := exchange.take()) is not None:
                (call, shard), page = taken
                call.add(shard, page)
                if start := page.get("LastEvaluatedKey"):
                    exchange.put((call, shard), call.requests.operation, call.body(shard, start))
            yield open_calls.popleft().items()


def get_items(
    wire: Wire, table: str, groups: Iterable[tuple[T, Sequence[WireItem]]]
) -> Iterator[tuple[T, list[WireItem]]]:
    """The items that each group's keys have, strongly consistent; groups come in no order, nor do items.

    A group has at most MOST_KEYS keys, each of them once. `groups` is read only a few ahead of what was
    given out. What DynamoDB left unprocessed is asked for again. Raises TargetError.
    """
    coming = iter(groups)
    with Exchange[_Group[T]](wire, "read items by key", table) as exchange:
        under_way = 0
        while True:
            while under_way < wire.target.connections * _CALLS_PER_CONNECTION:
                if (more := next(coming, None)) is None:
                    break
                exchange.put(group := _Group(*more, wire.clock()), "BatchGetItem", group.body(table))
                under_way += 1
            if (taken := exchange.take()) is None:
                return
            group, page = taken
            if group.add(table, page):
                exchange.put(group, "BatchGetItem", group.body(table), _patience(wire, table, group))
            else:
                under_way -= 1
                yield group.tag, group.items


@dataclass
class _Group(Generic[T]):
    """Keys that are asked for together. `tries`: answers in a row that brought nothing of what is left."""

    tag: T
    keys: Sequence[WireItem]
    since: float
    items: list[WireItem] = field(default_factory=list)
    tries: int = 0

    def body(self, table: str) -> dict[str, Any]:
        return {"RequestItems": {table: {"Keys": list(self.keys), "ConsistentRead": True}}}

    def add(self, table: str, page: dict[str, Any]) -> bool:
        """Whether some keys are left unprocessed: by the size of the answer, or by a throttle.

        Raises TargetError where the answer holds what was not asked for.
        """
        try:
            found: list[WireItem] = page["Responses"].get(table, [])
            left = ((page.get("UnprocessedKeys") or {}).get(table) or {}).get("Keys", [])
            known = self._texts(found) | self._texts(left) <= self._texts(self.keys)
        except (TypeError, AttributeError, KeyError):
            known = False
        if not known:
            cause = "an answer holds what was not asked for"
            raise TargetError("read items by key", table, cause, NO_DYNAMODB_HINT)
        self.items += found
        self.keys = left
        self.tries = 0 if found else self.tries + 1
        return bool(self.keys)

    def _texts(self, items: Sequence[WireItem]) -> set[tuple[str, ...]]:
        """The keys of the items."""
        return {tuple([item[name]["S"] for name in self.keys[0]]) for item in items}


def _patience(wire: Wire, table: str, group: _Group[Any]) -> float:
    """Seconds before the rest of a group is asked for; none while each answer brings some of it."""
    if not group.tries:
        return 0.0
    if wire.backoff.exhausted(group.tries, wire.clock() - group.since, throttled=True):
        raise TargetError(
            "read items by key", table, f"{len(group.keys)} keys are left unprocessed again and again",
            "the table is throttled; wait, or give it more read capacity, then run the command again",
        )  # fmt: skip
    return wire.backoff.delay(group.tries)


@dataclass
class _Call:
    """One call under way: what came so far, per body, and how many bodies owe more."""

    table: str
    requests: Requests
    parts: list[list[WireItem]]
    unfinished: int

    def body(self, shard: int, start: Any) -> dict[str, Any]:
        body = {**self.requests.bodies[shard], "TableName": self.table}
        return {**body, "ExclusiveStartKey": start} if start else body

    def add(self, shard: int, page: dict[str, Any]) -> None:
        if self.requests.operation == "GetItem":
            items = [page["Item"]] if "Item" in page else []
        else:
            items = page["Items"]
        require_items(self.table, items)
        self.parts[shard] += items
        self.unfinished -= 0 if page.get("LastEvaluatedKey") else 1

    def items(self) -> list[WireItem]:
        order_by = self.requests.order_by
        if len(self.parts) == 1 or order_by is None:
            return [item for part in self.parts for item in part]
        return list(
            heapq.merge(
                *self.parts,
                key=lambda item: _order_text(self.table, item, order_by),
                reverse=self.requests.descending,
            )
        )


def _asked(exchange: Exchange[tuple[_Call, int]], table: str, requests: Requests) -> _Call:
    shards = len(requests.bodies)
    call = _Call(table, requests, [[] for _ in range(shards)], shards)
    for shard in range(shards):
        exchange.put((call, shard), requests.operation, call.body(shard, None))
    return call


def _order_text(table: str, item: WireItem, attribute: str) -> bytes:
    value = next(iter(item.get(attribute, {}).values()), None)
    if not isinstance(value, str):
        raise TargetError(
            "merge the shards of a listing", table, f"an item has no text in {attribute} to order by",
            "check the access pattern's index in the design, then `python migrate.py validate`",
        )  # fmt: skip
    return value.encode()
