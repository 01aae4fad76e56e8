"""References that nobody declared: by name and data, and only where both agree."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from migration_tool.proposing.proposals import propose

TABLES = """
CREATE TABLE members (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE categories (code TEXT PRIMARY KEY, name TEXT);
INSERT INTO members VALUES (1, 'a'), (2, 'b');
INSERT INTO categories VALUES ('x', 'a'), ('y', 'b');
CREATE TABLE loans (number INTEGER PRIMARY KEY, {column} {kind});
INSERT INTO loans VALUES (7, {value}), (8, NULL);
"""


@pytest.mark.parametrize(
    ("column", "kind", "value", "parent"),
    [
        ("member", "INTEGER", "2", "members(id)"),
        ("member_id", "INTEGER", "2", "members(id)"),
        ("MembersId", "INTEGER", "2", "members(id)"),
        ("category", "TEXT", "'y'", "categories(code)"),
        ("categoryCode", "TEXT", "'y'", "categories(code)"),
        ("member", "INTEGER", "9", None),
        ("member", "TEXT", "'2'", None),
        ("id", "INTEGER", "2", None),
        ("remember", "INTEGER", "2", None),
        ("name", "TEXT", "'a'", None),
    ],
)
def test_a_column_refers_by_its_name_and_all_its_values(
    tmp_path: Path, column: str, kind: str, value: str, parent: str | None
) -> None:
    path = tmp_path / "shop.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(TABLES.format(column=column, kind=kind, value=value))
    found = [relation.label for relation in propose(path, ["relations"]).relations]
    assert found == ([f"loans({column}) → {parent}"] if parent else [])
