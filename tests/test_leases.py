"""One writer per table: who may take a lease, when, and what becomes of the one who had it.

Two processes are two `Leases` with state folders of their own, on one table; their time is the tests'.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from migration_tool import claims, leases
from migration_tool.claims import Clock
from migration_tool.config import Config, Settings
from migration_tool.errors import Interrupted, StateError, Stopped, TargetError
from migration_tool.job import Bound
from migration_tool.leases import Leases
from migration_tool.model import TableIdentity
from migration_tool.state.checkpoint import Checkpoint
from migration_tool.state.store import StateStore
from migration_tool.target.facts import IndexFacts, TableFacts
from migration_tool.target.lease import Place, Record
from migration_tool.target.session import Target
from tests.target.fake import FakeServer, fault
from tests.waiting import wait_until

KEYS = ("PK", "SK")
RUNS = {"a": "20261120T213000-aaaaaa", "b": "20261120T213000-bbbbbb", "c": "20261120T213000-cccccc"}
NO_TARGET = cast(Target, None)


@dataclass
class Items:
    """The items of the leases, in place of a DynamoDB; `tests/target/test_lease.py` shows that they agree."""

    records: dict[Place, Record] = field(default_factory=dict)
    writes: int = 0
    fails: bool = False

    def read(self, target: Target, place: Place) -> Record | None:
        self._asked()
        return self.records.get(place)

    def replace(self, target: Target, place: Place, new: Record, old: Record | None) -> Record | None:
        self._asked()
        self.writes += 1
        if self.records.get(place) == old:
            self.records[place] = new
        return self.records.get(place)

    def remove(self, target: Target, place: Place, old: Record) -> Record | None:
        self._asked()
        if self.records.get(place) == old:
            del self.records[place]
        return self.records.get(place)

    def _asked(self) -> None:
        if self.fails:
            raise TargetError("lease the table", "T1", "the network is unreachable")


@dataclass
class Process:
    """One process on a host; `meanwhile` is called while it sleeps."""

    folder: Path
    name: str
    now: float = 1000.0
    seconds: float | None = 60.0
    take_over: bool = False
    stops: bool = False
    notices: list[str] = field(default_factory=list)
    meanwhile: Callable[[], object] = lambda: None

    def __post_init__(self) -> None:
        self.leases = self.begun(RUNS[self.name])

    def begun(self, run_id: str) -> Leases:
        """What a process of this folder has that works on the run."""
        config = cast(Config, SimpleNamespace(settings=Settings(lease=self.seconds)))
        store = StateStore(self.folder / self.name / "state")
        clock = Clock(lambda: self.now, self.sleep)
        return Leases(config, NO_TARGET, store, run_id, self, self.take_over, clock)

    def take(self, *tables: str, **known: int) -> dict[str, int]:
        return dict(self.leases.take([bound(table) for table in tables or ("T1",)], known))

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.meanwhile()

    def notice(self, text: str) -> None:
        self.notices.append(text)

    def stopping(self) -> bool:
        return self.stops


def bound(table: str) -> Bound:
    compiled = SimpleNamespace(name=table.lower(), design=SimpleNamespace(keys=KEYS))
    return Bound(cast(Any, compiled), table)


@pytest.fixture
def items(monkeypatch: pytest.MonkeyPatch) -> Items:
    items = Items()
    for module in (claims, leases):
        monkeypatch.setattr(module, "lease", items)
    return items


@pytest.fixture
def process(tmp_path: Path, items: Items) -> Callable[..., Process]:
    return lambda name, **more: Process(tmp_path, name, **more)


Make = Callable[..., Process]
PLACE = Place("T1", KEYS)


def test_a_free_table_is_taken_with_one_write(process: Make, items: Items) -> None:
    a = process("a")
    assert a.take("T1", "T2") == {"t1": 1, "t2": 1}
    assert items.writes == 2
    record = items.records[PLACE]
    assert (record.run_id, record.folder, record.seconds) == (RUNS["a"], str(a.folder / "a/state"), 60.0)


def test_a_holder_that_is_alive_is_named_and_keeps_it(process: Make, items: Items) -> None:
    a, b = process("a"), process("b")
    a.take()
    b.meanwhile = a.leases._renew
    with pytest.raises(StateError) as caught:
        b.take()
    assert caught.value.exit_code == 6
    assert f"run {RUNS['a']}, host " in caught.value.cause and "generation 1" in caught.value.cause
    assert "--take-over" in caught.value.hint
    assert items.records[PLACE].run_id == RUNS["a"]
    assert b.now < 1002


def test_a_silent_holder_loses_it_after_the_life_of_its_lease_and_not_before(
    process: Make, items: Items
) -> None:
    a, b = process("a", seconds=7.0), process("b")
    a.take()
    assert b.take() == {"t1": 2}
    assert 1007 <= b.now < 1008
    assert "Looking for up to 7 s" in b.notices[0] and f"taken over from run {RUNS['a']}" in b.notices[1]


def test_the_clocks_of_the_hosts_do_not_matter(
    process: Make, items: Items, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One host is a year ahead, the other a year behind; only what changes counts."""
    a, b = process("a", now=5e9), process("b", now=0.0)
    monkeypatch.setattr(claims.time, "time", lambda: 1.0)
    a.take()
    b.meanwhile = a.leases._renew
    with pytest.raises(StateError):
        b.take()
    b.meanwhile = lambda: None
    assert b.take() == {"t1": 2}


