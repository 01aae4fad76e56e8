"""docs/examples, run as a reader runs them."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.api.conftest import ROWS
from tests.conftest import ROOT

EXAMPLES = ROOT / "docs/examples"
DESIGNS = ROOT / "config/designs"


def call(folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*map(str, words)], cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip


def example(folder: Path, name: str, *words: object) -> subprocess.CompletedProcess[str]:
    return call(folder, sys.executable, EXAMPLES / name, *words)


def test_a_file_is_migrated_and_the_report_printed(tmp_path: Path, small_db: Path) -> None:
    done = example(
        tmp_path, "migrate_file.py", small_db, DESIGNS / "employee_data.yaml", DESIGNS / "playlist_data.yaml"
    )
    assert done.returncode == 0, done.stderr
    assert "EmployeeData\n  Employee " in done.stdout
    assert done.stdout.splitlines()[-1] == "Source and target are equal."
    assert "loading …" in done.stderr and list(tmp_path.iterdir()) == []


def test_an_unknown_database_is_taken_all_the_way(tmp_path: Path) -> None:
    database = tmp_path / "shop.sqlite"
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(ROWS)
    done = example(tmp_path, "migrate_file.py", database)
    assert done.returncode == 0, done.stderr
    assert "1. " in done.stdout and "recommended: on_demand" in done.stdout
    assert done.stdout.splitlines()[-1] == "Source and target are equal."


def test_what_goes_wrong_is_told_with_the_exit_code_of_the_command(tmp_path: Path, small_db: Path) -> None:
    done = example(tmp_path, "migrate_file.py", "none.sqlite", DESIGNS / "employee_data.yaml")
    assert done.returncode == 4 and "none.sqlite" in done.stderr
    done = example(tmp_path, "inspect_items.py", small_db, "none.yaml")
    assert done.returncode == 3 and "none.yaml" in done.stderr


def test_items_are_counted_and_weighed_without_a_target(tmp_path: Path, small_db: Path) -> None:
    done = example(tmp_path, "inspect_items.py", small_db, DESIGNS / "employee_data.yaml")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Employee: ") and "EntityType = 'Employee'" in done.stdout


def test_the_notebook_runs_and_gives_what_it_shows(tmp_path: Path) -> None:
    jupyter = Path(sys.executable).with_name("jupyter")
    notebook, executed = EXAMPLES / "explore.ipynb", tmp_path / "executed.ipynb"
    done = call(tmp_path, jupyter, "execute", "--kernel_name=python3", f"--output={executed}", notebook)
    assert done.returncode == 0, done.stderr
    assert outputs(executed) == outputs(notebook) and any(outputs(notebook))


def outputs(notebook: Path) -> list[str]:
    """The text of each cell; what it prints comes in pieces of any length."""
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    return ["".join(map(text, cell.get("outputs", []))) for cell in cells]


def text(output: dict[str, Any]) -> str:
    return "".join(output.get("text") or output["data"]["text/plain"])
