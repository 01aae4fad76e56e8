"""What is shown of designs is what they say and make of the source."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from migration_tool.checking.survey import survey
from migration_tool.config import Config, load_config, write_config
from migration_tool.costs import usual_month
from migration_tool.design.compile import compile_design
from migration_tool.design.load import load_design
from migration_tool.exemplars import Exemplar, collections, typical
from migration_tool.planning import PlannedTable
from migration_tool.prices import load_prices
from migration_tool.showing.costing import in_words
from migration_tool.showing.grid import grid
from migration_tool.showing.overview import Shown, ShownIndex, _indexes, overview
from migration_tool.showing.page import _columns, _kind, _projected, to_html
from migration_tool.showing.relations import Diagram, Relation
from migration_tool.source.sqlite import SqliteSource
from tests.exporting.definitions import CREATED

DESIGN = """
version: 1
table: Shop
indexes: {GSI1: [GSI1PK, GSI1SK]}
entities:
  Person:
    where: Person.Id < 100
    lookup: {Town: {table: Place, by: Zip, to: Code}}
    ancestry: {Path: Boss}
    embed: {Orders: {from: Purchase, match: {Buyer: Id}}}
    keys: {PK: "P#{Id}", SK: "#P", GSI1PK: "TOWN#{Town.Name}", GSI1SK: "{lower(Name)}"}
    attributes: {"*": Person, Town: Town.Name, Way: Path, Label: "{Id}: {Name}", Kind: {value: 1}}
access_patterns:
  in_town:
    parameters: {town: text}
    query:
      index: GSI1
      partition: "TOWN#{town}"
      sort: {begins_with: "b"}
      filter: {Name: {contains: "o"}}
      order: descending
    sql: SELECT Person.Id, Person.Name, 1 AS "-n" FROM Person JOIN Place ON Code = Zip AND Place.Name = :town
    cases: SELECT Name AS town FROM Place
  nobody:
    parameters: {id: integer}
    get: {PK: "P#{id}", SK: "#P"}
    sql: SELECT Id FROM Person WHERE Id = :id
    cases: SELECT 5000 AS id
"""
SCHEMA = """
CREATE TABLE Place (Code TEXT UNIQUE, Name TEXT);
CREATE TABLE Person (Id INTEGER PRIMARY KEY, Name TEXT, Zip TEXT, Boss INTEGER REFERENCES person (ID), Extra);
CREATE TABLE Purchase (Number INTEGER PRIMARY KEY, Buyer INTEGER);
CREATE TABLE Log (Line TEXT);
INSERT INTO Place VALUES ('1', 'Rome'), ('2', 'Bonn');
INSERT INTO Person VALUES (1, 'Ann', '1', NULL, 1), (2, 'Bob', '2', 1, 'x'), (3, 'Cid', '2', 1, NULL);
INSERT INTO Purchase VALUES (10, 2), (11, 2);
"""


@pytest.fixture
def shown(tmp_path: Path) -> Shown:
    config = project(tmp_path)
    return overview(config, [str(tmp_path / "shop.yaml")])


def project(folder: Path) -> Config:
    with closing(sqlite3.connect(folder / "shop.sqlite")) as connection:
        connection.executescript(SCHEMA)
    (folder / "shop.yaml").write_text(DESIGN)
    (folder / "config").mkdir()
    path = folder / "config/migration.json"
    write_config(path, {"source_db": folder / "shop.sqlite", "endpoint": "embedded"})
    return load_config(path, {}, {})


def test_entities_and_what_their_attributes_are_made_of(shown: Shown) -> None:
    (table,) = shown.tables
    (person,) = table.entities
    assert (person.rows, person.where, person.keys["GSI1SK"]) == (3, "Person.Id < 100", "{lower(Name)}")
    assert {a.name: (a.types, a.source) for a in person.attributes} == {
        "Id": (("N",), "Person.Id"),
        "Name": (("S",), "Person.Name"),
        "Zip": (("S",), "Person.Zip"),
        "Boss": (("N",), "Person.Boss"),
        "Extra": (("N", "S"), "Person.Extra"),
        "Town": (("S",), "Town.Name"),
        "Way": (("S",), "Path"),
        "Label": (("S",), "{Id}: {Name}"),
        "Kind": (("N",), "value 1"),
        "Orders": (("L",), "list of Purchase"),
    }
    assert 0 < person.average_bytes <= person.largest_bytes


def test_rows_lists_and_settings_are_told_as_the_design_has_them(tmp_path: Path) -> None:
    project(tmp_path)
    (tmp_path / "shop.yaml").write_text(
        """
version: 1
table: Shop
indexes: {GSI1: {keys: G, capacity: {read: 1, write: 2000}}}
settings:
  billing: on_demand
  stream: new_and_old_images
  point_in_time_recovery: 7
  deletion_protection: false
  ttl: Ends
  tags: {Team: a, Stage: b}
entities:
  Person:
    oversize: {compress: zstd}
    where: Person.Id < 100
    embed:
      Orders:
        from: Purchase
        match: {Buyer: Id}
        order: [{Number: descending}, Buyer]
        limit: 2
        attributes: {}
        embed:
          Zips: {from: Place, match: {Code: Buyer}, as: map, key: "{Code}", value: {expr: upper(Name)}}
    keys: {PK: "P#{Id}", SK: "#P", G: "{Zip}"}
    attributes: {"*": Person, Ends: {value: 1}}