def test_what_was_given_back_is_taken_at_once(process: Make, items: Items) -> None:
    a, b = process("a"), process("b")
    with a.leases:
        a.take()
    assert (items.records[PLACE].free, a.leases.until) == (True, None)
    assert (b.take(), b.now, b.notices) == ({"t1": 2}, 1000.0, [])


def test_a_lease_that_is_given_back_during_the_wait_is_taken(process: Make, items: Items) -> None:
    a, b = process("a"), process("b")
    a.take()
    b.meanwhile = a.leases._give_back
    assert b.take() == {"t1": 2}
    assert b.now < 1002


@pytest.mark.parametrize("again", ["a", "c"])
def test_the_next_process_of_the_same_folder_takes_it_at_once(
    process: Make, items: Items, tmp_path: Path, again: str
) -> None:
    """The lock of the folder is its own, so the one before it is gone: a resume, or a new run."""
    a = process("a")
    a.take()
    StateStore(tmp_path / "a/state").save(Checkpoint(RUNS["a"], 0.0, "aws", "us-east-1", {}, ()))
    b = process("a")
    b.leases = b.begun(RUNS[again])
    assert (b.take(t1=4), b.now) == ({"t1": 5}, 1000.0)
    with pytest.raises(StateError):
        a.now += 60
        a.leases.hold()


def test_a_copy_of_the_folder_elsewhere_is_another_host(
    process: Make, items: Items, monkeypatch: pytest.MonkeyPatch
) -> None:
    process("a").take()
    monkeypatch.setattr(claims.socket, "gethostname", lambda: "elsewhere")
    copy = process("a")
    copy.take()
    assert copy.now >= 1060


def test_told_to_take_over_it_does_and_begins_when_the_loser_must_have_noticed(
    process: Make, items: Items
) -> None:
    a, b = process("a", seconds=9.0), process("b", take_over=True)
    a.take()
    assert b.take() == {"t1": 2}
    assert 1009 <= b.now < 1010
    assert "Waiting 9 s" in b.notices[-1]
    a.now = b.now
    for _ in range(2):
        with pytest.raises(StateError, match="has taken it over") as caught:
            a.leases.hold()
    assert RUNS["b"] in caught.value.cause and "migrate.py resume" in caught.value.hint


def test_the_loser_notices_at_its_next_renewal_at_the_latest(process: Make, items: Items) -> None:
    a, b = process("a"), process("b", take_over=True)
    a.take()
    b.take()
    a.leases._renew()
    with pytest.raises(StateError, match="has taken it over"):
        a.leases.hold()


def test_told_to_take_over_it_waits_for_nobody_where_nobody_is(process: Make, items: Items) -> None:
    a, b = process("a"), process("b", take_over=True)
    with a.leases:
        a.take()
    assert (b.take("T1", "T2"), b.now) == ({"t1": 2, "t2": 1}, 1000.0)


def test_a_stop_while_the_loser_is_waited_for_gives_the_table_back(process: Make, items: Items) -> None:
    process("a").take()
    b = process("b", take_over=True, stops=True)
    with pytest.raises(Interrupted), b.leases:
        b.take()
    assert (items.records[PLACE].run_id, items.records[PLACE].free) == (RUNS["b"], True)


