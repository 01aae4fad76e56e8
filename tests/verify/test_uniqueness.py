from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from migration_tool.design.compile import CompiledDesign, compile_design
from migration_tool.design.load import load_design
from migration_tool.design.uniqueness import proof
from migration_tool.errors import RowRejected
from migration_tool.source.sqlite import SqliteSource

from .helpers import NAMES, compiled_designs

pytestmark = pytest.mark.row(19)

SCHEMA = """
CREATE TABLE One (
  Id INTEGER PRIMARY KEY, Name TEXT, Code TEXT UNIQUE, Level REAL UNIQUE, Any_ UNIQUE, Kind NUMERIC UNIQUE);
CREATE TABLE Two (A INTEGER, B TEXT, C INTEGER, D, PRIMARY KEY (A, B));
CREATE TABLE Three (X, Y NUMERIC, PRIMARY KEY (X));
CREATE TABLE Four (X INTEGER, Y TEXT);
CREATE TABLE Five (P TEXT PRIMARY KEY, Q TEXT) WITHOUT ROWID;
"""


def design(
    folder: Path, entities: dict[str, tuple[str, str, str]], source: SqliteSource | None = None
) -> CompiledDesign:
    """Entities by name: table, PK template, SK template."""
    path = folder / "shop.yaml"
    body = {name: {"from": table, "keys": {"PK": pk, "SK": sk}, "attributes": {"*": table}}
            for name, (table, pk, sk) in entities.items()}  # fmt: skip
    path.write_text(yaml.safe_dump({"version": 1, "table": "Shop", "entities": body}))
    if source:
        return compile_design(load_design(path), source.schema)
    database = folder / "db.sqlite"
    connection = sqlite3.connect(database)
    connection.executescript(SCHEMA)
    connection.close()
    with SqliteSource(database) as empty:
        return compile_design(load_design(path), empty.schema)


PROVED = [
    ("One", "ONE#{Id}", "#ONE"),
    ("One", "X", "{Id:8}"),
    ("One", "X#{Id}#{shard(Name, 4)}", "#{lower(Name)}"),
    ("One", "{lower(Name)}", "{Id:8}#{Name}"),
    ("One", "{lower(Name)}", "{Id:8}{Name}"),
    ("One", "{lower(Name)}", "{Name}{Id:8}"),
    ("One", "CODE#{Code}", "x"),
    ("One", "ANY#{literal(Any_)}", "x"),
    ("Four", "X#{X}", "{rowid}"),
    ("Four", "X#{X}", "{oid:8}{Y}"),
    ("One", "CODE#{escape(Code)}", "x"),
    ("One", "{escape(Name)}#{escape(Code)}", "x"),
    ("One", "LEVEL#{Level}", "x"),
    ("Two", "{A}", "{B}"),
    ("Two", "{A}{B:4}", "x"),
    ("Two", "{A:8}#{B}", "x"),
    ("Two", "{A:8}{B}", "x"),
    ("Two", "{B}#{A:8}", "x"),
    ("Two", "{A:3}#{escape(B)}#{escape(C)}", "x"),
    ("Two", "{B}", "a{A}z"),
    ("Three", "{Y}", "{X:6}"),
    ("Five", "{P}", "{Q}"),
]
DOUBTED = [
    ("One", "{Name}", "{Code}{Level}", "cannot be told"),
    ("One", "{lower(Code)}", "x", "passes through a function"),
    ("One", "{year(Code)}", "x", "passes through a function"),
    ("One", "{Name}#{Code}", "x", "cannot be told"),
    ("Two", "{A}#{B}", "x", "cannot be told"),
    ("Two", "{A}{B}", "{A}{C}", "cannot be told"),
    ("Two", "{A}", "{C}", "B is in neither PK nor SK"),
    ("Three", "{X}", "x", "enforces no type"),
    ("Three", "{escape(X)}", "x", "enforces no type"),
    ("Four", "{X}", "{Y}", "neither a primary key nor a unique index"),
]


@pytest.mark.parametrize("templates", PROVED)
def test_proved(tmp_path: Path, templates: tuple[str, str, str]) -> None:
    assert proof(design(tmp_path, {"E": templates})) == []


@pytest.mark.parametrize(("table", "pk", "sk", "reason"), DOUBTED)
def test_doubted(tmp_path: Path, table: str, pk: str, sk: str, reason: str) -> None:
    (doubt,) = proof(design(tmp_path, {"E": (table, pk, sk)}))
    assert doubt.entities == ("E",)
    assert reason in doubt.reason


DISJOINT = [
    (("One", "A#{Id}", "x"), ("Two", "B#{A}#{B}", "{A}{B}")),
    (("One", "{Id}", "#ONE"), ("Five", "{P}", "#FIVE")),
    (("One", "{Id}", "x"), ("One", "{Id}#x", "x")),
    (("One", "{Id}", "{Id:4}#A"), ("One", "{Id}", "{Id:4}#B")),
    (("One", "{Id}", "#ONE"), ("One", "{Id}", "{Id}")),
    (("One", "{Id}", "x1"), ("One", "{Id}", "x{Id:4}")),
    (("One", "{Id}", "{escape(Name)}#a"), ("One", "{Id}", "a#a#{Id}")),
    (("One", "{Id}", "{Name}-end"), ("One", "{Id}", "{Name}-End")),
]
TOUCHING = [
    (("One", "{Id}", "x"), ("Two", "{A}", "x")),
    (("One", "A#{Code}", "x"), ("Five", "A#B#{P}", "x")),
    (("One", "{Id}", "#{Id}"), ("One", "{Id}", "#11")),
    (("One", "{Id}", "#{Id}"), ("One", "{Id}", "#-1")),
    (("One", "{Id}", "{escape(Name)}"), ("One", "{Id}", "1 %")),
    (("One", "{Id}", "A{Name}"), ("One", "{Id}", "AB")),
]


