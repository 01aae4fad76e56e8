from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration_tool.design.compile import CompiledDesign
from migration_tool.errors import TargetError
from migration_tool.source.sqlite import SqliteSource
from migration_tool.target.backoff import Backoff
from migration_tool.target.wire import Wire
from migration_tool.verify import readers as room
from migration_tool.verify.compare import compare
from migration_tool.verify.readers import Readers, Reading, usual_processes

from ..target.fake import FakeServer, Replies, Reply, Seen, answer, fault
from .conftest import Bind
from .fakes import FakeWire
from .helpers import expected_items, target
from .looks import Kept, nobody, who_and_what
from .shop import DESIGN, SCHEMA

ITEMS = 600
PAGE = 7
Found = Kept[tuple[int, list[int]]]
Serve = Callable[[Replies], FakeServer]


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:
        yield lambda replies: stack.enter_context(FakeServer(replies))


def numbered(seen: Seen) -> Reply:
    """A scan of ITEMS numbers, each in the segment of its remainder."""
    body = seen.json
    at = int(body.get("ExclusiveStartKey", {"N": {"N": "0"}})["N"]["N"])
    mine = range(body["Segment"], ITEMS, body["TotalSegments"])
    page = {"Items": [{"N": {"N": str(number)}} for number in mine[at : at + PAGE]]}
    more = {"LastEvaluatedKey": {"N": {"N": str(at + PAGE)}}} if at + PAGE < len(mine) else {}
    return answer({**page, **more})


def wired(url: str) -> Wire:
    return Wire(target(url), Backoff(0.001, 0.002))


def until(reading: Reading[Any], done: Callable[[], bool]) -> None:
    """Leaves the reading to the helpers until `done`."""
    for _ in range(6_000):
        reading.attend()
        if done():
            return
        time.sleep(0.01)
    raise AssertionError("the helpers do nothing")


def numbers(taker: Found) -> list[int]:
    return sorted(number for _, numbers in taker.found for number in numbers)


def processes(taker: Found) -> set[int]:
    return {process for process, _ in taker.found}


def pid(readers: Readers) -> int:
    return readers._helpers[0]._process.pid


def test_helpers_read_a_large_table_and_every_item_arrives_once(serve: Serve) -> None:
    found = Kept(who_and_what)
    steps: list[int] = []
    with wired(serve(numbered).url) as wire, Readers(wire, 3, large=ITEMS) as readers:
        reading = readers.begin("t", readers.plan(ITEMS), found, steps.append)
        until(reading, lambda: len(processes(found)) == 2)
        reading.finish()
        assert processes(found) - {os.getpid()} == {helper._process.pid for helper in readers._helpers}
        again = Kept(who_and_what)
        readers.begin("t", readers.plan(ITEMS), again, steps.append).finish()
        assert len(readers._helpers) == 2
    assert numbers(found) == numbers(again) == list(range(ITEMS))
    assert sum(steps) == 2 * ITEMS


def test_a_small_table_is_read_alone(serve: Serve) -> None:
    found = Kept(who_and_what)
    with wired(serve(numbered).url) as wire, Readers(wire, 2, large=ITEMS + 1) as readers:
        readers.begin("t", readers.plan(ITEMS), found, len_of).finish()
        assert readers._helpers == []
    assert processes(found) == {os.getpid()}
    assert numbers(found) == list(range(ITEMS))


def len_of(more: int) -> None:
    """An Advance that nobody watches."""


