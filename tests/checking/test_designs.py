"""Designs against a schema and its data: what is a fault, what a warning, and what no item carries."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from migration_tool.budget import Budget
from migration_tool.checking.designs import Examination, examine
from migration_tool.errors import DesignError, TooManyRejects
from tests.verify.helpers import DESIGNS, NAMES

SCHEMA = """
CREATE TABLE Person (PersonId INTEGER PRIMARY KEY, Name TEXT, Email TEXT, BossId INTEGER);
CREATE TABLE Task (TaskId INTEGER PRIMARY KEY, PersonId INTEGER, What TEXT, Secret TEXT);
CREATE TABLE Unused (A);
CREATE VIEW Seen AS SELECT 1 AS x;
"""
TASK = '  Task: {keys: {PK: "T#{TaskId}", SK: x}}\n'
Check = Callable[..., Examination]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    def check(entities: str, rows: str = "", rest: str = "", data: bool = True) -> Examination:
        database = tmp_path / "source.sqlite"
        database.unlink(missing_ok=True)
        with closing(sqlite3.connect(database)) as connection:
            connection.executescript(f"{SCHEMA} INSERT INTO Task VALUES (1, 1, 'a', 'b'); {rows}")
        path = tmp_path / "shop.yaml"
        path.write_text(f"version: 1\ntable: Shop\n{rest}\nentities:\n{entities}")
        return examine([path], database, data)

    return check


def faults(check: Check, entities: str, rest: str) -> tuple[str, ...]:
    with pytest.raises(DesignError) as raised:
        check(entities, rest=rest, data=False)
    return raised.value.faults


def test_columns_and_tables_that_no_item_carries_are_notices(check: Check) -> None:
    person = '  Person: {keys: {PK: "P#{PersonId}", SK: x}, attributes: {Name: "{lower(Name)}"}}\n'
    task = '  Task: {keys: {PK: "T#{TaskId}", SK: x}, attributes: {"*": {of: Task, omit: [Secret]}}}\n'
    assert check(person + task).notices == (
        "no item carries Person.Email, Person.BossId",
        "no item carries Task.Secret",
        "no entity reads Unused",
    )


def test_what_a_lookup_a_list_or_a_path_equates_is_carried(check: Check) -> None:
    entities = """
  Person:
    embed:
      Tasks:
        {from: Task, match: {PersonId: PersonId}, order: TaskId, attributes: {TaskId: TaskId, What: What}}
    ancestry: {Bosses: BossId}
    keys: {PK: "P#{PersonId}", SK: x}
    attributes: {Name: Name, Bosses: Bosses}
  Task:
    lookup: {Owner: {table: Person, by: PersonId}}
    keys: {PK: "P#{Owner.PersonId}", SK: "{TaskId}"}
    attributes: {Mail: Owner.Email, Secret: Secret}
"""
    assert check(entities, data=False).notices == ("no entity reads Unused",)


def test_the_four_designs_carry_all_of_the_sample(sample_db: Path) -> None:
    found = examine([DESIGNS / f"{name}.yaml" for name in NAMES], sample_db, data=False)
    assert found.notices == ()
    assert [checked.warnings for checked in found.designs] == [()] * 4


def test_patterns_that_ask_for_what_no_item_has_are_faults(check: Check) -> None:
    rest = """
access_patterns:
  one:
    parameters: {id: integer}
    query: {partition: "T#{id}", filter: {Wat: {contains: "{id}"}, What: {contains: "{id}"}}}
    sql: SELECT TaskId, Secrt FROM (SELECT *, Secret AS Secrt FROM Task) WHERE TaskId = :id ORDER BY TaskId;
    cases: SELECT TaskId AS id FROM Task
  two: {get: {PK: "T#1", SK: x}, sql: SELECT Nada FROM Task}
"""
    assert [fault.partition(" ")[2] for fault in faults(check, TASK, rest)] == [
        "access_patterns.one.query.filter.Wat: no item of the table has the attribute 'Wat'; "
        "did you mean 'What'?",
        "access_patterns.one.sql: no item of the table has the attribute 'Secrt'; did you mean 'Secret'?",
        "access_patterns.two.sql: no such column: Nada; there are TaskId, PersonId, What, Secret",
    ]


def test_a_condition_that_sqlite_does_not_understand_is_a_fault(check: Check) -> None:
    entity = '  Task: {where: "Wat > 1", keys: {PK: "T#{TaskId}", SK: x}}\n'
    (fault,) = faults(check, entity, "")
    assert fault.endswith("shop.yaml:5:10: entities.Task.where: no such column: Wat; did you mean 'What'?")


def test_sql_that_does_not_run_is_named_where_it_stands(check: Check) -> None:
    entities = """
  Task:
    where: TaskId > 1
    lookup: {Other: {table: Task, by: PersonId}}
    keys: {PK: "T#{TaskId}", SK: x}
    attributes: {"*": Task, Theirs: Other.What}
