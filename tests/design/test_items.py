"""From row to item: every kind of attribute, key, lookup and embedded list."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration_tool.attributes import canonical_item, plain
from migration_tool.design.compile import CompiledEntity, compile_design
from migration_tool.design.load import load_design
from migration_tool.errors import RowRejected
from migration_tool.model import Column, InvalidText, Schema, Table

from .conftest import HEAD, Bind
from .helpers import KEYS, THING, items, rejects, rules

LOOKUPS = """
CREATE TABLE Country (Code TEXT PRIMARY KEY, Name);
CREATE TABLE Maker (MakerId INTEGER PRIMARY KEY, Name, Country TEXT);
CREATE TABLE Thing (Id INTEGER PRIMARY KEY, MakerId INT);
INSERT INTO Country VALUES ('CH', 'Schweiz'), ('XX', NULL);
INSERT INTO Maker VALUES (1, 'A', 'CH'), (2, 'B', 'XX'), (3, 'C', 'DE'), (4, NULL, NULL);
INSERT INTO Thing VALUES (1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, NULL);
"""


def test_lookups_of_lookups_and_what_they_do_not_find(bind: Bind) -> None:
    design = """
indexes: {GSI1: [GP, GS]}
entities:
  Thing:
    lookup: {Maker: MakerId, Country: Maker.Country}
    keys: {PK: "T#{Id}", SK: x, GP: "C#{Country.Name}", GS: "{Id:5}"}
    attributes: {Maker: Maker.Name, Country: Country.Name, Label: "{Maker.Name} of {Country.Name}"}
"""
    common = [{"PK": f"T#{n}", "SK": "x", "EntityType": "Thing", "GS": f"{n:05}"} for n in range(1, 7)]
    assert items(bind(LOOKUPS, design)) == [
        common[0] | {"GP": "C#Schweiz", "Maker": "A", "Country": "Schweiz", "Label": "A of Schweiz"},
        common[1] | {"Maker": "B"},
        common[2] | {"Maker": "C"},
        *common[3:],
    ]


COMPOSITE = """
CREATE TABLE Maker (Land TEXT, No INT, Code TEXT, Name TEXT, PRIMARY KEY (Land, No), UNIQUE (Code, Land));
CREATE TABLE Thing (Id INTEGER PRIMARY KEY, MakerLand TEXT, MakerNo INT, Code TEXT);
INSERT INTO Maker VALUES ('CH', 1, 'a', 'Uhr'), ('CH', 2, 'b', 'Käse'), ('DE', 1, 'b', 'Bier');
INSERT INTO Thing VALUES (1, 'CH', 2, 'b'), (2, 'DE', 1, NULL), (3, 'DE', 2, 'b'), (4, NULL, 1, 'a');
"""


def test_lookups_by_several_columns(bind: Bind) -> None:
    design = """
entities:
  Thing:
    lookup:
      Maker: [MakerLand, MakerNo]
      ByCode: {table: Maker, by: [MakerLand, Code], to: [LAND, CODE]}
      More: {table: Maker, by: [Maker.Land, Maker.No, Code], to: [Land, No, Code]}
    keys: {PK: "T#{Id}", SK: x}
    attributes: {Maker: Maker.Name, ByCode: ByCode.Name, More: More.Name}
"""
    common = [{"PK": f"T#{n}", "SK": "x", "EntityType": "Thing"} for n in range(1, 5)]
    assert items(bind(COMPOSITE, design)) == [
        common[0] | {"Maker": "Käse", "ByCode": "Käse", "More": "Käse"},
        common[1] | {"Maker": "Bier"},
        common[2] | {"ByCode": "Bier"},
        common[3],
    ]


@pytest.mark.parametrize(
    ("everything", "names"),
    [
        ("{of: Thing, include: [Id, NAME]}", {"Id", "Name"}),
        (
            "{of: Thing, omit: [Data, Any, Price], rename: {name: Title, MakerId: Any}}",
            {"Id", "Title", "Any"},
        ),
        ("{of: Thing, include: [Name, Any], rename: {Name: Any, Any: Name}}", {"Name", "Any"}),
    ],
)
def test_all_columns_can_be_chosen_and_renamed(bind: Bind, everything: str, names: set[str]) -> None:
    rows = THING + "INSERT INTO Thing VALUES (1, 'A', 1.5, 7, x'00', 5);"
    (item,) = items(bind(rows, "entities: {Thing: {" + KEYS + f', attributes: {{"*": {everything}}}}}}}'))
    assert item.keys() - {"PK", "SK", "EntityType"} == names
    swapped = "rename: {Name: Any" in everything
    assert not swapped or (item["Name"], item["Any"]) == (5, "A")


@pytest.mark.parametrize(("name", "there"), [("'x'", True), ("''", False), ("NULL", False)])
def test_index_keys_are_sparse(bind: Bind, name: str, there: bool) -> None:
    design = """
