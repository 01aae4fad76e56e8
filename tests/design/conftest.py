from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from migration_tool.design.compile import CompiledDesign, compile_design
from migration_tool.design.load import load_design
from migration_tool.design.model import Design
from migration_tool.source.sqlite import SqliteSource

Load = Callable[[str], Design]
Make = Callable[[str], SqliteSource]
Bind = Callable[[str, str], tuple[SqliteSource, CompiledDesign]]

HEAD = "version: 1\ntable: Shop\n"


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """A design from its YAML."""

    def load(text: str) -> Design:
        path = tmp_path / "shop.yaml"
        path.write_text(text, encoding="utf-8")
        return load_design(path)

    return load


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """A source made by SQL."""
    with ExitStack() as stack:

        def make(statements: str) -> SqliteSource:
            path = tmp_path / "source.sqlite"
            path.unlink(missing_ok=True)
            with closing(sqlite3.connect(path)) as connection:
                connection.executescript(statements)
            return stack.enter_context(SqliteSource(path))

        yield make


@pytest.fixture
def bind(make: Make, load: Load) -> Bind:
    """A source made by SQL and a design over it; `version` and `table` are added to the YAML."""

    def bind(statements: str, design: str) -> tuple[SqliteSource, CompiledDesign]:
        source = make(statements)
        return source, compile_design(load(HEAD + design), source.schema)

    return bind
