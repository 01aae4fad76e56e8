"""The table that a design asks for, as the body of a CreateTable request.

Whatever makes the table, or tells another tool to, starts from this one definition.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from migration_tool.design.model import Design, Index, Settings, Throughput

CLASSES = {"standard": "STANDARD", "infrequent_access": "STANDARD_INFREQUENT_ACCESS"}
"""The table classes of the language by DynamoDB's names."""
_UPDATABLE = {
    "StreamSpecification": "stream", "TableClass": "table_class", "WarmThroughput": "warm_throughput",
    "DeletionProtectionEnabled": "deletion_protection",
}  # fmt: skip
"""What of a CreateTable request UpdateTable can set, too, and the setting that it is."""
_IMPORTABLE = frozenset({
    "TableName", "AttributeDefinitions", "KeySchema", "BillingMode", "ProvisionedThroughput",
    "OnDemandThroughput", "SSESpecification", "GlobalSecondaryIndexes",
})  # fmt: skip
"""AWS, "TableCreationParameters" of ImportTable."""

Requests: TypeAlias = dict[str, tuple[str, dict[str, Any]]]
"""By setting: an action and its request."""


def table_definition(name: str, design: Design) -> dict[str, Any]:
    """The CreateTable request for the design's table under that physical name."""
    settings = design.settings
    attributes = dict.fromkeys([*design.keys, *(key for i in design.indexes for key in i.keys)])
    definition: dict[str, Any] = {
        "TableName": name,
        "BillingMode": "PROVISIONED" if settings.billing == "provisioned" else "PAY_PER_REQUEST",
        "KeySchema": _key_schema(design.keys),
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"} for key in attributes],
        **_throughput(settings, settings.capacity, settings.warm_throughput),
    }
    for kind, local in (("GlobalSecondaryIndexes", False), ("LocalSecondaryIndexes", True)):
        if indexes := [_index(design, index) for index in design.indexes if index.local == local]:
            definition[kind] = indexes
    return definition | _settings(settings)


def later_requests(name: str, design: Design) -> Requests:
    """What CreateTable does not take, for a table that is active."""
    requests: Requests = {}
    settings = design.settings
    if settings.ttl:
        ttl = {"Enabled": True, "AttributeName": settings.ttl}
        requests["ttl"] = "UpdateTimeToLive", {"TableName": name, "TimeToLiveSpecification": ttl}
    if settings.point_in_time_recovery:
        days = settings.point_in_time_recovery
        recovery = {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": days}
        request = {"TableName": name, "PointInTimeRecoverySpecification": recovery}
        requests["point_in_time_recovery"] = "UpdateContinuousBackups", request
    return requests


def import_definition(name: str, design: Design) -> dict[str, Any]:
    """As much of the CreateTable request as ImportTable takes."""
    definition = table_definition(name, design)
    return {key: value for key, value in definition.items() if key in _IMPORTABLE}


def beyond_import(name: str, design: Design) -> list[str]:
    """What of the CreateTable request a table that is made by an import cannot have, not even later."""
    return sorted(table_definition(name, design).keys() - _IMPORTABLE - _UPDATABLE.keys() - {"Tags"})


def requests_after_import(name: str, arn: str, design: Design) -> Requests:
    """What ImportTable does not take, for a table that is active."""
    definition = table_definition(name, design)
    requests: Requests = {
        setting: ("UpdateTable", {"TableName": name, key: definition[key]})
        for key, setting in _UPDATABLE.items()
        if key in definition
    }
    if "Tags" in definition:
        requests["tags"] = "TagResource", {"ResourceArn": arn, "Tags": definition["Tags"]}
    return requests | later_requests(name, design)


def whole_definition(name: str, design: Design) -> dict[str, Any]:
    """The CreateTable request with the later ones in it, for tools that take all of it at once."""
    definition = table_definition(name, design)
    for _, request in later_requests(name, design).values():
        definition |= request
    return definition


def projection(index: Index) -> dict[str, Any]:
    """The Projection of an index."""
    if index.include is None:
        return {"ProjectionType": "ALL"}
    if not index.include:
        return {"ProjectionType": "KEYS_ONLY"}
    return {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(index.include)}


def throughput_of(design: Design, index: Index) -> tuple[Throughput | None, Throughput | None]:
    """Capacity and warm throughput of an index: its own, else the table's; a local one has none."""
    if index.local:
        return None, None
    settings = design.settings
    return index.capacity or settings.capacity, index.warm_throughput or settings.warm_throughput


def _settings(settings: Settings) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if settings.stream:
        view = settings.stream.upper()
        found["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": view}
    if settings.table_class:
        found["TableClass"] = CLASSES[settings.table_class]
    if settings.deletion_protection is not None:
        found["DeletionProtectionEnabled"] = settings.deletion_protection
    if settings.tags:
        found["Tags"] = [{"Key": key, "Value": value} for key, value in settings.tags.items()]
    return found


def _index(design: Design, index: Index) -> dict[str, Any]:
    return {
        "IndexName": index.name,
        "KeySchema": _key_schema(index.keys),
        "Projection": projection(index),
        **_throughput(design.settings, *throughput_of(design, index)),
    }


def _throughput(
    settings: Settings, capacity: Throughput | None, warm: Throughput | None
) -> dict[str, dict[str, int]]:
    found = {}
    if capacity and settings.billing == "provisioned":
        units = {"ReadCapacityUnits": capacity.read, "WriteCapacityUnits": capacity.write}
        found["ProvisionedThroughput"] = units
    elif capacity:
        most = {"MaxReadRequestUnits": capacity.read, "MaxWriteRequestUnits": capacity.write}
        found["OnDemandThroughput"] = most
    if warm:
        found["WarmThroughput"] = {"ReadUnitsPerSecond": warm.read, "WriteUnitsPerSecond": warm.write}
    return found


def _key_schema(keys: tuple[str, ...]) -> list[dict[str, str]]:
    return [
        {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
    ]
