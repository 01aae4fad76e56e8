"""SQLite value → item → engine → back: nothing changes on the way, for any value that DynamoDB can hold."""

from __future__ import annotations

import json
import math
import sqlite3
import uuid
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migration_tool.attributes import canonical_item, plain
from migration_tool.design.compile import compile_design
from migration_tool.design.load import load_design
from migration_tool.source.sqlite import SqliteSource
from tests.engines import Engine

pytestmark = pytest.mark.row(20)

DESIGN = """
version: 1
table: Values
entities:
  Kept:
    from: Kept
    keys: {PK: "KEPT#{Id}", SK: "{escape(Name)}#"}
"""
finite = st.floats(allow_nan=False, allow_infinity=False)
reals = finite.filter(lambda value: value == 0 or 1e-130 <= abs(value) < 9.99e125)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)
values = st.none() | st.integers(-(2**63), 2**63 - 1) | reals | texts | st.binary(max_size=60)


@pytest.fixture(scope="module")
def table(engine: Engine) -> str:
    name = f"round_trip_{uuid.uuid4().hex[:8]}"
    schema = [{"AttributeName": key, "KeyType": kind} for key, kind in (("PK", "HASH"), ("SK", "RANGE"))]
    types = [{"AttributeName": key, "AttributeType": "S"} for key in ("PK", "SK")]
    definition = {"TableName": name, "BillingMode": "PAY_PER_REQUEST"}
    engine.call("CreateTable", {**definition, "KeySchema": schema, "AttributeDefinitions": types})
    return name


@settings(max_examples=25)
@given(rows=st.lists(st.tuples(texts, values, values), min_size=1, max_size=10))
def test_values_come_back_as_they_were(
    engine: Engine, table: str, tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, Any, Any]]
) -> None:
    folder = tmp_path_factory.mktemp("values")
    with closing(sqlite3.connect(folder / "v.sqlite")) as connection:
        connection.execute("CREATE TABLE Kept (Id INTEGER PRIMARY KEY, Name TEXT, A, B REAL)")
        connection.executemany("INSERT INTO Kept (Name, A, B) VALUES (?, ?, ?)", rows)
        connection.commit()
        stored = connection.execute("SELECT Id, Name, A, B FROM Kept").fetchall()
    items = encoded(folder)
    puts = [{"PutRequest": {"Item": json.loads(text)}} for text in items]
    answer = engine.call("BatchWriteItem", {"RequestItems": {table: puts}})
    assert answer["UnprocessedItems"] == {}
    for text, row in zip(items, stored, strict=True):
        key = {name: json.loads(text)[name] for name in ("PK", "SK")}
        found = engine.call("GetItem", {"TableName": table, "Key": key, "ConsistentRead": True})["Item"]
        assert canonical_item(found) == text
        for name, value in zip(("Id", "Name", "A", "B"), row, strict=True):
            assert same(value, plain(found[name]) if name in found else None), (name, value, found.get(name))


def encoded(folder: Path) -> list[str]:
    (folder / "values.yaml").write_text(DESIGN)
    with SqliteSource(folder / "v.sqlite") as source:
        (entity,) = compile_design(load_design(folder / "values.yaml"), source.schema).entities
        return [entity.item(row)[2] for _, row in source.rows(entity.read)]


def same(stored: Any, back: Any) -> bool:
    """The same value; a real comes back as the decimal whose double it is."""
    if isinstance(stored, float):
        return isinstance(back, int | Decimal) and math.isclose(float(back), stored, rel_tol=0, abs_tol=0)
    return type(stored) is type(back) and bool(stored == back)