def test_what_a_killed_helper_had_begun_is_read_again(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    killed: list[int] = []

    def reply(seen: Seen) -> Reply:
        """The second page of a share is never answered: the helper is in the midst of it."""
        if "ExclusiveStartKey" in seen.json and not killed:
            killed.append(pid(readers))
            os.kill(killed[0], signal.SIGKILL)
            return Reply(cut="before")
        return numbered(seen)

    found = Kept(who_and_what)
    with wired(serve(reply).url) as wire, Readers(wire, 2, large=1) as readers:
        reading = readers.begin("t", readers.plan(ITEMS), found, len_of)
        with caplog.at_level(logging.WARNING, "migration_tool"):
            until(reading, lambda: not readers._helpers)
        assert "its share is read again" in caplog.text
        reading.finish()
    assert numbers(found) == list(range(ITEMS))
    assert processes(found) == {os.getpid()}


def test_what_stops_a_helper_stops_the_reading(serve: Serve) -> None:
    with (
        wired(serve([fault("AccessDeniedException", message="not yours")]).url) as wire,
        Readers(wire, 2, large=1) as readers,
    ):
        reading = readers.begin("t", readers.plan(ITEMS), Kept(who_and_what), len_of)
        with pytest.raises(TargetError, match="not yours") as caught:
            until(reading, lambda: False)
        assert "dynamodb:Scan" in caught.value.hint


def test_a_helper_that_fails_otherwise_leaves_it_to_this_process(
    serve: Serve, capfd: pytest.CaptureFixture[str]
) -> None:
    with wired(serve(numbered).url) as wire, Readers(wire, 2, large=1) as readers:
        reading = readers.begin("t", readers.plan(ITEMS), Kept(nobody), len_of)
        until(reading, lambda: not readers._helpers)
        with pytest.raises(ZeroDivisionError):
            reading.finish()
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_helpers_that_cannot_start_are_not_needed(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(room.subprocess, "Popen", full)
    found = Kept(who_and_what)
    with wired(serve(numbered).url) as wire, Readers(wire, 2, large=1) as readers:
        readers.begin("t", readers.plan(ITEMS), found, len_of).finish()
    assert numbers(found) == list(range(ITEMS))


def test_helpers_end_with_the_block_and_hear_no_signal_of_the_terminal(serve: Serve) -> None:
    with wired(serve(numbered).url) as wire, Readers(wire, 2, large=1) as readers:
        readers.begin("t", readers.plan(ITEMS), Kept(who_and_what), len_of)
        (helper,) = readers._helpers
        assert os.getsid(helper._process.pid) != os.getsid(0)
        assert helper._process.poll() is None
    assert helper._process.returncode == -signal.SIGKILL


ORPHAN = """
import sys, time
from migration_tool.target.session import Target
from migration_tool.target.wire import Wire
from migration_tool.verify.readers import Readers
from migration_tool.verify.tallies import Sums
readers = Readers(Wire(Target(sys.argv[1], "us-east-1", 30, 4)), 2, large=1)
reading = readers.begin("t", readers.plan(100), Sums([]), lambda more: None)
print("ready", flush=True)
time.sleep(600)
"""


def test_a_helper_does_not_outlive_a_killed_parent(serve: Serve) -> None:
    """Both hold the other end of the pipe: it is at its end when both are gone."""
    server = serve([Reply(cut="silent")])
    parent = subprocess.Popen(
        [sys.executable, "-c", ORPHAN, server.url], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert parent.stdout and parent.stdout.readline() == b"ready\n"
    for _ in range(6_000):
        if server.seen:
            break
        time.sleep(0.01)
    assert server.seen, "the helper waits for an answer that never comes"
    parent.kill()
    _, errors = parent.communicate(timeout=60)
    assert errors == b""


@given(st.integers(1, 12), st.integers(1, 64), st.integers(0, 10_000_000))
def test_shares_are_the_whole_table_and_use_no_more_connections(
    count: int, connections: int, items: int
) -> None:
    wire = SimpleNamespace(target=SimpleNamespace(connections=connections))
    plan = Readers(cast(Wire, wire), count).plan(items)
    shares = room._shares("t", plan, len)
    assert {share.total for share in shares} == {sum(len(share.segments) for share in shares)}
    assert sorted(n for share in shares for n in share.segments) == list(range(shares[0].total))
    assert [share.number for share in shares] == list(range(plan.shares))
    assert all(1 <= len(share.segments) == plan.width <= connections for share in shares)
    assert plan.width * count <= max(connections, count) or items < room.LARGE


def test_shares_that_were_taken_whole_are_not_read_again(serve: Serve) -> None:
    with wired(serve(numbered).url) as wire, Readers(wire, 1, large=1) as readers:
        plan = readers.plan(ITEMS)
        first = Kept(who_and_what)
        readers.begin("t", plan, first, len_of).finish()
        assert first.ended == list(range(plan.shares)) and plan.shares > 2
        later = Kept(who_and_what, whole={1})
        steps: list[int] = []
        readers.begin("t", plan, later, steps.append).finish()
        assert 1 not in later.shares + later.ended
        missing = [
            n for (_, page), share in zip(first.found, first.shares, strict=True) for n in page if share == 1
        ]
        assert sorted([*numbers(later), *missing]) == list(range(ITEMS))
        assert sum(steps) == ITEMS - len(missing)
        rest = Kept(who_and_what, whole=set(first.ended))
        readers.begin("t", plan, rest, len_of).finish()
        assert not rest.found


def test_as_many_processes_as_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    for cpus, expected in ((1, 1), (3, 3), (64, 8)):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, n=cpus: set(range(n)), raising=False)
        assert usual_processes() == expected


def test_a_comparison_with_helpers_finds_what_one_without_finds(
    bind: Bind, serve: Serve, tmp_path: Path
) -> None:
    rows = ", ".join(f"({n}, 'maker {n}')" for n in range(200))
    shop: tuple[SqliteSource, CompiledDesign] = bind(f"{SCHEMA} INSERT INTO Maker VALUES {rows};", DESIGN)
    table = FakeWire(expected_items(*shop))

    def reply(seen: Seen) -> Reply:
        return answer(getattr(table, f"_{seen.operation.lower()}")(seen.json))

    def compared(count: int) -> Any:
        clock = iter(range(10)).__next__
        with wired(serve(reply).url) as wire, Readers(wire, count, large=1) as readers:
            return compare(*shop, readers, "Shop", tmp_path, rows=200, clock=clock, memory=400, bucket=400)

    assert compared(2).ok and compared(2) == compared(1)
    table.find("MAKER#7", "#MAKER")["Name"] = {"S": "changed"}
    table.items.remove(table.find("MAKER#8", "#MAKER"))
    table.items.append({"PK": {"S": "x"}, "SK": {"S": "y"}})
    difference = compared(2)
    assert [difference.total(kind) for kind in ("missing", "extra", "different")] == [1, 1, 1]
    assert difference == compared(1)
