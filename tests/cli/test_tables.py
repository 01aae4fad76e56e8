"""Tables and indexes of every kind, through the whole tool, on every engine."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Project
from tests.cli.shell import Shell
from tests.engines import Engine

SOURCE = """
CREATE TABLE Person (Id INTEGER PRIMARY KEY, Name TEXT, Email TEXT, City TEXT, Born TEXT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 120)
INSERT INTO Person SELECT i, 'Name ' || (i % 7), nullif('p' || i || '@x', 'p9@x'), 'City ' || (i % 3),
                          '2001-02-03' FROM n;
"""
ONE_KEY = """
version: 1
table: People
keys: PK
indexes: {ByEmail: Email_, ByCity: [City_]}
entities:
  Person:
    keys: {PK: "PERSON#{Id}", Email_: "{lower(Email)}", City_: "{City}#{shard(Id, 2)}"}
access_patterns:
  person:
    parameters: {id: integer}
    get: {PK: "PERSON#{id}"}
    sql: SELECT * FROM Person WHERE Id = :id
    cases: SELECT Id AS id FROM Person
  by_email:
    parameters: {email: text}
    query: {index: ByEmail, partition: "{lower(email)}"}
    sql: SELECT * FROM Person WHERE Email = :email
    cases: SELECT Email AS email FROM Person WHERE Email IS NOT NULL
  in_city:
    parameters: {city: text}
    query: {index: ByCity, partition: "{city}#{shard(2)}"}
    sql: SELECT Id, Name FROM Person WHERE City = :city ORDER BY Name DESC
    cases: SELECT DISTINCT City AS city FROM Person
"""


class Tables:
    """A project with a database and a design of our own on one engine."""

    def __init__(self, project: Project, engine: Engine, folder: Path, design: str) -> None:
        self.database = folder / "own.sqlite"
        self.sql(SOURCE)
        self.shell: Shell = project(folder, self.database, engine.url)
        self.engine = engine
        path = folder / "config/migration.json"
        document = json.loads(path.read_text())
        path.write_text(json.dumps(document | {"dynamodb_tables": {"own": "People"}}))
        self.table = document["table_prefix"] + "People"
        (folder / "config/designs").mkdir()
        (folder / "config/designs/own.yaml").write_text(design)

    def sql(self, statements: str) -> None:
        with closing(sqlite3.connect(self.database)) as connection:
            connection.executescript(statements)

    def call(self, operation: str, **body: Any) -> dict[str, Any]:
        return self.engine.call(operation, {"TableName": self.table, **body})

    def validated(self, *words: str) -> dict[str, Any]:
        done = self.shell("validate", "--json", *words)
        assert done.returncode in (0, 7), done.stderr
        report: dict[str, Any] = json.loads(done.stdout)
        return report


def test_a_partition_key_alone(project: Project, engine: Engine, tmp_path: Path) -> None:
    tables = Tables(project, engine, tmp_path, ONE_KEY)
    tables.sql("UPDATE Person SET Email = CAST(x'ff' AS TEXT) WHERE Id = 7")
    tables.shell.ok("migrate", "--max-rejects", "1")
    tables.sql("UPDATE Person SET Email = 'p7@x' WHERE Id = 7")
    tables.shell.ok("retry-rejects")
    assert tables.call("Scan", Select="COUNT")["Count"] == 120
    report = tables.validated()
    assert report["ok"], report
    indexes = {index["name"]: index["actual"] for index in report["tables"][0]["indexes"]}
    assert indexes == {"ByEmail": 119, "ByCity": 120}
    item = json.loads(tables.shell.ok("query", "own", "by_email", "email=P3@x", "--json"))
    assert (item["PK"], item["Name"]) == ("PERSON#3", "Name 3")
    tables.call("PutItem", Item={"PK": {"S": "ghost"}})
    tables.call("PutItem", Item={"PK": {"S": "PERSON#4"}, "Id": {"N": "4"}})
    tables.call("DeleteItem", Key={"PK": {"S": "PERSON#5"}})
    difference = tables.validated()["tables"][0]
    assert [item["key"] for kind in ("extra", "different", "missing") for item in difference[kind]] == [
        {"PK": "ghost"}, {"PK": "PERSON#4"}, {"PK": "PERSON#5"},
    ]  # fmt: skip
    tables.shell.ok("validate", "--repair", "--delete-extra", "--yes")
    assert tables.validated()["ok"]


PROJECTED = """
version: 1
table: People
indexes:
  ByEmail: {keys: Email_, projection: keys_only}
  ByCity: {keys: [City_, Name_], projection: {include: [Name, Born]}}
  ByName: {keys: [PK, Name_], local: true, projection: {include: [Name, Email]}}
entities:
  Person:
    where: "Person.Id <= 60"
    keys: {PK: "{City}", SK: "{Id:5}", Email_: "{Email}", City_: "CITY#{City}", Name_: "{Name}#{Id:5}"}
    attributes: {"*": Person, Born: {as: date}}
  Rest:
    from: Person
    where: "Id > 60"
    keys: {PK: "REST#{Id}", SK: "#", Name_: "{Email}"}
