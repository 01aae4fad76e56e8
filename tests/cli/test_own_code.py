"""Designs with functions of the user's own, from the first refusal to the proof."""

from __future__ import annotations

import json
import sqlite3
import uuid
from contextlib import closing
from pathlib import Path

import pytest

from migration_tool.config import write_config
from tests.cli.shell import Shell

DESIGN = """
version: 1
table: Shop
entities:
  Customer:
    transform: "cleaning:customer"
    keys: {PK: "C#{CustomerId}", SK: "#{Name}"}
    attributes: {"*": Customer, Tags: {transform: "cleaning:tags"}}
access_patterns:
  customer:
    parameters: {id: integer, name: text}
    get: {PK: "C#{id}", SK: "#{name}"}
    sql: SELECT CustomerId, Tags AS "-tags" FROM Customer WHERE CustomerId = :id AND Name <> 'test'
    cases: SELECT CustomerId AS id, trim(Name) AS name FROM Customer WHERE Name NOT IN ('test', 'bad')
"""
CODE = """
def customer(row):
    if row["Name"] == "test":
        return None
    if row["Name"] == "bad":
        raise ValueError("a bad one")
    return {**row, "Name": row["Name"].strip()}


def tags(value):
    return value.split(",")
"""
ROWS = """
CREATE TABLE Customer (CustomerId INTEGER PRIMARY KEY, Name TEXT, Tags TEXT);
INSERT INTO Customer VALUES (1, ' Ada ', 'a,b'), (2, 'test', NULL), (3, 'Bo', NULL), (4, 'bad', 'c');
"""


@pytest.fixture
def shop(tmp_path: Path, moto_server: str) -> Shell:
    with closing(sqlite3.connect(tmp_path / "shop.sqlite")) as connection:
        connection.executescript(ROWS)
    designs = tmp_path / "config/designs"
    designs.mkdir(parents=True)
    (designs / "shop.yaml").write_text(DESIGN)
    (designs / "cleaning.py").write_text(CODE)
    values = {
        "source_db": str(tmp_path / "shop.sqlite"),
        "endpoint": moto_server,
        "table_prefix": f"o{uuid.uuid4().hex[:10]}_",
        "dynamodb_tables": {"shop": "Shop"},
    }
    write_config(tmp_path / "config/migration.json", values)
    return Shell(tmp_path)


@pytest.mark.parametrize(
    "words", [["plan"], ["migrate"], ["design", "check"], ["design", "show"]], ids=" ".join
)
def test_own_code_is_refused_with_the_command_that_runs_it(shop: Shell, words: list[str]) -> None:
    code = shop.folder / "config/designs/cleaning.py"
    code.write_text(f"open({str(shop.folder / 'ran')!r}, 'w').close()" + CODE)
    refused = shop(*words)
    assert refused.returncode == 3 and "own code was not allowed" in refused.stderr
    next_step = refused.stderr.splitlines()[-1]
    assert next_step.count("python ") == 1 and next_step.endswith(
        f"migrate.py {' '.join(words)} --allow-code"
    )
    assert str(code) in next_step
    assert not (shop.folder / "ran").exists()


def test_rows_are_rewritten_skipped_and_rejected_and_all_of_it_is_proved(shop: Shell) -> None:
    assert "through cleaning:tags" in shop.ok("design", "show", "--allow-code")
    shop.ok("migrate", "--allow-code", "--max-rejects", "1")
    status = json.loads(shop.ok("status", "--json"))
    assert [status[n] for n in ("items_written", "rejected", "skipped", "unread")] == [2, 1, 1, 0]
    report = json.loads(shop.ok("validate", "--json", "--fresh", MIGRATION_ALLOW_CODE="true"))
    assert report["ok"] and report["tables"][0]["access_patterns"][0]["passed"] == 2
    found = shop.ok("query", "shop", "customer", "id=1", "name=Ada", "--allow-code")
    assert '"a"' in found and '"b"' in found
    assert "cleaning:customer: ValueError: a bad one" in shop.ok("rejects")


def test_what_own_code_prints_is_not_among_the_data(shop: Shell) -> None:
    path = shop.folder / "config/designs/cleaning.py"
    path.write_text(
        'print("loaded")\n' + CODE.replace("    return value", '    print("tags", value)\n    return value')
    )
    done = shop("plan", "--json", "--allow-code")
    assert json.loads(done.stdout)["items"] == 2
    assert "loaded" in done.stderr and "tags a,b" in done.stderr


def test_a_run_does_not_go_on_with_changed_code(shop: Shell) -> None:
    stopped = shop("migrate", "--allow-code")
    assert stopped.returncode == 8
    (shop.folder / "config/designs/cleaning.py").write_text(CODE.replace('row["Name"] == "bad"', "False"))
    refused = shop("resume", "--allow-code")
    assert refused.returncode == 6 and "design" in refused.stderr
    shop.ok("migrate", "--force", "--yes", "--allow-code")
    assert json.loads(shop.ok("status", "--json"))["items_written"] == 3


def test_a_rejected_row_that_the_mended_code_leaves_out_is_skipped(shop: Shell) -> None:
    shop.ok("migrate", "--allow-code", "--max-rejects", "1")
    code = CODE.replace('raise ValueError("a bad one")', "return None")
    (shop.folder / "config/designs/cleaning.py").write_text(code)
    shop.ok("retry-rejects", "--allow-code")
    status = json.loads(shop.ok("status", "--json"))
    assert [status[n] for n in ("items_written", "rejected", "skipped")] == [2, 0, 2]
