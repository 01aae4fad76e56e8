"""Embedded rows in all their forms: nested, bounded, ordered, as maps, values and sets."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from migration_tool.attributes import canonical_item, plain
from migration_tool.design.compile import compile_design
from migration_tool.design.load import load_design
from migration_tool.errors import DesignError
from migration_tool.model import Made
from migration_tool.source.sqlite import SqliteSource

from .conftest import HEAD, Bind, Load, Make
from .helpers import KEYS, THING, items, rejects, rules

TREE = """
CREATE TABLE A (Id INTEGER PRIMARY KEY, Kind TEXT);
CREATE TABLE B (Key TEXT, No INT, Up INT, Rank INT, PRIMARY KEY (Key, No)) WITHOUT ROWID;
CREATE TABLE C (Id INTEGER PRIMARY KEY, UpKey TEXT, UpNo INT, Rank INT, Name TEXT);
CREATE TABLE D (Id INTEGER PRIMARY KEY, Up INT, Name);
"""
NESTED = """
entities:
  A:
    WHERE
    embed:
      Bs:
        from: B
        match: {Up: Id}
        order: [{Rank: descending}]
        limit: 2
        attributes: {Key: Key, No: No}
        embed:
          Cs:
            from: C
            match: {UpKey: Key, UpNo: No}
            order: [Rank, {Name: descending}]
            limit: 3
            attributes: {Id: Id}
            embed:
              Ds: {from: D, match: {Up: Id}, value: Name}
          Names: {from: C, match: {UpKey: Key, UpNo: No}, as: map, key: "{Id}", value: Name}
      Flat: {from: B, match: {Up: Id}, as: map, key: "{Key}{No}", attributes: {Rank: Rank}}
    keys: {PK: "A#{Id}", SK: x}
    attributes: {Id: Id}