"""
    rest = """access_patterns:
  one:
    parameters: {id: integer}
    get: {PK: "T#{id}", SK: x}
    sql: SELECT What FROM Task WHERE TaskId = :id
    cases: SELECT TaskId AS id FROM Nowhere
  other:
    parameters: {id: integer}
    get: {PK: "T#{id}", SK: x}
    sql: PRAGMA page_count
    cases: SELECT TaskId AS id FROM Task
"""
    one, other, where = faults(check, entities, rest)
    assert where.endswith("write the name of its entity or table before it")
    assert "entities.Task.where: ambiguous column name: TaskId; " in where
    assert one.endswith(
        "p.yaml:8:5: access_patterns.one.cases: no such table: Nowhere; there are Person, Task, Unused, Seen"
    )
    assert other.endswith(
        "p.yaml:12:5: access_patterns.other.sql: not authorized; write a SELECT over the tables of the source"
    )


def test_indexes_that_nothing_writes_or_asks_are_warnings(check: Check) -> None:
    keys = '{PK: "T#{TaskId}", SK: x, G1: "W#{What}", S1: x, G3: "N#{Secret}", S3: x}'
    rest = "indexes: {GSI1: [G1, S1], GSI2: [G2, S2], GSI3: [G3, S3]}"
    found = check(f"  Task: {{keys: {keys}}}\n", "UPDATE Task SET Secret = NULL;", rest)
    assert found.designs[0].warnings == (
        "GSI1: no access pattern asks it",
        "GSI2: no entity has keys for it, so it stays empty",
        "GSI3: no access pattern asks it",
        "GSI3: no item of this data is in it",
    )


def test_a_hot_key_is_told_with_the_time_it_takes(check: Check) -> None:
    row = "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < {}) "
    rows = row + "INSERT INTO Task SELECT i, 1, printf('%.*c', 300000, 'x'), NULL FROM n;"
    entity = '  Task: {keys: {PK: "ALL", SK: "{TaskId}"}}\n'
    assert check(entity, rows.format(150)).designs[0].warnings == ()
    (warning,) = check(entity, rows.format(250)).designs[0].warnings
    assert "100% of the writes go to the partition key 'ALL', which takes 73 s" in warning


def test_rows_that_share_a_key_are_what_migrate_refuses(check: Check) -> None:
    found = check('  Task: {keys: {PK: "T#{What}", SK: x}}\n', "INSERT INTO Task VALUES (2, 1, 'a', NULL);")
    assert found.designs[0].faults == (
        "1 row would overwrite another's item", "  Task 1 and Task 2 share the key 'T#a', 'x'",
    )  # fmt: skip
    with pytest.raises(DesignError, match="1 row would overwrite another's item"):
        found.require_sound(Budget(100))


def test_rejected_rows_count_against_the_budget(check: Check) -> None:
    rows = "INSERT INTO Task VALUES (2, 1, NULL, NULL), (3, 1, 'c', NULL), (4, 1, 'd', NULL);"
    found = check('  Task: {keys: {PK: "T#{What}", SK: x}}\n', rows)
    assert found.designs[0].faults[0] == "Task: 1 row would be rejected: null_key"
    assert found.designs[0].faults[-1] == "  Task 2: PK needs a column that is NULL"
    found.require_sound(Budget.parse("25%"))
    with pytest.raises(TooManyRejects, match="1 row would be rejected"):
        found.require_sound(Budget(0))


def test_the_faults_of_several_designs_are_told_together(tmp_path: Path, sample_db: Path) -> None:
    paths = [tmp_path / "one.yaml", tmp_path / "two.yaml"]
    for path in paths:
        path.write_text('version: 1\ntable: Shop\nentities:\n  Nobody: {keys: {PK: "T", SK: x}}\n')
    with pytest.raises(DesignError) as raised:
        examine(paths, sample_db, data=False)
    assert [(fault.file, fault.line) for fault in raised.value.found] == [(str(path), 4) for path in paths]
    assert examine(paths, None, data=False).source is None
