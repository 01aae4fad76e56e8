"""When the account is saved, by a clock that only these tests move."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest

from migration_tool.book import Reading
from migration_tool.ledger import Ledger
from migration_tool.state.checkpoint import Checkpoint, EntityProgress
from migration_tool.state.rejects import RejectLog
from migration_tool.state.store import StateStore
from migration_tool.target.batch import Window
from migration_tool.target.limiter import Flow
from migration_tool.target.loader import Loader, LoadFigures
from tests.state.samples import RUN, Time

from .ledger_server import LANE, batch

ROWS = 100


class Arrived:
    """As much of a loader as the ledger uses: windows of five rows are done when a test says so."""

    waiting = 0
    figures = LoadFigures()

    def __init__(self) -> None:
        self._windows: list[Window] = []
        self._rows = 0

    def arrive(self) -> None:
        window = batch(self._rows, 5).window
        window.open, window.batches = 0, 1
        self._windows.append(window)
        self._rows += 5

    def done(self) -> Iterator[Window]:
        while self._windows:
            yield self._windows.pop(0)

    def flow(self) -> Flow:
        return Flow(1)


class Slow(StateStore):
    """A disk that takes its time."""

    def __init__(self, folder: Path, clock: Time, seconds: float) -> None:
        super().__init__(folder)
        self._time, self._seconds = clock, seconds

    def save(self, checkpoint: Checkpoint) -> Checkpoint:
        self._time.now += self._seconds
        return super().save(checkpoint)


class Watch:
    def __init__(self) -> None:
        self.told: list[int] = []

    def progress(self, checkpoint: Checkpoint) -> None:
        self.told.append(checkpoint.items_written)

    def stopping(self) -> bool:
        return False


class Table:
    """A ledger, what arrives, and what it has saved so far."""

    def __init__(self, folder: Path, save_seconds: float) -> None:
        self.clock, self._loader, self._watch = Time(), Arrived(), Watch()
        store = Slow(folder, self.clock, save_seconds)
        progress = EntityProgress(LANE.table, LANE.entity, rows_total=ROWS)
        new = Checkpoint(RUN, 1.0, "x", "us-east-1", {LANE.table: LANE.table_name}, (progress,))
        book = Reading(new, RejectLog(store.rejects_path(RUN), 0), 0)
        loader = cast(Loader, self._loader)
        self.ledger = Ledger(store.save(new), store, loader, self._watch, book, clock=self.clock)

    def after(self, seconds: float, arrives: bool = True) -> list[int]:
        self.clock.now += seconds
        if arrives:
            self._loader.arrive()
        self.ledger.settle()
        return self._watch.told


@pytest.fixture
def table(tmp_path: Path) -> Callable[[float], Table]:
    return lambda save_seconds: Table(tmp_path, save_seconds)


def test_a_first_save_waits_for_a_fifth_of_a_second(table: Callable[[float], Table]) -> None:
    one = table(0.002)
    assert one.after(0.0) == []
    assert one.after(0.19) == []
    assert one.after(0.02) == [15]


def test_saving_takes_a_two_hundredth_of_the_time(table: Callable[[float], Table]) -> None:
    one = table(0.002)
    assert one.after(0.21) == [5]
    assert one.after(0.39) == [5]
    assert one.after(0.02) == [5, 15]


def test_what_is_done_is_saved_within_a_second_however_slow_the_disk_is(
    table: Callable[[float], Table],
) -> None:
    one = table(0.1)
    assert one.after(0.21) == [5]
    assert one.after(0.98) == [5]
    assert one.after(0.03) == [5, 15]


def test_the_pace_is_told_once_a_second_though_nothing_arrives(table: Callable[[float], Table]) -> None:
    one = table(0.0)
    assert one.after(0.21) == [5]
    assert one.after(0.9, arrives=False) == [5]
    assert one.after(0.2, arrives=False) == [5, 5]


def test_the_account_is_ahead_of_what_is_durable(table: Callable[[float], Table]) -> None:
    one = table(0.0)
    one.after(0.0)
    assert (one.ledger.account.items_written, one.ledger.saved.items_written) == (5, 0)
    assert one.ledger.uncovered == 1
    one.ledger.save()
    assert (one.ledger.account.items_written, one.ledger.saved.items_written) == (5, 5)
    assert one.ledger.uncovered == 0
