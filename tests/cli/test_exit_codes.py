"""Every exit code, reached by a real command; and what the message of each error holds."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from migration_tool.cli.group import EXIT_CODES
from migration_tool.config import load_config
from tests.cli.conftest import Project
from tests.cli.shell import MIGRATE, Proxy, Shell
from tests.engines import free_port, request
from tests.target.fake import fault


def explained(done: subprocess.CompletedProcess[str]) -> bool:
    """Whether stderr names operation, object, cause and the next command, without a traceback."""
    parts = (": cannot ", "\n  object: ", "\n  cause:  ", "\n  next:   ")
    return all(part in f"\n{done.stderr}" for part in parts) and "Traceback" not in done.stderr


def test_usage_2(shell: Shell, migrated: Shell) -> None:
    for words in (
        ["nope"],
        ["--nope"],
        ["status", "--nope"],
        ["sample"],
        ["resume", "--accept-changed", "x"],
    ):
        done = shell(*words)
        assert (done.returncode, done.stdout) == (2, "")
        assert "-h shows how it is used" in done.stderr
    assert (shell().returncode, shell().stdout) == (2, "")
    done = migrated("validate", "-t", "music_catalogue")
    assert done.returncode == 2
    assert explained(done) and "music_catalog?" in done.stderr


def test_configuration_and_design_3(project: Project, tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    done = shell("status")
    assert (done.returncode, explained(done)) == (3, True)
    shell = project(tmp_path)
    assert shell("--endpoint", "ftp://x", "status").returncode == 3
    (tmp_path / "config/designs").mkdir()
    (tmp_path / "config/designs/employee_data.yaml").write_text("version: 1\ntable: X\nentities: {}\n")
    done = shell("plan")
    assert (done.returncode, explained(done)) == (3, True)
    (tmp_path / "config/migration.json").write_text("{")
    for command in (["status"], ["info"], ["reset", "--confirm"], ["query", "x"]):
        assert shell(*command).returncode == 3


def test_source_4(project: Project, tmp_path: Path) -> None:
    shell = project(tmp_path, tmp_path / "none.sqlite")
    for command in ("plan", "migrate", "validate"):
        done = shell(command)
        assert (done.returncode, explained(done)) == (4, True)


def test_target_5(project: Project, tmp_path: Path) -> None:
    shell = project(tmp_path, endpoint=f"http://127.0.0.1:{free_port()}", max_retries=0)
    done = shell("migrate", "-t", "employee_data")
    assert (done.returncode, explained(done)) == (5, True)
    assert shell("query", "employee_data", "employee", "employee_id=1").returncode == 5


def test_state_6(project: Project, tmp_path: Path) -> None:
    shell = project(tmp_path, endpoint=f"http://127.0.0.1:{free_port()}", max_retries=0)
    assert shell("migrate", "-t", "employee_data").returncode == 5
    done = shell("migrate")
    assert (done.returncode, explained(done)) == (6, True)
    assert "resume" in done.stderr


def test_differences_7_names_exactly_what_differs(project: Project, tmp_path: Path, moto_server: str) -> None:
    shell = project(tmp_path)
    shell.ok("migrate", "-t", "employee_data")
    table = load_config(tmp_path / "config/migration.json", {}, {}).table_name("employee_data")
    call = lambda operation, **body: request(moto_server, operation, {"TableName": table, **body})  # noqa: E731
    key = {"PK": {"S": "EMPLOYEE#1"}, "SK": {"S": "#EMPLOYEE"}}
    item = json.loads(call("GetItem", Key=key)[1])["Item"]
    call("PutItem", Item={**item, "Title": {"S": "\x1b[31mBoss\u202e"}})
    call("PutItem", Item={**item, "PK": {"S": "EMPLOYEE#99"}})
    call("DeleteItem", Key={**key, "PK": {"S": "EMPLOYEE#2"}})
    done = shell("validate", "--json", "-t", "employee_data", "--report", "r.html")
    assert (done.returncode, explained(done)) == (7, True)
    (found,) = json.loads(done.stdout)["tables"]
    assert [i["key"]["PK"] for i in found["missing"]] == ["EMPLOYEE#2"]
    assert [i["key"]["PK"] for i in found["extra"]] == ["EMPLOYEE#99"]
    (different,) = found["different"]
    assert (different["key"]["PK"], [a["name"] for a in different["attributes"]]) == ("EMPLOYEE#1", ["Title"])
    assert (tmp_path / "r.html").exists()
    human = shell("validate", "-t", "employee_data")
    assert human.returncode == 7
    assert all(f"EMPLOYEE#{n}" in human.stdout for n in (1, 2, 99))
    assert not {"\x1b", "\u202e"} & set(human.stdout)


def test_a_run_with_differences_7_is_not_complete(project: Project, tmp_path: Path, moto_server: str) -> None:
    """All rows are written, but the table held something else before: that is not complete."""
    shell = project(tmp_path)
    shell.ok("migrate", "-t", "employee_data")
    table = load_config(tmp_path / "config/migration.json", {}, {}).table_name("employee_data")
    extra = {"PK": {"S": "EMPLOYEE#99"}, "SK": {"S": "#EMPLOYEE"}}
    request(moto_server, "PutItem", {"TableName": table, "Item": extra})
    shell.ok("reset", "--confirm")
    done = shell("migrate", "-t", "employee_data")
    assert (done.returncode, explained(done)) == (7, True)
    status = json.loads(shell.ok("status", "--json"))
    assert (status["status"], status["items_written"]) == ("failed", status["items_total"])
    request(moto_server, "DeleteItem", {"TableName": table, "Key": extra})
    shell.ok("resume")
    assert json.loads(shell.ok("status", "--json"))["status"] == "completed"


def test_rejected_rows_over_budget_8(project: Project, tmp_path: Path, tiny_db: Path) -> None:
    source = tmp_path / "own.sqlite"
    shutil.copyfile(tiny_db, source)
    source.chmod(0o644)
    with sqlite3.connect(source) as connection:
        connection.execute("UPDATE Employee SET Title = ? WHERE EmployeeId = 3", ["x" * 410_000])
    connection.close()
    shell = project(tmp_path, source, enable_validation=False)
    assert "1 row" in shell.ok("plan", "-t", "employee_data")
    done = shell("migrate", "-t", "employee_data")
    assert (done.returncode, explained(done)) == (8, True)
    assert "max_rejects" in done.stderr
    path = tmp_path / "config/migration.json"
    path.write_text(path.read_text().replace('"max_rejects": 0', '"max_rejects": 1'))
    assert "rejects.jsonl" in shell.ok("resume")
    found = json.loads(shell.ok("status", "--json"))
    assert (found["status"], found["rejected"], found["items_written"]) == ("completed", 1, 7)


def test_a_lasting_fault_9_is_resumable(project: Project, tmp_path: Path, moto_server: str) -> None:
    down = [True]
    with Proxy(moto_server, lambda seen: fault("InternalServerError", 500) if down[0] else None) as proxy:
        shell = project(tmp_path, endpoint=proxy.own, max_retries=1, retry_delay=0.01)
        done = shell("migrate", "-t", "employee_data")
        assert (done.returncode, explained(done)) == (9, True)
        assert done.stderr.splitlines()[-4].startswith("stopped: ")
        found = json.loads(shell.ok("status", "--json"))
        assert (found["status"], found["next"], found["retries"] > 0) == ("paused", "migrate.py resume", True)
        assert "InternalServerError" in found["last_error"]["message"]
        down[0] = False
        assert "is complete" in shell.ok("resume")


def broken(shell: Shell, *words: str) -> subprocess.CompletedProcess[str]:
    """The command with a defect in it: its library part raises what no one expects."""
    program = (
        "import sys; import migration_tool.ask as part\n"
        "def defect(*args): raise ZeroDivisionError('a defect \\x1b[31m')\n"
        f"part.ask = defect; sys.argv = {[str(MIGRATE), *words]!r}\n"
        "from migration_tool.cli import main; main()"
    )
    line = [sys.executable, "-c", program]
    environment = {**shell.variables({}), "PYTHONPATH": str(MIGRATE.parent)}
    return subprocess.run(line, cwd=shell.folder, env=environment, capture_output=True, text=True, timeout=60)


def test_internal_error_1(project: Project, tmp_path: Path) -> None:
    shell = project(tmp_path)
    words = ("query", "employee_data", "employee", "employee_id=1")
    done = broken(shell, *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr and "\x1b" not in done.stderr
    assert "this is a bug" in done.stderr and str(tmp_path / "logs/migration.log") in done.stderr
    record = json.loads((tmp_path / "logs/migration.log").read_text().splitlines()[-1])
    assert (record["level"], record["exception"]) == ("CRITICAL", "ZeroDivisionError")
    verbose = broken(shell, *words, "-v")
    assert verbose.returncode == 1
    assert "Traceback" in verbose.stderr and "\x1b" not in verbose.stderr


def test_tracebacks_of_expected_errors_only_with_v(shell: Shell) -> None:
    assert "Traceback" in shell("-v", "status").stderr
    assert "Traceback" in shell("status", "-v").stderr
    assert "Traceback" not in shell("status").stderr


@pytest.mark.parametrize("flags", [[], ["-c", "a b.json"], ["--endpoint", "embedded"]])
def test_the_next_command_is_the_one_to_type(shell: Shell, flags: list[str]) -> None:
    hint = shell(*flags, "status").stderr.splitlines()[-1]
    quoted = " ".join(f"'{flag}'" if " " in flag else flag for flag in flags)
    expected = " ".join(filter(None, ["next:   python", str(MIGRATE), quoted, "init --source-db PATH"]))
    assert hint.strip() == expected


def test_all_documented_codes_are_tested() -> None:
    """0 to 8 here; 9 here; 130 in test_signals.py, 141 in test_output.py."""
    assert sorted(EXIT_CODES) == [*range(10), 130, 141]
