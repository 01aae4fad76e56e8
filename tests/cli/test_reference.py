"""The documentation of the commands is what the commands say; and they say it everywhere."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from migration_tool.cli import reference
from migration_tool.cli.group import COMMANDS, EXIT_CODES
from tests.cli.shell import ROOT, Shell

DOCS = ROOT / "docs/cli.md"
ALL = list(reference.commands())
IDS = [context.command_path for context, _ in ALL]
LOADING = {"--max-wcu", "--max-rejects", "--no-lease", "--take-over"}
DOCUMENTED = {
    "init": {"--source-db", "-s", "--aws-region", "-r", "--batch-size", "-b", "--table-prefix", "-p"},
    "plan": {"-t", "--json"},
    "migrate": {"--force", "-f", "--tables", "-t", "--yes", *LOADING},
    "resume": {"--accept-changed", *LOADING},
    "design": set[str](),
    "rejects": {"--all", "--json"},
    "retry-rejects": {"--accept-changed", *LOADING},
    "tune": {"--max-wcu", "--pause", "--continue", "--json", "--timeout"},
    "status": {"--json"},
    "validate": {"--table", "-t", "--json", "--report"},
    "query": {"--json"},
    "reset": {"--confirm", "--dry-run"},
    "info": {"--json"},
    "sample": {"--scale", "--out"},
    "embedded": set[str](),
}


def test_the_file_is_current() -> None:
    command = "python -m migration_tool.cli.reference docs/cli.md"
    assert DOCS.read_text("utf-8") == reference.reference(), f"run: {command}"
    assert reference.main(["--check", str(DOCS)]) == 0


def test_a_changed_file_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "cli.md"
    assert reference.main([str(path)]) == 0
    path.write_text(path.read_text() + "x")
    assert reference.main(["--check", str(path)]) == 1


@pytest.mark.parametrize(("context", "command"), ALL, ids=IDS)
def test_every_command_and_every_option_says_what_it_does(
    context: click.Context, command: click.Command
) -> None:
    assert command.help and len(command.help) > 10
    text = DOCS.read_text("utf-8")
    assert f"\n{context.command_path} " in text
    for param in command.params:
        if isinstance(param, click.Argument):  # click has no help for these; the command's own tells
            continue
        help_text = getattr(param, "help", None)
        assert help_text, f"{context.command_path} {param.name} has no help"
        assert help_text.replace("|", "\\|") in text


@pytest.mark.parametrize("name", COMMANDS)
def test_the_line_in_the_list_is_that_of_the_command(name: str) -> None:
    command = next(command for context, command in ALL if context.command_path.split()[1:] == [name])
    line = COMMANDS[name]
    assert line.endswith(".") and len(line) <= 70
    known = {option for param in command.params for option in param.opts}
    assert known >= DOCUMENTED[name]


def test_all_commands_stand_in_the_list() -> None:
    assert set(COMMANDS) == set(DOCUMENTED)
    assert len([c for c, _ in ALL if len(c.command_path.split()) == 2]) == len(COMMANDS)


def test_every_exit_code_is_documented() -> None:
    text = DOCS.read_text("utf-8")
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", text, re.M)] == list(EXIT_CODES)


def test_help_is_on_every_command(shell: Shell) -> None:
    for context, _ in ALL:
        words = context.command_path.split()[1:]
        assert "Usage: migrate.py " + " ".join(words) in shell.ok(*words, "-h")
        assert shell.ok(*words, "--help").startswith("Usage: ")


def test_global_options_work_before_and_after_the_command(shell: Shell, tiny_db: Path) -> None:
    shell.ok("-c", "a.json", "init", "-s", tiny_db)
    shell.ok("init", "-s", tiny_db, "-c", "b.json", "--endpoint", "embedded")
    assert (shell.folder / "a.json").exists() and '"embedded"' in (shell.folder / "b.json").read_text()
    assert shell("--config", "none.json", "status", "--config", "a.json").returncode == 0


def test_completion_offers_the_commands(shell: Shell) -> None:
    script = shell.ok(_MIGRATE_PY_COMPLETE="bash_source")
    assert "complete" in script
    words = {"COMP_WORDS": "migrate.py st", "COMP_CWORD": "1", "_MIGRATE_PY_COMPLETE": "bash_complete"}
    assert shell.ok(**words).split() == ["plain,status"]
