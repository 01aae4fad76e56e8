"""The data model fits the format of published ones, and makes the tables of the designs with real items."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from jsonschema import Draft202012Validator, ValidationError
from moto import mock_aws

from migration_tool.design.compile import compile_design
from migration_tool.design.definition import table_definition
from migration_tool.design.load import load_design
from migration_tool.errors import DesignError
from migration_tool.exemplars import Exemplar, pool, typical
from migration_tool.exporting.workbench import Model, Modelled, model
from migration_tool.source.sqlite import SqliteSource
from migration_tool.wire_form import is_item
from tests.exporting.definitions import CREATED, DESIGNS, PROVISIONED
from tests.exporting.published import NEWEST, PUBLISHED
from tests.exporting.test_cloudformation import described

SCHEMA = json.loads(Path(__file__).with_name("workbench_schema.json").read_text())
A_MODEL = Draft202012Validator(SCHEMA)
A_NEW_MODEL = Draft202012Validator({**SCHEMA, "$ref": "#/$defs/newest"})
NOON = datetime(2026, 11, 21, 13, 5, tzinfo=UTC)
KEYS = {"PK": {"S": "a"}, "SK": {"S": "b"}}


@pytest.mark.parametrize("name", [*PUBLISHED, *NEWEST])
def test_every_published_model_fits_the_schema(name: str) -> None:
    A_MODEL.validate({**PUBLISHED, **NEWEST}[name])


@pytest.mark.parametrize("name", NEWEST)
def test_the_newest_exports_fit_what_new_models_are_held_to(name: str) -> None:
    A_NEW_MODEL.validate(NEWEST[name])


@pytest.mark.parametrize(
    "broken", [{"TableData": [{"a": {"S": 1}}]}, {"Tablefacets": []}, {"BillingMode": "PROVISIONED"}]
)
def test_the_schema_would_find_a_fault(broken: Mapping[str, Any]) -> None:
    document = NEWEST["an export of April 2025"]
    with pytest.raises(ValidationError):
        A_NEW_MODEL.validate({**document, "DataModel": [document["DataModel"][0] | broken]})


def checked(found: Model) -> list[Any]:
    A_NEW_MODEL.validate(found.document)
    for table in found.document["DataModel"]:
        types = {a["AttributeName"]: a["AttributeType"] for a in table["NonKeyAttributes"]}
        keys = [key["AttributeName"] for key in table["KeyAttributes"].values()]
        for facet in table["TableFacets"]:
            for item in facet["TableData"]:
                assert is_item(item)
                assert item.keys() - {*keys} <= {*facet["NonKeyAttributes"]}
                assert all(types.get(name, "S") in value for name, value in item.items())
        for index in table["GlobalSecondaryIndexes"]:
            assert all(k["AttributeName"] in {*types, *keys} for k in index["KeyAttributes"].values())
    tables: list[Any] = found.document["DataModel"]
    return tables


@pytest.fixture(scope="module")
def shown(sample_db: Path) -> list[Modelled]:
    """The four designs with at most four items of each entity."""
    with SqliteSource(sample_db) as source:
        return [
            Modelled(
                table_definition(design.table, design), [entity.name for entity in design.entities],
                typical(pool(source, compile_design(design, source.schema)), design.keys, 4),
            )
            for design in map(load_design, DESIGNS)
        ]  # fmt: skip


def test_the_four_designs(shown: list[Modelled]) -> None:
    found = checked(made := model("music", "Four tables.", shown, NOON))
    assert made.left_out == ()
    assert made.document["ModelMetadata"]["DateCreated"] == "Nov 21, 2026, 01:05 PM"
    catalog = next(table for table in found if table["TableName"] == "MusicCatalog")
    facets = {facet["FacetName"]: facet["TableData"] for facet in catalog["TableFacets"]}
    assert {name: len(items) for name, items in facets.items()} == {"Artist": 4, "Album": 4, "Track": 4}
    assert {i["PK"]["S"] for i in facets["Track"]} <= {i["PK"]["S"] for i in facets["Artist"]}
    assert [index["IndexName"] for index in catalog["GlobalSecondaryIndexes"]] == [
        "GSI1", "GSI2", "GSI3", "GSI4",
    ]  # fmt: skip


def test_a_model_makes_the_tables_of_the_designs_and_its_items_go_in(shown: list[Modelled]) -> None:
    tables = [*shown, Modelled(PROVISIONED[1], [], [])]
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        for table in tables:
            client.create_table(**table.definition)
        expected = [described(client, table.definition["TableName"]) for table in tables]
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        for table in model("music", "", tables, NOON).document["DataModel"]:
            client.create_table(**committed(table))
            assert described(client, table["TableName"]) == expected.pop(0)
            for facet in table["TableFacets"]:
                for item in facet["TableData"]:
                    client.put_item(TableName=table["TableName"], Item=item)
                    stored = client.get_item(TableName=table["TableName"], Key=primary_key(table, item))
                    assert stored["Item"] == item


def committed(table: Mapping[str, Any]) -> dict[str, Any]:
    """The CreateTable request that a table of a model asks for: nothing but the model is read."""
    indexes = table["GlobalSecondaryIndexes"]
    keys = {key["AttributeName"]: key for part in (table, *indexes) for key in part["KeyAttributes"].values()}
    bodies = [
        {"IndexName": i["IndexName"], "KeySchema": key_schema(i), "Projection": i["Projection"]}
        for i in indexes
    ]
    return {
        "TableName": table["TableName"], "BillingMode": table["BillingMode"],
        "KeySchema": key_schema(table), "AttributeDefinitions": list(keys.values()),
        **({"GlobalSecondaryIndexes": bodies} if bodies else {}),
        **table.get("ProvisionedCapacitySettings", {}),
    }  # fmt: skip


def key_schema(part: Mapping[str, Any]) -> list[dict[str, str]]:
    kinds = {"PartitionKey": "HASH", "SortKey": "RANGE"}
    return [
        {"AttributeName": key["AttributeName"], "KeyType": kinds[role]}
        for role, key in part["KeyAttributes"].items()
    ]


def primary_key(table: Mapping[str, Any], item: Mapping[str, Any]) -> dict[str, Any]:
    return {key["AttributeName"]: item[key["AttributeName"]] for key in table["KeyAttributes"].values()}


def test_what_a_model_cannot_say_is_said() -> None:
    without = {k: v for k, v in CREATED.items() if k != "LocalSecondaryIndexes"}
    found = model("x", "", [Modelled(without, ["E"], [Exemplar("E", {**KEYS, "G": {"S": "g"}})])], NOON)
    (sentence,) = found.left_out
    assert "Every.Thing-1: " in sentence and "Tags" in sentence and "WarmThroughput of GSI1" in sentence
    assert checked(found)[0]["GlobalSecondaryIndexes"][0]["KeyAttributes"] == {
        "PartitionKey": {"AttributeName": "G", "AttributeType": "S"}
    }


def test_local_indexes_are_refused() -> None:
    with pytest.raises(DesignError, match="NoSQL Workbench cannot say LocalSecondaryIndexes"):
        model("x", "", [Modelled(CREATED, [], [])], NOON)


def test_an_attribute_has_one_type_in_a_table() -> None:
    items = [Exemplar("E", KEYS | {"A": value}) for value in ({"S": "1"}, {"N": "1"}, {"S": "2"})]
    found = model("x", "", [Modelled(PROVISIONED[1], ["E"], items)], NOON)
    (table,) = checked(found)
    assert [item["A"] for item in table["TableFacets"][0]["TableData"]] == [{"S": "1"}, {"S": "2"}]
    assert found.left_out == ("Provisioned: 1 items with an attribute of another type than in items before",)
    assert table["ProvisionedCapacitySettings"]["ProvisionedThroughput"]["WriteCapacityUnits"] == 10
