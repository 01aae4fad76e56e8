"""BatchWriteItem as fast as it goes: the body is looked at, not parsed.

Every item is taken to cost one write capacity unit in the table and one in each index, and a request to
write to one table: the first it names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import orjson

from bench.sink_answers import http, no_table
from bench.sink_http import Handler
from bench.sink_pages import BETWEEN, Pages
from bench.sink_stats import Stats
from bench.sink_tables import Table, consumed

_TABLE = re.compile(rb'"RequestItems"\s*:\s*\{\s*"([^"]+)"')
_NEAR = 512
_PUT = b'"PutRequest":'
_DELETE = b'"DeleteRequest":'
_WANTED = re.compile(rb'"ReturnConsumedCapacity"\s*:\s*"([A-Z]+)"')
_TAIL = 64
_HEAD = b'{"RequestItems":{"%s":[{"PutRequest":{"Item":'
_PRODUCT_TAIL = b'}}]},"ReturnConsumedCapacity":"INDEXES"}'


class Counting:
    """Takes every batch and only counts it. Answers are built once per table and number of items.

    careful  takes the batches that have to be kept, but do not have the product's form
    """

    def __init__(self, tables: Mapping[bytes, Table], stats: Stats, careful: Handler) -> None:
        self._tables = tables
        self._stats = stats
        self._careful = careful
        self._answers: dict[tuple[Table, int, bytes], bytes] = {}
        self._resources: dict[Table, list[str]] = {}

    def __call__(self, buffer: bytearray, body: int, end: int, now: float) -> bytes:
        found = _TABLE.search(buffer, body, body + _NEAR)
        name = found[1] if found else b""
        table = self._tables.get(name)
        if table is None:
            return no_table(name.decode())
        items = buffer.count(_PUT, body, end)
        if table.pages is not None and not _kept(table.pages, name, items, buffer, body, end):
            return self._careful(buffer, body, end, now)
        table.items += items
        stats = self._stats
        stats.batch(now)
        stats.items += items
        stats.consume(self._resources.get(table) or self._named(table), items, now)
        wanted = returned_capacity(buffer, body, end)
        return self._answers.get((table, items, wanted)) or self._answer(table, items, wanted)

    def _named(self, table: Table) -> list[str]:
        return self._resources.setdefault(table, list(table.resources.values()))

    def _answer(self, table: Table, items: int, wanted: bytes) -> bytes:
        units = float(items)
        capacity = consumed(table, units, dict.fromkeys(table.indexes, units), wanted.decode())
        body = {"UnprocessedItems": {}, **({"ConsumedCapacity": capacity} if capacity else {})}
        return self._answers.setdefault((table, items, wanted), http(orjson.dumps(body)))


def returned_capacity(buffer: bytearray, body: int, end: int) -> bytes:
    """The value of ReturnConsumedCapacity, which stands before or after the items; b"" if there is none."""
    found = _WANTED.search(buffer, max(body, end - _TAIL), end) or _WANTED.search(buffer, body, body + _TAIL)
    return found[1] if found else b""


def _kept(pages: Pages, name: bytes, items: int, buffer: bytearray, body: int, end: int) -> bool:
    """Keeps the items as they are, if the batch has the product's form: one table, nothing but puts."""
    head, tail = _HEAD % name, _PRODUCT_TAIL
    begin, end = body + len(head), end - len(tail)
    if not (buffer.startswith(head, body) and buffer.startswith(tail, end)):
        return False
    if buffer.count(BETWEEN, begin, end) != items - 1 or buffer.find(_DELETE, begin, end) >= 0:
        return False
    with memoryview(buffer) as view, view[begin:end] as run:
        pages.add(run)
    return True
