"""The view of a saved run: figures that are right, and a status that claims no more than is true."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from migration_tool.overview import LeaseView, WishView, iso, overview, percent
from migration_tool.rates import MaxWcu
from migration_tool.state.checkpoint import (
    Checkpoint,
    Counters,
    EntityProgress,
    Lease,
    Pace,
    PhaseTime,
    Tuning,
)
from migration_tool.state.control import Wish

RUN = Checkpoint(
    run_id="20261120T213000-a1b2c3",
    created_at=1_000.0,
    updated_at=1_100.0,
    status="in_progress",
    endpoint="aws",
    region="us-east-1",
    tables={"a": "p_A", "b": "p_B"},
    entities=(
        EntityProgress("b", "One", (5,), rows_total=10, rows_read=6, items_written=5, rejected=1),
        EntityProgress("b", "Two", rows_total=0),
        EntityProgress("a", "Three", rows_total=90),
    ),
    counters=Counters(requests=4, retries=1, throttles=2, resent_items=25, loading_seconds=2.5),
    phases=(PhaseTime("analysis", 1_000.0, 1_001.5), PhaseTime("loading", 1_002.0)),
)


def test_the_figures() -> None:
    view = overview(RUN, None, True)
    assert (view.items_total, view.items_written, view.rejected, view.percent) == (100, 5, 1, 5.0)
    assert view.rate == 2.0
    assert [(t.name, t.table, t.percent, t.rate) for t in view.tables] == [
        ("b", "p_B", 50.0, 2.0), ("a", "p_A", 0.0, 0.0),
    ]  # fmt: skip
    assert [p.seconds for p in view.phases] == [1.5, None]
    assert json.loads(json.dumps(view.to_json()))["tables"][0]["entities"][0]["rejected"] == 1


def test_no_run() -> None:
    assert overview(None, None, False).next == "migrate.py migrate"
    assert (overview(None, None, True).running, overview(None, None, True).next) == (True, None)


@pytest.mark.parametrize("status", ["in_progress", "not_started"])
def test_a_run_without_a_process_was_killed(status: str) -> None:
    view = overview(replace(RUN, status=status), None, False)  # type: ignore[arg-type]
    assert (view.status, view.next) == (status, "migrate.py resume")
    assert "is gone" in view.note


def test_the_lease_is_told_as_it_was_at_the_last_save() -> None:
    leased = RUN.with_lease(Lease({"a": 1, "b": 4}, 1_160.0))
    assert overview(leased, None, True).lease == LeaseView(4, "1970-01-01T00:19:20.000Z")
    assert overview(leased.with_lease(Lease({"a": 1})), None, False).lease == LeaseView(1, None)
    assert overview(RUN, None, True).lease is None


@pytest.mark.parametrize("status", ["paused", "failed"])
def test_a_stopped_run_is_resumed(status: str) -> None:
    view = overview(replace(RUN, status=status), None, False)  # type: ignore[arg-type]
    assert (view.status, view.next, view.note) == (status, "migrate.py resume", "")


@pytest.mark.parametrize("live", [None, "another"])
def test_tables_of_a_stopped_embedded_dynamodb_are_never_complete(live: str | None) -> None:
    done = tuple(replace(e, done=True) for e in RUN.entities)
    run = replace(RUN, endpoint="embedded:one", entities=done, status="completed")
    view = overview(run, live, False)
    assert (view.status, view.next) == ("failed", "migrate.py migrate --force")
    assert overview(run, "one", False).status == "completed"
    assert overview(run, live, True).status == "completed"


@pytest.mark.row(23)
def test_a_clock_that_jumped_gives_no_negative_figures() -> None:
    jumped = replace(RUN, phases=(PhaseTime("loading", 5_000.0, 1_000.0),), updated_at=10.0)
    (phase,) = overview(jumped, None, True).phases
    assert (phase.finished_at, phase.seconds) == (None, None)
    assert overview(jumped, None, True).rate == 2.0
    fast = replace(RUN, counters=Counters())
    assert overview(fast, None, True).rate is None


def test_more_written_than_counted_is_all() -> None:
    entities = (EntityProgress("a", "Three", (9,), rows_total=1, rows_read=9, items_written=9),)
    assert overview(replace(RUN, tables={"a": "A"}, entities=entities), None, True).percent == 100.0


MOVING = RUN.with_pace(Pace(4.0, 23.5, "rising")).with_tuning(Tuning(2, "500"))


def test_the_pace_is_that_of_the_last_save() -> None:
    view = overview(MOVING, None, True)
    assert (view.rate_now, view.trend, view.eta_seconds) == (4.0, "rising", 23.5)
    assert (view.tuning, view.wish, view.next) == (Tuning(2, "500"), None, None)


@pytest.mark.parametrize(
    ("checkpoint", "running"),
    [(MOVING, False), (RUN, True), (MOVING.with_tuning(Tuning(3, paused=True)), True)],
    ids=["no process", "not known yet", "paused"],
)
def test_where_nothing_moves_there_is_no_pace(checkpoint: Checkpoint, running: bool) -> None:
    view = overview(checkpoint, None, running)
    assert (view.rate_now, view.trend, view.eta_seconds) == (None, "", None)


def test_a_paused_run_says_how_it_goes_on() -> None:
    paused = MOVING.with_tuning(Tuning(3, "500", True))
    assert overview(paused, None, True).next == "migrate.py tune --continue"
    killed = overview(paused, None, False, Wish(RUN.run_id, 3, paused=True))
    assert killed.next == "migrate.py resume"
    assert "was killed" in killed.note and "waits for migrate.py tune --continue" in killed.note
    assert "waits" not in overview(paused, None, False, Wish(RUN.run_id, 4)).note


def test_a_wish_is_shown_until_it_is_in_force() -> None:
    view = overview(MOVING, None, True, Wish(RUN.run_id, 3, MaxWcu(auto=True), True))
    assert view.wish == WishView(3, "auto", True)
    assert overview(MOVING, None, True, Wish(RUN.run_id, 3)).wish == WishView(3, None, False)
    assert overview(MOVING, None, True, Wish(RUN.run_id, 2)).wish is None
    done = replace(MOVING, entities=tuple(replace(e, done=True) for e in RUN.entities), status="completed")
    assert overview(done, None, False, Wish(RUN.run_id, 3)).wish is None


@pytest.mark.parametrize(
    ("done", "total", "complete", "expected"),
    [
        (0, 0, False, 0.0),
        (0, 0, True, 100.0),
        (9999, 10000, False, 99.9),
        (1, 3, False, 33.3),
        (3, 3, True, 100.0),
    ],
)
def test_percent_is_never_rounded_up(done: int, total: int, complete: bool, expected: float) -> None:
    assert percent(done, total, complete) == expected


def test_times_are_utc_and_a_wild_one_is_no_failure() -> None:
    assert iso(1_795_210_200.5) == "2026-11-20T21:30:00.500Z"
    assert iso(1e300).startswith("1970-01-01")


def test_the_last_error_and_the_snapshot() -> None:
    run = replace(RUN.with_error("first", 1.0).with_error("second", 2.0), snapshot="x.sqlite")
    view = overview(run, None, True)
    assert view.last_error is not None
    assert (view.last_error.message, view.snapshot) == ("second", "x.sqlite")


def test_the_account_of_rows_adds_up_in_every_part() -> None:
    retried = RUN.with_entities([RUN.entity("b", "One").retried(skipped=1)])
    for run in (RUN, retried):
        view = overview(run, None, False)
        for part in (view, *view.tables, *(entity for table in view.tables for entity in table.entities)):
            assert part.items_total == part.items_written + part.rejected + part.skipped + part.unread
    assert (overview(retried, None, False).skipped, overview(retried, None, False).unread) == (1, 94)


def test_rejected_rows_and_a_retry_that_was_killed_have_their_next_command() -> None:
    done = tuple(replace(e, done=True) for e in RUN.entities)
    run = replace(RUN, entities=done, status="completed")
    assert overview(run, None, False).next == "migrate.py rejects"
    retry = replace(run, status="in_progress").with_phase("retry", started=1.0)
    view = overview(retry, None, False)
    assert (view.next, "retry" in view.note) == ("migrate.py retry-rejects", True)
    assert overview(retry, None, True).next is None
