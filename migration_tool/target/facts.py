"""A table as it is: what of DescribeTable's answer counts here, read strictly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC
from math import inf
from typing import Any

from migration_tool.design.definition import CLASSES
from migration_tool.design.model import Settings, Throughput
from migration_tool.model import TableIdentity


@dataclass(frozen=True)
class IndexFacts:
    """A secondary index as it is.

    keys        partition key, then sort key if any
    projection  as `projected` says it
    """

    name: str
    keys: tuple[str, ...]
    projection: str
    status: str
    local: bool = False
    capacity: Throughput | None = None


@dataclass(frozen=True)
class Capacity:
    """Write units per second that a table and its indexes have; on demand: None and no index.

    A maximum that is set for on demand is a capacity too.
    """

    table: float | None = None
    indexes: Mapping[str, float] = field(default_factory=dict)

    def share(self, part: float) -> Capacity:
        """So much of it, above 0 and up to 1."""
        table = None if self.table is None else self.table * part
        return Capacity(table, {name: units * part for name, units in self.indexes.items()})


@dataclass(frozen=True)
class TableFacts:
    """A table as it is.

    keys        partition key, then sort key if any
    types       the type letter of every key attribute
    item_count  as DescribeTable says: up to six hours old on AWS, so never a proof
    settings    those that DescribeTable tells; None for the others
    """

    name: str
    status: str
    identity: TableIdentity
    keys: tuple[str, ...]
    types: Mapping[str, str]
    indexes: Mapping[str, IndexFacts]
    item_count: int
    size_bytes: int
    capacity: Capacity = Capacity()
    settings: Settings = field(default_factory=Settings)

    @property
    def active(self) -> bool:
        """The table and every index of it can be used."""
        return self.status == "ACTIVE" and all(i.status == "ACTIVE" for i in self.indexes.values())


def facts_of(answer: Mapping[str, Any], name: str) -> TableFacts:
    """The facts in an answer to DescribeTable of that table. Raises ValueError where it is no such answer."""
    try:
        found = _facts(answer["Table"])
    except (LookupError, TypeError, AttributeError, ArithmeticError, ValueError) as error:
        raise ValueError(f"the answer describes no table ({type(error).__name__}: {error})") from error
    if found.name != name:
        raise ValueError(f"the answer is about the table {found.name}")
    return found


def _facts(table: Mapping[str, Any]) -> TableFacts:
    indexes = [
        _index(index, local)
        for kind, local in (("GlobalSecondaryIndexes", False), ("LocalSecondaryIndexes", True))
        for index in table.get(kind, ())
    ]
    attributes = table.get("AttributeDefinitions", ())
    return TableFacts(
        name=_text(table["TableName"]),
        status=_text(table["TableStatus"]),
        identity=_identity(table),
        keys=_keys_of(table["KeySchema"]),
        types={_text(a["AttributeName"]): _text(a["AttributeType"]) for a in attributes},
        indexes={index.name: index for index in indexes},
        item_count=int(table.get("ItemCount", 0)),
        size_bytes=int(table.get("TableSizeBytes", 0)),
        capacity=_capacity(table),
        settings=_settings(table),
    )


def _settings(table: Mapping[str, Any]) -> Settings:
    stream = table.get("StreamSpecification", {})
    found = table.get("TableClassSummary", {}).get("TableClass", "STANDARD")
    return Settings(
        billing="provisioned" if _provisioned(table) else "on_demand",
        capacity=_throughput(table),
        warm_throughput=_pair(table.get("WarmThroughput", {}), "ReadUnitsPerSecond", "WriteUnitsPerSecond"),
        stream=_text(stream.get("StreamViewType", "")).lower() if stream.get("StreamEnabled") else None,
        table_class=next((name for name, theirs in CLASSES.items() if theirs == found), None),
        deletion_protection=bool(table.get("DeletionProtectionEnabled", False)),
    )


def _throughput(resource: Mapping[str, Any]) -> Throughput | None:
    """What a table or an index is provisioned with, else the maximum of on demand."""
    most = resource.get("OnDemandThroughput", {})
    return _provisioned(resource) or _pair(most, "MaxReadRequestUnits", "MaxWriteRequestUnits")


def _provisioned(resource: Mapping[str, Any]) -> Throughput | None:
    return _pair(resource.get("ProvisionedThroughput", {}), "ReadCapacityUnits", "WriteCapacityUnits")


def _pair(units: Mapping[str, Any], read: str, write: str) -> Throughput | None:
    """None where a unit is missing, 0 (on demand) or -1 (no maximum)."""
    found = int(units.get(read, 0)), int(units.get(write, 0))
    return Throughput(*found) if min(found) > 0 else None


def _index(index: Mapping[str, Any], local: bool) -> IndexFacts:
    return IndexFacts(
        _text(index["IndexName"]),
        _keys_of(index["KeySchema"]),
        projected(index.get("Projection", {})),
        _text(index.get("IndexStatus", "ACTIVE")),
        local,
        _throughput(index),
    )


def projected(projection: Mapping[str, Any]) -> str:
    """What an index projects in words: ALL, KEYS_ONLY, or INCLUDE and the names."""
    kind, names = _text(projection.get("ProjectionType", "ALL")), projection.get("NonKeyAttributes", ())
    return " ".join([kind, ", ".join(sorted(map(_text, names)))]).strip()


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"text is expected, not {value!r:.60}")
    return value


def _capacity(table: Mapping[str, Any]) -> Capacity:
    indexes = {index["IndexName"]: _units(index) for index in table.get("GlobalSecondaryIndexes", ())}
    return Capacity(_units(table), {name: units for name, units in indexes.items() if units is not None})


def _units(resource: Mapping[str, Any]) -> float | None:
    """Of a table or an index; on demand shows as 0 provisioned units, no maximum as -1."""
    provisioned = resource.get("ProvisionedThroughput", {}).get("WriteCapacityUnits", 0)
    most = resource.get("OnDemandThroughput", {}).get("MaxWriteRequestUnits", -1)
    return next((float(units) for units in (provisioned, most) if 0 < units < inf), None)


def _identity(table: Mapping[str, Any]) -> TableIdentity:
    created = table.get("CreationDateTime")
    table_id = table.get("TableId") or (f"created:{created.astimezone(UTC).isoformat()}" if created else "")
    return TableIdentity(table["TableName"], _text(table.get("TableArn", "")), _text(table_id))


def _keys_of(schema: list[dict[str, str]]) -> tuple[str, ...]:
    keys = sorted(schema, key=lambda key: key["KeyType"] != "HASH")
    return tuple(_text(key["AttributeName"]) for key in keys)
