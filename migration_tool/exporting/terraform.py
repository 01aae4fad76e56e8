"""Terraform: an `aws_dynamodb_table` for each design, in Terraform's JSON syntax (a `.tf.json` file).

The arguments are those of the provider hashicorp/aws; `warm_throughput` is known since its version 6.13.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from migration_tool.exporting.translation import Definition, Rule, identifiers, key_names, renamed, translated

_OF = "Terraform"


def _keys(schema: Iterable[Mapping[str, str]]) -> Mapping[str, Any]:
    partition, sort = key_names(schema)
    return {"hash_key": partition} | ({"range_key": sort} if sort else {})


def _sort_key(schema: Iterable[Mapping[str, str]]) -> Mapping[str, Any]:
    return {"range_key": key_names(schema)[1]}


def _block(name: str, rules: Mapping[str, Rule]) -> Rule:
    return lambda value: {name: [translated(_OF, name, value, rules)]}


def _blocks(name: str, rules: Mapping[str, Rule]) -> Rule:
    return lambda values: {name: [translated(_OF, name, value, rules) for value in values]}


def _capacity(value: Mapping[str, int]) -> Mapping[str, Any]:
    return {"read_capacity": value["ReadCapacityUnits"], "write_capacity": value["WriteCapacityUnits"]}


def _projection(value: Mapping[str, Any]) -> Mapping[str, Any]:
    names = {"ProjectionType": renamed("projection_type"), "NonKeyAttributes": renamed("non_key_attributes")}
    return translated(_OF, "projection", value, names)


def _stream(value: Mapping[str, Any]) -> Mapping[str, Any]:
    names = {"StreamEnabled": renamed("stream_enabled"), "StreamViewType": renamed("stream_view_type")}
    return translated(_OF, "stream", value, names)


def _tags(pairs: Sequence[Mapping[str, str]]) -> Mapping[str, Any]:
    return {"tags": {pair["Key"]: pair["Value"] for pair in pairs}}


_THROUGHPUT: Mapping[str, Rule] = {
    "ProvisionedThroughput": _capacity,
    "OnDemandThroughput": _block(
        "on_demand_throughput",
        {
            "MaxReadRequestUnits": renamed("max_read_request_units"),
            "MaxWriteRequestUnits": renamed("max_write_request_units"),
        },
    ),
    "WarmThroughput": _block(
        "warm_throughput",
        {
            "ReadUnitsPerSecond": renamed("read_units_per_second"),
            "WriteUnitsPerSecond": renamed("write_units_per_second"),
        },
    ),
}
_INDEX: Mapping[str, Rule] = {"IndexName": renamed("name"), "Projection": _projection}

RULES: Mapping[str, Rule] = {
    "TableName": renamed("name"),
    "BillingMode": renamed("billing_mode"),
    "TableClass": renamed("table_class"),
    "DeletionProtectionEnabled": renamed("deletion_protection_enabled"),
    "KeySchema": _keys,
    "AttributeDefinitions": _blocks(
        "attribute", {"AttributeName": renamed("name"), "AttributeType": renamed("type")}
    ),
    "GlobalSecondaryIndexes": _blocks(
        "global_secondary_index", {**_INDEX, **_THROUGHPUT, "KeySchema": _keys}
    ),
    "LocalSecondaryIndexes": _blocks("local_secondary_index", {**_INDEX, "KeySchema": _sort_key}),
    "StreamSpecification": _stream,
    "Tags": _tags,
    "TimeToLiveSpecification": _block(
        "ttl", {"AttributeName": renamed("attribute_name"), "Enabled": renamed("enabled")}
    ),
    "PointInTimeRecoverySpecification": _block(
        "point_in_time_recovery",
        {
            "PointInTimeRecoveryEnabled": renamed("enabled"),
            "RecoveryPeriodInDays": renamed("recovery_period_in_days"),
        },
    ),
    **_THROUGHPUT,
}


def configuration(tables: Sequence[Definition]) -> dict[str, Any]:
    """The whole file. Raises DesignError."""
    labels = identifiers(tables, r"^(?=[^A-Za-z_])|[^A-Za-z0-9_-]", "_")
    resources = {
        label: _literal(translated(_OF, definition["TableName"], definition, RULES))
        for label, (_, definition) in zip(labels, tables, strict=True)
    }
    return {"resource": {"aws_dynamodb_table": resources}}


def _literal(value: Any) -> Any:
    """Text is a template in Terraform: what would begin an expression is written twice."""
    if isinstance(value, str):
        return value.replace("${", "$${").replace("%{", "%%{")
    if isinstance(value, Mapping):
        return {_literal(name): _literal(element) for name, element in value.items()}
    return [_literal(element) for element in value] if isinstance(value, list | tuple) else value
