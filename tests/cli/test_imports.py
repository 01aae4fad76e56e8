"""What a command may import: measured in a fresh process, because time on a busy machine proves nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

from migration_tool.cli.group import COMMANDS
from tests.cli.shell import MIGRATE, Shell

CLOUD = {"boto3", "botocore", "pycurl", "moto", "werkzeug", "flask"}
HEAVY = CLOUD | {"rich", "yaml", "orjson", "tenacity"}


def at_the_end(shell: Shell, expression: str, *words: str) -> str:
    """What the expression gives in the command's process when that ends, as text."""
    program = (
        "import atexit, gc, sys\n"
        f"atexit.register(lambda: sys.stderr.write('\\nFOUND ' + str({expression})))\n"
        f"sys.path.insert(0, {str(MIGRATE.parent)!r}); sys.argv = {['migrate.py', *words]!r}\n"
        "from migration_tool.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=shell.folder, env=shell.variables({}), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stderr.rpartition("FOUND ")[2]


def imported(shell: Shell, *words: str) -> set[str]:
    """The top-level modules in memory when the command ends."""
    return {name.partition(".")[0] for name in at_the_end(shell, "' '.join(sys.modules)", *words).split()}


@pytest.mark.parametrize(
    "words", [["--help"], ["--version"], *([name, "-h"] for name in COMMANDS)], ids=" ".join
)
def test_help_imports_nothing_but_click(shell: Shell, words: list[str]) -> None:
    assert not imported(shell, *words) & HEAVY


@pytest.mark.parametrize(
    "words",
    [
        ["status"],
        ["status", "--json"],
        ["rejects"],
        ["reset", "--dry-run"],
        ["embedded", "status"],
        ["init", "-b", "20"],
    ],
    ids=" ".join,
)
def test_commands_that_need_no_target_import_no_cloud_library(migrated: Shell, words: list[str]) -> None:
    assert not imported(migrated, *words) & CLOUD


def test_status_as_json_does_without_rich(migrated: Shell) -> None:
    assert "rich" not in imported(migrated, "status", "--json")


def test_the_measurement_sees_what_a_command_imports(migrated: Shell) -> None:
    assert {"pycurl", "rich"} <= imported(migrated, "query", "employee_data", "employee", "employee_id=1")


def test_python_does_not_look_through_the_modules_for_cycles(migrated: Shell) -> None:
    """Each import would make it look through those before: a sixth of the start of a command with boto3."""
    words = ("query", "employee_data", "employee", "employee_id=1")
    assert int(at_the_end(migrated, "gc.get_stats()[0]['collections']", *words)) < 20
