"""The table that a design asks for, as the body of a CreateTable request.

Whatever makes the table, or tells another tool to, starts from this one definition.
"""

from __future__ import annotations

from typing import Any

from migration_tool.design.model import Design, Index


def table_definition(name: str, design: Design) -> dict[str, Any]:
    """The CreateTable request for the design's table under that physical name."""
    indexes = [
        {
            "IndexName": index.name,
            "KeySchema": _key_schema(index_keys(index)),
            "Projection": {"ProjectionType": "ALL"},
        }
        for index in design.indexes
    ]
    attributes = dict.fromkeys([*design.keys, *(key for i in design.indexes for key in index_keys(i))])
    definition: dict[str, Any] = {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": _key_schema(tuple(design.keys)),
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"} for key in attributes],
    }
    return {**definition, "GlobalSecondaryIndexes": indexes} if indexes else definition


def index_keys(index: Index) -> tuple[str, ...]:
    """The key attributes of an index: its partition key, and its sort key if it has one."""
    return (index.partition_key, index.sort_key) if index.sort_key else (index.partition_key,)


def _key_schema(keys: tuple[str, ...]) -> list[dict[str, str]]:
    return [
        {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
    ]
