"""The CreateTable requests themselves, as `aws dynamodb create-table --cli-input-json` takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from migration_tool.exporting.translation import Definition, Rule, as_it_is, translated

RULES: Mapping[str, Rule] = as_it_is(
    "TableName", "BillingMode", "KeySchema", "AttributeDefinitions", "ProvisionedThroughput",
    "OnDemandThroughput", "WarmThroughput", "TableClass", "DeletionProtectionEnabled", "Tags",
    "StreamSpecification", "GlobalSecondaryIndexes", "LocalSecondaryIndexes",
)  # fmt: skip
"""The members of the request; what else a table can be told takes calls of its own."""


def requests(tables: Sequence[Definition]) -> list[dict[str, Any]]:
    """One for each table. Raises DesignError."""
    return [translated("CreateTable", body["TableName"], body, RULES) for _, body in tables]
