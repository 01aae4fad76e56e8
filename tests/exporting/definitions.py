"""Tables to export: those of designs, and one that says all that a CreateTable request can say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from migration_tool.design.definition import table_definition
from migration_tool.design.load import load_design
from migration_tool.exporting.translation import Definition

ROOT = Path(__file__).resolve().parents[2]
DESIGNS = sorted((ROOT / "config/designs").glob("*.yaml"))


def shipped() -> list[Definition]:
    """The four designs, with a prefix."""
    designs = [load_design(path) for path in DESIGNS]
    return [(design.table, table_definition(f"music_{design.table}", design)) for design in designs]


def _keys(partition: str, sort: str | None = None) -> list[dict[str, str]]:
    return [{"AttributeName": partition, "KeyType": "HASH"}] + (
        [{"AttributeName": sort, "KeyType": "RANGE"}] if sort else []
    )


CREATED: dict[str, Any] = {
    "TableName": "Every.Thing-1",
    "BillingMode": "PAY_PER_REQUEST",
    "KeySchema": _keys("PK", "SK"),
    "AttributeDefinitions": [
        {"AttributeName": name, "AttributeType": kind}
        for name, kind in (("PK", "S"), ("SK", "S"), ("G", "S"), ("L", "N"))
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "GSI1",
            "KeySchema": _keys("G"),
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["Name", "${Title}"]},
            "WarmThroughput": {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 4000},
            "OnDemandThroughput": {"MaxReadRequestUnits": 100, "MaxWriteRequestUnits": 100},
        },
        {"IndexName": "GSI2", "KeySchema": _keys("G", "SK"), "Projection": {"ProjectionType": "KEYS_ONLY"}},
    ],
    "LocalSecondaryIndexes": [
        {"IndexName": "LSI1", "KeySchema": _keys("PK", "L"), "Projection": {"ProjectionType": "ALL"}}
    ],
    "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    "Tags": [{"Key": "team", "Value": "music ${x} %{y}"}],
    "TableClass": "STANDARD_INFREQUENT_ACCESS",
    "DeletionProtectionEnabled": True,
    "WarmThroughput": {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 4000},
    "OnDemandThroughput": {"MaxReadRequestUnits": 100, "MaxWriteRequestUnits": 100},
}
"""A CreateTable request."""

CALLED_LATER: dict[str, Any] = {
    "TimeToLiveSpecification": {"AttributeName": "Expires", "Enabled": True},
    "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 7},
}
"""What has calls of its own in the API, by the names of their members."""

EVERYTHING: Definition = ("Every.Thing", CREATED | CALLED_LATER)

PROVISIONED: Definition = (
    "Provisioned",
    {
        "TableName": "Provisioned",
        "BillingMode": "PROVISIONED",
        "KeySchema": _keys("PK"),
        "AttributeDefinitions": CREATED["AttributeDefinitions"][:1],
        "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 10},
    },
)
