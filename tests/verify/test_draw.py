"""Rows drawn at random: as many as wanted, none twice, whole, and each as likely as any other."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from migration_tool.design.compile import CompiledDesign, compile_design
from migration_tool.design.load import load_design
from migration_tool.model import Chunk, Position, Read, Row
from migration_tool.source.rows import RowReader
from migration_tool.source.sqlite import SqliteSource
from migration_tool.verify.draw import Draw

from .conftest import Bind
from .helpers import DESIGNS


def table(columns: str, values: str, more: str = "") -> str:
    """A table of 400 rows, made of the numbers i from 1 on."""
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)"
    return f"CREATE TABLE T ({columns}, Kind TEXT){more}; {numbers} INSERT INTO T SELECT {values} FROM n;"


KEY = "Id INTEGER PRIMARY KEY"
TABLES = {
    "dense": table(KEY, "i - 200, 'a'"),
    "with gaps": table(KEY, "i + i / 2, 'a'"),
    "sparse": table(KEY, "i * i, 'a'")
    + "INSERT INTO T VALUES (-9223372036854775808, 'a'), (9223372036854775807, 'a');",
    "rowid in hiding": table("Id, rowid", "i, 5, 'a'"),
    "without rowid": table("Id TEXT PRIMARY KEY COLLATE NOCASE", "'x' || i, 'a'", " WITHOUT ROWID"),
    "part of a table": table(KEY, "i, CASE i % 3 WHEN 0 THEN 'b' ELSE 'a' END"),
    "little of a table": table(KEY, "i, CASE i % 3 WHEN 0 THEN 'a' ELSE 'b' END"),
}
DESIGN = """
entities:
  T:
    from: T
    where: "Kind = 'a' -- or what else"
    lookup: {Other: {table: Other, by: Id, to: Id}}
    keys: {PK: "T#{Id}", SK: x}
    attributes: {Id: Id, Other: Other.Name}
"""
EMBEDDING = DESIGN + "    embed: {Parts: {from: Other, match: {Id: Id}, attributes: {Name: Name}}}"
OTHER = "CREATE TABLE Other (Id PRIMARY KEY, Name TEXT); INSERT INTO Other SELECT Id, 'of ' || Id FROM T;"
BY_ROWID = {"dense", "with gaps", "rowid in hiding", "part of a table"}


class Counted(SqliteSource):
    """Counts the rows that were read."""

    read = 0

    def take(self, reader: RowReader, count: int) -> Chunk:
        chunk = super().take(reader, count)
        self.read += len(chunk.rows)
        return chunk


def bound(bind: Bind, kind: str) -> tuple[Counted, CompiledDesign]:
    source, compiled = bind(TABLES[kind] + OTHER, DESIGN)
    return Counted(source.path), compiled


def drawn(draw: Draw, read: Read) -> list[tuple[Position, Row]]:
    return list(draw.drawn(read))


@pytest.mark.parametrize("kind", TABLES)
def test_so_many_whole_rows_and_the_same_ones_again(bind: Bind, kind: str) -> None:
    source, compiled = bound(bind, kind)
    with source:
        read = compiled.entities[0].read
        everything = dict(source.rows(read))
        rows = source.count(read)
        assert len(everything) == rows
        for wanted in (0, 1, 17, rows // 4, rows // 2, rows - 1, rows):
            draw = Draw(source, {"T": rows}, {"T": wanted}, 3)
            found = drawn(draw, read)
            assert len(found) == len(dict(found)) == wanted
            assert all(everything[position] == row for position, row in found)
            assert drawn(draw, read) == found
            if 1 < wanted < rows:
                assert drawn(replace(draw, seed=4), read) != found


@pytest.mark.parametrize("kind", TABLES)
def test_a_small_part_is_not_looked_for_in_the_whole(bind: Bind, kind: str) -> None:
    source, compiled = bound(bind, kind)
    with source:
        read = compiled.entities[0].read
        rows = source.count(read)
        drawn(Draw(source, {"T": rows}, {"T": 10}, 0), read)
        assert (source.read < 40) is (kind in BY_ROWID)


@pytest.mark.parametrize("kind", ["with gaps", "part of a table", "sparse", "without rowid"])
def test_every_row_is_as_likely(bind: Bind, kind: str) -> None:
    """Of 150 drawings of a fifth a row is in 30, with a deviation of 4.9; six of these are allowed."""
    source, compiled = bound(bind, kind)
    with source:
        read = compiled.entities[0].read
        everything = [position for position, _ in source.rows(read)]
        rows = len(everything)
        times = Counter[Position]()
        for seed in range(150):
            draw = Draw(source, {"T": rows}, {"T": rows // 5}, seed)
            times.update(position for position, _ in drawn(draw, read))
        assert all(1 <= times[position] <= 60 for position in everything)
        halves = [sum(times[p] for p in part) for part in (everything[: rows // 2], everything[rows // 2 :])]
        assert abs(halves[0] - halves[1]) < 0.1 * sum(halves)


def test_rows_with_embedded_ones_are_read_once(bind: Bind) -> None:
    source, compiled = bind(TABLES["dense"] + OTHER, EMBEDDING)
    with Counted(source.path) as counted:
        assert isinstance(counted, Counted)
        read = compiled.entities[0].read
        everything = dict(counted.rows(read))
        counted.read = 0
        found = drawn(Draw(counted, {"T": 400}, {"T": 10}, 0), read)
        assert [everything[position] for position, _ in found] == [row for _, row in found]
        assert all(len(row[-1]) == 1 for _, row in found) and 10 <= counted.read <= 400


def test_an_ancestry_comes_along(sample_db: Path) -> None:
    with SqliteSource(sample_db) as source:
        compiled = compile_design(load_design(DESIGNS / "employee_data.yaml"), source.schema)
        read = compiled.entities[0].read
        everything = dict(source.rows(read))
        for seed in range(9):
            draw = Draw(source, {read.alias: len(everything)}, {read.alias: 2}, seed)
            assert all(everything[position] == row for position, row in drawn(draw, read))


def test_nothing_is_drawn_of_nothing(bind: Bind) -> None:
    source, compiled = bind(f"CREATE TABLE T ({KEY}, Kind TEXT); {OTHER}", DESIGN)
    assert drawn(Draw(source, {"T": 0}, {"T": 0}, 0), compiled.entities[0].read) == []
