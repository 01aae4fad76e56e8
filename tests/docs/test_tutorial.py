"""docs/tutorial.md, run as it is written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from migration_tool import embedded
from tests.conftest import ROOT

TEXT = (ROOT / "docs/tutorial.md").read_text("utf-8")
STEPS = re.findall(r"```sh\n(.*?)```(?:\n\n```text\n(.*?)```)?", TEXT, re.DOTALL)


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Path]:
    """A folder in which the tool can be called as in a checkout."""
    for name in ("migrate.py", "migration_tool"):
        (tmp_path / name).symlink_to(ROOT / name)
    yield tmp_path
    embedded.stop(tmp_path / "state")


def test_the_commands_run_and_say_what_the_page_says(checkout: Path) -> None:
    bin_folder = str(Path(sys.executable).parent)
    environment = {**os.environ, "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}"}
    environment.pop("COLUMNS", None)
    assert len(STEPS) > 8 and any("migrate.py migrate" in commands for commands, _ in STEPS)
    for commands, wanted in STEPS:
        done = subprocess.run(
            ["bash", "-eu", "-c", commands], cwd=checkout, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, (commands, done.stdout)
        said = [line.strip() for line in done.stdout.splitlines()]
        assert [line for line in wanted.splitlines() if line.strip() not in said] == [], done.stdout
    assert (checkout / "report.html").is_file()


def test_what_is_linked_is_there() -> None:
    pages = re.findall(r"\]\(([\w./]+)\)", TEXT)
    assert pages and [page for page in pages if not (ROOT / "docs" / page).exists()] == []
