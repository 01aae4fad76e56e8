from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml

from migration_tool.design.compile import CompiledDesign, compile_design
from migration_tool.design.load import load_design
from migration_tool.source.sqlite import SqliteSource
from tests.design.conftest import VALIDATOR

Bind = Callable[[str, str], tuple[SqliteSource, CompiledDesign]]


@pytest.fixture
def bind(tmp_path: Path) -> Iterator[Bind]:
    """A source made by SQL, and a design over it: `bind(sql, yaml)`."""
    with ExitStack() as stack:

        def make(statements: str, design: str) -> tuple[SqliteSource, CompiledDesign]:
            database = tmp_path / "source.sqlite"
            database.unlink(missing_ok=True)
            connection = sqlite3.connect(database)
            connection.executescript(statements)
            connection.close()
            source = stack.enter_context(SqliteSource(database))
            path = tmp_path / "shop.yaml"
            body = yaml.safe_load(design)
            path.write_text(yaml.safe_dump({"version": 1, "table": "Shop", **body}, sort_keys=False))
            compiled = compile_design(load_design(path), source.schema)
            VALIDATOR.validate(yaml.safe_load(path.read_text()))
            return source, compiled

        yield make