def test_within_its_life_nothing_is_asked(process: Make, items: Items) -> None:
    a = process("a")
    a.take()
    a.now += 59.9
    for _ in range(1000):
        assert a.leases.hold() is not None
    assert items.writes == 1


def test_after_its_life_it_is_renewed_before_anything_is_saved(process: Make, items: Items) -> None:
    a = process("a")
    a.take("T1", "T2")
    a.now += 60
    a.leases.hold()
    assert items.records[PLACE].renewals == 2
    assert items.records[Place("T2", KEYS)].renewals == 2
    a.now += 59
    a.leases.hold()
    assert items.writes == 4


def test_a_process_that_stood_still_notices(process: Make, items: Items) -> None:
    a, b = process("a"), process("b")
    a.take()
    b.take()
    a.now += 60
    with pytest.raises(StateError, match=f"has taken it over: run {RUNS['b']}"):
        a.leases.hold()


def test_a_process_that_stood_still_while_another_came_and_went_notices(process: Make, items: Items) -> None:
    a, b = process("a"), process("b")
    a.take()
    b.take()
    b.leases.release()
    a.now += 60
    with pytest.raises(StateError, match="another run had it since, and has ended"):
        a.leases.hold()
    assert items.records == {}


def test_when_the_target_cannot_say_the_run_stops_resumable(process: Make, items: Items) -> None:
    a = process("a")
    a.take()
    items.fails = True
    a.now += 59
    a.leases.hold()
    a.now += 1
    with pytest.raises(Stopped, match="the network is unreachable") as caught:
        a.leases.hold()
    assert caught.value.exit_code == 9
    items.fails = False
    assert a.leases.hold()


def test_of_two_that_want_the_same_tables_one_gets_all(process: Make, items: Items) -> None:
    """Whatever order their designs have, they ask in the same one."""
    a, b = process("a"), process("b")
    asked: list[str] = []

    def interleaved() -> None:
        asked.append("b")
        b.meanwhile = a.leases._renew
        with pytest.raises(StateError):
            b.take("T2", "T1")

    first = items.replace

    def replace_and_let_b_try(target: Target, place: Place, new: Record, old: Record | None) -> Record | None:
        found = first(target, place, new, old)
        if not asked:
            a.leases._held[place] = new
            interleaved()
        return found

    items.replace = replace_and_let_b_try  # type: ignore[method-assign]
    assert a.take("T1", "T2") == {"t1": 1, "t2": 1}
    assert {record.run_id for record in items.records.values()} == {RUNS["a"]}


def test_a_table_that_is_refused_gives_the_others_back(process: Make, items: Items) -> None:
    a, b = process("a"), process("b")
    a.take("T2")
    b.meanwhile = a.leases._renew
    with pytest.raises(StateError), b.leases:
        b.take("T1", "T2")
    assert items.records[PLACE].free
    assert items.records[Place("T2", KEYS)].run_id == RUNS["a"]


def test_a_target_that_fails_is_not_asked_to_take_it_back(process: Make, items: Items) -> None:
    a = process("a")
    with pytest.raises(TargetError), a.leases:
        a.take()
        raise TargetError("write items", "T1", "no")
    assert not items.records[PLACE].free
    assert a.leases.until is not None


def test_a_lease_that_cannot_be_given_back_hides_no_error(process: Make, items: Items) -> None:
    a = process("a")
    with pytest.raises(Interrupted), a.leases:
        a.take()
        items.fails = True
        raise Interrupted("finish the migration", "x", "you stopped it")
    assert a.leases.until is not None


def test_in_the_end_nothing_is_left(process: Make, items: Items) -> None:
    a = process("a")
    with a.leases:
        a.take("T1", "T2")
        a.leases.release()
    assert (items.records, a.leases.until) == ({}, None)


def test_what_is_another_s_is_not_removed(process: Make, items: Items) -> None:
    a, b = process("a"), process("b")
    a.take()
    b.take()
    with pytest.raises(StateError, match="has taken it over"):
        a.leases.release()
    assert items.records[PLACE].run_id == RUNS["b"]


def test_an_answer_that_got_lost_is_no_other_holder(process: Make, items: Items) -> None:
    """The first try was written, the second one finds the item: it has our token."""
    a = process("a")
    first = items.replace
    items.replace = lambda *request: (first(*request), first(*request))[1]  # type: ignore[method-assign]
    assert a.take() == {"t1": 1}
    a.now += 60
    a.leases.hold()
    assert items.records[PLACE].renewals == 2


