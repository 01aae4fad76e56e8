"""`design export` as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from migration_tool.errors import DesignError
from migration_tool.exporting.requests import requests
from tests.cli.shell import ROOT, Shell

OWN = ROOT / "config/designs/employee_data.yaml"


@pytest.fixture
def project(tmp_path: Path, sample_db: Path) -> Shell:
    shell = Shell(tmp_path)
    shell.ok("--endpoint", "embedded", "init", "-s", sample_db, "--table-prefix", "music_")
    return shell


def test_every_format_names_the_tables_with_the_configured_prefix(project: Shell) -> None:
    for form in ("cloudformation", "terraform", "cdk-json", "nosql-workbench", "json"):
        text = project.ok("design", "export", "--format", form)
        assert all(f'"music_{name}"' in text for name in ("MusicCatalog", "CustomerData", "PlaylistData"))
        assert [json.loads(line) for line in text.splitlines()] if form == "json" else json.loads(text)


def test_designs_are_chosen_by_name_table_or_file(project: Shell) -> None:
    text = project.ok(
        "design", "export", "--format", "json", "--prefix", "dev_", "music_PlaylistData", "music_catalog", OWN
    )
    names = [json.loads(line)["TableName"] for line in text.splitlines()]
    assert sorted(names) == ["dev_EmployeeData", "dev_MusicCatalog", "dev_PlaylistData"]
    again = project("design", "export", "--format", "json", "employee_data", OWN)
    assert again.returncode == 2 and "2 of them have this table" in again.stderr
    unknown = project("design", "export", "--format", "json", "music_catalogue")
    assert unknown.returncode == 2 and "Did you mean music_catalog?" in unknown.stderr


def test_requests_make_tables(project: Shell) -> None:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        for line in project.ok("design", "export", "--format", "json").splitlines():
            client.create_table(**json.loads(line))
        assert len(client.list_tables()["TableNames"]) == 4


def test_a_file_is_written_whole_and_for_its_owner(project: Shell) -> None:
    out = project.folder / "model.json"
    said = project("design", "export", "--format", "nosql-workbench", "--items", 2, "--out", out)
    assert (said.returncode, said.stdout, said.stderr) == (0, "", f"Wrote {out}\n")
    assert out.stat().st_mode & 0o777 == 0o600
    tables = json.loads(out.read_text())["DataModel"]
    assert [len(f["TableData"]) for t in tables for f in t["TableFacets"]] == [2, 2, 2, 2, 2, 2, 2, 2]
    assert project("design", "export", "--format", "json", "--out", "no/such.json").returncode == 2


def test_what_is_set_after_the_table_is_made_is_exported_with_it(project: Shell) -> None:
    text = (ROOT / "config/designs/employee_data.yaml").read_text()
    own = project.folder / "staff.yaml"
    own.write_text("settings: {ttl: ReportsTo, point_in_time_recovery: 7, tags: {Team: people}}\n" + text)
    stack = json.loads(project.ok("design", "export", "--format", "cloudformation", own))
    properties = stack["Resources"]["EmployeeData"]["Properties"]
    assert properties["TimeToLiveSpecification"] == {"Enabled": True, "AttributeName": "ReportsTo"}
    assert properties["PointInTimeRecoverySpecification"]["RecoveryPeriodInDays"] == 7
    assert properties["Tags"] == [{"Key": "Team", "Value": "people"}]


def test_without_a_configuration_files_can_be_exported(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    text = shell.ok("design", "export", "--format", "terraform", OWN)
    assert json.loads(text)["resource"]["aws_dynamodb_table"]["EmployeeData"]["name"] == "EmployeeData"
    for words, cause in (
        (("--format", "json"), "there is no configuration"),
        (("--format", "nosql-workbench", OWN), "no configuration names it"),
        (("--format", "json", "--items", "3", OWN), "json holds no items"),
    ):
        refused = shell("design", "export", *words)
        assert refused.returncode in (2, 3) and cause in refused.stderr


def test_what_a_format_cannot_say_is_called_as_designs_call_it() -> None:
    body = {"TableName": "T", "TimeToLiveSpecification": {}, "VectorIndexes": []}
    with pytest.raises(DesignError, match=r"cannot say TimeToLiveSpecification \(`ttl`\), VectorIndexes"):
        requests([("T", body)])
