"""`plan` as a user calls it: ways, months, prices."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import Project
from tests.cli.shell import ROOT, Shell
from tests.cli.test_json_docs import check


def test_ways_and_months_for_people(migrated: Shell) -> None:
    text = migrated.ok("plan", "--current-monthly", "40", "--reads-per-second", "3", "--wcu", "200")
    for part in ("200 units/s", "at 3 items read and 1 written a second", "against $40.00 now", "us-east-1"):
        assert part in text
    assert "recommended  write, on demand" in text


def test_wishes_count(migrated: Shell) -> None:
    def plan(*words: str) -> dict[str, dict[str, object]]:
        found = check("plan", migrated.ok("plan", "--json", *words))
        return {
            "month": found["monthly"]["costs"][0],
            **{way["name"]: way for way in found["loading"]["ways"]},
        }

    usual, other = plan(), plan("--wcu", "1", "--writes-per-second", "2", "--reads-per-second", "0")
    assert float(str(other["month"]["writes"])) == 2 * float(str(usual["month"]["writes"]))
    assert other["month"]["reads"] == 0
    assert other["provisioned"]["seconds"] != usual["provisioned"]["seconds"]
    assert other["on_demand"] == usual["on_demand"]


def test_prices_of_your_own(migrated: Shell, tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    shipped = (ROOT / "config/prices.yaml").read_text("utf-8")
    own.write_text(shipped.replace("write_million: 0.625", "write_million: 6250000"))
    found = check("plan", migrated.ok("plan", "--json", "--prices", own))
    assert found["estimate"]["dollars"] == 6.25 * found["write_units"]
    assert found["prices"]["file"] == str(own)
    own.write_text("version: 7\n")
    refused = migrated("plan", "--prices", own)
    assert refused.returncode == 3 and "version: expected 1" in refused.stderr


def test_a_region_without_prices_costs_only_the_dollars(project: Project, tmp_path: Path) -> None:
    shell = project(tmp_path)
    shell.environment["AWS_DEFAULT_REGION"] = "mars-north-1"
    found = check("plan", shell.ok("plan", "--json"))
    assert found["estimate"]["dollars"] is None and found["monthly"]["costs"] == []
    assert "prices.yaml has only ap-northeast-1" in found["prices"]["missing"]
    assert "--prices FILE" in shell.ok("plan")


def test_a_region_with_some_of_the_prices_says_which_are_missing(project: Project, tmp_path: Path) -> None:
    shell = project(tmp_path)
    shell.environment["AWS_DEFAULT_REGION"] = "eu-west-2"
    found = check("plan", shell.ok("plan", "--json"))
    dollars = {way["name"]: way["dollars"] for way in found["loading"]["ways"]}
    assert dollars["on_demand"] > 0 and dollars["provisioned"] > 0 and dollars["s3_import"] is None
    assert {month["table_class"] for month in found["monthly"]["costs"]} == {"standard"}
    assert "eu-west-2 has no infrequent_access, pitr_gb_month, import_gb" in found["prices"]["missing"]
    assert "missing   eu-west-2 has no" in shell.ok("plan")


@pytest.mark.parametrize("amount", ["-1", "nan", "inf", "1e10"])
def test_amounts_are_numbers(shell: Shell, amount: str) -> None:
    refused = shell("plan", "--current-monthly", amount)
    assert refused.returncode == 2 and "is not a number from 0 to 1,000,000,000" in refused.stderr


def test_the_partition_key_that_holds_a_load_up_is_named(
    project: Project, tmp_path: Path, sample_db: Path
) -> None:
    text = project(tmp_path, sample_db).ok("plan", "-t", "PlaylistData")
    (told,) = re.findall(r"held up by +(PLAYLIST#.*1,000\s+units/s)", text, re.DOTALL)
    assert "of the writes of the table" in " ".join(told.split())


SETTLED = """
version: 1
table: Staff
indexes: {ByCity: {keys: [PK, City], local: true}}
settings: {point_in_time_recovery: true, table_class: infrequent_access, ttl: Ends, stream: new_image}
entities:
  Employee:
    keys: {PK: "STAFF", SK: "{EmployeeId:4}", City: "{Employee.City}"}
    attributes: {Name: LastName, Ends: {expr: "2000000000 + EmployeeId"}}
"""


def test_settings_of_the_design_count(project: Project, tmp_path: Path, sample_db: Path) -> None:
    """The class that the load is paid in, what recovery costs, and why the table cannot be imported."""
    shell = project(tmp_path, sample_db)
    (tmp_path / "config/designs").mkdir()
    (tmp_path / "config/designs/staff.yaml").write_text(SETTLED)
    path = tmp_path / "config/migration.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"dynamodb_tables": {"staff": "Staff"}}))
    found = check("plan", shell.ok("plan", "--json"))
    assert found["estimate"]["dollars"] == pytest.approx(found["write_units"] * 0.78e-6)
    assert all(month["recovery"] > 0 for month in found["monthly"]["costs"])
    text = " ".join(shell.ok("plan").split())
    assert "recovery" in text
    assert re.search(r"an import cannot make LocalSecondaryIndexes \(c\w+_Staff\)", text)
