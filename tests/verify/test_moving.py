"""Written rows by key: what is verified, pending, suspended or different while both sides move."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import orjson
import pytest

from migration_tool.design.compile import CompiledDesign
from migration_tool.source.sqlite import SqliteSource
from migration_tool.target.wire import Wire
from migration_tool.verify import moving
from migration_tool.verify.json_form import json_text
from migration_tool.verify.moving import PAUSES, Due, Look, View, look_at
from migration_tool.verify.moving_report import COUNTS, LastingDifference, MovingReport, TableLook
from migration_tool.verify.report import AttributeDifference

from .conftest import Bind
from .fakes import FakeWire
from .helpers import expected_items
from .shop import DESIGN, ROWS, SCHEMA

ALL = (Due(None, 3, 0), Due(None, 4, 0))


@dataclass
class World:
    """A shop whose items are all in the table. `meanwhile` is what happens in the pauses, one by one."""

    compiled: CompiledDesign
    wire: FakeWire
    database: Path
    slept: list[float] = field(default_factory=list)

    def look(
        self, *meanwhile: Callable[[], object], due: tuple[Due, ...] = ALL, moves: bool = True, **options: Any
    ) -> TableLook:
        events: Iterator[Callable[[], object]] = iter(meanwhile)

        def sleep(seconds: float) -> None:
            self.slept.append(seconds)
            next(events, lambda: None)()

        look = Look(self.compiled, "Shop", due, **options)
        with View(self.database, moves) as view:
            (found,) = look_at(view, cast(Wire, self.wire), [look], sleep=sleep)
        return found

    def sql(self, statement: str) -> None:
        with closing(sqlite3.connect(self.database)) as connection:
            connection.execute(statement)
            connection.commit()

    def rewritten(self) -> None:
        """The table gets what the source says now."""
        with SqliteSource(self.database) as source:
            self.wire.items = list(expected_items(source, self.compiled))

    def item(self, number: int) -> dict[str, Any]:
        return self.wire.find("MAKER#1" if number < 3 else "MAKER#2", f"THING#00000{number}")


@pytest.fixture
def world(bind: Bind, tmp_path: Path) -> World:
    source, compiled = bind(SCHEMA + ROWS, DESIGN)
    wire = FakeWire(expected_items(source, compiled))
    source.close()
    return World(compiled, wire, tmp_path / "source.sqlite")


def totals(found: TableLook) -> tuple[int, ...]:
    """verified, pending, suspended, different, rejected."""
    return tuple(found.total(count) for count in COUNTS)


def test_what_is_written_is_verified_and_nobody_waits(world: World) -> None:
    found = world.look()
    assert [(e.entity, e.verified) for e in found.entities] == [("Maker", 3), ("Thing", 4)]
    assert totals(found) == (7, 0, 0, 0, 0) and found.ok
    assert world.slept == []
    assert set(world.wire.asked) == {"BatchGetItem"}


def test_only_what_is_due_is_looked_at(world: World) -> None:
    """Of both entities the row in the middle, or none; what is wrong elsewhere is not seen."""
    world.item(1)["Name"] = {"S": "changed"}
    world.wire.items.remove(world.item(4))
    found = world.look(due=(Due((1,), 1, 1), Due((1,), 2, 1)))
    assert totals(found) == (3, 2, 0, 0, 0)
    world.wire.asked.clear()
    found = world.look(due=(Due((3,), 0, 0), Due(None, 0, 4)))
    assert totals(found) == (0, 4, 0, 0, 0)
    assert world.wire.asked == []


def test_what_stays_different_is_named(world: World) -> None:
    world.item(1)["Name"] = {"S": "changed"}
    world.wire.items.remove(world.item(2))
    found = world.look()
    assert totals(found) == (5, 0, 0, 2, 0) and not found.ok
    key = {"PK": "MAKER#1", "SK": "THING#000001"}
    attributes = (AttributeDifference("Name", "anvil", "changed"),)
    assert LastingDifference(key, "Thing", True, True, attributes) in found.differences
    missing = {"PK": "MAKER#1", "SK": "THING#000002"}
    assert LastingDifference(missing, "Thing", True, False) in found.differences
    assert world.slept == [PAUSES[0]]


def test_an_item_that_is_being_rewritten_is_waited_for(world: World) -> None:
    world.item(1)["Name"] = {"S": "half-way"}
    found = world.look(
        lambda: world.item(1).update(Name={"S": "nearly"}), lambda: world.item(1).update(Name={"S": "anvil"})
    )
    assert totals(found) == (7, 0, 0, 0, 0)
    assert world.slept == [*PAUSES[:2]]


def test_what_moves_until_the_end_stays_suspended(world: World) -> None:
    world.wire.items.remove(world.item(3))
    names = iter("abcdef")
    moves = [lambda: world.item(1).update(Name={"S": next(names)})] * len(PAUSES)
    moves[0]()
    found = world.look(*moves)
    assert totals(found) == (5, 0, 1, 1, 0)
    assert [item.key["SK"] for item in found.differences] == ["THING#000003"]
    assert world.slept == [*PAUSES]


def test_a_source_that_moves_is_read_anew(world: World) -> None:
    """A row is changed, then the item follows; a private copy does not move, so there it is different."""

    def change() -> None:
        world.sql("UPDATE Thing SET Name = 'newer' WHERE ThingId = 2")
        world.rewritten()

    world.item(2)["Name"] = {"S": "old"}
    assert totals(world.look(change)) == (7, 0, 0, 0, 0)
    world.item(2)["Name"] = {"S": "older"}
    found = world.look(lambda: world.item(2).update(Name={"S": "newest"}), moves=False)
    assert totals(found) == (6, 0, 0, 1, 0)
    assert found.differences[0].attributes == (AttributeDifference("Name", "newer", "newest"),)


def test_rows_that_go_and_come_between_the_looks(world: World) -> None:
    """A row that is gone wants no item; rows before the one that is looked for do not hide it."""

    def gone() -> None:
        world.sql("DELETE FROM Thing WHERE ThingId IN (1, 3)")
        world.sql("INSERT INTO Thing (ThingId, MakerId, Name) VALUES (-7, 2, 'a'), (-8, 2, 'b')")
        world.wire.items.remove(world.item(1))
        world.item(4)["Name"] = {"S": "wire"}

    for number in (1, 3, 4):
        world.item(number)["Name"] = {"S": "odd"}
    found = world.look(gone)
    assert totals(found) == (6, 0, 0, 1, 0)
    key = {"PK": "MAKER#2", "SK": "THING#000003"}
    assert found.differences == (LastingDifference(key, "Thing", False, True),)


def test_rows_that_cannot_be_items_are_counted(world: World) -> None:
    world.sql("INSERT INTO Thing (ThingId, MakerId) VALUES (-1, NULL)")
    assert totals(world.look(due=(ALL[0], Due(None, 5, 0)))) == (7, 0, 0, 0, 1)


def test_an_entity_that_is_begun_anew_is_not_different(world: World) -> None:
    world.wire.items.clear()
    found = world.look(begun_anew=lambda entity: entity == "Maker")
    assert [(e.entity, e.pending, e.different) for e in found.entities] == [("Maker", 3, 0), ("Thing", 0, 4)]


def test_counts_are_exact_where_not_all_can_be_named_or_looked_at_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "MOST_SUSPENDED", 5)
    monkeypatch.setattr(moving, "MOST_KEYS", 2)
    world.wire.items.clear()
    found = world.look(details=2)
    assert totals(found) == (0, 0, 2, 5, 0)
    assert len(found.differences) == 2


def test_the_report_as_json(world: World) -> None:
    world.item(1)["Name"] = {"S": "changed"}
    found = world.look(due=(ALL[0], Due(None, 3, 1)))
    report = MovingReport("r", 12, 7, True, (found,), 100.0, "shop.db", "http://fake")
    assert report.summary() == "shop: 1 item different" and not report.settled
    parsed = orjson.loads(json_text(report.to_json()))
    (table,) = parsed.pop("tables")
    assert parsed == {
        "ok": False, "run_id": "r", "generation": 12, "since": 7, "running": True,
        "checked_at": "1970-01-01T00:01:40Z", "source": "shop.db", "endpoint": "http://fake",
    }  # fmt: skip
    assert [table[count] for count in ("verified", "pending", "suspended", "different")] == [5, 1, 0, 1]
    assert table["differences"] == [
        {
            "key": {"PK": "MAKER#1", "SK": "THING#000001"},
            "entity": "Thing",
            "in_source": True,
            "in_table": True,
            "attributes": [{"name": "Name", "expected": "anvil", "actual": "changed"}],
        }
    ]
