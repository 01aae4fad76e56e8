"""stdout is data, stderr is talk; and nothing that comes out of either does harm."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import subprocess
import termios
import time
from decimal import Decimal
from pathlib import Path

import pytest

from migration_tool.config import load_config
from tests.cli.conftest import Project
from tests.cli.shell import SECONDS, Shell
from tests.engines import request

JSON_COMMANDS = [
    ["status"], ["plan"], ["info"], ["validate", "-t", "employee_data"],
    ["query", "playlist_data", "playlists"],
]  # fmt: skip


@pytest.mark.parametrize("command", JSON_COMMANDS, ids=lambda words: words[0])
def test_json_is_alone_on_stdout(migrated: Shell, command: list[str]) -> None:
    done = migrated(*command, "--json")
    assert done.returncode == 0
    lines = done.stdout.splitlines() if command[0] == "query" else [done.stdout]
    assert lines
    assert all(isinstance(json.loads(line), dict) for line in lines)
    assert done.stdout.endswith("\n")


@pytest.mark.parametrize("command", ["status", "plan", "info", "validate"])
def test_an_error_leaves_stdout_empty_with_json(shell: Shell, command: str) -> None:
    (shell.folder / "config").mkdir()
    (shell.folder / "config/migration.json").write_text("{")
    done = shell(command, "--json")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("error: cannot ")


def test_progress_and_notices_are_talk_and_the_summary_is_data(project: Project, tmp_path: Path) -> None:
    done = project(tmp_path)("migrate", "-t", "employee_data")
    assert "phase: loading" in done.stderr and "Target: http" in done.stderr
    assert "is complete" in done.stdout and "phase" not in done.stdout
    assert "\x1b" not in done.stdout + done.stderr


def put(url: str, shell: Shell, **attributes: dict[str, object]) -> None:
    config = load_config(shell.folder / "config/migration.json", {}, {})
    item = {
        "PK": {"S": "EMPLOYEE#77"},
        "SK": {"S": "#EMPLOYEE"},
        "EntityType": {"S": "Employee"},
        **attributes,
    }
    body = {"TableName": config.table_name("employee_data"), "Item": item}
    assert request(url, "PutItem", body)[0] == 200


def test_query_gives_plain_values_without_loss(project: Project, tmp_path: Path, moto_server: str) -> None:
    shell = project(tmp_path)
    shell.ok("migrate", "-t", "employee_data")
    digits = "12345678901234567890123456789012345678"
    put(
        moto_server, shell,
        big={"N": digits}, price={"N": "0.99"}, tiny={"N": "0.000001"}, blob={"B": "AAH/"},
        none={"NULL": True}, yes={"BOOL": True}, words={"SS": ["b", "a"]},
        deep={"L": [{"M": {"n": {"N": "1.10"}}}]},
    )  # fmt: skip
    line = shell.ok("query", "employee_data", "employee", "employee_id=77", "--json")
    assert f'"big":{digits}' in line and '"price":0.99' in line
    found = json.loads(line, parse_float=Decimal)
    assert found["tiny"] == Decimal("0.000001")
    assert [found[n] for n in ("blob", "none", "yes", "words")] == ["AAH/", None, True, ["a", "b"]]
    assert found["deep"] == [{"n": Decimal("1.1")}]
    assert list(found)[:2] == ["PK", "SK"]


@pytest.mark.row(21)
def test_hostile_values_reach_the_terminal_without_their_controls(
    project: Project, tmp_path: Path, moto_server: str
) -> None:
    shell = project(tmp_path)
    shell.ok("migrate", "-t", "employee_data")
    hostile = "a\x1b]0;own\x07\x9b31mb\u202ec\u2066\r\n\x00d\u2028e"
    put(moto_server, shell, Title={"S": hostile})
    words = ("query", "employee_data", "employee", "employee_id=77")
    human, data = shell.ok(*words), shell.ok(*words, "--json")
    bad = {chr(n) for n in (*range(32), *range(127, 160)) if n != 10} | set("\u202e\u2066\u2028")
    assert not bad & set(human) and not bad & set(data)
    assert "a]0;own31mbc" in human
    assert len(data.splitlines()) == 1
    assert json.loads(data)["Title"] == hostile


@pytest.mark.row(21)
def test_hostile_words_come_back_clean_in_errors(migrated: Shell) -> None:
    done = migrated("query", "employee_data", "\x1b[31mx\u202e\ny")
    assert done.returncode == 2
    assert not {"\x1b", "\u202e"} & set(done.stderr)
    assert "  object: [31mx y\n" in done.stderr


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        (["employee"], "missing parameter employee_id"),
        (["employee", "employee_id=one"], "not of type integer"),
        (["employee", "employee_id"], "not of the form NAME=VALUE"),
        (["employee", "=1"], "not of the form NAME=VALUE"),
        (["employee", "employee_id=1", "employee_id=1"], "given twice"),
        (["employee", "nobody=1"], "nobody"),
        (["nope"], "no such pattern"),
    ],
)
def test_a_wrong_question_is_a_usage_error(migrated: Shell, words: list[str], cause: str) -> None:
    done = migrated("query", "employee_data", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert cause in done.stderr


def test_the_patterns_of_a_table_are_listed(migrated: Shell) -> None:
    listed = migrated.ok("query", "music_catalog")
    assert "tracks_of_album(album_id: integer)" in listed
    assert 'artists_by_name(prefix: text = "")' in listed
    assert "tracks_of_album" in migrated("query", "music_catalog", "nope").stderr


def test_items_for_people(migrated: Shell) -> None:
    one = migrated.ok("query", "employee_data", "employee", "employee_id=1")
    assert "EmployeeId" in one and "EMPLOYEE#1" in one
    several = migrated("query", "employee_data", "organisation_under", "employee_id=1", COLUMNS="60")
    assert several.stdout.startswith("EmployeeId") and "PK" not in several.stdout
    assert all(len(line) <= 60 for line in several.stdout.splitlines())
    assert "7 items" in several.stderr and "not shown: " in several.stderr
    none = migrated("query", "employee_data", "reports_of", "employee_id=8")
    assert (none.returncode, none.stdout, none.stderr) == (0, "", "0 items\n")


def pipeline(shell: Shell, stdout: str, *words: str) -> subprocess.CompletedProcess[str]:
    """The command with its stdout sent somewhere by a shell; the code is that of the command."""
    command = subprocess.list2cmdline(shell.line(*words))
    script = f"set -o pipefail; {command} {stdout}"
    return subprocess.run(
        ["bash", "-c", script], cwd=shell.folder, env=shell.variables({}), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip


@pytest.mark.parametrize("words", [("query", "playlist_data", "playlists", "--json"), ("info",), ("--help",)])
def test_a_reader_that_goes_away_ends_it_quietly(migrated: Shell, words: tuple[str, ...]) -> None:
    done = pipeline(migrated, "| true", *words)
    assert done.returncode in (0, 141)
    assert done.stderr in ("", "18 items\n")


@pytest.mark.row(24)
def test_a_closed_pipe_is_141(migrated: Shell) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.Popen(
        migrated.line("info"), cwd=migrated.folder, env=migrated.variables({}), stdin=subprocess.DEVNULL,
        stdout=writing, stderr=subprocess.PIPE,
    )  # fmt: skip
    os.close(writing)
    _, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (141, b"")


@pytest.mark.row(24)
@pytest.mark.parametrize("stdout", [">/dev/full", ">&-"])
def test_data_that_cannot_be_written_is_a_failure(migrated: Shell, stdout: str) -> None:
    if stdout == ">/dev/full" and not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    done = pipeline(migrated, stdout, "status", "--json")
    assert done.returncode == 1
    assert "cannot write the output" in done.stderr and "Traceback" not in done.stderr


def test_a_run_goes_on_when_nobody_listens_to_its_talk(project: Project, tmp_path: Path) -> None:
    shell = project(tmp_path)
    assert pipeline(shell, "2>&-", "migrate", "-t", "employee_data").returncode == 0
    assert json.loads(shell.ok("status", "--json"))["status"] == "completed"


def afresh(shell: Shell, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command in a Python of its own: what it does with its variables is done as it starts."""
    return subprocess.run(
        shell.line(*words), cwd=shell.folder, env=shell.variables(environment), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=SECONDS,
    )  # fmt: skip


