"""Repairs on every engine: exactly what was shown is put right, and everything replaced is in the journal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from migration_tool.design.compile import CompiledDesign
from migration_tool.mending import Plan, make_plan, mend, result
from migration_tool.model import WireItem
from migration_tool.source.sqlite import SqliteSource
from migration_tool.state.repairs import RepairLog
from migration_tool.target.table import delete_table
from migration_tool.target.wire import Wire
from migration_tool.verify.compare import compare
from migration_tool.verify.mended import Mended
from migration_tool.verify.readers import Readers
from migration_tool.verify.report import Difference, TableDifference
from tests.engines import Engine, request
from tests.fuzz.mending import BEFORE, PLAN, WRITTEN
from tests.fuzz.scripted import ScriptedWire, replies
from tests.target.fake import FakeServer, Reply, Seen

from .conftest import Bind
from .helpers import migrated, target
from .shop import DESIGN, ROWS, SCHEMA

GHOST: WireItem = {"PK": {"S": "x"}, "SK": {"S": "y"}, "EntityType": {"S": "Ghost"}, "N": {"N": "1"}}


class Shop:
    """A small source, its table on one engine, and its repairs."""

    def __init__(
        self, source: SqliteSource, compiled: CompiledDesign, url: str, table: str, folder: Path
    ) -> None:
        self.source, self.compiled, self.table = source, compiled, table
        self.wire = Wire(target(url))
        self.log = RepairLog(folder / "state" / "run.repairs.jsonl")
        self.folder = folder

    def compare(self) -> TableDifference:
        return compare(self.source, self.compiled, Readers(self.wire), self.table, self.folder)

    def plan(self, found: TableDifference, delete_extra: bool = False) -> Plan:
        return make_plan(self.source, self.compiled, self.wire, found, delete_extra)

    def mend(self, plan: Plan) -> list[Mended]:
        return list(mend(self.wire, plan, self.log, lambda: None, lambda: 1_800_000_000.0))

    def put(self, item: WireItem) -> None:
        self.wire.call("PutItem", {"TableName": self.table, "Item": item})

    def get(self, partition: str, sort: str) -> WireItem | None:
        key = {"PK": {"S": partition}, "SK": {"S": sort}}
        found: WireItem | None = self.wire.call("GetItem", {"TableName": self.table, "Key": key}).get("Item")
        return found

    def delete(self, partition: str, sort: str) -> None:
        key = {"PK": {"S": partition}, "SK": {"S": sort}}
        self.wire.call("DeleteItem", {"TableName": self.table, "Key": key})

    def change(self, partition: str, sort: str, **values: Any) -> WireItem:
        """Puts the item with other values, and gives it as it was."""
        item = self.get(partition, sort)
        assert item
        self.put({**item, **values})
        return item

    def spoil(self) -> None:
        """One missing, one different, one extra."""
        self.delete("MAKER#2", "#MAKER")
        self.change("MAKER#1", "THING#000001", Price={"N": "1"}, New={"S": "x"})
        self.put(GHOST)

    def journal(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.path.read_text("utf-8").splitlines()]


@pytest.fixture
def shop(engine: Engine, bind: Bind, tmp_path: Path, table_prefix: str) -> Iterator[Shop]:
    source, compiled = bind(SCHEMA + ROWS, DESIGN)
    with Wire(target(engine.url)) as wire:
        table = migrated(wire, source, compiled, table_prefix)
    found = Shop(source, compiled, engine.url, table, tmp_path)
    yield found
    delete_table(found.wire.target, table)
    found.wire.close()


def outcomes(done: list[Mended]) -> list[tuple[str, str, str, str]]:
    return sorted((m.key["PK"], m.key["SK"], m.action, m.outcome) for m in done)


def test_what_is_missing_different_or_extra_is_put_right(shop: Shop) -> None:
    shop.spoil()
    spoilt = shop.get("MAKER#1", "THING#000001")
    plan = shop.plan(shop.compare(), delete_extra=True)
    assert (plan.name, plan.found, plan.settled, plan.extra) == ("shop", 3, 0, ())
    done = shop.mend(plan)
    assert outcomes(done) == [
        ("MAKER#1", "THING#000001", "put", "repaired"),
        ("MAKER#2", "#MAKER", "put", "repaired"),
        ("x", "y", "delete", "repaired"),
    ]
    assert shop.compare().ok
    came = result([plan], done, shop.log.path)
    assert (came.found, came.repaired, came.left, came.journal) == (3, 3, 0, str(shop.log.path))
    intentions, told = shop.journal()[:3], shop.journal()[3:]
    assert {line["key"]["SK"]["S"]: (line["action"], line["before"]) for line in intentions} == {
        "THING#000001": ("put", spoilt), "#MAKER": ("put", None), "y": ("delete", GHOST),
    }  # fmt: skip
    after = {line["key"]["SK"]["S"]: line["after"] for line in intentions}
    assert after["THING#000001"] == shop.get("MAKER#1", "THING#000001") and after["y"] is None
    assert {line["table"] for line in intentions} == {shop.table}
    assert [(line["key"], line["outcome"]) for line in told] == [
        (line["key"], "repaired") for line in intentions
    ]


def test_the_plan_shows_what_will_be(shop: Shop) -> None:
    shop.spoil()
    plan = shop.plan(shop.compare(), delete_extra=True)
    shown = {change.key: change.shown() for change in plan.changes}
    new, price = shown["MAKER#1", "THING#000001"].attributes
    assert (new.name, new.expected, new.actual, price.name) == ("New", None, "x", "Price")
    assert shown["MAKER#2", "#MAKER"] == Difference({"PK": "MAKER#2", "SK": "#MAKER"}, "Maker")
    assert shown["x", "y"] == Difference({"PK": "x", "SK": "y"}, "Ghost")
    assert {item.outcome for item in result([plan]).items} == {"planned"}
    assert not shop.compare().ok and not shop.log.path.exists()


def test_extra_items_stay_unless_they_are_to_go(shop: Shop) -> None:
    shop.spoil()
    plan = shop.plan(shop.compare())
    assert [item.key for item in plan.extra] == [{"PK": "x", "SK": "y"}]
    done = shop.mend(plan)
    assert {mended.action for mended in done} == {"put"}
    assert shop.get("x", "y") == GHOST
    assert result([plan], done).left == 1


def test_what_has_changed_since_it_was_shown_is_left_alone(shop: Shop) -> None:
    shop.spoil()
    plan = shop.plan(shop.compare(), delete_extra=True)
    shop.change("MAKER#1", "THING#000001", Price={"N": "2"})
    shop.change("x", "y", N={"N": "2"})
    mine = {"PK": {"S": "MAKER#2"}, "SK": {"S": "#MAKER"}, "Mine": {"S": "x"}}
    shop.put(mine)
    done = shop.mend(plan)
    assert {(m.outcome, m.reason) for m in done} == {("left", "it has changed since it was shown")}
    thing, ghost = shop.get("MAKER#1", "THING#000001"), shop.get("x", "y")
    assert thing and ghost and thing["Price"] == ghost["N"] == {"N": "2"}
    assert shop.get("MAKER#2", "#MAKER") == mine
    assert {line.get("action") for line in shop.journal()} == {None}
    assert result([plan], done).left == 3


def test_what_somebody_else_has_put_right_is_settled(shop: Shop) -> None:
    whole = shop.get("MAKER#1", "THING#000001")
    assert whole
    shop.spoil()
    found = shop.compare()
    shop.put(whole)
    shop.delete("x", "y")
    plan = shop.plan(found, delete_extra=True)
    assert (plan.found, plan.settled, [change.key for change in plan.changes]) == (
        3,
        2,
        [("MAKER#2", "#MAKER")],
    )
    assert result([plan], shop.mend(plan)).left == 0


def test_more_items_than_are_asked_for_at_once(shop: Shop) -> None:
    ghosts = [{**GHOST, "SK": {"S": f"{n:03}"}} for n in range(230)]
    for ghost in ghosts:
        shop.put(ghost)
    plan = shop.plan(shop.compare(), delete_extra=True)
    done = shop.mend(plan)
    assert len(done) == 230 and {mended.outcome for mended in done} == {"repaired"}
    assert shop.compare().ok
    assert sum("action" in line for line in shop.journal()) == 230


class Between:
    """A DynamoDB in front of another one; `before` sees each single write before it is let through."""

    def __init__(self, url: str, before: Any) -> None:
        def reply(seen: Seen) -> Reply:
            if seen.operation in ("PutItem", "DeleteItem"):
                before(seen)
            return Reply(*request(url, seen.operation, seen.json))

        self.server = FakeServer(reply)


def test_the_journal_is_there_before_the_write(shop: Shop, engine: Engine) -> None:
    shop.spoil()
    plan = shop.plan(shop.compare(), delete_extra=True)
    written: list[bool] = []

    def before(seen: Seen) -> None:
        item = seen.json.get("Item") or seen.json["Key"]
        keys = [line["key"] for line in shop.journal() if "action" in line]
        written.append({name: item[name] for name in ("PK", "SK")} in keys)

    with Between(engine.url, before).server as server, Wire(target(server.url)) as wire:
        done = list(mend(wire, plan, shop.log, lambda: None, lambda: 0.0))
    assert written == [True] * 3
    assert {mended.outcome for mended in done} == {"repaired"}


def test_an_answer_to_a_write_proves_nothing(tmp_path: Path) -> None:
    """What was written, and was changed by somebody else at once, is not repaired; the journal has it all."""
    answers = iter(replies(b"\n".join([BEFORE, *[WRITTEN] * 3, BEFORE])))
    wire = ScriptedWire(lambda operation, body, tag: next(answers)).as_wire()
    log = RepairLog(tmp_path / "x.repairs.jsonl")
    done = list(mend(wire, PLAN, log, lambda: None, lambda: 0.0))
    assert [mended.outcome for mended in done] == ["left"] * 3
    assert {mended.reason for mended in done} == {"it was changed again at once"}
    kept = [line["before"] for line in map(json.loads, log.path.read_text("utf-8").splitlines()[:3])]
    assert kept == [change.items[0] for change in PLAN.changes]


def test_a_change_at_the_last_moment_is_not_overwritten(shop: Shop, engine: Engine) -> None:
    """Somebody else writes between the second look and the write: the condition holds the write back."""
    shop.change("MAKER#1", "THING#000001", Price={"N": "1"})
    plan = shop.plan(shop.compare())

    def before(seen: Seen) -> None:
        shop.change("MAKER#1", "THING#000001", Price={"N": "3"})

    with Between(engine.url, before).server as server, Wire(target(server.url)) as wire:
        (mended,) = mend(wire, plan, shop.log, lambda: None, lambda: 0.0)
    assert mended.outcome == "left" and mended.reason.startswith("ConditionalCheckFailed")
    item = shop.get("MAKER#1", "THING#000001")
    assert item and item["Price"] == {"N": "3"}
    assert shop.journal()[-1]["outcome"] == "left"
