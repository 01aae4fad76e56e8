"""The data model fits the format, and its items are whole collections of the source."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from migration_tool.design.compile import compile_design
from migration_tool.design.definition import table_definition
from migration_tool.design.load import load_design
from migration_tool.errors import DesignError
from migration_tool.exemplars import Exemplar, pool, typical
from migration_tool.exporting.workbench import Model, Modelled, model
from migration_tool.source.sqlite import SqliteSource
from tests.exporting.definitions import CREATED, DESIGNS, PROVISIONED

SCHEMA = json.loads(Path(__file__).with_name("workbench_schema.json").read_text())
NOON = datetime(2026, 11, 21, 13, 5, tzinfo=UTC)
KEYS = {"PK": {"S": "a"}, "SK": {"S": "b"}}


def checked(found: Model) -> list[Any]:
    Draft202012Validator(SCHEMA).validate(found.document)
    for table in found.document["DataModel"]:
        types = {a["AttributeName"]: a["AttributeType"] for a in table["NonKeyAttributes"]}
        keys = [key["AttributeName"] for key in table["KeyAttributes"].values()]
        for facet in table["TableFacets"]:
            for item in facet["TableData"]:
                assert item.keys() - {*keys} <= {*facet["NonKeyAttributes"]}
                assert all(types.get(name, "S") in value for name, value in item.items())
        for index in table["GlobalSecondaryIndexes"]:
            assert all(k["AttributeName"] in {*types, *keys} for k in index["KeyAttributes"].values())
    tables: list[Any] = found.document["DataModel"]
    return tables


def test_the_four_designs(sample_db: Path) -> None:
    with SqliteSource(sample_db) as source:
        tables = [
            Modelled(
                table_definition(design.table, design), [entity.name for entity in design.entities],
                typical(pool(source, compile_design(design, source.schema)), design.keys, 4),
            )
            for design in map(load_design, DESIGNS)
        ]  # fmt: skip
    found = checked(made := model("music", "Four tables.", tables, NOON))
    assert made.left_out == ()
    assert made.document["ModelMetadata"]["DateCreated"] == "Nov 21, 2026, 01:05 PM"
    catalog = next(table for table in found if table["TableName"] == "MusicCatalog")
    facets = {facet["FacetName"]: facet["TableData"] for facet in catalog["TableFacets"]}
    assert {name: len(items) for name, items in facets.items()} == {"Artist": 4, "Album": 4, "Track": 4}
    assert {i["PK"]["S"] for i in facets["Track"]} <= {i["PK"]["S"] for i in facets["Artist"]}
    assert [index["IndexName"] for index in catalog["GlobalSecondaryIndexes"]] == [
        "GSI1", "GSI2", "GSI3", "GSI4",
    ]  # fmt: skip


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
