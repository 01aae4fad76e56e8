"""A look at a run that another process carries on: what is written is compared, what is not is pending."""

from __future__ import annotations

import json
import threading
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from migration_tool.config import load_config
from tests.cli.conftest import Project
from tests.cli.shell import Proxy, Shell, Started
from tests.cli.test_json_docs import check
from tests.engines import Engine, request
from tests.target.fake import FakeServer, Reply, Seen

LIMIT = 120
KINDS = ("verified", "pending", "suspended", "different", "rejected")


class Valve:
    """Lets as many batches pass as it was told; the others wait."""

    def __init__(self) -> None:
        self._passes = threading.Semaphore(0)
        self.held = 0

    def __call__(self, seen: Seen) -> Reply | None:
        if not self._passes.acquire(blocking=False):
            self.held += 1
            self._passes.acquire(timeout=LIMIT)
            self.held -= 1
        return None

    def open(self, batches: int) -> None:
        self._passes.release(batches)


class Running:
    """A migration that stands still wherever the valve holds it."""

    def __init__(self, shell: Shell, run: Started, valve: Valve, engine: Engine) -> None:
        self.shell, self.run, self.valve, self.engine = shell, run, valve, engine
        self.prefix = load_config(shell.folder / "config/migration.json", {}, {}).table_prefix

    def let_pass(self, batches: int) -> None:
        """Returns when the run waits again, and its state says all that is written."""
        written = self.status()["items_written"]
        self.valve.open(batches)
        self.run.wait_until(
            lambda: self.valve.held > 0 and self.status()["items_written"] > written, "nothing was written"
        )

    def status(self) -> Any:
        return json.loads(self.shell.ok("status", "--json"))

    def look(self, *words: object, code: int = 0) -> Any:
        """The report of a look at it, which must hold the documented contract."""
        done = self.shell("validate", "--json", *words)
        assert done.returncode == code, done.stderr
        return check("validate --while-running", done.stdout)

    def rows(self) -> dict[str, int]:
        """Rows that are written, by entity, as the status says."""
        tables = self.status()["tables"]
        return {e["name"]: e["items_written"] for table in tables for e in table["entities"]}

    def call(self, operation: str, **body: Any) -> Any:
        table = f"{self.prefix}MusicCatalog"
        return self.engine.call(operation, {"TableName": table, **body})

    def some_item(self) -> Any:
        return self.call("Scan", Limit=1)["Items"][0]


@pytest.fixture
def running(project: Project, tmp_path: Path, real_engine: Engine) -> Iterator[Running]:
    valve = Valve()
    with Proxy(real_engine.url, valve) as proxy:
        shell = project(tmp_path, endpoint=proxy.own, connections=1, in_flight=1)
        with shell.begin("migrate", "-t", "music_catalog", "-t", "employee_data") as run:
            run.wait_until(lambda: valve.held > 0, "no batch was held")
            yield Running(shell, run, valve, real_engine)
            valve.open(10_000)


def counts(report: Any) -> dict[str, Counter[str]]:
    return {
        entity["entity"]: Counter({kind: entity[kind] for kind in KINDS})
        for table in report["tables"]
        for entity in table["entities"]
    }


def total(report: Any, kind: str) -> int:
    return sum(table[kind] for table in report["tables"])


def test_a_run_is_looked_at_while_it_goes_on(running: Running) -> None:
    first = running.look("--while-running")
    assert first["ok"] and first["running"] and first["since"] is None
    assert total(first, "verified") == 0 < total(first, "pending")
    running.let_pass(2)
    report = running.look("--while-running")
    status = running.status()
    written = running.rows()
    assert status["items_written"] > 0
    assert {name: found["verified"] for name, found in counts(report).items()} == written
    assert total(report, "pending") == status["items_total"] - status["items_written"]
    assert total(report, "different") == total(report, "suspended") == 0
    assert report["generation"] > first["generation"]

    running.let_pass(2)
    more = running.look("--since", report["generation"])
    since = {name: rows - written[name] for name, rows in running.rows().items()}
    assert {name: found["verified"] for name, found in counts(more).items()} == since
    assert sum(since.values()) > 0
    assert more["since"] == report["generation"]

    item = running.some_item()
    running.call("PutItem", Item={**item, "Name": {"S": "by hand"}})
    wrong = running.look("--while-running", code=7)
    assert (total(wrong, "different"), total(wrong, "suspended")) == (1, 0)
    (difference,) = wrong["tables"][0]["differences"]
    assert difference["key"] == {"PK": item["PK"]["S"], "SK": item["SK"]["S"]}
    assert [a["actual"] for a in difference["attributes"]] == ["by hand"]
    running.call("PutItem", Item=item)

    unknown = running.shell("validate", "--since", more["generation"] + 1000)
    assert unknown.returncode == 6
    at_hand = unknown.stderr.split("there are at hand: ")[1].splitlines()[0].split(", ")
    assert str(more["generation"]) in at_hand

    running.valve.open(10_000)
    assert running.run.end() == 0, running.run.said()
    last = running.look("--since", more["generation"])
    assert not last["running"] and total(last, "pending") == 0
    assert total(last, "verified") == total(more, "pending")
    assert running.look("--while-running", "-t", "employee_data")["tables"][0]["verified"] == 8


def test_an_item_that_is_being_rewritten_is_looked_at_again(running: Running) -> None:
    """It is put back as soon as a look has missed it."""
    running.let_pass(2)
    item = running.some_item()
    key = {name: item[name] for name in ("PK", "SK")}
    running.call("DeleteItem", Key=key)
    missed: list[bytes] = []

    def reply(seen: Seen) -> Reply:
        status, body = request(running.engine.url, seen.operation, seen.json)
        if not missed and key in next(iter(seen.json["RequestItems"].values()))["Keys"]:
            missed.append(body)
            running.call("PutItem", Item=item)
        return Reply(status, body, zlib.crc32(body))

    with FakeServer(reply) as between:
        report = running.look("--while-running", "--endpoint", between.url)
    (items,) = json.loads(missed[0])["Responses"].values()
    assert key not in [{name: found[name] for name in key} for found in items]
    assert (total(report, "different"), total(report, "suspended")) == (0, 0)
    assert total(report, "verified") == running.status()["items_written"]


def test_options_that_a_look_does_not_follow_are_refused(migrated: Shell) -> None:
    words = ("--items-only", "--workers", "2", "--fresh", "--resume", "--report", "x.json")
    done = migrated("validate", "--since", "3", *words)
    assert done.returncode == 2
    assert "--report --items-only --workers --fresh --resume" in done.stderr


def test_without_a_run_there_is_nothing_to_look_at(project: Project, tmp_path: Path) -> None:
    done = project(tmp_path)("validate", "--while-running")
    assert done.returncode == 6 and "no run is saved here" in done.stderr


def test_people_see_the_four_numbers(migrated: Shell) -> None:
    done = migrated("validate", "--while-running")
    assert done.returncode == 0
    assert all(kind in done.stdout for kind in KINDS)
    assert "nothing that is written is different" in done.stdout
    assert "validate --since" in done.stderr
    refused = migrated("validate", "--while-running", "-t", "nothing")
    assert refused.returncode == 2
