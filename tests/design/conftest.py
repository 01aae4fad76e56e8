from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import orjson
import pytest
from jsonschema import Draft202012Validator

from migration_tool.design.compile import CompiledDesign, compile_design
from migration_tool.design.language import SCHEMA
from migration_tool.design.load import load_design
from migration_tool.design.model import Design
from migration_tool.documents import read_mapping
from migration_tool.source.sqlite import SqliteSource

Load = Callable[[str], Design]
Make = Callable[[str], SqliteSource]
Bind = Callable[[str, str], tuple[SqliteSource, CompiledDesign]]

HEAD = "version: 1\ntable: Shop\n"
VALIDATOR = Draft202012Validator(orjson.loads(SCHEMA.read_bytes()))


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """A design from its YAML; what the loader takes, an editor takes."""

    def load(text: str) -> Design:
        path = tmp_path / "shop.yaml"
        path.write_text(text, encoding="utf-8")
        design = load_design(path)
        VALIDATOR.validate(read_mapping(path))
        return design

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
