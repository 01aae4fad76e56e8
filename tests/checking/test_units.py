"""Predicted write units against what the engines report for the same load, by table and index."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from migration_tool.checking.survey import survey
from migration_tool.design.compile import CompiledDesign
from migration_tool.design.definition import table_definition
from migration_tool.source.sqlite import SqliteSource
from tests.engines import Engine
from tests.verify.helpers import compiled_designs, expected_items


def consumed(engine: Engine, table: str, source: SqliteSource, compiled: CompiledDesign) -> Counter[str]:
    """Loads the table; units that the engine reports, for the table under ""."""
    engine.call("CreateTable", table_definition(table, compiled.design))
    found: Counter[str] = Counter()
    puts = [{"PutRequest": {"Item": item}} for item in expected_items(source, compiled)]
    for first in range(0, len(puts), 25):
        body: dict[str, Any] = {
            "RequestItems": {table: puts[first : first + 25]}, "ReturnConsumedCapacity": "INDEXES",
        }  # fmt: skip
        answer = engine.call("BatchWriteItem", body)
        assert answer["UnprocessedItems"] == {}
        (capacity,) = answer["ConsumedCapacity"]
        found[""] += capacity["Table"]["CapacityUnits"]
        for name, units in capacity.get("GlobalSecondaryIndexes", {}).items():
            found[name] += units["CapacityUnits"]
    return found


@pytest.mark.engine
def test_predicted_units_are_those_of_the_engine(
    real_engine: Engine, sample_db: Path, table_prefix: str
) -> None:
    with SqliteSource(sample_db) as source:
        for compiled in compiled_designs(source):
            predicted = survey(source, compiled)
            reported = consumed(real_engine, table_prefix + compiled.name, source, compiled)
            for spread in (predicted.table, *predicted.indexes):
                assert spread.write_units == pytest.approx(reported[spread.name], rel=0.02), spread.name
            assert predicted.write_units == pytest.approx(reported.total(), rel=0.02)
