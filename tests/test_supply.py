"""What is installed is what the locks say, file by file; and the bill of materials says the same."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.test_scripts import ROOT, Machine

LISTS: dict[str, tuple[str, ...]] = {
    "requirements": (),
    "requirements-dev": ("requirements",),
    "requirements-bench": ("requirements-dev", "requirements"),
    "requirements-fuzz": ("requirements-dev", "requirements"),
}
"""Each list with those it stands on, the nearest first."""
ELSEWHERE = {"pywin32", "colorama", "appnope"}
"""What the packages need on Windows or macOS alone: in the locks, not in the lists."""


def listed(name: str) -> dict[str, str]:
    """The pins of a list, without those it stands on."""
    lines = (ROOT / f"{name}.txt").read_text("utf-8").splitlines()
    pins = [Requirement(line) for line in lines if line and not line.startswith(("#", "-r"))]
    return {canonicalize_name(pin.name): str(pin.specifier) for pin in pins}


def locked(name: str) -> dict[str, tuple[Requirement, list[str]]]:
    """Each pin of a lock with its hashes."""
    text = re.sub(r"^ *#.*\n|^-r .*\n|^\n", "", (ROOT / f"{name}.lock").read_text("utf-8"), flags=re.M)
    found = {}
    for entry in text.replace("\\\n", " ").splitlines():
        pin, *hashes = entry.split(" --hash=sha256:")
        requirement = Requirement(pin.strip())
        found[canonicalize_name(requirement.name)] = (requirement, [h.strip() for h in hashes])
    return found


@pytest.mark.parametrize("name", LISTS)
def test_a_lock_holds_its_list_and_nothing_without_a_hash(name: str) -> None:
    """A pin that a list adds but a list below has already stands in the lock below alone."""
    lock = locked(name)
    below = {pin for other in LISTS[name] for pin in locked(other)}
    pins = {pin: str(requirement.specifier) for pin, (requirement, _) in lock.items()}
    assert {p: v for p, v in pins.items() if p not in ELSEWHERE} == {
        p: v for p, v in listed(name).items() if p not in below
    }
    assert all(hashes and all(re.fullmatch("[0-9a-f]{64}", h) for h in hashes) for _, hashes in lock.values())


@pytest.mark.parametrize("name", LISTS)
def test_a_lock_names_no_index(name: str) -> None:
    text = (ROOT / f"{name}.lock").read_text("utf-8")
    assert not re.search(r"://|--(?:extra-)?index|--find-links|--trusted-host| @ ", text)
    assert [line for line in text.splitlines() if line.startswith("-r ")] == [
        f"-r {below}.lock" for below in LISTS[name][:1]
    ]


def test_the_bill_of_materials_lists_the_lock(tmp_path: Path) -> None:
    """The script itself holds it against the schema, and fails where it does not fit."""
    machine = Machine(tmp_path)
    machine.replace("scripts/setup", "exit 0")
    machine.replace(".venv/bin/python", f'PYTHONPATH="{ROOT}" exec {sys.executable} "$@"')
    (machine.project / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    assert machine.run("scripts/sbom", "out/sbom.json").returncode == 0
    text = (machine.project / "out/sbom.json").read_text("utf-8")
    bill = json.loads(text)
    assert bill["metadata"]["component"]["name"] == "sqlite-to-dynamodb-migration"
    assert bill["metadata"]["component"]["version"]
    parts = {canonicalize_name(part["name"]): part for part in bill["components"]}
    lock = locked("requirements")
    assert {name: f"=={part['version']}" for name, part in parts.items()} == {
        name: str(requirement.specifier) for name, (requirement, _) in lock.items()
    }
    for name, (_, hashes) in lock.items():
        (source,) = parts[name]["externalReferences"]
        assert sorted(found["content"] for found in source["hashes"]) == sorted(hashes)