def test_a_target_that_gives_nothing_to_anybody_is_not_asked_for_ever(process: Make, items: Items) -> None:
    items.replace = lambda *request: None  # type: ignore[method-assign]
    with pytest.raises(TargetError, match="each time it is free"):
        process("a").take()


def test_a_stop_ends_the_wait(process: Make, items: Items) -> None:
    process("a").take()
    b = process("b")

    def stop() -> None:
        b.stops = True

    b.meanwhile = stop
    with pytest.raises(Interrupted):
        b.take()
    assert b.now < 1002


def test_it_is_renewed_beside_the_work(process: Make, items: Items) -> None:
    """By a real thread and a real clock: three times in its life, however long the work takes."""
    a = process("a", seconds=0.05)
    with a.leases:
        a.take()
        wait_until(lambda: items.records[PLACE].renewals >= 4)
    renewals = items.records[PLACE].renewals
    assert items.records[PLACE].free
    assert items.records[PLACE].renewals == renewals, "and not after it was given back"


def test_a_renewal_that_fails_is_tried_again(
    process: Make, items: Items, caplog: pytest.LogCaptureFixture
) -> None:
    a = process("a", seconds=0.05)
    with a.leases, caplog.at_level(logging.WARNING, "migration_tool"):
        a.take()
        items.fails = True
        wait_until(lambda: "could not be renewed" in caplog.text)
        before = items.records[PLACE].renewals
        items.fails = False
        wait_until(lambda: items.records[PLACE].renewals > before)


def test_without_a_lease_nothing_is_asked_and_that_is_said(
    process: Make, items: Items, caplog: pytest.LogCaptureFixture
) -> None:
    items.fails = True
    a = process("a", seconds=None)
    with a.leases, caplog.at_level(logging.WARNING, "migration_tool"):
        assert a.take(t1=3) == {"t1": 3}
        a.leases.seize([facts("T1")])
        assert a.leases.hold() is None
        a.leases.release()
    assert "nothing keeps another host" in a.notices[0]
    assert [record.message for record in caplog.records] == ["no lease"]


def facts(name: str, kind: str = "S") -> TableFacts:
    types = {"PK": "S", "SK": kind, "GSI1PK": "N"}
    index = {"GSI1": IndexFacts("GSI1", ("GSI1PK",), "ALL", "ACTIVE")}
    return TableFacts(name, "ACTIVE", TableIdentity(name, "", ""), KEYS, types, index, 0, 0)


def test_what_is_to_be_deleted_is_seized_first(process: Make, items: Items) -> None:
    a, b = process("a"), process("b")
    a.take("T2")
    b.meanwhile = a.leases._renew
    with pytest.raises(StateError, match="another run holds it"):
        b.leases.seize([facts("T2"), facts("T1")])
    assert items.records[PLACE].free
    a.leases.release()
    b.leases.seize([facts("T2"), facts("T1")])
    assert {record.run_id for record in items.records.values()} == {RUNS["b"]}


def test_a_table_that_can_hold_no_lease_of_ours_is_not_asked(process: Make, items: Items) -> None:
    process("a").leases.seize([facts("T1", kind="N")])
    assert (items.records, items.writes) == ({}, 0)


def test_a_role_that_may_not_write_is_told_before_anything_is_loaded(tmp_path: Path) -> None:
    with FakeServer([fault("AccessDeniedException")]) as server:
        config = cast(Config, SimpleNamespace(settings=Settings()))
        a = Process(tmp_path, "a")
        a.leases = Leases(config, Target(server.url, "us-east-1", 5, 1), StateStore(tmp_path), RUNS["a"], a)
        with pytest.raises(TargetError, match="AccessDenied") as caught:
            a.take()
    assert "--no-lease" in caught.value.hint


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="of Linux")
def test_the_clock_goes_on_while_the_machine_sleeps() -> None:
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    assert before <= claims.elapsed() <= time.clock_gettime(time.CLOCK_BOOTTIME)


def test_records_of_equal_content_and_another_token_are_not_ours(process: Make, items: Items) -> None:
    a = process("a")
    a.take()
    items.records[PLACE] = replace(items.records[PLACE], token="another")
    a.now += 60
    with pytest.raises(StateError):
        a.leases.hold()