"""
    )
    config = load_config(tmp_path / "config/migration.json", {}, {})
    (table,) = overview(config, [str(tmp_path / "shop.yaml")]).tables
    (person,) = table.entities
    assert person.says == "where Person.Id < 100; over 400 KB: compress with zstd"
    (orders,) = [a.source for a in person.attributes if a.name == "Orders"]
    inner = "map of Place under {Code}: upper(Name)"
    assert orders == f"list of Purchase by Number descending, Buyer, 2 at most; in each Zips: {inner}"
    assert table.settings == {
        "billing": "on demand",
        "capacity of GSI1": "1 read and 2,000 write units a second",
        "stream": "new and old images",
        "point-in-time recovery": "7 days",
        "deletion protection": "off",
        "time to live": "Ends",
        "tags": "Team = a, Stage = b",
    }
    page = to_html(Shown("", (table,), Diagram((), (), ())), "today")
    assert "<h3>Settings</h3>" in page and "Team = a, Stage = b" in page and person.says.split(";")[1] in page


def test_access_patterns_have_the_fullest_example_that_there_is(shown: Shown) -> None:
    town, nobody = shown.tables[0].access_patterns
    assert town.signature == "in_town(town: text)"
    assert town.asks == (
        "Query GSI1: GSI1PK = TOWN#{town}, GSI1SK begins_with b; filter Name contains o; descending"
    )
    assert town.example is not None and town.example.arguments == {"town": "Bonn"}
    assert town.example.rows == ({"Id": 2, "Name": "Bob"}, {"Id": 3, "Name": "Cid"})
    assert town.example.request["IndexName"] == "GSI1" and town.example.request["TableName"].endswith("Shop")
    assert nobody.example is None


def test_references_are_those_declared_and_those_that_designs_follow(shown: Shown) -> None:
    assert [table.name for table in shown.diagram.tables] == ["Place", "Person", "Purchase"]
    assert shown.diagram.unread == ("Log",)
    assert shown.diagram.relations == (
        Relation("Person", ("Boss",), "Person", ("Id",), True),
        Relation("Person", ("Zip",), "Place", ("Code",), False),
        Relation("Purchase", ("Buyer",), "Person", ("Id",), False),
    )


def made(entity: str, partition: str, sort: str) -> Exemplar:
    return Exemplar(entity, {"PK": {"S": partition}, "SK": {"S": sort}})


POOL = [
    made("A", "1", "#"), made("B", "1", "b2"), made("B", "1", "b1"), made("B", "1", "b3"),
    made("A", "2", "#"), made("C", "3", "c"), Exemplar("D", {"PK": {"S": "4"}}),
]  # fmt: skip


def test_collections_show_every_entity_and_keep_their_order() -> None:
    found = collections(POOL, ("PK", "SK"), 2, 3)
    assert [(c.partition, [one.item["SK"]["S"] for one in c.shown], c.more) for c in found] == [
        ("1", ["#", "b1", "b2"], 1), ("3", ["c"], 0),
    ]  # fmt: skip


def test_an_entity_that_is_in_no_other_collection_has_one_of_its_own() -> None:
    keys, alone = ("PK", "SK"), [made(kind, kind, "#") for kind in "EFGH"]
    assert [c.partition for c in collections([*POOL, *alone], keys, 3, 3)] == ["1", "3", *"EFGH"]
    assert [c.partition for c in collections(POOL, keys, 9, 3)] == ["1", "3", "2"]


def test_numbers_are_sorted_as_numbers() -> None:
    items = [Exemplar("A", {"PK": {"S": "1"}, "SK": {"N": n}}) for n in ("10", "9", "-1")]
    (found,) = collections(items, ("PK", "SK"), 1, 5)
    assert [one.item["SK"]["N"] for one in found.shown] == ["-1", "9", "10"]


def test_typical_items_are_few_of_each_entity() -> None:
    assert [(one.entity, one.item["SK"]["S"]) for one in typical(POOL, ("PK", "SK"), 2)] == [
        ("A", "#"), ("B", "b1"), ("B", "b2"), ("A", "#"), ("C", "c"),
    ]  # fmt: skip


def test_indexes_are_shown_as_they_are_defined() -> None:
    assert list(_indexes(CREATED)) == [
        ShownIndex("GSI1", ("G",), False, ("Name", "${Title}")),
        ShownIndex("GSI2", ("G", "SK"), False, ()),
        ShownIndex("LSI1", ("PK", "L"), True, None),
    ]


def test_a_grid_has_what_its_index_projects(shown: Shown) -> None:
    (table,) = shown.tables
    index = ShownIndex("GSI1", ("GSI1PK", "GSI1SK"), False, ("Name",))
    for projects, seen in ((("Name",), {"Name"}), ((), set())):
        kept = _projected(table, replace(index, projects=projects))
        assert {name for one in kept for name in one.item} == {"PK", "SK", "GSI1PK", "GSI1SK"} | seen
        assert "Zip" not in grid(kept, index.keys, _columns(table), 3, 3)
    assert "projects keys only" in _kind(replace(index, projects=()))


def test_the_cost_is_that_of_all_items_where_all_are_looked_at(shown: Shown, tmp_path: Path) -> None:
    with SqliteSource(tmp_path / "shop.sqlite") as source:
        compiled = compile_design(load_design(tmp_path / "shop.yaml"), source.schema)
        figures = survey(source, compiled)
    found = shown.tables[0].cost
    assert found.write_units == figures.write_units > 0
    prices = load_prices(None).of("us-east-1")
    assert found.load == pytest.approx(figures.write_units * prices.standard.write_million / 1e6)
    volume = PlannedTable(figures, compiled.design, "Shop", False, "").volume
    assert found.month == pytest.approx(usual_month([volume], prices), abs=1e-4)


def test_without_prices_only_the_units_are_told(shown: Shown) -> None:
    assert "the prices of the region are not known" in in_words(replace(shown.tables[0].cost, load=None))
    assert "$" in in_words(shown.tables[0].cost)