indexes: {GSI1: [GP, GS]}
entities: {Thing: {keys: {PK: "T#{Id}", SK: x, GP: "{Name}", GS: "{Id:3}"}}}
"""
    (item,) = items(bind(THING + f"INSERT INTO Thing(Id, Name) VALUES (1, {name});", design))
    assert ("GP" in item) is there
    assert item["GS"] == "001"
    assert item.get("Name") == {"'x'": "x", "''": "", "NULL": None}[name]


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ("NULL", "null_key"),
        ("''", "empty_key"),
        ("x'00'", "blob_in_text"),
        ("CAST(x'ff' AS TEXT)", "invalid_utf8"),
        ("9e999", "number_not_finite"),
    ],
)
@pytest.mark.parametrize("key", ["PK", "SK"])
def test_a_row_that_has_no_key_is_rejected(bind: Bind, value: str, rule: str, key: str) -> None:
    keys = {"PK": "x", "SK": "x", key: "{Any}"}
    design = f"entities: {{Thing: {{keys: {{PK: '{keys['PK']}', SK: '{keys['SK']}'}}}}}}"
    assert rules(bind(THING + f"INSERT INTO Thing(Id, Any) VALUES (1, {value});", design)) == [rule]


@pytest.mark.row(20)
@pytest.mark.parametrize("character", ["k", "é", "\U0001f600"])
@pytest.mark.parametrize(
    ("key", "limit"), [("PK", 2048), ("SK", 1024), ("GP", 2048), ("GS", 1024), ("both", 1024)]
)
def test_a_key_over_its_length_is_rejected(bind: Bind, key: str, limit: int, character: str) -> None:
    """`both` is the partition key of one index and the sort key of another."""
    templates = {"PK": "p", "SK": "s", "GP": "g", "GS": "g", "both": "b", "p": "p", key: "{Name}"}
    keys = ", ".join(f'{name}: "{template}"' for name, template in templates.items())
    indexes = "indexes: {GSI1: [GP, GS], GSI2: [both, SK], GSI3: [p, both]}\n"
    full = character * (limit // len(character.encode()))
    rows = THING + f"INSERT INTO Thing(Id, Name) VALUES (1, '{full}'), (2, '{full}x');"
    fine, rejected = rejects(bind(rows, indexes + f"entities: {{Thing: {{keys: {{{keys}}}}}}}"))
    assert fine is None
    assert rejected is not None
    assert (rejected.rule, rejected.reason.split(" ")[0]) == ("key_too_long", key)


@pytest.mark.row(20)
@pytest.mark.parametrize("character", ["x", "é", "\U0001f600", "\x01"])
def test_an_item_over_400_kb_is_rejected(bind: Bind, character: str) -> None:
    rest = len("PKT#1SKxEntityTypeThingIdName") + 2
    count, odd = divmod(409_600 - rest, len(character.encode()))
    _, design = bind(THING, "entities: {Thing: {" + KEYS + "}}")
    entity = design.entity("Thing")

    def row(text: str) -> tuple[Any, ...]:
        return tuple({"Id": 1, "Name": text}.get(label) for label in entity.labels)

    entity.item(row(character * count + "o" * odd))
    with pytest.raises(RowRejected, match="409,601 bytes"):
        entity.item(row(character * count + "o" * (odd + 1)))


def test_attributes_of_every_kind(bind: Bind) -> None:
    schema = """
