"""NoSQL Workbench: a data model with the tables, their indexes, a facet for each entity and real items.

AWS publishes no schema of the format; it is that of the models which the Developer Guide offers for import
(aws-samples/aws-dynamodb-examples, schema_design) and the Workbench exports, version 3.0. Two rules of it
shape this: an attribute has one type in a whole table, and a table with facets has its items in them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from migration_tool.exemplars import Exemplar
from migration_tool.exporting.translation import Rule, as_it_is, key_names, translated

_OF = "NoSQL Workbench"
_ACCESS: Mapping[str, Any] = {"MySql": {}}
_UNKNOWN = (
    "DeletionProtectionEnabled", "OnDemandThroughput", "PointInTimeRecoverySpecification",
    "StreamSpecification", "TableClass", "Tags", "TimeToLiveSpecification", "WarmThroughput",
)  # fmt: skip
"""What a table does beside its shape: a model has no place for it."""
_UNKNOWN_OF_INDEX = ("OnDemandThroughput", "ProvisionedThroughput", "WarmThroughput")


@dataclass(frozen=True)
class Modelled:
    """A table: its definition, the names of its entities, and items to show."""

    definition: Mapping[str, Any]
    entities: Sequence[str]
    items: Sequence[Exemplar]


@dataclass(frozen=True)
class Model:
    """The document, and what had to be left out of it, a sentence each."""

    document: Mapping[str, Any]
    left_out: tuple[str, ...]


def model(name: str, description: str, tables: Sequence[Modelled], moment: datetime) -> Model:
    """The data model. Raises DesignError for what it has no place for, as local indexes."""
    date = f"{moment:%b %d, %Y, %I:%M %p}"
    left_out = [sentence for table in tables for sentence in _left_out(table)]
    return Model(
        {
            "ModelName": name,
            "ModelMetadata": {
                "Author": "",
                "DateCreated": date,
                "DateLastModified": date,
                "Description": description,
                "AWSService": "Amazon DynamoDB",
                "Version": "3.0",
            },
            "DataModel": [_table(table) for table in tables],
        },
        tuple(left_out),
    )


def _left_out(table: Modelled) -> list[str]:
    name = table.definition["TableName"]
    settings = [key for key in _UNKNOWN if key in table.definition]
    for index in table.definition.get("GlobalSecondaryIndexes", ()):
        settings += [f"{key} of {index['IndexName']}" for key in _UNKNOWN_OF_INDEX if key in index]
    odd = len(table.items) - len(_of_one_type(table.items))
    return [
        *([f"{name}: {', '.join(settings)}"] if settings else []),
        *([f"{name}: {odd} items with an attribute of another type than in items before"] if odd else []),
    ]


def _table(table: Modelled) -> dict[str, Any]:
    body = _without(table.definition, _UNKNOWN)
    types = {a["AttributeName"]: a["AttributeType"] for a in body.pop("AttributeDefinitions")}
    found = translated(_OF, body["TableName"], body, _rules(types))
    items = _of_one_type(table.items)
    keys = {key["AttributeName"] for key in body["KeySchema"]}
    every = types | {name: next(iter(value)) for one in items for name, value in one.item.items()}
    others = [{"AttributeName": n, "AttributeType": t} for n, t in every.items() if n not in keys]
    facets = [_facet(entity, body["KeySchema"], items) for entity in table.entities]
    return {
        "TableName": found.pop("TableName"),
        "KeyAttributes": found.pop("KeyAttributes"),
        "NonKeyAttributes": others,
        "TableFacets": facets,
        "GlobalSecondaryIndexes": [],
        "DataAccess": _ACCESS,
        **found,
    }


def _rules(types: Mapping[str, str]) -> dict[str, Rule]:
    def keys(schema: Sequence[Mapping[str, str]]) -> Mapping[str, Any]:
        names = zip(("PartitionKey", "SortKey"), key_names(schema), strict=True)
        return {"KeyAttributes": {k: {"AttributeName": n, "AttributeType": types[n]} for k, n in names if n}}

    index = {**as_it_is("IndexName", "Projection"), "KeySchema": keys}

    def indexes(values: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
        known = [_without(value, _UNKNOWN_OF_INDEX) for value in values]
        return {"GlobalSecondaryIndexes": [translated(_OF, v["IndexName"], v, index) for v in known]}

    return {
        **as_it_is("TableName", "BillingMode"),
        "KeySchema": keys,
        "GlobalSecondaryIndexes": indexes,
        "ProvisionedThroughput": _capacity,
    }


def _without(body: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in names}


def _capacity(value: Mapping[str, int]) -> Mapping[str, Any]:
    return {"ProvisionedCapacitySettings": {"ProvisionedThroughput": value}}


def _facet(entity: str, schema: Sequence[Mapping[str, str]], items: Sequence[Exemplar]) -> dict[str, Any]:
    """The view of one entity: its items, and the attributes that they have."""
    partition, sort = key_names(schema)
    own = [one.item for one in items if one.entity == entity]
    names = dict.fromkeys(name for item in own for name in item if name not in (partition, sort))
    alias = {"PartitionKeyAlias": partition} | ({"SortKeyAlias": sort} if sort else {})
    return {
        "FacetName": entity,
        "KeyAttributeAlias": alias,
        "TableData": own,
        "NonKeyAttributes": list(names),
        "DataAccess": _ACCESS,
    }


def _of_one_type(items: Sequence[Exemplar]) -> list[Exemplar]:
    """Those whose attributes have the type that they had first."""
    types: dict[str, str] = {}
    kept = []
    for one in items:
        kinds = {name: next(iter(value)) for name, value in one.item.items()}
        if all(types.get(name, kind) == kind for name, kind in kinds.items()):
            types |= kinds
            kept.append(one)
    return kept
