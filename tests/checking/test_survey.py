"""What one reading of the items finds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import orjson
import pytest

from migration_tool.checking.figures import Collection
from migration_tool.checking.remarks import data_warnings
from migration_tool.checking.survey import survey
from migration_tool.costs import GB
from migration_tool.limits import item_size
from migration_tool.model import Chunk, Position, Read
from migration_tool.verify.expected import Expected

from .conftest import Bind

SCHEMA = """
CREATE TABLE Task (Id INTEGER PRIMARY KEY, Owner TEXT, State TEXT, Due TEXT, Points NUMERIC);
CREATE TABLE Note (Id INTEGER PRIMARY KEY, TaskId INTEGER, Points NUMERIC);
"""
DESIGN = """
indexes: {GSI1: [G1, S1]}
entities:
  Task:
    where: Task.State <> 'gone'
    embed: {Notes: {from: Note, match: {TaskId: Id}, order: Id, attributes: {P: Points}}}
    keys: {PK: "O#{Owner}", SK: "{Id:4}", G1: "D#{Due}", S1: "{Id:4}"}
    attributes: {"*": Task}
"""
ROWS = """
INSERT INTO Task VALUES
  (1, 'ann', 'open', '2024', 1), (2, 'ann', 'open', NULL, 9223372036854775808),
  (3, 'bob', 'open', '2024', 2.5),
  (4, NULL, 'open', '2024', 1), (5, 'cy', 'gone', '2024', 1), (12345, 'dee', 'open', '2024', 1),
  (6, 'ann', 'open', '2024', 1e400);
INSERT INTO Note VALUES (1, 1, 36893488147419103232), (2, 1, 7);
"""


def test_the_figures_of_an_entity(bind: Bind) -> None:
    source, compiled = bind(SCHEMA + ROWS, DESIGN)
    found = survey(source, compiled)
    (task,) = found.entities
    assert (task.rows, task.dropped, task.items, task.refused) == (6, 1, 3, 3)
    assert dict(task.members) == {"GSI1": 2}
    assert [(r.rule, r.rows) for r in task.refusals] == [
        ("null_key", 1), ("number_not_finite", 1), ("does_not_fit", 1),
    ]  # fmt: skip
    assert task.refusals[0].examples == ("Task 4: PK needs a column that is NULL",)
    assert task.rounded.rows == 2
    assert task.rounded.examples == (
        "Task 1: Note.Points = 3.6893488147419103e+19", "Task 2: Task.Points = 9.223372036854776e+18",
    )  # fmt: skip


def test_the_figures_of_a_table_are_exact(bind: Bind) -> None:
    source, compiled = bind(SCHEMA + ROWS, DESIGN)
    found = survey(source, compiled)
    (entity,) = compiled.entities
    texts = [entity.item(row)[2] for _, row in source.rows(entity.read) if row[0] in (1, 2, 3)]
    sizes = [item_size(orjson.loads(text)) for text in texts]
    assert (found.table.keys, found.table.items, found.table.bytes) == (2, 3, sum(sizes))
    assert [(key.key, key.items, key.bytes) for key in found.table.largest] == [
        ("O#ann", 2, sizes[0] + sizes[1]), ("O#bob", 1, sizes[2]),
    ]  # fmt: skip
    (index,) = found.indexes
    assert [(key.key, key.items, key.write_units, key.share) for key in index.hottest] == [
        ("D#2024", 2, 2, 1.0)
    ]
    assert (found.items, found.write_units) == (3, 5)
    assert [item.bytes for item in found.largest] == sorted(sizes, reverse=True)
    assert found.json_bytes == sum(len(f'{{"Item":{text}}}\n'.encode()) for text in texts)


INDEXES = """
indexes:
  ByDue: {keys: [PK, Due], local: true}
  Names: {keys: G1, projection: keys_only}
entities:
  Task:
    keys: {PK: "O#{Owner}", SK: "{Id:4}", Due: "{Task.State}", G1: "D#{Due}"}
    attributes: {Text: State}
"""
TASKS = """
INSERT INTO Task VALUES (1, 'ann', printf('%.*c', 600, 'x'), '2024', 1), (2, 'ann', NULL, '2024', 1),
  (3, 'bob', 'open', NULL, 1);