def test_an_old_terminal_encoding_is_no_failure(migrated: Shell) -> None:
    words = ("query", "employee_data", "employee", "employee_id=1")
    assert (found := afresh(migrated, *words, PYTHONIOENCODING="ascii")).returncode == 0
    assert "\\x" in found.stdout
    assert afresh(migrated, *words, "--json", PYTHONIOENCODING="ascii").returncode == 0


def test_verbose_shows_the_log_without_item_contents(project: Project, tmp_path: Path) -> None:
    done = project(tmp_path)("-v", "migrate", "-t", "employee_data")
    assert "phase begins" in done.stderr and "phase=loading" in done.stderr
    assert "EMPLOYEE#1" not in done.stderr


def test_the_log_names_the_run_and_no_parameters(project: Project, tmp_path: Path) -> None:
    shell = project(tmp_path)
    shell.ok("migrate", "-t", "employee_data")
    shell.ok("query", "employee_data", "employee", "employee_id=54321")
    text = (tmp_path / "logs/migration.log").read_text()
    records = [json.loads(line) for line in text.splitlines()]
    run_id = json.loads(shell.ok("status", "--json"))["run_id"]
    phases = [r for r in records if r["event"] == "phase begins"]
    assert [(r["phase"], r["run_id"]) for r in phases[:1]] == [("analysis", run_id)]
    assert [r["command"] for r in records if r["event"] == "command begins"] == ["migrate", "query"]
    assert "54321" not in text


