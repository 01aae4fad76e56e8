"""Names of a design against the names of a source."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from migration_tool.design.compile import compile_design
from migration_tool.design.load import load_design
from migration_tool.errors import DesignError

from .conftest import HEAD, Bind, Load, Make
from .helpers import KEYS, THING, items

SCHEMA = (
    THING + "CREATE TABLE Maker (MakerId INTEGER PRIMARY KEY, Name, Town);"
    "CREATE TABLE Pair (a, b, PRIMARY KEY (a, b)); CREATE VIEW Seen AS SELECT * FROM Thing;"
)


def faults(make: Make, load: Load, statements: str, design: str) -> tuple[str, ...]:
    source = make(statements)
    with pytest.raises(DesignError) as raised:
        compile_design(load(HEAD + design), source.schema)
    assert f"{len(raised.value.faults)} fault" in raised.value.cause
    return raised.value.faults


def test_names_are_resolved_as_sqlite_does(bind: Bind) -> None:
    design = """
entities:
  Thing:
    from: THING
    lookup: {m: {table: MAKER, by: MAKERID, to: CODE}}
    keys: {PK: "{ID}", SK: "{lower(NAME)}"}
    attributes: {"*": {of: Thing, omit: [DATA, any, PRICE]}, Maker: m.NAME}