"""

SMALL = st.integers(0, 3)
ROWS_A = st.lists(st.sampled_from(["x", "y"]), max_size=5)
ROWS_B = st.lists(
    st.tuples(st.sampled_from("pq"), SMALL, st.none() | SMALL, st.none() | SMALL),
    max_size=9,
    unique_by=lambda b: b[:2],
)
ROWS_C = st.lists(
    st.tuples(st.none() | st.sampled_from("pq"), SMALL, SMALL, st.none() | st.sampled_from("mn")), max_size=12
)
ROWS_D = st.lists(
    st.tuples(SMALL.map(lambda n: n * 2 + 1), st.none() | st.sampled_from([1, "two", 3.5])), max_size=8
)


def fill(path: Path, a: list[Any], b: list[Any], c: list[Any], d: list[Any]) -> None:
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.executescript(TREE)
        connection.executemany("INSERT INTO A (Kind) VALUES (?)", [(kind,) for kind in a])
        connection.executemany("INSERT INTO B VALUES (?, ?, ?, ?)", b)
        connection.executemany("INSERT INTO C (UpKey, UpNo, Rank, Name) VALUES (?, ?, ?, ?)", c)
        connection.executemany("INSERT INTO D (Up, Name) VALUES (?, ?)", d)


def present(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def expected(
    kind: str | None, a: list[Any], b: list[Any], c: list[Any], d: list[Any]
) -> list[dict[str, Any]]:
    """The items, made in the simplest way: every list is looked through for every row."""
    return [
        {
            "Id": number,
            "Bs": [embedded_b(row, c, d) for row in sorted(of_a(number, b), key=backwards(3))[:2]],
            "Flat": {f"{row[0]}{row[1]}": present(Rank=row[3]) for row in of_a(number, b)},
        }
        for number, one in enumerate(a, 1)
        if kind in (None, one)
    ]


def of_a(number: int, b: list[Any]) -> list[Any]:
    """In the order of their table."""
    return sorted((row for row in b if row[2] == number), key=lambda row: row[:2])


def backwards(place: int) -> Callable[[Any], list[int]]:
    """The greatest first; NULL, which is the least, last."""
    return lambda row: [1] if row[place] is None else [0, -ord(str(row[place]))]


def embedded_b(b: Any, c: list[Any], d: list[Any]) -> dict[str, Any]:
    mine = [(number, *row) for number, row in enumerate(c, 1) if row[:2] == b[:2]]
    first = sorted(mine, key=lambda row: (row[3], backwards(4)(row)))[:3]
    return {
        "Key": b[0],
        "No": b[1],
        "Names": {str(row[0]): row[4] for row in mine if row[4] is not None},
        "Cs": [{"Id": row[0], "Ds": [n for up, n in d if up == row[0] and n is not None]} for row in first],
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tree")
    for name, where in (("all", ""), ("some", "where: Kind = 'x'")):
        (path / f"{name}.yaml").write_text(HEAD + NESTED.replace("WHERE", where))
    return path


MANY_B = [("p", n, 1, n) for n in range(3)] + [("q", n, 2, n) for n in range(3)]
MANY_C = [(key, n, 0, "m") for key in "pq" for n in range(3) for _ in range(5)]
"""More of each than is kept, and rows within those that are not."""


@settings(max_examples=40)
@example(["x", "x"], MANY_B, MANY_C, [(n + 1, n) for n in range(len(MANY_C))], 3, False)
@given(a=ROWS_A, b=ROWS_B, c=ROWS_C, d=ROWS_D, size=st.integers(1, 4), some=st.booleans())
def test_rows_within_rows_within_rows(
    folder: Path, a: list[Any], b: list[Any], c: list[Any], d: list[Any], size: int, some: bool
) -> None:
    """Whatever the tree, however many rows are read at a time, and from each of the rows on."""
    fill(folder / "tree.sqlite", a, b, c, d)
    wanted = expected("x" if some else None, a, b, c, d)
    with SqliteSource(folder / "tree.sqlite") as source:
        design = compile_design(load_design(folder / ("some.yaml" if some else "all.yaml")), source.schema)
        (entity,) = design.entities
        reader = source.reader(entity.read)
        rows = []
        while (chunk := source.take(reader, size)).rows:
            rows += chunk.rows
        assert [item(entity, row) for row in rows] == wanted
        for place, one in enumerate(wanted):
            after = [item(entity, row) for _, row in source.rows(entity.read, (one["Id"],))]
            assert after == wanted[place + 1 :]
            ((_, row),) = source.chosen(entity.read, [(one["Id"],)])
            assert item(entity, row) == one


def item(entity: Any, row: Any) -> dict[str, Any]:
    text = entity.item(row)[2]
    found = orjson.loads(text)
    assert canonical_item(orjson.loads(text)) == text
    return {name: plain(found[name]) for name in ("Id", "Bs", "Flat")}


B, S5, S12 = {"N": "b"}, {"S": 5}, {"S": 12}
X2, X5 = {"2": {"X": 2}}, {"5": {"X": 5}}
PARTS = """
CREATE TABLE Part (PartId INTEGER PRIMARY KEY, ThingId INT, Name, Size INT);
CREATE INDEX PartThing ON Part (ThingId);
INSERT INTO Thing(Id) VALUES (1), (2), (3);
INSERT INTO Part VALUES (1, 1, 'b', 5), (2, 1, 'a', NULL), (3, 1, 'b', 5), (4, 2, NULL, 12);
"""


def of(embed: str) -> str:
    return (
        "entities: {Thing: {"
        + KEYS
        + ", attributes: {Id: Id}, embed: {Parts: {from: Part, match: {ThingId: Id}, "
        + embed
        + "}}}}"
    )


@pytest.mark.parametrize(
    ("embed", "found"),
    [
        ("value: Name", [["b", "a", "b"], [], []]),
        ("value: Size, order: [{PartId: descending}], limit: 2", [[5], [12], []]),
        ("value: {column: Size, as: text}", [["5", "5"], ["12"], []]),
        ('value: "{Name}{Size}"', [["b5", "b5"], [], []]),
        ("value: {expr: Size + 0.5}", [["5.5", "5.5"], ["12.5"], []]),
        ("value: Name, as: set", [["a", "b"], None, None]),
        ("value: Size, as: set", [[5], [12], None]),
        ('as: map, key: "P{PartId}", value: Size', [{"P1": 5, "P3": 5}, {"P4": 12}, {}]),
        ('as: map, key: "P{PartId}", attributes: {S: Size}, limit: 1', [{"P1": S5}, {"P4": S12}, {}]),
        ('as: map, key: "{X}", attributes: {X: {expr: PartId + 1}}, limit: 1', [X2, X5, {}]),
        ("attributes: {N: Name}, order: [{Name: descending}, {Size: ascending}], limit: 1", [[B], [{}], []]),
    ],
)  # fmt: skip
def test_forms_of_embedded_rows(bind: Bind, embed: str, found: list[Any]) -> None:
    bound = bind(THING + PARTS, of(embed))
    lists = [one.get("Parts") for one in items(bound)]
    assert orjson.loads(orjson.dumps(lists, default=str)) == found
    source, design = bound
    (entity,) = design.entities
    window, _ = source.windows(entity.read, None, entity.item, entity.shape).take(9)
    assert not isinstance(window, Made)


@pytest.mark.parametrize(
    ("embed", "rule", "reason"),
    [
        ('as: map, key: "{Name}", attributes: {}', "duplicate_name", "Parts: two embedded rows have"),
        ('as: map, key: "{Size}", attributes: {}', "empty_name", "Parts: the key of an embedded row is NULL"),
        ("as: set, value: {expr: 'if(PartId = 1, Size, Name)'}", "mixed_set", "Parts: a set holds texts"),
        ("value: {column: Name, as: number}", "not_a_number", "Parts: 'b' is not a number"),
    ],
)  # fmt: skip
def test_rows_that_cannot_be_embedded_so(bind: Bind, embed: str, rule: str, reason: str) -> None:
    rejected = rejects(bind(THING + PARTS, of(embed)))[0]
    assert rejected is not None
    assert rejected.rule == rule
    assert rejected.reason.startswith(reason)


@pytest.mark.parametrize("index", ["ThingId, Size", "ThingId, Size DESC"])
@pytest.mark.parametrize(("order", "sizes"), [("descending", [3, 2]), ("ascending", [1, 2])])
def test_an_order_holds_beside_a_lookup_that_a_condition_does_not_need(
    bind: Bind, index: str, order: str, sizes: list[int]
) -> None:
    """SQLite omits the table looked up from the statement of the list."""
    rows = """
