"""The configuration has the provider's names and kinds only; Terraform itself takes it where it is there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3
import pytest

from migration_tool.errors import DesignError
from migration_tool.exporting.terraform import configuration
from migration_tool.exporting.translation import Definition
from tests.exporting.definitions import CALLED_LATER, CREATED, EVERYTHING, PROVISIONED, shipped
from tests.exporting.test_cloudformation import described

SCHEMA = json.loads(Path(__file__).with_name("terraform_schema.json").read_text())
SECONDS = 120
UNKNOWN = ("WarmThroughput", "OnDemandThroughput", "DeletionProtectionEnabled", "TableClass")
ACCESS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_REGION": "us-east-1"}


def tables_of(tables: Sequence[Definition]) -> dict[str, Any]:
    found: dict[str, Any] = configuration(tables)["resource"]["aws_dynamodb_table"]
    return found


def check(body: Mapping[str, Any], block: Mapping[str, Any], place: str) -> None:
    attributes, blocks = block["attributes"], block["blocks"]
    assert not body.keys() - attributes.keys() - blocks.keys(), place
    assert not {n for n, kind in attributes.items() if kind == "required"} - body.keys(), place
    for name, value in body.items():
        if name in blocks:
            for each in value:
                check(each, blocks[name], f"{place}.{name}")
        else:
            assert attributes[name] != "computed", f"{place}.{name}"
            assert isinstance(value, str | int | bool) or name in ("non_key_attributes", "tags")


@pytest.mark.parametrize("tables", [shipped(), [EVERYTHING, PROVISIONED]], ids=["designs", "everything"])
def test_every_name_is_the_providers(tables: Sequence[Definition]) -> None:
    for label, body in tables_of(tables).items():
        check(body, SCHEMA["block"], label)


def test_everything_is_said() -> None:
    found = tables_of([EVERYTHING])["Every_Thing"]
    assert (found["name"], found["hash_key"], found["range_key"]) == ("Every.Thing-1", "PK", "SK")
    assert found["ttl"] == [{"attribute_name": "Expires", "enabled": True}]
    assert found["point_in_time_recovery"] == [{"enabled": True, "recovery_period_in_days": 7}]
    assert found["tags"] == {"team": "music $${x} %%{y}"}
    assert found["local_secondary_index"] == [{"name": "LSI1", "range_key": "L", "projection_type": "ALL"}]
    first, second = found["global_secondary_index"]
    assert (first["hash_key"], "range_key" in first) == ("G", False)
    assert first["non_key_attributes"] == ["Name", "$${Title}"]
    assert (second["range_key"], second["projection_type"]) == ("SK", "KEYS_ONLY")
    assert tables_of([PROVISIONED])["Provisioned"]["write_capacity"] == 10


def test_labels_are_identifiers_and_differ() -> None:
    assert list(tables_of([(n, PROVISIONED[1]) for n in ("a.b", "a_b", "1st")])) == ["a_b", "a_b2", "_1st"]


@pytest.mark.parametrize("place", ["", "GlobalSecondaryIndexes", "Projection"])
def test_a_key_without_a_place_is_refused(place: str) -> None:
    body = json.loads(json.dumps(CREATED))
    index = body["GlobalSecondaryIndexes"][0]
    {"": body, "GlobalSecondaryIndexes": index, "Projection": index["Projection"]}[place]["News"] = 1
    with pytest.raises(DesignError, match="Terraform cannot say News"):
        configuration([("x", body)])


@pytest.fixture(scope="module")
def terraform(tmp_path_factory: pytest.TempPathFactory, moto_server: str) -> Path:
    """A folder with the provider, in front of moto."""
    if not shutil.which("terraform"):
        pytest.skip("terraform is not installed")
    folder = tmp_path_factory.mktemp("terraform")
    provider = {
        "aws": {
            "endpoints": [{"dynamodb": moto_server}],
            "skip_credentials_validation": True,
            "skip_requesting_account_id": True,
            "skip_metadata_api_check": True,
        }
    }
    needed = {"required_providers": {"aws": {"source": "hashicorp/aws"}}}
    (folder / "provider.tf.json").write_text(json.dumps({"terraform": needed, "provider": provider}))
    done = run(folder, "init", "-input=false")
    if done.returncode:
        pytest.skip(f"terraform finds no provider hashicorp/aws: {done.stderr[-300:]}")
    return folder


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **ACCESS, "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
    return subprocess.run(
        ["terraform", words[0], "-no-color", *words[1:]],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip


def test_terraform_makes_the_tables_that_create_table_makes(terraform: Path, moto_server: str) -> None:
    """And finds nothing to change afterwards. What moto or provider 5 does not know is left out."""
    asked = {k: v for k, v in CREATED.items() if k not in UNKNOWN}
    asked["GlobalSecondaryIndexes"] = [
        {k: v for k, v in index.items() if k not in UNKNOWN} for index in CREATED["GlobalSecondaryIndexes"]
    ]
    tables = [("Everything", asked | CALLED_LATER), PROVISIONED]
    (terraform / "tables.tf.json").write_text(json.dumps(configuration(tables)))
    done = run(terraform, "apply", "-auto-approve", "-input=false")
    assert done.returncode == 0, done.stderr
    client = boto3.client(
        "dynamodb", endpoint_url=moto_server, region_name="us-east-1",
        aws_access_key_id="local", aws_secret_access_key="local",
    )  # fmt: skip
    planned = run(terraform, "plan", "-detailed-exitcode", "-input=false")
    assert planned.returncode == 0, planned.stdout
    later = client.describe_time_to_live(TableName=asked["TableName"])["TimeToLiveDescription"]
    assert later == {"AttributeName": "Expires", "TimeToLiveStatus": "ENABLED"}
    for definition in (asked, PROVISIONED[1]):
        name = definition["TableName"]
        made = described(client, name)
        client.delete_table(TableName=name)
        client.create_table(**definition)
        assert comparable(made) == comparable(described(client, name))
        client.delete_table(TableName=name)


def comparable(table: dict[str, Any]) -> dict[str, Any]:
    """Terraform keeps indexes and attributes as sets."""
    indexes = table.get("GlobalSecondaryIndexes", [])
    for index in indexes:
        index.get("Projection", {}).get("NonKeyAttributes", []).sort()
    return table | {
        "AttributeDefinitions": sorted(table["AttributeDefinitions"], key=str),
        "GlobalSecondaryIndexes": sorted(indexes, key=lambda index: index["IndexName"]),
    }