"""
    rows = "CREATE TABLE Maker (code INTEGER PRIMARY KEY, name); INSERT INTO Maker VALUES (7, 'Acme');"
    rows += "INSERT INTO Thing VALUES (1, 'A', 1.5, 7, x'00', 5);"
    assert items(bind(THING + rows, design)) == [
        {"PK": "1", "SK": "a", "EntityType": "Thing", "Id": 1, "Name": "A", "MakerId": 7, "Maker": "Acme"}
    ]


def test_names_that_differ_in_other_letters_are_different_names(bind: Bind) -> None:
    schema = 'CREATE TABLE "É" (x); CREATE TABLE "é" ("Ä" INTEGER PRIMARY KEY, "ä" TEXT);'
    schema += "INSERT INTO \"é\" VALUES (1, 'small');"
    design = 'entities: {"é": {keys: {PK: "{Ä}", SK: "{ä}"}}}'
    assert items(bind(schema, design), "é") == [
        {"PK": "1", "SK": "small", "EntityType": "é", "Ä": 1, "ä": "small"}
    ]


@pytest.mark.parametrize(
    ("entity", "fault"),
    [
        ("from: Thnig", "entities.Thing.from: unknown table 'Thnig'; did you mean 'Thing'?"),
        ("from: Zzz", "entities.Thing.from: unknown table 'Zzz'; there are Thing, Maker, Pair"),
        ("from: Seen", "entities.Thing.from: Seen is a view"),
        (
            "attributes: {a: Namee}",
            "entities.Thing.attributes.a: unknown column of Thing 'Namee'; did you mean 'Name'?",
        ),
        (
            'attributes: {a: "{Idd}"}',
            "entities.Thing.attributes.a: unknown column of Thing 'Idd'; did you mean 'Id'?",
        ),
        ("attributes: {a: M.Id}", "attributes.a: unknown alias 'M'; there are Thing"),
        (
            "lookup: {Maker: MakrId}",
            "lookup.Maker.by: unknown column of Thing 'MakrId'; did you mean 'MakerId'?",
        ),
        ("lookup: {Makr: MakerId}", "lookup.Makr.table: unknown table 'Makr'; did you mean 'Maker'?"),
        ("lookup: {Thing: MakerId}", "lookup.Thing: the name is taken"),
        ("lookup: {thing: {table: Maker, by: MakerId}}", "lookup.thing: the name is taken"),
        ("lookup: {Maker: {by: MakerId, to: Town}}", "Maker has no single unique column 'Town'"),
        ("lookup: {Pair: MakerId}", "lookup.Pair: the primary key of Pair is a, b; name as many columns"),
        ("lookup: {Pair: [Id, MakerId, Name]}", "lookup.Pair: the primary key of Pair is a, b; name as many"),
        ("lookup: {Pair: {by: Id, to: b}}", "lookup.Pair.to: Pair has no single unique column 'b'"),
        (
            "lookup: {Maker: {by: [Id, Name], to: [Town, Name]}}",
            "no unique columns 'Town', 'Name' to look up",
        ),
        ("lookup: {Seen: MakerId}", "lookup.Seen.to: Seen has no single unique column"),
        (
            "lookup: {Maker: MakerId}, attributes: {a: Maker.Nmae}",
            "unknown column of Maker 'Nmae'; did you mean 'Name'?",
        ),
        ('attributes: {"*": Thnig}', "attributes.*.of: unknown alias 'Thnig'; did you mean 'Thing'?"),
        ('attributes: {"*": {of: Thing, omit: [Nam]}}', "omit[0]: unknown column of Thing 'Nam'"),
        ('attributes: {"*": {of: Thing, include: [Nam]}}', "include[0]: unknown column of Thing 'Nam'"),
        ('attributes: {"*": {of: Thing, rename: {Nam: a}}}', "rename.Nam: unknown column of Thing 'Nam'"),
        ('attributes: {"*": {of: Thing, rename: {Name: Any}}}', "two columns of Thing become 'Any'"),
        ('attributes: {"*": {of: Thing, omit: Any, rename: {ANY: x}}}', "Any is not among the columns"),
        ("ancestry: {Path: Parent}", "ancestry.Path: Thing has no column 'Parent', or no one-column"),
        ("ancestry: {Name: MakerId}", "ancestry.Name: Thing has a column of that name"),
        ("embed: {Ps: {from: Parts, match: {a: Id}}}", "embed.Ps.from: unknown table 'Parts'"),
        ("embed: {Ps: {from: Pair, match: {x: Id}}}", "embed.Ps.match.x: unknown column of Pair 'x'"),
        (
            "embed: {Ps: {from: Pair, match: {a: Idd}}}",
            "entities.Thing.embed.Ps.match.a: unknown column of Thing",
        ),
        ("embed: {Ps: {from: Pair, match: {a: Id}, order: c}}", "embed.Ps.order[0]: unknown column of Pair"),
        ("embed: {Name: {from: Pair, match: {a: Id}}}", "embed.Name: an attribute has this name"),
        ("embed: {PK: {from: Pair, match: {a: Id}}}", "attributes.PK: 'PK' is the name of a key attribute"),
        ("embed: {EntityType: {from: Pair, match: {a: Id}}}", "embed.EntityType: an attribute has this name"),
        ("attributes: {GP: Name}", "attributes.GP: 'GP' is the name of a key attribute; rename or omit it"),
    ],
)
def test_a_name_that_does_not_fit(make: Make, load: Load, entity: str, fault: str) -> None:
    design = "indexes: {GSI1: [GP, GS]}\nentities: {Thing: {" + KEYS + ", " + entity + "}}"
    found = faults(make, load, SCHEMA, design)
    assert any(fault in line for line in found), found


@pytest.mark.parametrize("column", ["PK", "SK", "GP", "EntityType"])
def test_a_source_column_cannot_take_the_place_of_a_key(make: Make, load: Load, column: str) -> None:
    """A number in an index key would make DynamoDB refuse the whole batch."""
    schema = f"CREATE TABLE Thing (Id INTEGER PRIMARY KEY, {column} INTEGER);"
    head = "indexes: {GSI1: [GP, GS]}\nentities: {Thing: {" + KEYS
    (fault,) = faults(make, load, schema, head + "}}")
    assert repr(column) in fault
    source = make(schema + "INSERT INTO Thing VALUES (1, 5);")
    renamed = f', attributes: {{"*": {{of: Thing, omit: [{column}]}}, Old: {column}}}}}}}'
    compiled = compile_design(load(HEAD + head + renamed), source.schema)
    assert items((source, compiled)) == [{"PK": "T#1", "SK": "x", "EntityType": "Thing", "Id": 1, "Old": 5}]


def test_a_column_without_a_name_cannot_be_an_attribute(make: Make, load: Load) -> None:
    schema = 'CREATE TABLE Thing (Id INTEGER PRIMARY KEY, ""); INSERT INTO Thing VALUES (1, 2);'
    (fault,) = faults(make, load, schema, "entities: {Thing: {" + KEYS + "}}")
    assert "there cannot be an attribute ''" in fault
    source = make(schema)
    design = "entities: {Thing: {" + KEYS + ', attributes: {"*": {of: Thing, omit: [""]}}}}'
    compiled = compile_design(load(HEAD + design), source.schema)
    assert items((source, compiled)) == [{"PK": "T#1", "SK": "x", "EntityType": "Thing", "Id": 1}]


def test_all_faults_of_all_entities_are_named_at_once(make: Make, load: Load) -> None:
    design = """
entities:
  Thing: {lookup: {M: x}, keys: {PK: "{y}", SK: "{M.z}{y}"}}
  Other: {keys: {PK: a, SK: b}}
