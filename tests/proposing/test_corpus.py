"""Every kind of design for every kind of database: sound, free of collisions, and proved on an engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from migration_tool.checking.survey import survey
from migration_tool.design.compile import CompiledDesign, compile_design
from migration_tool.design.load import load_design
from migration_tool.documents import read_mapping
from migration_tool.proposing import relational
from migration_tool.proposing.kinds import KINDS
from migration_tool.proposing.proposals import Proposal, propose
from migration_tool.source.sqlite import SqliteSource
from migration_tool.target.backoff import Backoff
from migration_tool.target.wire import Wire
from migration_tool.verify.collisions import table_collisions
from migration_tool.verify.validate import validate

from ..verify.helpers import migrated, target
from .corpus import CORPUS, write

LOADED = [name for name in CORPUS if name != "many_tables"]


@pytest.fixture(scope="module")
def wire(dynoxide: str) -> Iterator[Wire]:
    with Wire(target(dynoxide), Backoff()) as found:
        yield found


def compiled(source: SqliteSource, proposal: Proposal, folder: Path) -> Iterator[CompiledDesign]:
    """From the files as they are written."""
    for file in proposal.files:
        path = folder / f"{file.name}.yaml"
        path.write_text(file.text, encoding="utf-8")
        assert read_mapping(path) == file.draft.document()
        yield compile_design(load_design(path), source.schema)


@pytest.mark.engine
@pytest.mark.parametrize("name", LOADED)
def test_every_proposal_can_be_loaded_and_is_proved(
    name: str, wire: Wire, tmp_path: Path, table_prefix: str
) -> None:
    database = write(CORPUS[name], tmp_path / "db.sqlite")
    found = propose(database)
    assert sorted([*(proposal.kind for proposal in found.ranked), *found.impossible]) == sorted(KINDS)
    assert found.impossible.keys() == ({"adjacency"} if name == "wide" else set())
    with SqliteSource(database) as source:
        for proposal in found.ranked:
            tables = []
            for design in compiled(source, proposal, tmp_path):
                assert not list(table_collisions(source, design))
                prefix = f"{table_prefix}{proposal.rank}_"
                tables.append((design, migrated(wire, source, design, prefix)))
            report = validate(source, tables, wire, tmp_path / "work", processes=1)
            assert report.ok, (proposal.kind, report.summary())
            wanted = {t for t, table in source.schema.tables.items() if t not in found.left_out}
            assert {entity.table.name for design, _ in tables for entity in design.entities} == wanted


@pytest.mark.parametrize(
    "rows",
    [
        "Code TEXT UNIQUE, Name TEXT); INSERT INTO T VALUES ('a', 'b'), (NULL, 'c'), (NULL, 'd');",
        "A TEXT, B TEXT, PRIMARY KEY (A, B)); INSERT INTO T VALUES ('a#b', 'c'), ('a', 'b#c');",
    ],
    ids=["a key with NULLs", "keys that could be one text"],
)
def test_every_row_is_an_item_with_a_key_of_its_own(tmp_path: Path, rows: str) -> None:
    database = write(f"CREATE TABLE T ({rows}", tmp_path / "db.sqlite")
    with SqliteSource(database) as source:
        for proposal in propose(database).ranked:
            for design in compiled(source, proposal, tmp_path):
                made = [e.item(row)[:2] for e in design.entities for _, row in source.rows(e.read)]
                assert len(set(made)) == len(made) > 1


def test_200_tables(tmp_path: Path) -> None:
    database = write(CORPUS["many_tables"], tmp_path / "db.sqlite")
    (found,) = propose(database, ["relations"]).ranked
    assert len({file.table for file in found.files}) == 200
    with SqliteSource(database) as source:
        assert not [
            c for design in compiled(source, found, tmp_path) for c in table_collisions(source, design)
        ]


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    odd = propose(write(CORPUS["our_names"], tmp_path / "odd.sqlite"), ["relations"])
    views = propose(write(CORPUS["generated"], tmp_path / "views.sqlite"), ["relations"])
    assert odd.left_out.keys() == {"hides_all"} and "hide the rowid" in odd.left_out["hides_all"]
    assert "view" in views.left_out["dear"]
    values = propose(write(CORPUS["odd_values"], tmp_path / "values.sqlite"), ["relations"])
    assert values.left_out.keys() == {"broken.text", "broken_key.name"}


def test_the_same_database_gives_the_same_bytes_in_any_order_of_its_rows(tmp_path: Path) -> None:
    script = CORPUS["not_declared"]
    one = propose(write(script, tmp_path / "one" / "shop.sqlite"))
    again = propose(tmp_path / "one" / "shop.sqlite")
    lines = script.splitlines()
    turned = "\n".join(
        [
            *(line for line in lines if "INSERT" not in line),
            *reversed([line for line in lines if line.startswith("INSERT")]),
        ]
    )
    other = propose(write(turned, tmp_path / "other" / "shop.sqlite"))
    texts = [[file.text for p in found.ranked for file in p.files] for found in (one, again, other)]
    assert texts[0] == texts[1] == texts[2]
    assert one.ranked[0].prediction == other.ranked[0].prediction


def test_a_node_lies_with_the_edges_to_it(tmp_path: Path) -> None:
    """The largest collection of nodes and edges is what the rows make, not that of one kind of edge."""
    script = "".join(
        [
            "CREATE TABLE a (id INTEGER PRIMARY KEY, t TEXT); INSERT INTO a VALUES (1, hex(zeroblob(9000)));",
            "CREATE TABLE b (id INTEGER PRIMARY KEY, a_id INTEGER REFERENCES a);",
            "CREATE TABLE c (id INTEGER PRIMARY KEY, a_id INTEGER REFERENCES a);",
            *(f"INSERT INTO b VALUES ({n}, 1);" for n in range(10, 50)),
            *(f"INSERT INTO c VALUES ({n}, 1);" for n in range(10, 70)),
        ]
    )
    database = write(script, tmp_path / "db.sqlite")
    (proposal,) = propose(database, ["adjacency"]).ranked
    with SqliteSource(database) as source:
        (design,) = compiled(source, proposal, tmp_path)
        figures = survey(source, design)
    largest = figures.table.largest[0]
    assert largest.items == 101
    assert proposal.prediction.largest_collection == pytest.approx(largest.bytes, rel=0.01)


@pytest.mark.engine
def test_a_long_chain_of_owners_is_cut(wire: Wire, tmp_path: Path, table_prefix: str) -> None:
    """SQLite joins 64 tables at most."""
    script = "CREATE TABLE t0 (id INTEGER PRIMARY KEY); INSERT INTO t0 VALUES (1), (2);" + "".join(
        f"CREATE TABLE t{n} (id INTEGER PRIMARY KEY, up INTEGER NOT NULL REFERENCES t{n - 1});"
        f"INSERT INTO t{n} VALUES (1, 2), (2, 1);"
        for n in range(1, 70)
    )
    database = write(script, tmp_path / "db.sqlite")
    (proposal,) = propose(database, ["aggregate"]).ranked
    with SqliteSource(database) as source:
        (design,) = compiled(source, proposal, tmp_path)
        tops = {entity.entity.keys["PK"].source.partition("#")[0] for entity in design.entities}
        assert tops == {"T0", "T18", "T36", "T54"}
        table = migrated(wire, source, design, table_prefix)
        report = validate(source, [(design, table)], wire, tmp_path / "work", processes=1)
        assert report.ok, report.summary()


def test_an_aggregate_of_more_tables_than_one_statement_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite takes 500 in a UNION: then nothing asks for all of it at once."""
    database = write(CORPUS["composite"], tmp_path / "db.sqlite")
    patterns = []
    for most in (500, 1):
        monkeypatch.setattr(relational, "_MOST_BRANCHES", most)
        (proposal,) = propose(database, ["aggregate"]).ranked
        patterns.append({name for file in proposal.files for name in file.draft.patterns})
    assert {name.partition("_of_")[0] for name in patterns[0] - patterns[1]} == {"all"}


def test_chunk_items_and_their_copies_are_predicted(tmp_path: Path) -> None:
    """The index of nodes and edges has no keys of its own: it holds chunk items, too."""
    script = (
        "CREATE TABLE a (id INTEGER PRIMARY KEY, body BLOB);"
        "INSERT INTO a VALUES (1, zeroblob(900000)), (2, x'01');"
    )
    database = write(script, tmp_path / "db.sqlite")
    with SqliteSource(database) as source:
        for proposal in propose(database).ranked:
            figures = [survey(source, design) for design in compiled(source, proposal, tmp_path)]
            assert proposal.prediction.write_units == sum(found.write_units for found in figures)
