"""docs/language.md is what the JSON Schema of the language says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from migration_tool.design import language, reference

from ..conftest import ROOT

DOCS = ROOT / "docs/language.md"
SECTIONS = {name: schema for name, schema in language.sections().items() if "properties" in schema}


def test_the_file_is_current() -> None:
    command = "python -m migration_tool.design.reference docs/language.md"
    assert DOCS.read_text("utf-8") == reference.reference(), f"run: {command}"
    assert reference.main(["--check", str(DOCS)]) == 0


def test_a_changed_file_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "language.md"
    assert reference.main([str(path)]) == 0
    path.write_text(path.read_text("utf-8") + "x", encoding="utf-8")
    assert reference.main(["--check", str(path)]) == 1


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_has_a_line_in_its_section(section: str) -> None:
    title = SECTIONS[section]["title"]
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", reference.reference(), re.DOTALL | re.MULTILINE)
    assert found
    for key, meaning in SECTIONS[section]["properties"].items():
        (line,) = re.findall(
            rf"^\| (?:\*\*)?`{re.escape(key)}`(?:\*\*)? \| .* \| .*$", found[1], re.MULTILINE
        )
        assert meaning["description"].replace("|", "\\|") in line
        assert line.startswith("| **") == (key in SECTIONS[section].get("required", ()))
        for choice in meaning.get("anyOf", ()):
            assert "const" not in choice or f"| `{choice['const']}` | {choice['description']} |" in found[1]


def test_every_link_within_the_page_leads_somewhere() -> None:
    text = reference.reference()
    anchors = {heading.lower().replace(" ", "-") for heading in re.findall(r"^## (.*)$", text, re.MULTILINE)}
    assert set(re.findall(r"\]\(#([^)]*)\)", text)) == anchors
