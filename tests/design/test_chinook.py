"""The four designs against transforms written here, with nothing of the tool's own."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from migration_tool.attributes import canonical_item
from migration_tool.design.compile import compile_design
from migration_tool.design.load import load_design
from migration_tool.design.uniqueness import proof
from migration_tool.source.sqlite import SqliteSource

from ..conftest import ROOT
from .transforms import wire_items

DESIGNS = ROOT / "config/designs"
COUNTS = {"music_catalog": 4125, "customer_data": 471, "playlist_data": 8733, "employee_data": 8}


@pytest.fixture(scope="module", params=["sample", "chinook"])
def database(request: pytest.FixtureRequest) -> Path:
    path: Path = request.getfixturevalue({"sample": "sample_db", "chinook": "chinook"}[request.param])
    return path


@pytest.mark.parametrize("name", COUNTS)
def test_every_item_is_the_one_of_an_independent_transform(database: Path, name: str) -> None:
    expected = {(item["PK"]["S"], item["SK"]["S"]): item for item in wire_items(database, name)}
    with SqliteSource(database) as source:
        compiled = compile_design(load_design(DESIGNS / f"{name}.yaml"), source.schema)
        assert proof(compiled) == [], "no two rows can share a key, whatever the data"
        actual = {}
        for entity in compiled.entities:
            rows = list(source.rows(entity.read))
            assert len(rows) == source.count(entity.read)
            for _, row in rows:
                pk, sk, text = entity.item(row)
                assert canonical_item(orjson.loads(text)) == text
                actual[pk, sk] = orjson.loads(text)
    assert actual.keys() == expected.keys()
    for key, wire in expected.items():
        assert actual[key] == wire
    assert len(actual) == COUNTS[name]


def test_there_is_no_other_design() -> None:
    assert {path.stem for path in DESIGNS.glob("*.yaml")} == set(COUNTS)


def test_prices_are_exact(database: Path) -> None:
    with SqliteSource(database) as source:
        compiled = compile_design(load_design(DESIGNS / "music_catalog.yaml"), source.schema)
        track = compiled.entity("Track")
        prices = {orjson.loads(track.item(row)[2])["UnitPrice"]["N"] for _, row in source.rows(track.read)}
    assert prices == {"0.99", "1.99"}


@pytest.mark.parametrize("name", COUNTS)
def test_the_sql_of_every_pattern_finds_rows_for_one_of_its_cases(database: Path, name: str) -> None:
    design = load_design(DESIGNS / f"{name}.yaml")
    with SqliteSource(database) as source:
        for pattern in design.patterns:
            defaults = {parameter.name: parameter.default for parameter in pattern.parameters}
            names, cases = source.query(pattern.cases, {}) if pattern.cases else ([], [()])
            assert set(names) <= set(defaults)
            answers = (
                source.query(pattern.sql, defaults | dict(zip(names, case, strict=True))) for case in cases
            )
            columns = next((columns for columns, rows in answers if rows), [])
            assert columns, pattern.name
            assert len(set(columns)) == len(columns)
