"""Puts and deletes with the body parsed: weighed by the capacity model if there is one, kept if asked for."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from bench.capacity import TABLE, Admission, Clock, Model, TableCapacity
from bench.sink_answers import json, no_table, throttled
from bench.sink_stats import Stats
from bench.sink_tables import Table, consumed, modelled_throughput

Request = Mapping[str, Any]


class Weighing:
    """BatchWriteItem and PutItem. Without a model each item costs one unit, in the table and each index."""

    def __init__(self, tables: Mapping[bytes, Table], stats: Stats, clock: Clock = time.monotonic) -> None:
        self._tables = tables
        self._stats = stats
        self._clock = clock
        self._capacities: dict[Table, TableCapacity] = {}
        self._model: Model | None = None

    @property
    def model(self) -> Model | None:
        return self._model

    @model.setter
    def model(self, model: Model | None) -> None:
        """From now on these limits: every table begins anew, with nothing consumed."""
        self._model = model
        self._capacities.clear()

    def throughput(self, table: Table) -> dict[str, dict[str, Any]] | None:
        """What DescribeTable says of the modelled limits; None without a model."""
        if self._model is None:
            return None
        return modelled_throughput(self._model, self._capacity(table, self._model).allowed)

    def __call__(self, buffer: bytearray, body: int, end: int, now: float) -> bytes:
        request = orjson.loads(buffer[body:end])
        self._stats.batch(now)
        return self._batch(request, now)

    def put_item(self, request: Request) -> bytes:
        """A PutItem, without its conditions."""
        return self._single(request, {"PutRequest": {"Item": request["Item"]}})

    def delete_item(self, request: Request) -> bytes:
        return self._single(request, {"DeleteRequest": {"Key": request["Key"]}})

    def _single(self, request: Request, one: Request) -> bytes:
        table = self._tables.get(request["TableName"].encode())
        if table is None:
            return no_table(request["TableName"])
        admission = self._admit(table, [one], time.monotonic())
        if admission.refusals:
            return self._refused({table: admission})
        capacity = consumed(table, admission.units, admission.indexes, _wanted(request))
        return json({"ConsumedCapacity": capacity[0]} if capacity else {})

    def _batch(self, request: Request, now: float) -> bytes:
        asked: dict[str, list[Request]] = request["RequestItems"]
        tables = {name: self._tables.get(name.encode()) for name in asked}
        admissions = {}
        for name, table in tables.items():
            if table is None:
                return no_table(name)
            admissions[table] = self._admit(table, asked[name], now)
            self._stats.items += sum(admissions[table].taken)
        if not any(any(admission.taken) for admission in admissions.values()):
            return self._refused(admissions)
        left = {table.name: _left(asked[table.name], a) for table, a in admissions.items() if a.refusals}
        wanted = _wanted(request)
        capacity = [c for table, a in admissions.items() for c in consumed(table, a.units, a.indexes, wanted)]
        return json({"UnprocessedItems": left, **({"ConsumedCapacity": capacity} if capacity else {})})

    def _refused(self, admissions: Mapping[Table, Admission]) -> bytes:
        reasons = [
            {"reason": f"{'Index' if name else 'Table'}Write{limit}", "resource": table.resource_arn(name)}
            for table, admission in admissions.items()
            for name, limit in admission.refusals
        ]
        return throttled(self._model is not None and self._model.provisioned, reasons)

    def _admit(self, table: Table, requests: Sequence[Request], now: float) -> Admission:
        items = [_item(request) for request in requests]
        if self._model is None:
            each = float(len(items))
            admission = Admission([True] * len(items), each, dict.fromkeys(table.indexes, each))
        else:
            admission = self._capacity(table, self._model).admit(items)
        taken = [request for request, ok in zip(requests, admission.taken, strict=True) if ok]
        self._count(table, admission, len(taken), now)
        _keep(table, taken)
        return admission

    def _count(self, table: Table, admission: Admission, taken: int, now: float) -> None:
        stats = self._stats
        table.items += taken
        stats.throttled_items += len(admission.taken) - taken
        stats.throttled_batches += bool(admission.refusals)
        names = table.resources
        for index, units in {TABLE: admission.units, **admission.indexes}.items():
            stats.consume([names[index]], units, now)

    def _capacity(self, table: Table, model: Model) -> TableCapacity:
        if table not in self._capacities:
            self._capacities[table] = TableCapacity(model, table.keys, table.indexes, self._clock)
        return self._capacities[table]


def _item(request: Request) -> Any:
    ((_, parameters),) = request.items()
    return parameters["Item"] if "Item" in parameters else parameters["Key"]


def _keep(table: Table, requests: Sequence[Request]) -> None:
    if table.pages is None:
        return
    for request in requests:
        if "PutRequest" in request:
            table.pages.add(orjson.dumps(_item(request)))
        else:
            table.pages.remove(_item(request))


def _left(requests: Sequence[Request], admission: Admission) -> list[Request]:
    return [request for request, ok in zip(requests, admission.taken, strict=True) if not ok]


def _wanted(request: Request) -> str:
    return str(request.get("ReturnConsumedCapacity", "NONE"))
