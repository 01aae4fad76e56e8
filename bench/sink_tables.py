"""Tables as CreateTable defines them, and what is said of them: description and consumed capacity."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from bench.capacity import TABLE, Model
from bench.sink_pages import Pages

_ON_DEMAND = {"BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"}}


@dataclass(eq=False)
class Table:
    """One table, by the request that created it.

    items    how many were taken, the same one twice counted twice
    pages    the items themselves; None: they are not kept
    singles  items that came by PutItem, by key
    """

    definition: Mapping[str, Any]
    pages: Pages | None = None
    items: int = 0
    created: float = field(default_factory=time.time)
    singles: dict[str, Any] = field(default_factory=dict)
    table_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def name(self) -> str:
        return str(self.definition["TableName"])

    @property
    def arn(self) -> str:
        return f"arn:aws:dynamodb:us-east-1:000000000000:table/{self.name}"

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Names of partition key, then sort key if any."""
        return keys_of(self.definition["KeySchema"])

    def key(self, item: Mapping[str, Any]) -> str:
        return repr([item[name] for name in self.keys])

    @cached_property
    def indexes(self) -> dict[str, tuple[str, ...]]:
        """The same of each global secondary index."""
        return {index["IndexName"]: keys_of(index["KeySchema"]) for index in self._defined}

    @property
    def _defined(self) -> Sequence[Mapping[str, Any]]:
        return self.definition.get("GlobalSecondaryIndexes") or ()

    def resource_arn(self, index: str) -> str:
        return f"{self.arn}/index/{index}" if index else self.arn

    @property
    def resources(self) -> dict[str, str]:
        """The table (TABLE) and its indexes, as the statistics name them."""
        return {TABLE: self.name, **{index: f"{self.name}/index/{index}" for index in self.indexes}}

    def describe(self, limits: Mapping[str, Mapping[str, Any]] | None = None) -> dict[str, Any]:
        """The TableDescription: ACTIVE from the start.

        limits  what it says of throughput, for the table ("") and each index; None: as was asked for
        """
        if limits is None:
            limits = {"": asked_throughput(self.definition)}
        definition = self.definition
        described: dict[str, Any] = {
            **{name: definition[name] for name in ("TableName", "KeySchema", "AttributeDefinitions")},
            "TableStatus": "ACTIVE",
            "CreationDateTime": self.created,
            "TableArn": self.arn,
            "TableId": self.table_id,
            "ItemCount": self.items,
            "TableSizeBytes": 0,
            **limits[""],
        }
        indexes = [self._index(index, limits) for index in self._defined]
        return {**described, "GlobalSecondaryIndexes": indexes} if indexes else described

    def _index(self, index: Mapping[str, Any], limits: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        return {
            "ProvisionedThroughput": provisioned(0),
            **index,
            **limits.get(index["IndexName"], {}),
            "IndexStatus": "ACTIVE",
            "IndexArn": self.resource_arn(index["IndexName"]),
            "ItemCount": self.items,
            "IndexSizeBytes": 0,
        }


def keys_of(schema: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    """Partition key, then sort key if any."""
    return tuple(key["AttributeName"] for key in sorted(schema, key=lambda key: key["KeyType"] != "HASH"))


def provisioned(units: float) -> dict[str, int]:
    """ProvisionedThroughput, with as many units for reads as for writes; zeros mean on demand."""
    whole = int(units)
    return {"NumberOfDecreasesToday": 0, "ReadCapacityUnits": whole, "WriteCapacityUnits": whole}


def asked_throughput(definition: Mapping[str, Any]) -> dict[str, Any]:
    """What CreateTable asked for, as DescribeTable says it."""
    if definition.get("BillingMode") == "PAY_PER_REQUEST":
        return {**_ON_DEMAND, "ProvisionedThroughput": provisioned(0)}
    return {"ProvisionedThroughput": {**provisioned(5), **(definition.get("ProvisionedThroughput") or {})}}


def modelled_throughput(model: Model, allowed: Mapping[str, float]) -> dict[str, dict[str, Any]]:
    """What DescribeTable says of the limits of the table (TABLE) and each index."""
    return {name: _throughput(model, name, units) for name, units in allowed.items()}


def _throughput(model: Model, name: str, units: float) -> dict[str, Any]:
    warm = {"WriteUnitsPerSecond": int(units), "ReadUnitsPerSecond": int(units), "Status": "ACTIVE"}
    said = {"ProvisionedThroughput": provisioned(units if model.provisioned else 0), "WarmThroughput": warm}
    if model.provisioned:
        return said
    billing = _ON_DEMAND if name == TABLE else {}
    most = {"OnDemandThroughput": {"MaxWriteRequestUnits": int(model.max_wcu)}} if model.max_wcu else {}
    return {**said, **billing, **most}


def consumed(
    table: Table, units: float, index_units: Mapping[str, float], wanted: str
) -> list[dict[str, Any]]:
    """ConsumedCapacity of one table; `wanted` as in ReturnConsumedCapacity: INDEXES, TOTAL or nothing."""
    if wanted not in ("INDEXES", "TOTAL"):
        return []
    answer: dict[str, Any] = {"TableName": table.name, "CapacityUnits": units + sum(index_units.values())}
    if wanted == "INDEXES":
        answer["Table"] = {"CapacityUnits": units}
        if index_units:
            named = {name: {"CapacityUnits": value} for name, value in index_units.items()}
            answer["GlobalSecondaryIndexes"] = named
    return [answer]
