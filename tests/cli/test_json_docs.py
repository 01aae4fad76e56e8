"""docs/json.md against real output: every contract holds, and every field has its sentence."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from migration_tool.config import load_config
from tests.cli.conftest import Project
from tests.cli.shell import ROOT, Shell
from tests.engines import request

TEXT = (ROOT / "docs/json.md").read_text("utf-8")
SCHEMAS: dict[str, dict[str, Any]] = {
    name: json.loads(block)
    for name, block in re.findall(r"^## ([\w -]+?) --json\n.*?```json\n(.*?)```", TEXT, re.S | re.M)
}


def check(name: str, text: str) -> Any:
    found = json.loads(text)
    Draft202012Validator(SCHEMAS[name]).validate(found)
    return found


def properties(schema: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(schema, dict):
        yield from schema.get("properties", {}).items()
        for part in schema.values():
            yield from properties(part)
    if isinstance(schema, list):
        for part in schema:
            yield from properties(part)


def test_all_contracts_are_there_and_sound() -> None:
    assert sorted(SCHEMAS) == [
        "design check", "design show", "info", "plan", "query", "rejects", "status", "tune", "validate",
        "validate --while-running",
    ]  # fmt: skip
    for schema in SCHEMAS.values():
        Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_field_says_what_it_is(name: str) -> None:
    fields = dict(properties(SCHEMAS[name]))
    assert [field for field, schema in fields.items() if not schema.get("description")] == []


def test_status(migrated: Shell, project: Project, tmp_path: Path) -> None:
    check("status", project(tmp_path).ok("status", "--json"))
    check("rejects", Shell(tmp_path).ok("rejects", "--json"))
    found = check("status", migrated.ok("status", "--json"))
    assert list(found)[:2] == ["run_id", "status"]
    assert found["items_written"] == found["items_total"] == sum(t["items_written"] for t in found["tables"])
    assert [t["name"] for t in found["tables"]] == [
        "music_catalog", "customer_data", "playlist_data", "employee_data",
    ]  # fmt: skip
    assert [p["name"] for p in found["phases"]] == [
        "analysis", "preparation", "transformation", "loading", "validation",
    ]  # fmt: skip
    assert all(p["finished_at"] and p["seconds"] is not None for p in found["phases"])
    assert (found["percent"], found["snapshot"], found["next"]) == (100.0, None, "migrate.py validate")


def test_plan_with_and_without_refusals(
    migrated: Shell, project: Project, tmp_path: Path, tiny_db: Path
) -> None:
    found = check("plan", migrated.ok("plan", "--json"))
    assert found["refused"] == 0
    assert all(table["exists"] for table in found["tables"])
    source = tmp_path / "own.sqlite"
    shutil.copyfile(tiny_db, source)
    source.chmod(0o644)
    with sqlite3.connect(source) as connection:
        connection.execute("UPDATE Employee SET Title = ? WHERE EmployeeId = 3", ["x" * 410_000])
    connection.close()
    found = check("plan", project(tmp_path, source).ok("plan", "--json"))
    assert found["refused"] == 1
    (refusal,) = found["tables"][-1]["entities"][0]["refusals"]
    assert (refusal["rule"], refusal["rows"]) == ("item_too_large", 1)


def test_design_check(migrated: Shell, tmp_path: Path) -> None:
    found = check("design check", migrated.ok("design", "check", "--json"))
    planned = json.loads(migrated.ok("plan", "--json"))["tables"]
    for design, table in zip(found["designs"], planned, strict=True):
        assert design["figures"] == {k: v for k, v in table.items() if k not in ("table", "exists", "note")}
    alone = check("design check", migrated.ok("design", "check", "--no-data", "--json"))
    assert [design["figures"] for design in alone["designs"]] == [None] * 4
    shutil.copyfile(ROOT / "config/designs/employee_data.yaml", tmp_path / "own.yaml")
    assert (
        check("design check", Shell(tmp_path).ok("design", "check", "own.yaml", "--json"))["source"] is None
    )


def test_info(migrated: Shell, tmp_path: Path) -> None:
    check("info", Shell(tmp_path).ok("info", "--json"))
    found = check("info", migrated.ok("info", "--json"))
    assert found["problems"] == {}


def test_design_check_of_sound_and_unsound_designs(migrated: Shell, tmp_path: Path) -> None:
    found = check("design check", migrated.ok("design", "check", "--json"))
    assert (len(found["designs"]), found["faults"]) == (4, [])
    path = tmp_path / "own.yaml"
    path.write_text('version: 1\ntable: Own\nentities:\n  Artist:\n    keys: {PK: "{Nam}", SK: x}\n')
    done = migrated("design", "check", path, "--json")
    (fault,) = check("design check", done.stdout)["faults"]
    assert done.returncode == 3 and fault == {
        "place": "entities.Artist.keys.PK", "reason": "unknown column of Artist 'Nam'",
        "remedy": "did you mean 'Name'?", "file": str(path), "line": 5, "column": 12,
    }  # fmt: skip
    done = migrated("design", "check", tmp_path / "none.yaml", "--json")
    (fault,) = check("design check", done.stdout)["faults"]
    assert done.returncode == 3 and fault["file"].endswith("none.yaml") and fault["line"] == 0


def test_query(migrated: Shell) -> None:
    lines = migrated.ok("query", "music_catalog", "search", "prefix=", "--json").splitlines()
    assert len(lines) > 20
    for line in lines:
        check("query", line)


def test_validate_equal_and_not(migrated: Shell, project: Project, tmp_path: Path, moto_server: str) -> None:
    assert check("validate", migrated.ok("validate", "--json"))["ok"] is True
    shell = project(tmp_path)
    shell.ok("migrate", "-t", "employee_data")
    table = load_config(tmp_path / "config/migration.json", {}, {}).table_name("employee_data")
    keys = [{"PK": {"S": f"EMPLOYEE#{n}"}, "SK": {"S": "#EMPLOYEE"}} for n in (1, 2, 99)]
    request(moto_server, "DeleteItem", {"TableName": table, "Key": keys[0]})
    for key in keys[1:]:
        request(moto_server, "PutItem", {"TableName": table, "Item": {**key, "Title": {"S": "x"}}})
    done = shell("validate", "--json", "-t", "employee_data", "--report", "r.json")
    assert done.returncode == 7
    found = check("validate", done.stdout)
    (counts,) = found["tables"]
    assert [counts[n] for n in ("missing_count", "extra_count", "different_count")] == [1, 1, 1]
    assert any(pattern["failures"] for pattern in found["access_patterns"])
    check("validate", (tmp_path / "r.json").read_text("utf-8"))
    done = shell("validate", "--json", "-t", "employee_data", "--sample", "--seed", 3, "--items-only")
    assert done.returncode == 7
    (table,) = check("validate", done.stdout)["tables"]
    assert table["sample"]["seed"] == 3 and table["sample"]["wrong"] == 2 and table["indexes"] == []


def test_design_show(project: Project, tmp_path: Path) -> None:
    found = check("design show", project(tmp_path).ok("design", "show", "--json"))
    assert len(found["tables"]) == 4 and all(t["access_patterns"] for t in found["tables"])