def take_terminal() -> None:
    """In the child: the pseudo-terminal on stdin becomes its own, so that Ctrl-C reaches it."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def on_terminal(shell: Shell, *words: str, answer: bytes = b"", **environment: str) -> tuple[int, str]:
    """The command on a pseudo-terminal of 100 columns: its exit code and all that appeared."""
    parent, child = pty.openpty()
    variables = shell.variables({"TERM": "xterm-256color", "COLUMNS": "100", **environment})
    process = subprocess.Popen(
        shell.line(*words), cwd=shell.folder, env=variables, stdin=child, stdout=child, stderr=child,
        preexec_fn=take_terminal,
    )  # fmt: skip
    os.close(child)
    try:
        seen = watched(parent, answer)
        return process.wait(SECONDS), seen
    finally:
        process.kill()
        process.wait()
        os.close(parent)


def watched(parent: int, given: bytes) -> str:
    """What appears until the other side is closed; a question is answered once.

    Ctrl-C is pressed again when nothing happens: readline can miss one that comes just as it begins to wait.
    Not when it was heard: a second one would meet a process that is ending.
    """
    answer, seen = given, bytearray()
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if not select.select([parent], [], [], 5.0)[0]:
            if not answer and b"[y/N]" in seen and given == b"\x03" and b"stopped" not in seen:
                os.write(parent, given)
            continue
        try:
            data = os.read(parent, 65536)
        except OSError:
            break
        seen += data
        if answer and b"[y/N]" in seen:
            os.write(parent, answer)
            answer = b""
    return seen.decode("utf-8", "replace")


def test_bars_phases_and_colours_on_a_terminal(project: Project, tmp_path: Path) -> None:
    code, seen = on_terminal(project(tmp_path), "migrate", "-t", "employee_data", "-t", "customer_data")
    assert code == 0
    for part in (
        "✓",
        "analysis",
        "validation",
        "employee_data",
        "customer_data",
        "together",
        "━",
        "100%",
    ):
        assert part in seen
    assert "\x1b[1;32m" in seen
    assert seen.count("\x1b[?25l") == seen.count("\x1b[?25h") > 0


def test_no_color_and_a_dumb_terminal_are_respected(
    project: Project, tmp_path: Path, migrated: Shell
) -> None:
    code, seen = on_terminal(migrated, "status", NO_COLOR="1")
    assert (code, "\x1b[32m" in seen or "\x1b[1;32m" in seen) == (0, False)
    code, seen = on_terminal(project(tmp_path), "migrate", "-t", "employee_data", TERM="dumb")
    assert (code, "phase: loading" in seen, "\x1b" in seen) == (0, True, False)


@pytest.mark.parametrize(("answer", "code"), [(b"y\n", 0), (b"n\n", 2), (b"\n", 2), (b"\x03", 130)])
def test_force_asks_on_a_terminal(project: Project, tmp_path: Path, answer: bytes, code: int) -> None:
    shell = project(tmp_path)
    shell.ok("migrate", "-t", "employee_data")
    ended, seen = on_terminal(shell, "migrate", "-f", "-t", "employee_data", answer=answer)
    assert ended == code
    assert "This deletes" in seen and "Delete them and begin anew?" in seen
    assert json.loads(shell.ok("status", "--json"))["status"] == "completed"


@pytest.mark.parametrize(("answer", "left"), [(b"y\n", 0), (b"n\n", 1)])
def test_reset_asks_on_a_terminal(project: Project, tmp_path: Path, answer: bytes, left: int) -> None:
    shell = project(tmp_path)
    shell.ok("migrate", "-t", "employee_data")
    assert on_terminal(shell, "reset", answer=answer)[0] == 0
    assert len(list((tmp_path / "state").glob("2*-??????.json"))) == left
