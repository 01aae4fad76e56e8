from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from migration_tool.model import ColumnRef, Read
from migration_tool.source.sqlite import SqliteSource

Write = Callable[[str], Path]
Open = Callable[[str], SqliteSource]


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


def everything(source: SqliteSource, table: str) -> Read:
    """All columns of a table."""
    found = source.schema.tables[table]
    return Read("x", table, (), tuple(ColumnRef("x", column.name) for column in found.columns))


def traces(folder: Path) -> dict[str, str]:
    """What is in a folder, by name and content."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
