"""docs/examples, run as a reader runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

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
    assert outputs(executed) == outputs(notebook) != []


def outputs(notebook: Path) -> list[Any]:
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    found = [output for cell in cells for output in cell.get("outputs", [])]
    return [output.get("text") or output["data"]["text/plain"] for output in found]