@pytest.mark.parametrize("pair", DISJOINT)
def test_two_entities_that_cannot_meet(tmp_path: Path, pair: tuple[tuple[str, str, str], ...]) -> None:
    doubts = proof(design(tmp_path, {"E": pair[0], "F": pair[1]}))
    assert ("E", "F") not in [doubt.entities for doubt in doubts]


@pytest.mark.parametrize("pair", TOUCHING)
def test_two_entities_that_may_meet(tmp_path: Path, pair: tuple[tuple[str, str, str], ...]) -> None:
    doubts = proof(design(tmp_path, {"E": pair[0], "F": pair[1]}))
    assert ("E", "F") in [doubt.entities for doubt in doubts]


def test_the_four_designs_are_proved(sample_db: Path) -> None:
    with SqliteSource(sample_db) as source:
        found = {compiled.name: proof(compiled) for compiled in compiled_designs(source)}
    assert found == {name: [] for name in NAMES}


EXAMPLES = int(os.environ.get("PAIRS_OF_ENTITIES", "200"))
"""How many pairs are made; a larger run sets PAIRS_OF_ENTITIES."""
DENSE = """
CREATE TABLE Row (Id INTEGER PRIMARY KEY, T TEXT);
CREATE TABLE Pair (I INTEGER, T TEXT, PRIMARY KEY (I, T));
CREATE TABLE Bare (U, V, PRIMARY KEY (U, V));
CREATE TABLE Real (R REAL, N NUMERIC, PRIMARY KEY (R, N));
"""
COLUMNS = {"Row": ["Id", "T"], "Pair": ["I", "T"], "Bare": ["U", "V"], "Real": ["R", "N"]}
CONFUSING = [
    0, 1, -1, 11, 1.0, 1.5, -0.0, 1e20, 2**63 - 1, -(2**63), -float(2**63), "", "1", "11", "1.0", " 1", "-1",
    "1#1", "#", "#1", "1#", "%", "%23", "A", "a", "A#1", "1\x00", "100000000000000000000",
    "-9223372036854776000", "2020-01-01", b"1", "\u0661",
]  # fmt: skip


@pytest.fixture(scope="module")
def dense(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteSource]:
    """Every pair of values that could be taken for one another."""
    database = tmp_path_factory.mktemp("dense") / "db.sqlite"
    connection = sqlite3.connect(database)
    connection.executescript(DENSE)
    with connection:
        connection.executemany("INSERT INTO Row VALUES (?, ?)", enumerate(CONFUSING, -4))
        for table in ("Pair", "Bare", "Real"):
            pairs = product(CONFUSING, CONFUSING)
            connection.executemany(f"INSERT OR IGNORE INTO {table} VALUES (?, ?)", pairs)
    connection.close()
    with SqliteSource(database) as source:
        yield source


def fields(column: str) -> list[str]:
    return [f"{{{column}}}", f"{{{column}:2}}", f"{{escape({column})}}", f"{{lower({column})}}"]


@st.composite
def entities(draw: st.DrawFn) -> tuple[str, str, str]:
    table = draw(st.sampled_from(sorted(COLUMNS)))
    one, other = COLUMNS[table]
    places = st.sampled_from([*fields(one), *fields(other), f"{{shard({one}, 3)}}"])
    between = st.sampled_from(["#", "#", "", "-", "A#", "1"])
    some = st.sampled_from([0, 1, 1, 2, 2, 3])
    pk, sk = ("".join(draw(between) + draw(places) for _ in range(draw(some))) + draw(between) for _ in "PS")
    assume(pk.count("shard") < 2 and sk.count("shard") < 2)
    return table, pk or "1", sk or "1"


@given(entities(), entities())
@settings(max_examples=EXAMPLES)
def test_where_nothing_is_doubted_nothing_collides(
    dense: SqliteSource, tmp_path: Path, one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    compiled = design(tmp_path, {"E": one, "F": other}, dense)
    doubted = {doubt.entities for doubt in proof(compiled)}
    keys = rendered(dense, compiled)
    for name, found in keys.items():
        assert (name,) in doubted or all(times == 1 for times in found.values())
    assert ("E", "F") in doubted or not keys["E"] & keys["F"]


def rendered(source: SqliteSource, compiled: CompiledDesign) -> dict[str, Counter[tuple[str, str]]]:
    keys: dict[str, Counter[tuple[str, str]]] = {}
    for entity in compiled.entities:
        keys[entity.name] = Counter()
        for _, row in source.rows(entity.read):
            try:
                keys[entity.name][entity.item(row)[:2]] += 1
            except RowRejected:
                continue
    return keys
