"""The pages on security and permissions speak of what is there."""

from __future__ import annotations

import re
from pathlib import Path

from migration_tool.permissions import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
PATTERNS = {"GetItem", "Query"}


def test_what_the_page_names_is_there() -> None:
    text = (ROOT / "docs/security.md").read_text("utf-8")
    tests = set(re.findall(r"`(tests/[\w/.]+)`", text))
    modules = {f"migration_tool/{name}" for name in re.findall(r"`((?!tests/)\w+/?\w*\.py)`", text)}
    scripts = set(re.findall(r"`(scripts/\w+)`", text))
    assert len(tests) > 8 and len(modules) > 8 and scripts
    assert [name for name in tests | modules | scripts if not (ROOT / name).exists()] == []


def test_the_table_of_permissions_is_that_of_the_code() -> None:
    text = (ROOT / "docs/operations.md").read_text("utf-8")
    table = text.partition("| Command | Actions |")[2].partition("\n\n")[0]
    rows = [row.split(" | ") for row in table.splitlines()[2:]]
    documented = {
        command: set(re.findall("`([A-Z][A-Za-z]+)`", actions))
        for commands, actions in rows
        for command in re.findall("`([^`]+)`", commands)
    }
    assert documented == {
        command: {
            action
            for part in calls
            for action in (*part.actions, *part.indexes, *part.imports, *(PATTERNS if part.patterns else ()))
        }
        for command, calls in COMMANDS.items()
    }
