"""AWS CloudFormation: a template with an AWS::DynamoDB::Table for each design.

The properties are those of the resource's schema (AWS: "AWS::DynamoDB::Table").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from migration_tool.exporting.translation import Definition, Rule, as_it_is, identifiers, translated

_INDEXES = ("GlobalSecondaryIndexes", "LocalSecondaryIndexes")


def _stream(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """A property for itself, without the switch of the API."""
    view = {"StreamViewType": value.get("StreamViewType")}
    return {"StreamSpecification": view} if value.get("StreamEnabled", True) else {}


RULES: Mapping[str, Rule] = {
    **as_it_is(
        "TableName", "BillingMode", "KeySchema", "AttributeDefinitions", "ProvisionedThroughput",
        "OnDemandThroughput", "WarmThroughput", "TableClass", "DeletionProtectionEnabled", "Tags",
        "TimeToLiveSpecification", "PointInTimeRecoverySpecification", *_INDEXES,
    ),
    "StreamSpecification": _stream,
}  # fmt: skip


def properties(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The properties of the table's resource. Raises DesignError."""
    return translated("CloudFormation", definition["TableName"], definition, RULES)


def logical_names(tables: Sequence[Definition]) -> list[str]:
    """Of the resources of these tables: letters and digits."""
    return identifiers(tables, "[^A-Za-z0-9]", "")


def template(tables: Sequence[Definition]) -> dict[str, Any]:
    """The whole template. Raises DesignError.

    Tables with indexes are made one after the other, as CloudFormation asks for; a table outlives its stack.
    """
    resources: dict[str, Any] = {}
    before: list[str] = []
    for name, (_, definition) in zip(logical_names(tables), tables, strict=True):
        resources[name] = {
            "Type": "AWS::DynamoDB::Table",
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": properties(definition),
        }
        if any(kind in definition for kind in _INDEXES):
            resources[name] |= {"DependsOn": before} if before else {}
            before = [name]
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}
