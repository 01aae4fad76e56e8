"""The template is sound for cfn-lint, and moto's CloudFormation makes the tables that CreateTable makes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import boto3
import pytest
from cfnlint.api import lint  # type: ignore[import-untyped]
from moto import mock_aws

from migration_tool.errors import DesignError
from migration_tool.exporting.cloudformation import properties, template
from migration_tool.exporting.translation import Definition
from tests.exporting.definitions import CREATED, EVERYTHING, PROVISIONED, shipped

OWN = (
    "CreationDateTime",
    "TableArn",
    "TableId",
    "TableName",
    "LatestStreamArn",
    "LatestStreamLabel",
    "IndexArn",
)


@pytest.mark.parametrize("tables", [shipped(), [EVERYTHING, PROVISIONED]], ids=["designs", "everything"])
def test_cfn_lint_finds_nothing(tables: Sequence[Definition]) -> None:
    assert lint(json.dumps(template(tables))) == []


def test_cfn_lint_would_find_a_fault() -> None:
    broken = template(shipped())
    broken["Resources"]["MusicCatalog"]["Properties"]["KeySchema"][0]["KeyType"] = "PARTITION"
    assert lint(json.dumps(broken)) != []


@pytest.mark.parametrize("tables", [shipped(), [("Created", CREATED), PROVISIONED]], ids=["designs", "all"])
def test_its_tables_are_those_that_create_table_makes(tables: Sequence[Definition]) -> None:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        for _, definition in tables:
            client.create_table(**definition)
        expected = [described(client, definition["TableName"]) for _, definition in tables]
    with mock_aws():
        stacks = boto3.client("cloudformation", region_name="us-east-1")
        stacks.create_stack(StackName="tables", TemplateBody=json.dumps(template(tables)))
        client = boto3.client("dynamodb", region_name="us-east-1")
        assert [described(client, definition["TableName"]) for _, definition in tables] == expected


def described(client: Any, name: str) -> Any:
    return without_own(client.describe_table(TableName=name)["Table"])


def without_own(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_own(element) for name, element in value.items() if name not in OWN}
    return [without_own(element) for element in value] if isinstance(value, list) else value


def test_tables_with_indexes_are_made_one_after_the_other_and_outlive_the_stack() -> None:
    resources = template([*shipped(), PROVISIONED])["Resources"]
    assert list(resources) == ["CustomerData", "EmployeeData", "MusicCatalog", "PlaylistData", "Provisioned"]
    assert [r.get("DependsOn") for r in resources.values()] == [
        None, ["CustomerData"], ["EmployeeData"], ["MusicCatalog"], None,
    ]  # fmt: skip
    assert {r["DeletionPolicy"] for r in resources.values()} == {"Retain"}


def test_names_of_resources_are_letters_and_digits_and_differ() -> None:
    tables = [(name, PROVISIONED[1]) for name in ("a.b", "ab", "a-b", "...")]
    assert list(template(tables)["Resources"]) == ["ab", "ab2", "ab3", "1"]


def test_a_stream_that_is_off_is_left_out() -> None:
    assert "StreamSpecification" not in properties(
        {**PROVISIONED[1], "StreamSpecification": {"StreamEnabled": False}}
    )


def test_a_key_without_a_place_is_refused() -> None:
    with pytest.raises(DesignError, match="CloudFormation cannot say VectorIndexes"):
        template([("x", {**CREATED, "VectorIndexes": []})])
