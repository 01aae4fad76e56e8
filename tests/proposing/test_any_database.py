"""Databases that nobody thought of: whatever SQLite stores, the proposals can be loaded and are proved."""

from __future__ import annotations

import os
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import Phase, given, note, settings
from hypothesis import strategies as st

from migration_tool.checking.fitting import fitted
from migration_tool.errors import SourceError
from migration_tool.model import Scalar, folded
from migration_tool.proposing.proposals import propose
from migration_tool.source.sql import quote
from migration_tool.source.sqlite import SqliteSource
from migration_tool.target.backoff import Backoff
from migration_tool.target.wire import Wire
from migration_tool.verify.collisions import table_collisions
from migration_tool.verify.validate import validate

from ..verify.helpers import migrated, target

EXAMPLES = int(os.environ.get("PROPOSED_DATABASES", "25"))
"""How many databases are made; a larger run sets PROPOSED_DATABASES."""

NAMES = st.one_of(
    st.sampled_from(
        [
            "id",
            "Id",
            "PK",
            "SK",
            "EntityType",
            "order",
            "low",
            "a b",
            "rowid",
            "x_id",
            "t",
            "GSI1PK",
            "*",
            "true",
        ]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=4),
)
VALUES = st.one_of(
    st.none(),
    st.integers(-3, 3),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.sampled_from(["", "a", "A", "#", "%23", "1", "a#b", "a/b", " ", "é", "x" * 400, "😀"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    st.binary(max_size=4),
)
TYPES = ("", "INTEGER", "INT", "TEXT", "REAL", "NUMERIC", "BLOB", "TEXT COLLATE NOCASE", "DATETIME")
KEYS = ("", "PRIMARY KEY", "UNIQUE", "WITHOUT ROWID", "SECOND UNIQUE")


@dataclass(frozen=True)
class Made:
    """A table: CREATE, and rows to insert as far as they fit.

    values  SQL of those that the last column has instead of its own, in turn; "": it has its own
    """

    name: str
    create: str
    columns: int
    rows: list[tuple[Scalar, ...]]
    values: str


@st.composite
def tables(draw: st.DrawFn) -> list[Made]:
    names = draw(st.lists(NAMES, min_size=1, max_size=3, unique_by=folded))
    made: list[Made] = []
    first: list[tuple[str, str]] = []
    for name in names:
        columns = draw(st.lists(NAMES, min_size=1, max_size=4, unique_by=folded))
        kinds = draw(st.lists(st.sampled_from(TYPES), min_size=len(columns), max_size=len(columns)))
        key, width = draw(st.sampled_from(KEYS)), draw(st.integers(1, min(3, len(columns))))
        parts = [f"{quote(column)} {kind}" for column, kind in zip(columns, kinds, strict=True)]
        parts += _constraints(key, columns[:width], columns[-1])
        values = ""
        if first and draw(st.booleans()):
            table, column = draw(st.sampled_from(first))
            parts.append(f"FOREIGN KEY ({quote(columns[-1])}) REFERENCES {quote(table)} ({quote(column)})")
            if draw(st.booleans()):
                values = f"SELECT {quote(column)} FROM {quote(table)} WHERE {quote(column)} IS NOT NULL"
        tail = " WITHOUT ROWID" if key == "WITHOUT ROWID" else ""
        rows = draw(st.lists(st.tuples(*[VALUES] * len(columns)), max_size=6))
        create = f"CREATE TABLE {quote(name)} ({', '.join(parts)}){tail}"
        made.append(Made(name, create, len(columns), rows, values))
        first.append((name, columns[0]))
    return made


def _constraints(key: str, columns: list[str], last: str) -> Iterator[str]:
    listed = ", ".join(map(quote, columns))
    if key in ("PRIMARY KEY", "WITHOUT ROWID"):
        yield f"PRIMARY KEY ({listed})"
    if key in ("UNIQUE", "SECOND UNIQUE"):
        yield f"UNIQUE ({listed})"
    if key == "SECOND UNIQUE":
        yield f"UNIQUE ({quote(last)})"


def build(path: Path, made: list[Made]) -> Path:
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        for table in made:
            connection.execute(table.create)
            marks = ", ".join("?" * table.columns)
            statement = f"INSERT OR IGNORE INTO {quote(table.name)} VALUES ({marks})"
            values = [found for (found,) in connection.execute(table.values)] if table.values else []
            for number, row in enumerate(table.rows):
                last = values[number % len(values)] if values else row[-1]
                try:
                    connection.execute(statement, (*row[:-1], last))
                except sqlite3.IntegrityError:
                    continue
        connection.commit()
    return path


@pytest.fixture(scope="module")
def wire(dynoxide: str) -> Iterator[Wire]:
    with Wire(target(dynoxide), Backoff()) as found:
        yield found


@pytest.mark.engine
@settings(max_examples=EXAMPLES, phases=(Phase.explicit, Phase.generate))
@given(tables())
def test_any_database_can_be_loaded_as_it_stands(wire: Wire, tmp_path: Path, made: list[Made]) -> None:
    note("\n".join(table.create for table in made))
    database = build(tmp_path / "any.sqlite", made)
    try:
        found = propose(database)
    except SourceError as error:
        assert "no table" in error.cause
        return
    with SqliteSource(database) as source:
        for proposal in found.ranked:
            bound = []
            for file in proposal.files:
                path = tmp_path / f"{file.name}.yaml"
                path.write_text(file.text, encoding="utf-8")
                (design,) = fitted(source, [path], allow_code=False, run=True)
                assert not list(table_collisions(source, design)), proposal.kind
                bound.append((design, migrated(wire, source, design, f"t{uuid.uuid4().hex[:12]}_")))
            report = validate(source, bound, wire, tmp_path / "work", processes=1)
            assert report.ok, (proposal.kind, report.summary())
