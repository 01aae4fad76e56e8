"""The operations of DynamoDB that loading a table needs, and the sink's own requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from bench.capacity import Model
from bench.sink_answers import error, http, json, no_table
from bench.sink_http import Handler
from bench.sink_pages import Pages
from bench.sink_stats import Stats
from bench.sink_tables import Table
from bench.sink_weighing import Weighing
from bench.sink_writes import Counting

_TARGET = b"DynamoDB_20120810."
Request = Mapping[str, Any]


class Sink:
    """Answers every request of a `Server`. `keep`: the items, for Scan; `model`: limits, None for none."""

    def __init__(self, keep: bool = False, model: Model | None = None) -> None:
        self._keep = keep
        self._stats = Stats()
        self._tables: dict[bytes, Table] = {}
        self._weighing = Weighing(self._tables, self._stats)
        self._counting = Counting(self._tables, self._stats, self._weighing)
        self._limit(model)
        self._operations: dict[bytes, Callable[[Request], bytes]] = {
            b"CreateTable": self._create_table,
            b"DescribeTable": self._describe_table,
            b"DeleteTable": self._delete_table,
            b"ListTables": self._list_tables,
            b"PutItem": self._put_item,
            b"DeleteItem": self._delete_item,
            b"GetItem": self._get_item,
            b"Query": self._query,
            b"Scan": self._scan,
        }
        self._own: dict[bytes, Callable[[bytes], Any]] = {
            b"GET /stats": lambda _: self._stats.answer(),
            b"POST /reset": lambda _: self._stats.reset(),
            b"POST /capacity": lambda body: self._limit(model_of(body)),
            b"POST /prepare": lambda _: self._prepare(),
        }

    def _limit(self, model: Model | None) -> None:
        self._weighing.model = model
        self._batch: Handler = self._weighing if model else self._counting

    def __call__(self, buffer: bytearray, body: int, end: int, now: float) -> bytes:
        self._stats.requests += 1
        at = buffer.find(_TARGET, 0, body)
        if at < 0:
            return self._of_own(bytes(buffer[: buffer.find(b" HTTP/")]), bytes(buffer[body:end]))
        at += len(_TARGET)
        operation = bytes(buffer[at : buffer.find(b"\r", at)])
        try:
            if operation == b"BatchWriteItem":
                return self._batch(buffer, body, end, now)
            call = self._operations.get(operation)
            if call is not None:
                return call(orjson.loads(buffer[body:end]))
        except (KeyError, TypeError, ValueError) as fault:
            return error("ValidationException", repr(fault))
        return error("UnknownOperationException", f"the sink knows no {operation.decode()}")

    def _create_table(self, request: Request) -> bytes:
        name = request["TableName"]
        if name.encode() in self._tables:
            return error("ResourceInUseException", f"Table already exists: {name}")
        table = self._tables[name.encode()] = Table(request)
        table.pages = Pages(table.keys) if self._keep else None
        return json({"TableDescription": table.describe(self._weighing.throughput(table))})

    def _describe_table(self, request: Request) -> bytes:
        table = self._tables.get(request["TableName"].encode())
        if table is None:
            return no_table(request["TableName"])
        return json({"Table": table.describe(self._weighing.throughput(table))})

    def _delete_table(self, request: Request) -> bytes:
        table = self._tables.pop(request["TableName"].encode(), None)
        if table is None:
            return no_table(request["TableName"])
        if table.pages:
            table.pages.close()
        return json({"TableDescription": {**table.describe(), "TableStatus": "DELETING"}})

    def _list_tables(self, request: Request) -> bytes:
        names = sorted(name.decode() for name in self._tables)
        start = request.get("ExclusiveStartTableName", "")
        rest = [name for name in names if name > start]
        page = rest[: request.get("Limit", 100)]
        more = {"LastEvaluatedTableName": page[-1]} if len(page) < len(rest) else {}
        return json({"TableNames": page, **more})

    def _put_item(self, request: Request) -> bytes:
        """Kept, as there are few: leases."""
        table = self._tables.get(request["TableName"].encode())
        if table is not None:
            table.singles[table.key(request["Item"])] = request["Item"]
        return self._weighing.put_item(request)

    def _delete_item(self, request: Request) -> bytes:
        table = self._tables.get(request["TableName"].encode())
        if table is not None:
            table.singles.pop(table.key(request["Key"]), None)
        return self._weighing.delete_item(request)

    def _get_item(self, request: Request) -> bytes:
        """One that came by PutItem; the sink cannot look up what came in a batch."""
        table = self._tables.get(request["TableName"].encode())
        item = table.singles.get(table.key(request["Key"])) if table is not None else None
        found = {"Item": item} if item else {}
        return json({**found, "ConsumedCapacity": {"TableName": request["TableName"], "CapacityUnits": 0.5}})

    def _query(self, _request: Request) -> bytes:
        """Never an item, as `_get_item`."""
        return http(b'{"Items":[],"Count":0,"ScannedCount":0}')

    def _scan(self, request: Request) -> bytes:
        """A page of items, or how many of them an index holds; no limit, filter or projection."""
        table = self._tables.get(request["TableName"].encode())
        if table is None:
            return no_table(request["TableName"])
        if table.pages is None:
            return self._query(request)
        segments = request.get("TotalSegments", 1)
        try:
            page = table.pages.page(request.get("Segment", 0), segments, request.get("ExclusiveStartKey"))
        except KeyError:
            return error("ValidationException", "The provided starting key is invalid")
        last = b',"LastEvaluatedKey":' + page.last if page.more else b""
        if request.get("Select") == "COUNT":
            found = (
                page.holding(table.indexes[request["IndexName"]]) if "IndexName" in request else page.count
            )
            return http(b'{"Count":%d,"ScannedCount":%d%b}' % (found, found, last))
        count = b'{"Count":%d,"ScannedCount":%d' % (page.count, page.count)
        return http(b"".join((count, last, b',"Items":[', page.items, b"]}")))

    def _of_own(self, asked: bytes, body: bytes) -> bytes:
        call = self._own.get(asked)
        if call is None:
            return json({"message": b", ".join(self._own).decode()}, 404)
        try:
            return json(call(body) or {})
        except (TypeError, ValueError) as fault:
            return json({"message": str(fault)}, 400)

    def _prepare(self) -> dict[str, int]:
        """Cuts the pages of all tables, so that no Scan has to wait; gives how many each has."""
        return {name.decode(): t.pages.prepare() for name, t in self._tables.items() if t.pages}


def model_of(text: bytes) -> Model | None:
    """The capacity model in this JSON; null or no text is none. Raises ValueError or TypeError."""
    given = orjson.loads(text) if text else None
    return None if given is None else Model(**given)
