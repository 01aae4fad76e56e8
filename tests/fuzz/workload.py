"""What `plan` and `design propose` are told: what AWS charges, and the queries of the application."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import yaml

from migration_tool.documents import read_mapping
from migration_tool.errors import ConfigError, UsageError
from migration_tool.model import Column, Schema, Table
from migration_tool.prices import Prices, load_prices
from migration_tool.proposing.drafts import Answer
from migration_tool.proposing.queries import read_queries
from tests.fuzz.documents import YAML_WORDS, written
from tests.fuzz.target import Target, scratch

_QUERIES = b"""-- weight: 10
SELECT * FROM Artist AS a WHERE a.ArtistId = :id ORDER BY Name LIMIT 3; -- of one
SELECT Name, ';' FROM "odd name" o JOIN Artist USING (ArtistId) /* ; */ WHERE o.[a b] IS ?
  AND Name = 'it''s --';
INSERT INTO Artist VALUES (1, 'x');
/* weight 2 */ select 1 from Artist, `odd name` where 5 == Artist.ArtistId or Name = @x
"""
_TRACE = b"""SELECT * FROM Artist WHERE ArtistId = 1
UPDATE Artist SET Name = NULL
SELECT * FROM Artist WHERE Name = '--'
"""
_SCHEMA = Schema(
    {
        "Artist": Table("Artist", (Column("ArtistId", "INTEGER"), Column("Name", "TEXT")), ("ArtistId",)),
        "odd name": Table("odd name", (Column("a b", "TEXT"), Column("ArtistId", "INTEGER")), ()),
    }
)
_ANSWERS = (Answer(frozenset({"Artist"}), (frozenset({("Artist", "ArtistId")}),)),)


@cache
def _shipped() -> Prices:
    return load_prices(None)


def _tables() -> list[bytes]:
    document = read_mapping(_shipped().path)
    document["regions"] = {name: document["regions"][name] for name in sorted(document["regions"])[:2]}
    return [json.dumps(document).encode(), yaml.safe_dump(document).encode()]


def _check_prices(data: bytes) -> None:
    """Refused by name, or every figure is the file's, an amount that can be reckoned with."""
    with written(data) as path:
        try:
            prices = load_prices(path)
        except ConfigError as error:
            assert error.obj == str(path)
            return
        said = read_mapping(path)
    assert prices.regions and prices.regions.keys() == said["regions"].keys()
    assert list(prices.sources) == said["sources"]
    for name, region in said["regions"].items():
        found = prices.of(name)
        assert found.import_gb == region.get("import_gb") and found.date == region["date"]
        for kind, charged in found.classes.items():
            amounts = {unit: amount for unit, amount in vars(charged).items() if amount is not None}
            assert amounts == region[kind] and all(0 <= amount < math.inf for amount in amounts.values())


def _check_queries(data: bytes) -> None:
    """What is understood of a query is of the schema, and no weight is lost."""
    with scratch() as folder:
        path = Path(folder) / "queries.sql"
        path.write_bytes(data)
        try:
            queries = read_queries(path, _SCHEMA)
        except UsageError as error:
            assert str(path) in str(error)
            return
    assert len({query.text for query in queries}) == len(queries) > 0
    for query in queries:
        assert query.text.lower().startswith(("select", "with")) and 0 <= query.weight < math.inf
        assert (query.tables or frozenset()) <= _SCHEMA.tables.keys()
        assert all(_SCHEMA.tables[table].readable(column) for table, column in query.given)
        query.is_answered(_ANSWERS)


_SQL = (
    b"SELECT |FROM |JOIN |WHERE |;|'|\"|`|[|]|--|/*|*/|-- weight: |-- weight: 1e9|= ?|IS 'x'|:id|,|AS |''"
).split(b"|")

TARGETS: Sequence[Target] = (
    Target(
        "prices", _tables, _check_prices, (*YAML_WORDS, b"1e400", b"-1", b".inf", b"standard:", b"s3: {}")
    ),
    Target("queries", lambda: [_QUERIES, _TRACE], _check_queries, _SQL),
)
