"""A table as it is: what of DescribeTable's answer counts here, read strictly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC
from math import inf
from typing import Any

from migration_tool.model import TableIdentity


@dataclass(frozen=True)
class IndexFacts:
    """A global secondary index as it is. `keys`: partition key, then sort key if any."""

    name: str
    keys: tuple[str, ...]
    projection: str
    status: str


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
        IndexFacts(
            _text(index["IndexName"]),
            _keys_of(index["KeySchema"]),
            _text(index.get("Projection", {}).get("ProjectionType", "ALL")),
            _text(index.get("IndexStatus", "ACTIVE")),
        )
        for index in table.get("GlobalSecondaryIndexes", ())
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
    )


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