"""
    found = [line.partition(";")[0].partition("shop.yaml:")[2] for line in faults(make, load, THING, design)]
    assert found == [
        "5:20: entities.Thing.lookup.M.table: unknown table 'M'",
        "5:20: entities.Thing.lookup.M.by: unknown column of Thing 'x'",
        "5:34: entities.Thing.keys.PK: unknown column of Thing 'y'",
        "5:45: entities.Thing.keys.SK: unknown column of Thing 'y'",
        "6:3: entities.Other.from: unknown table 'Other'",
    ]


HOSTILE = [
    'a"b', "a'b", "a`b", "a{b}", "{", "}", "{{", "a\nb", "a\\b", "\\", "\\u0041", "🙂", "é", "a#b", "a.b",
    "a b", "a:5", "low", "f(x)", "select", "SELECT", "None", "row", "v0", "k0", "text", "item", "named",
    "__import__", "rowid", "*", "'); raise SystemExit #", '"; DROP TABLE Thing; --', "%s", "{0}", "\x1b[31m",
    "' + __import__('os').getcwd() + '", "\u2028", "$x", "?1", ":x", "~parent", "-", "--",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_only_a_name(make: Make, tmp_path: Path, name: str) -> None:
    """As a table, a column, an entity, an alias, an attribute, a constant, a literal and an embedded list."""
    sql, field = name.replace('"', '""'), "`" + name.replace("`", "``") + "`"
    source = make(
        f'CREATE TABLE "{sql}" (Id INTEGER PRIMARY KEY, "{sql}" TEXT, Up INT);'
        f"INSERT INTO \"{sql}\" VALUES (1, 'one', NULL), (2, 'two', 1);"
    )
    literal = name.replace("{", "{{").replace("}", "}}")
    entity = {
        "from": name,
        "lookup": {"L" + name: {"table": name, "by": "Up"}},
        "embed": {
            "E" + name: {"from": name, "match": {"Up": "Id"}, "order": name, "attributes": {"n": field}}
        },
        "keys": {"PK": "{" + field + "}", "SK": literal + "{Id:3}"},
        "attributes": {"A" + name: f"`L{field[1:]}.{field}", "C" + name: {"value": name}, "Name": field},
    }
    path = tmp_path / "hostile.json"
    path.write_bytes(orjson.dumps({"version": 1, "table": "Shop", "entities": {name: entity}}))
    compiled = compile_design(load_design(path), source.schema)
    common = {"EntityType": name, "C" + name: name}
    assert items((source, compiled), name) == [
        common | {"PK": "one", "SK": name + "001", "Name": "one", "E" + name: [{"n": "two"}]},
        common | {"PK": "two", "SK": name + "002", "Name": "two", "E" + name: [], "A" + name: "one"},
    ]


TTL = "settings: {ttl: Ends}\nentities: {Thing: {keys: {PK: '{Id}', SK: x}, attributes: {'*': Thing, %s}}}"


@pytest.mark.parametrize(
    "rule",
    [
        "Ends: {column: Name, as: timestamp}",
        "Ends: {column: Price, as: number}",
        "Ends: Id",
        "Ends: {value: 5}",
        "Ends: {expr: Id}",
        "Ends: {expr: Id + 60}",
        "Ends: {expr: 'if(Id > 1, Id, null)'}",
    ],
)
def test_a_time_to_live_is_a_number(bind: Bind, rule: str) -> None:
    bind(THING, TTL % rule)


@pytest.mark.parametrize(
    "rule",
    [
        "Ends: Name", "Ends: Price", "Ends: {column: Id, as: date}", "Ends: {value: soon}", "Ends: '{Id}'",
        "Ends: {expr: Name}", "Ends: {expr: Id || 'x'}", "Ends: {expr: Id > 1}",
    ],
)  # fmt: skip
def test_a_time_to_live_that_dynamodb_would_overlook(make: Make, load: Load, rule: str) -> None:
    (fault,) = faults(make, load, THING, TTL % rule)
    assert "entities.Thing.attributes.Ends: Ends is the time to live, which has to be a number" in fault


def test_what_the_table_asks_for_has_to_be_written(make: Make, load: Load) -> None:
    design = """
indexes: {GSI1: {keys: SK, projection: {include: [Name, EntityType, Namen]}}}
settings: {ttl: Ends}
entities: {Thing: {keys: {PK: "{Id}", SK: x}}}
"""
    unwritten, ttl = faults(make, load, THING, design)
    assert "indexes.GSI1.projection.include: no entity writes Namen; did you mean 'Name'?" in unwritten
    assert "settings.ttl: no entity writes Ends; there are " in ttl
    key = "settings: {ttl: SK}\nentities: {Thing: {keys: {PK: '{Id}', SK: x}}}"
    assert "SK is the time to live" in faults(make, load, THING, key)[0]