CREATE TABLE Thing (Id INTEGER PRIMARY KEY, Born, Flag, Json, Num, Zip, Secret);
INSERT INTO Thing VALUES (1, 0, 'yes', '{"a":[1.10,null]}', ' 1.50 ', 8004, 'x');
INSERT INTO Thing(Id) VALUES (2);
"""
    design = """
entities:
  Thing:
    keys: {PK: "T#{Id}", SK: x}
    attributes:
      "*": {of: Thing, omit: [Secret]}
      Born: {as: date}
      Flag: {as: boolean}
      Json: {as: json}
      Num: {as: number}
      Zip: {as: text}
      Was: {column: Born, as: text}
      Renamed: Secret
      Kind: {value: thing}
      Level: {value: 7}
      Ratio: {value: 0.50}
      Label: "T{Id}"
"""
    one, two = items(bind(schema, design))
    half, fixed = plain({"N": "0.5"}), {"SK": "x", "EntityType": "Thing", "Kind": "thing", "Level": 7}
    assert one == fixed | {
        "PK": "T#1", "Id": 1, "Born": "1970-01-01T00:00:00Z", "Flag": True, "Zip": "8004", "Was": "0",
        "Json": {"a": [plain({"N": "1.1"}), None]}, "Num": plain({"N": "1.5"}), "Renamed": "x",
        "Ratio": half, "Label": "T1",
    }  # fmt: skip
    assert two == fixed | {"PK": "T#2", "Id": 2, "Ratio": half, "Label": "T2"}


@pytest.mark.parametrize(
    ("attribute", "value", "rule"),
    [
        ("{column: Born, as: date}", "'soon'", "not_a_date"),
        ("{column: Born, as: boolean}", "2", "not_a_boolean"),
        ("{column: Born, as: json}", "'{'", "not_json"),
        ("{column: Born, as: number}", "'x'", "not_a_number"),
        ("{column: Born, as: text}", "x'00'", "blob_in_text"),
        ("Born", "9e999", "number_not_finite"),
        ("Born", "1e-200", "number_out_of_range"),
        ("Real", "1e-200", "number_out_of_range"),
        ("Born", "CAST(x'ff' AS TEXT)", "invalid_utf8"),
        ("Text", "CAST(x'ff' AS TEXT)", "invalid_utf8"),
    ],
)
def test_a_value_that_has_no_attribute_rejects_its_row(
    bind: Bind, attribute: str, value: str, rule: str
) -> None:
    rows = "CREATE TABLE Thing (Id INTEGER PRIMARY KEY, Born, Real REAL, Text TEXT);"
    rows += f"INSERT INTO Thing VALUES (1, {value}, {value}, {value});"
    design = "entities: {Thing: {" + KEYS + ", attributes: {Mine: " + attribute + "}}}"
    (rejected,) = rejects(bind(rows, design))
    assert rejected is not None
    assert rejected.rule == rule
    assert rejected.reason.startswith("Mine: ")


@pytest.mark.parametrize("affinity", ["INTEGER", "TEXT", "REAL", "NUMERIC", "BLOB", ""])
@pytest.mark.parametrize(
    "value", ["7", "-1.5", "'text'", "' 7 '", "x'00ff'", "NULL", "9223372036854775807", "1e30", "'1e400'"]
)
def test_any_storage_class_in_any_column(bind: Bind, affinity: str, value: str) -> None:
    """What SQLite's affinity has made of the value arrives, by its storage class."""
    rows = (
        f"CREATE TABLE Thing (Id INTEGER PRIMARY KEY, V {affinity}); INSERT INTO Thing VALUES (1, {value});"
    )
    bound = bind(rows, "entities: {Thing: {" + KEYS + "}}")
    ((stored,),) = bound[0].query("SELECT V FROM Thing", {})[1]
    if stored == float("inf"):
        assert rules(bound) == ["number_not_finite"]
        return
    found = items(bound)[0].get("V")
    assert found == (plain({"N": repr(stored)}) if isinstance(stored, float) else stored)


