"""Every recipe of docs/cookbook.md is loaded and proved."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from migration_tool import Config, Design, run
from tests.conftest import ROOT

TEXT = (ROOT / "docs/cookbook.md").read_text("utf-8")
RECIPES = re.findall(r"^## (.*?)\n.*?```sql\n(.*?)```.*?```yaml\n(.*?)```", TEXT, re.DOTALL | re.MULTILINE)


def test_every_recipe_is_listed_and_is_whole() -> None:
    headings = re.findall(r"^## (.*)", TEXT, re.MULTILINE)
    assert [title for title, _, _ in RECIPES] == headings and len(headings) >= 10
    listed = re.findall(r"^([0-9]+)\. \[(.*)\]\(#(.*)\)", TEXT, re.MULTILINE)
    assert [f"{number}. {title}" for number, title, _ in listed] == headings
    for number, title, anchor in listed:
        assert anchor == re.sub(r"[^a-z0-9 -]", "", f"{number}. {title}".lower()).replace(" ", "-")


@pytest.mark.parametrize(("title", "rows", "text"), RECIPES, ids=[title for title, _, _ in RECIPES])
def test_a_recipe_loads_and_answers(
    title: str, rows: str, text: str, tmp_path: Path, moto_server: str, table_prefix: str
) -> None:
    database, file = tmp_path / "source.sqlite", tmp_path / "recipe.yaml"
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(rows)
    file.write_text(text)
    design = Design(file)
    config = Config.of(database, [design], folder=tmp_path, endpoint=moto_server, table_prefix=table_prefix)
    summary = run(config)
    assert summary.report and summary.report.ok and summary.checkpoint.rejected == 0
    (table,) = summary.report.tables
    assert [pattern.name for pattern in table.access_patterns] == list(design.access_patterns)
    for pattern in table.access_patterns:
        assert pattern.passed == pattern.calls > 0 and pattern.rows > 0, pattern.name
