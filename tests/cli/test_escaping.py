"""Terminal commands and direction controls in every name and value that can hold them: none is shown."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from migration_tool.cli.report import item_lines
from migration_tool.config import load_config
from migration_tool.verify.report import AttributeDifference, Difference
from tests.cli.shell import ROOT, Shell
from tests.cli.test_output import on_terminal
from tests.engines import request

pytestmark = pytest.mark.row(21)

EVIL = "\x1b]0;own\x07\x9b31m\u202e\u2066x"
CONTROLS = {chr(n) for n in (*range(32), *range(127, 160)) if n != 10} | set("\u061c\u200e\u200f\u2028\u2029")
CONTROLS |= {chr(n) for n in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}
DESIGN = {
    "version": 1,
    "table": "Things",
    "description": f"Things {EVIL}",
    "entities": {"Thing": {"from": f"Thing{EVIL}", "keys": {"PK": "{Name}", "SK": "#{Id}"}}},
    "access_patterns": {
        "things": {
            "description": EVIL,
            "parameters": {"name": "text"},
            "query": {"partition": "{name}"},
            "sql": f"SELECT Id FROM \"Thing{EVIL}\" WHERE Name = :name ORDER BY printf('#%s', Id)",
            "cases": f'SELECT DISTINCT Name AS name FROM "Thing{EVIL}"',
        }
    },
}


@pytest.fixture
def hostile(tmp_path: Path, moto_server: str, table_prefix: str) -> Shell:
    """A project whose folder, database, table, column, values, design and attributes are all planted."""
    shell = Shell(tmp_path / f"folder{EVIL}")
    (shell.folder / "config/designs").mkdir(parents=True)
    (shell.folder / "config/designs/things.yaml").write_text(json.dumps(DESIGN))
    database = shell.folder / f"source{EVIL}.sqlite"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(
            f'CREATE TABLE "Thing{EVIL}" (Id INTEGER PRIMARY KEY, Name TEXT, "Column{EVIL}" TEXT)'
        )
        rows = [(n, EVIL, EVIL * (n + 1)) for n in range(3)]
        connection.executemany(
            f'INSERT INTO "Thing{EVIL}" VALUES (?, ?, ?)', [*rows, (9, EVIL, "x" * 410_000)]
        )
        connection.commit()
    settings = {"max_rejects": 1, "connections": 4}
    document = {
        "source_db": str(database), "endpoint": moto_server, "table_prefix": table_prefix,
        "dynamodb_tables": {"things": "Things"}, "migration_settings": settings,
    }  # fmt: skip
    (shell.folder / "config/migration.json").write_text(json.dumps(document))
    return shell


def spoil(shell: Shell, url: str) -> None:
    """One item more than there should be, and one whose attribute has another value."""
    table = load_config(shell.folder / "config/migration.json", {}, {}).table_name("things")
    for number in ("0", "7"):
        item = {name: {"S": EVIL} for name in ("PK", f"Attribute{EVIL}", "EntityType")}
        assert (
            request(url, "PutItem", {"TableName": table, "Item": item | {"SK": {"S": f"#{number}"}}})[0]
            == 200
        )


def test_no_control_reaches_the_terminal(hostile: Shell, moto_server: str) -> None:
    said = []
    for words, code in (
        (["init", "-b", "25"], 0), (["info"], 0), (["plan"], 0), (["-v", "migrate"], 0), (["status"], 0),
        (["query", "things"], 0), (["query", "things", EVIL], 2), (["-c", EVIL, "status"], 3),
        (["sample", "--out", f"out{EVIL}"], 0), (["validate", "--report", f"{EVIL}/r.html"], 2),
    ):  # fmt: skip
        done = hostile(*words)
        assert done.returncode == code, done.stderr
        said.append(done)
    spoil(hostile, moto_server)
    for words, code in (
        (["validate", "--report", f"r{EVIL}.html"], 7), (["validate", "--json"], 7),
        (["query", "things", "things", f"name={EVIL}"], 0),
        (["query", "things", "things", f"name={EVIL}", "--json"], 0), (["reset", "--dry-run"], 0),
        (["design", "show"], 0), (["design", "show", "--json", "--html", f"d{EVIL}.html"], 0),
        (["design", "export", "--format", "nosql-workbench"], 0), (["design", "show", EVIL], 2),
    ):  # fmt: skip
        done = hostile(*words)
        assert done.returncode == code, done.stderr
        said.append(done)
    for done in said:
        assert not CONTROLS & set(done.stdout + done.stderr), done.args
    assert "x" in "".join(done.stdout for done in said)
    log = (hostile.folder / "logs/migration.log").read_text()
    assert not (CONTROLS | {chr(n) for n in range(127, 160)}) & set(log)


def test_a_terminal_gets_the_programs_own_colours_alone(hostile: Shell) -> None:
    code, seen = on_terminal(hostile, "-v", "migrate", NO_COLOR="1", TERM="dumb")
    assert code == 0
    assert not (CONTROLS - {"\r"}) & set(seen)


def test_only_the_console_prints() -> None:
    """And beside it, with cleaned or fixed texts, the live display and the signal handlers; and own code."""
    prints = re.compile(r"\bprint\(|click\.(?:echo|secho|prompt|confirm)|sys\.std(?:out|err)|os\.write\(2")
    room = ROOT / "migration_tool"
    found = {str(p.relative_to(room)) for p in room.rglob("*.py") if prints.search(p.read_text("utf-8"))}
    assert found == {"cli/console.py", "cli/bars.py", "cli/signals.py", "design/own_code.py"}


def test_a_difference_of_controls_alone_is_seen() -> None:
    attribute = AttributeDifference("Name", "evil", "evil\u202e\x1b\u2028")
    _, line = item_lines(Difference({"PK": "a"}, "Thing", (attribute,)))
    assert line == '    Name: expected "evil", found "evil\\u202e\\u001b\\u2028"'