EMBED = """
CREATE TABLE Thing (Id INTEGER PRIMARY KEY, Kind);
CREATE TABLE Part (PartId INTEGER PRIMARY KEY, Thing INT, Kind, Place INT, MakerId INT);
CREATE TABLE Maker (MakerId INTEGER PRIMARY KEY, Name);
INSERT INTO Maker VALUES (1, 'A');
INSERT INTO Thing VALUES (1, 'x'), (2, 'x'), (3, NULL), (4, 'y');
INSERT INTO Part VALUES (1, 1, 'x', 2, 1), (2, 1, 'x', 1, NULL), (3, 1, 'y', 0, 1), (4, 3, NULL, 0, 1),
  (5, 4, 'y', 1, 9), (6, 4, 'y', 1, 1), (7, NULL, 'x', 1, 1), (8, 99, 'x', 1, 1);
"""


def test_embedded_lists(bind: Bind) -> None:
    design = """
entities:
  Thing:
    embed:
      Parts:
        from: Part
        match: {Thing: Id, Kind: Kind}
        order: [Place]
        lookup: {Maker: MakerId}
        attributes: {PartId: PartId, Maker: Maker.Name, Label: "{Maker.Name}-{Place}", Fixed: {value: 1}}
      Ids: {from: Part, match: {Thing: Id}, attributes: {n: PartId}}
    keys: {PK: "T#{Id}", SK: x}
"""
    found = items(bind(EMBED, design))
    assert [item["Parts"] for item in found] == [
        [{"PartId": 2, "Fixed": 1}, {"PartId": 1, "Maker": "A", "Label": "A-2", "Fixed": 1}],
        [],
        [],
        [{"PartId": 5, "Fixed": 1}, {"PartId": 6, "Maker": "A", "Label": "A-1", "Fixed": 1}],
    ]
    assert [[part["n"] for part in item["Ids"]] for item in found] == [[1, 2, 3], [], [4], [5, 6]]


def test_an_embedded_row_may_use_no_column(bind: Bind) -> None:
    design = """
entities:
  Thing:
    embed:
      Ps: {from: Part, match: {Thing: Id}, attributes: {k: {value: p}}}
      Empty: {from: Part, match: {Thing: Id}, attributes: {}}
    keys: {PK: "T#{Id}", SK: x}
    attributes: {}
"""
    last = items(bind(EMBED, design))[3]
    assert last == {
        "PK": "T#4", "SK": "x", "EntityType": "Thing", "Ps": [{"k": "p"}, {"k": "p"}], "Empty": [{}, {}],
    }  # fmt: skip


def test_an_entity_may_use_no_column(bind: Bind) -> None:
    design = "entities: {Thing: {keys: {PK: one, SK: only}, attributes: {}}}"
    assert items(bind(THING + "INSERT INTO Thing(Id) VALUES (1);", design)) == [
        {"PK": "one", "SK": "only", "EntityType": "Thing"}
    ]


def test_an_embedded_value_that_has_no_attribute_rejects_the_whole_row(bind: Bind) -> None:
    design = "entities: {Thing: {embed: {Ps: {from: Part, match: {Thing: Id}}}, " + KEYS + "}}"
    broken = EMBED + "UPDATE Part SET Kind = 9e999 WHERE PartId = 6;"
    assert rules(bind(broken, design)) == ["", "", "", "number_not_finite"]


def test_only_the_rows_of_the_condition(bind: Bind) -> None:
    design = """
entities:
  Thing:
    where: "Kind = 'x' -- the old ones"
    embed: {Ps: {from: Part, match: {Thing: Id}, attributes: {n: PartId}}}
    keys: {PK: "T#{Id}", SK: x}
"""
    source, compiled = bind(EMBED, design)
    assert [(item["Id"], len(item["Ps"])) for item in items((source, compiled))] == [(1, 3), (2, 0)]
    assert source.count(compiled.entity("Thing").read) == 2


ANCESTRY = """
CREATE TABLE Thing (Id INTEGER PRIMARY KEY, Boss INT);
INSERT INTO Thing VALUES (1, NULL), (2, 1), (3, 2), (4, 3), (5, 99), (10, 2);
INSERT INTO Thing VALUES (6, 6), (7, 8), (8, 7), (9, 8);
"""


