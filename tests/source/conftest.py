from __future__ import annotations

import hashlib
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from migration_tool.model import ColumnRef, Read
from migration_tool.source.sqlite import SqliteSource

Write = Callable[[str], Path]
Open = Callable[[str], SqliteSource]
Execute = Callable[..., Any]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A database made by SQL."""

    def write(statements: str) -> Path:
        path = tmp_path / "source.sqlite"
        path.unlink(missing_ok=True)
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(statements)
        return path

    return write


@pytest.fixture
def make(write: Write) -> Iterator[Open]:
    """A source made by SQL."""
    with ExitStack() as stack:
        yield lambda statements: stack.enter_context(SqliteSource(write(statements)))


PROGRAM = """
import json, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=float(sys.argv[2]))
connection.execute("PRAGMA wal_autocheckpoint=0")
for line in sys.stdin:
    try:
        answer = connection.execute(*json.loads(line)).fetchall()
    except sqlite3.Error as error:
        answer = str(error)
    print(json.dumps(answer), flush=True)
"""


@contextmanager
def other_program(path: Path, timeout: float = 60) -> Iterator[Execute]:
    """Another process with the database open, which runs statements when it is told to: rows, or an error.

    timeout  seconds that it waits for a lock
    """
    command = [sys.executable, "-c", PROGRAM, str(path), str(timeout)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, bufsize=1) as process:
        assert process.stdin
        assert process.stdout
        commands, answers = process.stdin, process.stdout

        def execute(statement: str, *arguments: object) -> Any:
            commands.write(json.dumps([statement, arguments]) + "\n")
            return json.loads(answers.readline())

        execute("SELECT 1")
        yield execute
        commands.close()


def everything(source: SqliteSource, table: str) -> Read:
    """All columns of a table."""
    found = source.schema.tables[table]
    return Read("x", table, (), tuple(ColumnRef("x", column.name) for column in found.columns))


def traces(folder: Path) -> dict[str, str]:
    """What is in a folder, by name and content."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
