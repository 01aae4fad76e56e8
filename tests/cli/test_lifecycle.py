"""The way of a user through the commands, from a sample database to a proved migration and back."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from migration_tool.config import load_config
from migration_tool.state.store import StateStore
from tests.cli.conftest import Project
from tests.cli.shell import Shell


@pytest.fixture
def embedded_shell(shell: Shell) -> Iterator[Shell]:
    """A folder whose embedded DynamoDB is stopped in the end."""
    yield shell
    shell.ok("embedded", "stop")


def test_the_whole_way_on_the_embedded_dynamodb(embedded_shell: Shell, tiny_db: Path) -> None:
    shell = embedded_shell
    assert shell.ok("embedded", "status") == "not running\n"
    assert json.loads(shell.ok("embedded", "status", "--json")) is None
    shell.ok("--endpoint", "embedded", "init", "--source-db", tiny_db)
    assert "will be created" in shell.ok("plan") or "not known" in shell.ok("plan")
    assert "is complete" in shell.ok("migrate")
    assert json.loads(shell.ok("status", "--json"))["status"] == "completed"
    assert "source and target are equal" in shell.ok("validate")
    assert (
        json.loads(shell.ok("query", "employee_data", "employee", "employee_id=1", "--json"))["EmployeeId"]
        == 1
    )
    assert shell.ok("embedded", "status").startswith("running at http://127.0.0.1:")


def test_a_stopped_embedded_dynamodb_is_never_a_completed_run(embedded_shell: Shell, tiny_db: Path) -> None:
    shell = embedded_shell
    shell.ok("--endpoint", "embedded", "init", "-s", tiny_db)
    url = shell.ok("embedded", "start").strip()
    assert json.loads(shell.ok("embedded", "status", "--json"))["url"] == url
    shell.ok("migrate", "-t", "employee_data")
    shell.ok("embedded", "stop")
    found = json.loads(shell.ok("status", "--json"))
    assert (found["status"], found["next"]) == ("failed", "migrate.py migrate --force")
    assert "has stopped, and its data is gone" in found["note"]
    assert shell("resume").returncode == 5
    assert shell("validate").returncode == 5
    shell.ok("migrate", "--force", "-t", "employee_data")
    assert json.loads(shell.ok("status", "--json"))["status"] == "completed"


def test_a_sample_database_is_written_and_not_overwritten(shell: Shell) -> None:
    assert shell.ok("sample", "--out", "data/s.sqlite") == "data/s.sqlite\n"
    before = (shell.folder / "data/s.sqlite").read_bytes()
    assert shell("sample", "--out", "data/s.sqlite").returncode == 2
    shell.ok("sample", "--out", "data/s.sqlite", "--force")
    assert (shell.folder / "data/s.sqlite").read_bytes() == before


def test_one_table_can_be_migrated_by_any_of_its_names(project: Project, tmp_path: Path) -> None:
    shell = project(tmp_path)
    shell.ok("migrate", "--tables", "employee_data", "--tables", "CustomerData")
    found = json.loads(shell.ok("status", "--json"))
    assert {table["name"] for table in found["tables"]} == {"employee_data", "customer_data"}
    shell.ok("validate", "--table", "employee_data")


def test_nothing_to_resume_is_said_and_is_no_failure(
    project: Project, tmp_path: Path, migrated: Shell
) -> None:
    shell = project(tmp_path)
    for done in (shell("resume"), migrated("resume")):
        assert (done.returncode, done.stdout) == (0, "")
        assert "nothing to resume" in done.stderr


def test_without_a_run_status_says_so(project: Project, tmp_path: Path) -> None:
    shell = project(tmp_path)
    assert "not_started" in shell.ok("status")
    found = json.loads(shell.ok("status", "--json"))
    assert (found["run_id"], found["status"], found["items_total"], found["tables"]) == (
        None,
        "not_started",
        0,
        [],
    )


def test_status_needs_no_network(migrated: Shell) -> None:
    unreachable = migrated.ok("--endpoint", "http://127.0.0.1:9", "status", "--json")
    assert (
        json.loads(unreachable)["items_written"] == json.loads(migrated.ok("status", "--json"))["items_total"]
    )


def test_force_names_what_it_deletes_and_wants_a_yes(project: Project, tmp_path: Path) -> None:
    shell = project(tmp_path)
    shell.ok("migrate", "-f", "-t", "employee_data")
    refused = shell("migrate", "-f", "-t", "employee_data")
    assert refused.returncode == 2
    assert "--yes" in refused.stderr
    assert "EmployeeData" in refused.stderr
    accepted = shell("migrate", "-f", "-t", "employee_data", "--yes")
    assert accepted.returncode == 0
    assert "This deletes" in accepted.stderr


def test_reset_names_every_run_and_touches_no_table(project: Project, tmp_path: Path) -> None:
    shell = project(tmp_path)
    shell.ok("migrate", "-t", "employee_data")
    shell.ok("migrate", "-t", "employee_data")
    store = StateStore(tmp_path / "state")
    runs = store.runs()
    assert len(runs) == 2
    dry = shell.ok("reset", "--dry-run")
    assert all(run in dry and str(path) in dry for run in runs for path in store.files(run))
    asked = shell("reset")
    assert (asked.returncode, store.runs()) == (2, runs)
    assert "reset --confirm" in asked.stderr
    shell.ok("reset", "--confirm")
    assert store.runs() == []
    assert [path.name for path in (tmp_path / "state").iterdir() if path.name[0] != "."] == []
    shell.ok("validate", "-t", "employee_data")
    assert "nothing to clear" in shell("reset", "--confirm").stderr


def test_reset_clears_a_run_that_cannot_be_read(project: Project, tmp_path: Path) -> None:
    shell = project(tmp_path)
    shell.ok("migrate", "-t", "employee_data")
    store = StateStore(tmp_path / "state")
    for path in store.files(store.runs()[0]):
        path.write_bytes(b"{")
    assert shell("status").returncode == 6
    assert "cannot be read" in shell.ok("reset", "--confirm")
    assert store.runs() == []


def test_reset_refuses_while_a_run_is_running(project: Project, tmp_path: Path) -> None:
    shell = project(tmp_path)
    shell.ok("migrate", "-t", "employee_data")
    with StateStore(tmp_path / "state").lock():
        refused = shell("reset", "--confirm")
        assert json.loads(shell.ok("status", "--json"))["running"] is True
    assert refused.returncode == 6
    assert json.loads(shell.ok("status", "--json"))["running"] is False


def test_the_report_is_written_by_the_ending_of_its_name(migrated: Shell, tmp_path: Path) -> None:
    page, data = tmp_path / "r.html", tmp_path / "r.JSON"
    shown = json.loads(migrated.ok("validate", "--json", "--report", data))
    assert json.loads(data.read_text())["tables"][0]["expected"] == shown["tables"][0]["expected"]
    migrated.ok("validate", "-t", "employee_data", "--report", page)
    assert page.read_text().lstrip().lower().startswith("<!doctype html")
    for wrong in (tmp_path / "r.txt", tmp_path / "r", tmp_path / "none/r.html"):
        assert migrated("validate", "--report", wrong).returncode == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.JSON", "r.html"]


def test_the_sample_of_parameters_is_stated(migrated: Shell) -> None:
    few = json.loads(migrated.ok("validate", "-t", "employee_data", "--sample-parameters", 2, "--json"))
    every = json.loads(migrated.ok("validate", "-t", "employee_data", "--all-parameters", "--json"))
    assert [p["calls"] for p in few["access_patterns"]] == [2, 2, 2]
    assert [p["calls"] for p in every["access_patterns"]] == [8, 8, 8]
    assert any("2 of 8" in sentence for sentence in few["tables"][0]["not_checked"])


def test_the_access_patterns_can_be_left_out(migrated: Shell) -> None:
    found = json.loads(
        migrated.ok("validate", "-t", "employee_data", "--items-only", "--workers", 1, "--json")
    )
    assert found["ok"] and found["access_patterns"] == []
    assert any("not tried" in sentence for sentence in found["tables"][0]["not_checked"])
    assert migrated("validate", "--items-only", "--all-parameters").returncode == 2


def test_info_without_anything_says_what_is_missing(shell: Shell) -> None:
    found = json.loads(shell.ok("info", "--json"))
    assert (found["settings"], found["source"], found["target"]) == ([], None, None)
    assert "no such file" in found["problems"]["config"]
    assert "init --source-db" in shell("info").stderr


def test_info_tells_origins_and_no_secrets(project: Project, tmp_path: Path) -> None:
    shell = project(tmp_path)
    secrets = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLEKEYWXYZ", "AWS_SECRET_ACCESS_KEY": "hidden-hidden-hidden"}
    text = shell.ok("info", MIGRATION_BATCH_SIZE="7", **secrets) + shell.ok("info", "--json", **secrets)
    assert "hidden" not in text and "AKIAEXAMPLE" not in text
    assert "WXYZ" in text
    found = json.loads(shell.ok("--endpoint", "aws", "info", "--json", MIGRATION_BATCH_SIZE="7"))
    origins = {s["name"]: (s["value"], s["origin"]) for s in found["settings"]}
    assert origins["batch_size"] == (7, "environment MIGRATION_BATCH_SIZE")
    assert origins["endpoint"] == ("aws", "flag")
    assert origins["source_db"][1] == "file"
    assert "credentials" in found["problems"]
    assert found["source"]["rows"]["Employee"] == 8


def test_info_works_without_the_source(project: Project, tmp_path: Path, tiny_db: Path) -> None:
    source = tmp_path / "gone.sqlite"
    shutil.copyfile(tiny_db, source)
    shell = project(tmp_path, source)
    source.unlink()
    found = json.loads(shell.ok("info", "--json"))
    assert found["source"] is None
    assert "no such file" in found["problems"]["source"]
    config = load_config(tmp_path / "config/migration.json", {}, {})
    assert [d["name"] for d in found["designs"]] == list(config.dynamodb_tables)
    assert all(d["packaged"] and not d["problem"] for d in found["designs"])