"""


def test_local_indexes_use_units_of_the_table_and_others_hold_what_they_project(bind: Bind) -> None:
    source, compiled = bind(SCHEMA + TASKS, INDEXES)
    found = survey(source, compiled)
    items = [orjson.loads(text) for _, (_, _, text) in Expected(source, compiled.entities).items()]
    first, second, third = map(item_size, items)
    by_due, names = found.indexes
    assert (by_due.items, by_due.bytes, by_due.write_units) == (2, first + third, 0)
    assert by_due.hottest[0].share == 0
    keys = [item_size({name: item[name] for name in ("PK", "SK", "G1")}) for item in items[:2]]
    assert (names.items, names.bytes, names.write_units) == (2, sum(keys), 2)
    assert found.table.bytes == first + second + third
    assert found.table.write_units == 2 + 2 + 1 + 1 + 1
    assert found.write_units == found.entities[0].write_units == 9
    assert dict(found.entities[0].members) == {"ByDue": 2, "Names": 2}
    assert found.collection == Collection("O#ann", 2 * first + second)


def test_an_item_whose_local_copies_make_it_too_large_is_refused(bind: Bind) -> None:
    tasks = "INSERT INTO Task VALUES (1, 'ann', printf('%.*c', 250000, 'x'), 1, 1), (2, 'ann', 'y', 1, 1);"
    design = INDEXES.replace("{Task.State}", "{Id}").replace("D#{Due}", "D")
    found = survey(*bind(SCHEMA + tasks, design))
    (refusal,) = found.entities[0].refusals
    assert (refusal.rule, refusal.rows, found.items, found.table.items) == ("item_too_large", 1, 1, 1)
    assert ": the item and its copies in local indexes have 500," in refusal.examples[0]
    found = survey(*bind(SCHEMA + tasks, design.replace("{keys: [PK, Due], local: true}", "[PK, Due]")))
    assert found.entities[0].refusals == ()


def test_an_item_is_near_the_limit_with_its_local_copies(bind: Bind) -> None:
    tasks = "INSERT INTO Task VALUES (1, 'ann', printf('%.*c', 180000, 'x'), 1, 1);"
    design = INDEXES.replace("{Task.State}", "{Id}").replace("D#{Due}", "D")
    (warning,) = data_warnings(survey(*bind(SCHEMA + tasks, design)))
    assert "1 item with 80% of 400 KB or more, with their copies in local indexes; the largest" in warning


def test_a_collection_that_local_indexes_make_too_large_is_told(bind: Bind) -> None:
    found = survey(*bind(SCHEMA + TASKS, INDEXES))
    assert not list(data_warnings(found))
    (warning,) = data_warnings(replace(found, collection=Collection("O#ann", 11 * GB)))
    assert warning.startswith("the item collection of 'O#ann' has 11.0 GB with its copies in local indexes")
    assert not list(data_warnings(replace(found, collection=Collection("O#ann", 10 * GB))))


def test_a_key_without_a_sort_key_is_named_by_one_value(bind: Bind) -> None:
    design = "keys: PK\nentities: {Task: {keys: {PK: 'T#{Id}'}}}"
    found = survey(*bind(SCHEMA + TASKS, design))
    assert (found.entities[0].largest_key, found.largest[0].key) == (("T#1",), ("T#1",))
    assert found.collection is None


@pytest.mark.parametrize(
    ("characters", "near", "refused"), [(320_000, 0, 0), (330_000, 1, 0), (410_000, 0, 1)]
)
def test_items_near_the_limit_are_counted(bind: Bind, characters: int, near: int, refused: int) -> None:
    row = f"INSERT INTO Task VALUES (1, 'é', printf('%.*c', {characters}, 'x'), 0, 0);"
    source, compiled = bind(SCHEMA + row, DESIGN)
    (task,) = survey(source, compiled).entities
    assert (task.near_limit, task.refused) == (near, refused)
    assert [refusal.rule for refusal in task.refusals] == ["item_too_large"] * refused


@pytest.mark.parametrize(
    ("policy", "chunks"), [("compress", 0), ("{compress: zstd}", 0), ("split", 3), ("s3", 0)]
)
def test_items_over_the_limit_are_measured_as_they_are_stored(bind: Bind, policy: str, chunks: int) -> None:
    row = "INSERT INTO Task VALUES (1, 'a', printf('%.*c', 900000, 'x'), 0, 0), (2, 'a', 'b', 0, 0);"
    design = DESIGN.replace("  Task:\n", f"  Task:\n    oversize: {policy}\n")
    source, compiled = bind(SCHEMA + row, design)
    found = survey(source, compiled)
    (task,) = found.entities
    assert (task.items, task.oversize, task.chunks, task.refused) == (2, 1, chunks, 0)
    assert (task.object_bytes > 900_000) == (policy == "s3")
    stored = [item for _, item in Expected(source, compiled.entities).items()]
    sizes = [item_size(orjson.loads(text.encode())) for _, _, text in stored]
    assert (found.items, found.table.items) == (2, 2 + chunks)
    assert task.bytes == found.table.bytes == sum(sizes)
    assert found.table.write_units == sum(-(-size // 1024) for size in sizes)
    assert found.json_bytes == sum(len(text.encode()) + 10 for _, _, text in stored)
    assert next(iter(data_warnings(found))).startswith("Task: 1 item over 400 KB, stored ")


def test_collisions_name_both_rows_and_are_counted_to_the_last(bind: Bind) -> None:
    rows = ",".join(f"({n}, 'x', 'open', 'd', 0)" for n in range(1, 301))
    design = DESIGN.replace("{Id:4}", "{State}")
    found = survey(*bind(SCHEMA + f"INSERT INTO Task VALUES {rows};", design))
    assert (found.collisions.count, len(found.collisions.named)) == (299, 100)
    assert str(found.collisions.named[0]) == "Task 1 and Task 2 share the key 'O#x', 'open'"


def test_a_row_too_large_to_be_read_is_refused(bind: Bind) -> None:
    source, compiled = bind(
        SCHEMA + "INSERT INTO Task VALUES (1, 'a', 'open', zeroblob(67108865), 0);", DESIGN
    )
    (task,) = survey(source, compiled).entities
    assert [refusal.rule for refusal in task.refusals] == ["value_too_large"]


def test_rows_are_read_once(bind: Bind, monkeypatch: pytest.MonkeyPatch) -> None:
    source, compiled = bind(SCHEMA + ROWS, DESIGN)
    reads, chunks = list[object](), source.chunks

    def counted(read: Read, after: Position | None = None) -> Iterator[Chunk]:
        reads.append(read)
        return chunks(read, after)

    monkeypatch.setattr(source, "chunks", counted)
    survey(source, compiled)
    assert len(reads) == 1