access_patterns:
  by_email:
    parameters: {email: text}
    query: {index: ByEmail, partition: "{email}"}
    sql: SELECT City AS PK FROM Person WHERE Email = :email AND Id <= 60
    cases: SELECT Email AS email FROM Person WHERE Email IS NOT NULL
  in_city:
    parameters: {city: text}
    query: {index: ByCity, partition: "CITY#{city}", filter: {Name: {begins_with: "Name"}}, order: descending}
    sql: SELECT Name, Born FROM Person WHERE City = :city AND Id <= 60 ORDER BY Name DESC, Id DESC
    cases: SELECT DISTINCT City AS city FROM Person
  by_name:
    parameters: {city: text, name: text}
    query: {index: ByName, partition: "{city}", sort: {begins_with: "{name}#"}}
    sql: SELECT Name, Email FROM Person WHERE City = :city AND Name = :name AND Id <= 60 ORDER BY Id
    cases: SELECT DISTINCT City AS city, Name AS name FROM Person
"""


def test_indexes_that_hold_a_part(project: Project, engine: Engine, tmp_path: Path) -> None:
    tables = Tables(project, engine, tmp_path, PROJECTED)
    tables.shell.ok("migrate")
    [table] = tables.validated()["tables"]
    assert {index["name"]: index["actual"] for index in table["indexes"]} == {
        "ByEmail": 59, "ByCity": 60, "ByName": 120,
    }  # fmt: skip
    assert all(pattern["calls"] == pattern["passed"] > 0 for pattern in table["access_patterns"])
    lines = tables.shell.ok("query", "own", "by_name", "city=City 1", "name=Name 1", "--json").splitlines()
    assert json.loads(lines[0]).keys() == {"PK", "SK", "Name_", "Name", "Email"}


def test_what_an_index_does_not_project_is_known_before_the_first_write(
    project: Project, moto_server: str, tmp_path: Path
) -> None:
    wrong = PROJECTED.replace("SELECT City AS PK FROM", "SELECT Id, City, City AS PK FROM")
    tables = Tables(project, Engine("moto", moto_server), tmp_path, wrong)
    for words in (["design", "check"], ["migrate"]):
        done = tables.shell(*words)
        assert done.returncode == 3
        assert "access_patterns.by_email.sql: ByEmail does not project Id; add it to its" in done.stderr
        assert "ByEmail does not project City; add it to its `include`, or" in done.stderr
    with pytest.raises(AssertionError, match="ResourceNotFoundException"):
        tables.call("Scan", Select="COUNT")


SETTINGS = """
settings:
  billing: provisioned
  capacity: {read: 500, write: 500}
  ttl: Ends
  point_in_time_recovery: true
  deletion_protection: true
  tags: {Team: people}
"""


def test_settings_from_the_first_run_to_the_last(project: Project, engine: Engine, tmp_path: Path) -> None:
    ends = "    attributes: {Ends: {column: Born, as: timestamp}}\n"
    design = ONE_KEY.partition("access_patterns")[0] + ends
    tables = Tables(project, engine, tmp_path, design + SETTINGS)
    done = tables.shell("migrate")
    assert done.returncode == 0, done.stderr
    unknown = "has no point_in_time_recovery: this DynamoDB does not know it" in done.stderr
    assert unknown == (engine.name != "moto")
    assert tables.call("DescribeTimeToLive")["TimeToLiveDescription"]["AttributeName"] == "Ends"
    [ends] = {item["Ends"]["N"] for item in tables.call("Scan")["Items"]}
    assert ends == "981158400"
    other = design + SETTINGS.replace("500}", "600}").replace("ttl: Ends", "ttl: Ends # still")
    (tmp_path / "config/designs/own.yaml").write_text(other)
    (tmp_path / "state").rename(tmp_path / "old-state")
    done = tables.shell("migrate", "--take-over")
    assert done.returncode == 0, done.stderr
    says = "stays as it is: capacity: 500 read and 500 write units a second; the design says 500 read and 600"
    assert says in " ".join(done.stderr.split())
    assert "ttl:" not in done.stderr
    done = tables.shell("migrate", "--force", "--yes")
    assert done.returncode == 5
    assert "protected against deletion" in done.stderr
    hint = f"--table-name {tables.table} --no-deletion-protection-enabled"
    assert hint in " ".join(done.stderr.split())
    assert tables.call("Scan", Select="COUNT")["Count"] == 120


def test_a_key_that_two_rows_have_is_named(project: Project, moto_server: str, tmp_path: Path) -> None:
    one = ONE_KEY.replace("PERSON#{Id}", "PERSON#{Name}").partition("access_patterns")[0]
    tables = Tables(project, Engine("moto", moto_server), tmp_path, one)
    done = tables.shell("migrate")
    assert done.returncode == 3
    assert "share the key 'PERSON#Name 1'\n" in done.stderr