CREATE TABLE Maker (MakerId INTEGER PRIMARY KEY, Name);
CREATE TABLE Thing (Id INTEGER PRIMARY KEY, MakerId INT);
CREATE TABLE Part (PartId INTEGER PRIMARY KEY, ThingId INT, Size INT);
INSERT INTO Thing VALUES (1, 1);
INSERT INTO Part VALUES (1, 1, 2), (2, 1, 3), (3, 1, 1);
"""
    design = f"""
entities:
  Thing:
    where: Thing.Id > 0
    lookup: {{Maker: MakerId}}
    embed:
      Parts: {{from: Part, match: {{ThingId: Id}}, order: {{Size: {order}}}, limit: 2, value: Size}}
    keys: {{PK: "{{Id}}", SK: x}}
    attributes: {{Maker: Maker.Name}}
"""
    (found,) = items(bind(f"{rows}CREATE INDEX Way ON Part ({index});", design))
    assert found["Parts"] == sizes


def test_json_within_nested_rows_may_be_as_deep_as_dynamodb_takes_it(bind: Bind) -> None:
    """31 lists and maps in all: four lists of maps leave 23 to the JSON in the innermost."""
    deep = "CREATE TABLE N (Id INTEGER PRIMARY KEY, Json TEXT);"
    deep += f"INSERT INTO N VALUES (1, '{'[' * 23}{']' * 23}'), (2, '{'[' * 24}{']' * 24}');"
    inner = "attributes: {J: {column: Json, as: json}}"
    for _ in range(4):
        inner = "attributes: {}, embed: {L: {from: N, match: {Id: Id}, " + inner + "}}"
    assert rules(bind(deep, 'entities: {N: {keys: {PK: "{Id}", SK: x}, ' + inner + "}}"), "N") == [
        "",
        "nested_too_deep",
    ]


@pytest.mark.parametrize(
    ("embed", "fault"),
    [
        ("as: tree", "embed.Parts.as: expected one of list, map, set, found the text 'tree'"),
        ("as: map", "embed.Parts.key: the names in a map"),
        ('key: "{Id}"', "embed.Parts.key: the names in a map"),
        ("as: set", "embed.Parts.value: a set holds single values"),
        ("value: Name, attributes: {a: b}", "embed.Parts: either `value` or `attributes`"),
        ("value: Name, embed: {X: {match: {a: b}}}", "embed.Parts: either `value` or `embed`"),
        ("limit: 0", "embed.Parts.limit: expected a number of rows"),
        ("limit: many", "embed.Parts.limit: expected a whole number, found the text"),
        ("order: [{Name: down}]", "embed.Parts.order[0]: expected a column, or {"),
        ("order: [{Name: ascending, Id: descending}]", "embed.Parts.order[0]: expected a column, or {column"),
        ("embed: {A: {embed: {B: {embed: {C: {embed: {D: {}}}}}}}}",
         "embed.C.embed: more than 4 embedded lists"),
    ],
)  # fmt: skip
def test_an_embedding_that_is_none(load: Load, embed: str, fault: str) -> None:
    with pytest.raises(DesignError) as raised:
        load(HEAD + of(embed))
    assert any(fault in line for line in raised.value.faults), raised.value.faults


@pytest.mark.parametrize(
    ("embed", "fault"),
    [
        ("order: [{Nam: descending}]", "unknown column of Part 'Nam'"),
        ("order: Sum, attributes: {Sum: {expr: Size}}", "embed.Parts.order[0]: unknown column of Part 'Sum'"),
        ("value: Nam", "unknown column of Part 'Nam'"),
        ("as: map, key: '{Nam}'", "unknown column of Part 'Nam'"),
        ("embed: {Name: {from: Part, match: {PartId: PartId}}}", "embed.Parts.embed.Name: an attribute has"),
        ("embed: {X: {from: Part, match: {PartId: Part}}}", "embed.X.match.PartId: unknown column"),
        ("embed: {X: {from: Prat, match: {PartId: PartId}}}", "embed.Parts.embed.X.from: unknown table"),
    ],
)  # fmt: skip
def test_names_that_embedded_rows_do_not_have(make: Make, load: Load, embed: str, fault: str) -> None:
    source = make(THING + PARTS)
    with pytest.raises(DesignError) as raised:
        compile_design(load(HEAD + of(embed)), source.schema)
    assert any(fault in line for line in raised.value.faults), raised.value.faults
