"""The snippets of docs/python.md, as one program of a user."""

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

TEXT = (ROOT / "docs/python.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
PROGRAM, SHORT = ("\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL)) for text in (TEXT, README))
SAID = "".join(re.findall(r"```text\n(.*?)```", TEXT, re.DOTALL)).splitlines()


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    yield path
    embedded.stop(tmp_path / "work" / "state")


def test_they_run_and_say_what_the_page_says(program: Path) -> None:
    done = subprocess.run(
        [sys.executable, program], cwd=program.parent, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert SAID and set(SAID) <= set(done.stdout.splitlines()), done.stdout
    written = {path.name for path in program.parent.iterdir()}
    assert {"plan.json", "designs.html", "tables.tf.json"} <= written


def test_a_type_checker_takes_them_and_that_of_the_readme(program: Path) -> None:
    assert SHORT
    program.write_text(PROGRAM + SHORT)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", program], cwd=ROOT, capture_output=True, text=True,
        timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_what_is_linked_is_there() -> None:
    pages = re.findall(r"\]\(([\w./]+)\)", TEXT)
    assert pages and [page for page in pages if not (ROOT / "docs" / page).exists()] == []