def test_ancestry(bind: Bind) -> None:
    design = "entities: {Thing: {ancestry: {Path: Boss}, " + KEYS + ", attributes: {Path: Path}}}"
    source, compiled = bind(ANCESTRY + "DELETE FROM Thing WHERE Id IN (6, 7, 8, 9);", design)
    paths = [(item["PK"], item["Path"]) for item in items((source, compiled))]
    assert paths == [
        ("T#1", "/"), ("T#2", "/1/"), ("T#3", "/1/2/"), ("T#4", "/1/2/3/"), ("T#5", "/"), ("T#10", "/1/2/"),
    ]  # fmt: skip
    entity = compiled.entity("Thing")
    resumed = [entity.item(row)[0] for _, row in source.rows(entity.read, (4,))]
    assert resumed == ["T#5", "T#10"]


def test_ancestry_compares_keys_as_their_column_does(bind: Bind) -> None:
    names = """
CREATE TABLE Thing (Code TEXT COLLATE NOCASE PRIMARY KEY, Up TEXT);
INSERT INTO Thing VALUES ('Root', NULL), ('b', 'ROOT'), ('c', 'B');
"""
    design = """
entities:
  Thing: {ancestry: {Path: Up}, keys: {PK: "T#{Code}", SK: x}, attributes: {Path: Path}}
"""
    assert [found["Path"] for found in items(bind(names, design))] == ["/", "/Root/", "/Root/b/"]


@pytest.mark.parametrize("stored", [", attributes: {Path: Path}", ""])
def test_a_circle_of_parents_is_refused_whether_its_path_is_stored_or_not(bind: Bind, stored: str) -> None:
    design = "entities: {Thing: {ancestry: {Path: Boss}, " + KEYS + stored + "}}"
    assert rules(bind(ANCESTRY, design)) == [""] * 5 + ["circular_ancestry"] * 4 + [""]


VALUES = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.binary(max_size=20),
    st.binary(max_size=5).map(InvalidText),
)
NAMES = ("Name", "Price", "MakerId", "Data", "Any")


@pytest.fixture(scope="module")
def thing(tmp_path_factory: pytest.TempPathFactory) -> CompiledEntity:
    path = tmp_path_factory.mktemp("designs") / "shop.yaml"
    path.write_text(HEAD + "entities: {Thing: {" + KEYS + "}}")
    kinds = {"Name": "TEXT", "Price": "REAL", "MakerId": "INTEGER", "Data": "BLOB", "Any": "NUMERIC"}
    columns = (Column("Id", "INTEGER", True), *(Column(name, kind) for name, kind in kinds.items()))
    schema = Schema({"Thing": Table("Thing", columns, ("Id",), rowid_alias="Id")})
    return compile_design(load_design(path), schema).entity("Thing")


@pytest.mark.row(20)
@given(number=st.integers(0, 999), values=st.tuples(*[VALUES] * len(NAMES)))
def test_a_row_becomes_the_item_of_its_values_or_is_rejected(
    thing: CompiledEntity, number: int, values: tuple[Any, ...]
) -> None:
    """Any value in any column, whatever SQLite's affinity would have made of it."""
    row = {"Id": number, **dict(zip(NAMES, values, strict=True))}
    impossible = any(
        type(value) is InvalidText
        or (type(value) is float and value and not 1e-130 <= abs(value) < 9.9999999999999999e125)
        for value in values
    )
    try:
        text = thing.item(tuple(row[label] for label in thing.labels))[2]
    except RowRejected:
        assert impossible
        return
    assert not impossible
    item = orjson.loads(text)
    assert canonical_item(item) == text
    assert item.pop("PK") == {"S": f"T#{number}"}
    del item["SK"], item["EntityType"]
    assert item.keys() == {name for name, value in row.items() if value is not None}
    for name, attribute in item.items():
        value = row[name]
        assert set(attribute) == {{int: "N", float: "N", str: "S", bytes: "B"}[type(value)]}
        assert (float(attribute["N"]) if type(value) is float else plain(attribute)) == value
