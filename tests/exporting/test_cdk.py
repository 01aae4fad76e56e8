"""The properties are CloudFormation's in camel case; the CDK, where it is there, makes the same resources."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from migration_tool.exporting.cdk import construct_properties
from migration_tool.exporting.cloudformation import template
from tests.exporting.definitions import EVERYTHING, PROVISIONED, shipped

APP = """
const { App, Stack, aws_dynamodb } = require('aws-cdk-lib');
const tables = JSON.parse(require('fs').readFileSync(0));
const app = new App({ analyticsReporting: false });
const stack = new Stack(app, 'Tables');
for (const [id, properties] of Object.entries(tables)) new aws_dynamodb.CfnTable(stack, id, properties);
console.log(JSON.stringify(app.synth().getStackByName('Tables').template));
"""
SECONDS = 120


def test_names_are_in_camel_case_and_values_as_they_are() -> None:
    found = construct_properties([EVERYTHING])["EveryThing"]
    assert found["tableName"] == "Every.Thing-1"
    assert found["globalSecondaryIndexes"][0]["projection"] == {
        "projectionType": "INCLUDE", "nonKeyAttributes": ["Name", "${Title}"],
    }  # fmt: skip
    assert found["streamSpecification"] == {"streamViewType": "NEW_AND_OLD_IMAGES"}
    assert found["tags"] == [{"key": "team", "value": "music ${x} %{y}"}]


def test_the_cdk_makes_the_resources_of_the_template() -> None:
    if not shutil.which("node"):
        pytest.skip("node is not installed")
    tables = [*shipped(), EVERYTHING, PROVISIONED]
    done = subprocess.run(
        ["node", "-e", APP], input=json.dumps(construct_properties(tables)),
        capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    if "Cannot find module 'aws-cdk-lib'" in done.stderr:
        pytest.skip("npm install aws-cdk-lib constructs, and name node_modules in NODE_PATH")
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)["Resources"]
    expected = template(tables)["Resources"]
    assert {n: r["Properties"] for n, r in made.items()} == {n: r["Properties"] for n, r in expected.items()}
