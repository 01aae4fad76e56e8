"""A wish and its acknowledgement, with a clock that the test turns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from migration_tool.errors import StateError
from migration_tool.rates import OFF, MaxWcu
from migration_tool.state.checkpoint import PhaseTime, Tuning
from migration_tool.state.control import Wish, in_force, read_wish, write_wish
from migration_tool.state.store import StateStore
from migration_tool.tuning import LOOK_SECONDS, Tuned, tune
from tests.state.samples import RUN, Time, checkpoint, finished

LIMIT = MaxWcu(500.0)


class Run:
    """A state folder with one run; `then` is what happens while `tune` sleeps."""

    def __init__(self, folder: Path) -> None:
        self.store = StateStore(folder)
        self.state = self.store.save(checkpoint())
        self.path = self.store.control_path(RUN)
        self.clock = Time()
        self.then: Callable[[], None] = lambda: None

    def __call__(self, limit: MaxWcu | None = None, paused: bool | None = None) -> Tuned:
        return tune(StateStore(self.store.folder), limit, paused, 5.0, self.clock, self.sleep)

    def sleep(self, seconds: float) -> None:
        self.clock.now += seconds
        self.then()

    def take_over(self) -> None:
        self.state = self.store.save(self.state.with_tuning(in_force(read_wish(self.path), OFF)))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path / "state")


@pytest.fixture
def alive(run: Run) -> Iterator[Run]:
    """A run with a process: the lock is held."""
    with run.store.lock():
        yield run


def test_the_run_acknowledges_by_a_saved_state(alive: Run) -> None:
    alive.then = alive.take_over
    found = alive(LIMIT)
    assert found == Tuned(Wish(RUN, 1, LIMIT), alive.state, True)
    assert alive(paused=True).checkpoint.tuning == Tuning(2, "500", True)
    assert alive(OFF, False).checkpoint.tuning == Tuning(3, "off", False)


def test_without_a_process_the_wish_is_kept(run: Run) -> None:
    assert run(paused=True) == Tuned(Wish(RUN, 1, None, True), run.state, False)
    assert run(LIMIT).wish == Wish(RUN, 2, LIMIT, True)
    assert read_wish(run.path) == Wish(RUN, 2, LIMIT, True)
    assert run.clock.now == 1000.0


def test_a_process_that_ends_meanwhile_leaves_the_wish_behind(run: Run) -> None:
    lock = run.store.lock()
    lock.__enter__()
    run.then = lambda: lock.__exit__(None, None, None)
    assert run(LIMIT).in_force is False
    assert run.clock.now == pytest.approx(1000 + LOOK_SECONDS)


def test_a_process_that_takes_it_over_and_ends_has_taken_it_over(run: Run) -> None:
    lock = run.store.lock()
    lock.__enter__()

    def end() -> None:
        run.take_over()
        lock.__exit__(None, None, None)

    run.then = end
    assert run(LIMIT).in_force is True


def test_a_process_that_does_not_look_is_an_error_and_the_wish_stays(alive: Run) -> None:
    phases = (PhaseTime("loading", 1.0, 2.0), PhaseTime("validation", 2.0))
    alive.state = alive.store.save(checkpoint(generation=1, phases=phases))
    with pytest.raises(
        StateError, match="has not taken wish 1 over in time; its phase is validation"
    ) as raised:
        alive(paused=True)
    assert "status" in raised.value.hint
    assert alive.clock.now == pytest.approx(1005, abs=LOOK_SECONDS)
    assert read_wish(alive.path) == Wish(RUN, 1, None, True)


def test_a_wish_that_was_replaced_is_not_called_in_force(alive: Run) -> None:
    def replace() -> None:
        write_wish(alive.path, Wish(RUN, 1, None, False))
        alive.take_over()

    alive.then = replace
    with pytest.raises(StateError, match="another wish"):
        alive(paused=True)


def test_the_number_grows_even_where_the_file_was_deleted(run: Run) -> None:
    run.state = run.store.save(run.state.with_tuning(Tuning(6, "500", True)))
    assert run(LIMIT).wish == Wish(RUN, 7, LIMIT, False)


@pytest.mark.parametrize("meanwhile", [False, True])
def test_a_complete_run_has_nothing_to_tune(run: Run, meanwhile: bool) -> None:
    done = finished()

    def end() -> None:
        run.store.remove(RUN)
        run.store.save(done)

    if meanwhile:
        run.then = end
        with run.store.lock(), pytest.raises(StateError, match="it is complete"):
            run(paused=True)
    else:
        end()
        with pytest.raises(StateError, match="it is complete"):
            run(paused=True)
        assert not run.path.exists()


def test_without_a_run_there_is_nothing_to_tune(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="no run is saved here"):
        tune(StateStore(tmp_path), LIMIT, None, 5.0)


def test_a_damaged_wish_is_not_written_over(run: Run) -> None:
    run.path.write_text("{")
    with suppress(StateError):
        run(LIMIT)
        pytest.fail("it was written over")
    assert run.path.read_text() == "{"
