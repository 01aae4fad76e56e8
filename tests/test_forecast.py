from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bench import forecast as bench
from bench.shapes import SHAPES, Samples, made
from migration_tool.forecast import SAMPLES, Estimate, Forecast
from migration_tool.state.checkpoint import Checkpoint, Counters, EntityProgress
from migration_tool.state.store import StateStore
from tests.state.samples import ended


class Run:
    """A run whose time passes only when it is told to."""

    def __init__(self, done: int = 0) -> None:
        self.now, self.done = 5_000.0, float(done)
        self.forecast = Forecast(lambda: self.now)
        self.forecast.record(done)

    def go(self, seconds: float, rate: float, step: float = 0.1) -> None:
        for _ in range(round(seconds / step)):
            self.now += step
            self.done += rate * step
            self.forecast.record(round(self.done))

    def estimate(self, left: int = 1_000) -> Estimate:
        return self.forecast.estimate(left)


def test_nothing_is_forecast_before_the_first_item_and_in_the_first_two_seconds() -> None:
    run = Run()
    assert run.estimate() == Estimate(0.0, None, "")
    run.go(60, 0)
    assert run.estimate() == Estimate(0.0, None, "")
    run = Run()
    run.go(1.9, 100)
    assert run.estimate() == Estimate(pytest.approx(100), None, "")
    run.go(0.2, 100)
    assert run.estimate() == Estimate(pytest.approx(100), pytest.approx(10), "steady")


def test_without_any_record_nothing_is_known() -> None:
    assert Forecast(lambda: 1.0).estimate(10) == Estimate(0.0, None, "")


@pytest.mark.parametrize("step", [0.005, 0.1, 1.0])
@pytest.mark.parametrize("left", [1, 5_000, 10**9])
def test_an_even_run_goes_on_evenly(step: float, left: int) -> None:
    run = Run()
    run.go(100, 1_000, step)
    assert run.estimate(left) == Estimate(
        pytest.approx(1_000), pytest.approx(left / 1_000, rel=1e-3), "steady"
    )


def test_a_run_with_nothing_left_needs_no_time() -> None:
    run = Run()
    run.go(10, 100)
    assert run.estimate(0).seconds_left == 0.0
    assert run.estimate(-3).seconds_left == 0.0


def test_few_saves_give_a_forecast_too() -> None:
    run = Run()
    run.go(50, 1, step=25)
    assert run.estimate(100).seconds_left == pytest.approx(100)


def test_a_resumed_run_counts_only_what_this_process_did() -> None:
    fresh, resumed = Run(), Run(done=2_000_000)
    for run in (fresh, resumed):
        run.go(30, 500)
    assert resumed.estimate(90_000) == fresh.estimate(90_000)
    assert resumed.estimate(90_000).seconds_left == pytest.approx(180, rel=1e-3)


def test_paused_time_does_not_count() -> None:
    run = Run()
    run.go(30, 500)
    before = run.estimate()
    with run.forecast.paused():
        run.now += 3_600
        run.forecast.record(round(run.done))
        assert run.estimate() == before
    run.go(30, 500)
    assert run.estimate(5_000) == Estimate(pytest.approx(500), pytest.approx(10, rel=1e-3), "steady")


def test_a_pause_that_is_broken_off_has_ended() -> None:
    run = Run()
    run.go(30, 500)
    with pytest.raises(KeyboardInterrupt), run.forecast.paused():
        run.now += 60
        raise KeyboardInterrupt
    run.go(30, 500)
    assert run.estimate(5_000).seconds_left == pytest.approx(10, rel=1e-3)


def test_the_rate_is_that_of_the_last_while() -> None:
    run = Run()
    run.go(60, 1_000)
    run.go(8, 3_000)
    assert run.estimate().items_per_second == pytest.approx(3_000, rel=0.01)


def test_a_standstill_counts_once_a_record_comes() -> None:
    run = Run()
    run.go(60, 1_000)
    before = run.estimate(60_000)
    run.go(8, 0)
    after = run.estimate(60_000)
    assert after.items_per_second == 0.0
    assert after.trend == "falling"
    assert before.seconds_left is not None and after.seconds_left is not None
    assert before.seconds_left < after.seconds_left < math.inf


@pytest.mark.row(23)
def test_an_hour_of_silence_is_part_of_the_past() -> None:
    run = Run()
    run.go(60, 1_000)
    run.go(3_600, 0, step=3_600)
    for _ in range(20):
        run.go(0.3, 1_000)
        left = run.estimate(65_000).seconds_left
        assert left is not None and 65 < left < 36_600


@pytest.mark.parametrize(("factor", "trend"), [(2, "rising"), (0.5, "falling"), (1.02, "steady")])
def test_the_trend_tells_a_change_and_forgets_it(factor: float, trend: str) -> None:
    run = Run()
    run.go(100, 1_000)
    assert run.estimate().trend == "steady"
    run.go(20, 1_000 * factor)
    assert run.estimate().trend == trend
    run.go(200, 1_000 * factor)
    assert run.estimate().trend == "steady"


def test_the_trend_of_a_ramp_lasts() -> None:
    run = Run()
    for second in range(300):
        run.go(1, 1_000 + 10 * second)
    assert run.estimate().trend == "rising"


def test_a_million_records_are_kept_in_a_bounded_past() -> None:
    run = Run()
    for _ in range(10):
        run.go(500, 1_000, step=0.005)
        assert len(run.forecast._past.seconds) == len(run.forecast._past.items) <= SAMPLES
    assert run.estimate(5_000).seconds_left == pytest.approx(5, rel=1e-3)


steps = st.tuples(st.floats(-10, 1e5), st.integers(-(10**6), 10**9))


@pytest.mark.row(23)
@example([(0.0, 0), (5e-324, 1)], 0, 0)
@given(st.lists(steps, max_size=60), st.integers(-1, 10**12), st.integers(0, 10**9))
def test_no_clock_and_no_figures_break_it(moves: list[tuple[float, int]], left: int, done: int) -> None:
    now = 0.0
    forecast = Forecast(lambda: now)
    for passed, gained in moves:
        now, done = now + passed, max(0, done + gained)
        forecast.record(done)
        found = forecast.estimate(left)
        assert 0 <= found.items_per_second < math.inf
        assert (found.seconds_left is None) == (found.trend == "")
        assert found.seconds_left is None or 0 <= found.seconds_left < math.inf


@given(st.lists(st.integers(0, 10**6), min_size=30, max_size=60), st.integers(1, 10**9))
def test_more_left_takes_longer_by_every_past(gains: list[int], left: int) -> None:
    run = Run()
    for gain in [*gains, 1]:
        run.go(1, gain, step=1)
    less, more = run.estimate(left).seconds_left, run.estimate(4 * left).seconds_left
    assert less is not None and more is not None and less < more


@pytest.mark.parametrize("name", [name for name, shape in SHAPES.items() if shape.told])
def test_it_holds_where_the_past_tells_the_future(name: str) -> None:
    shares = [bench.evaluate(made(SHAPES[name], seed)).share for seed in range(2)]
    assert sum(shares) / len(shares) >= bench.GOAL


FORETOLD_IN_PART = {
    "doubling in the first 20-40 %": 0.8,
    "ramp x4, even in items": 0.8,
    "ramp to 1/4, even in time": 0.5,
    "slowing from 15 % on": 0.7,
    "step x2 at 40 %": 0.75,
    "step to 1/2 at 40 %": 0.6,
    "second half x1.6": 0.4,
    "second half x1/1.6": 0.6,
    "storm: 10 % at 1/5": 0.55,
}


@pytest.mark.parametrize(("name", "least"), FORETOLD_IN_PART.items())
def test_it_soon_follows_what_no_past_tells(name: str, least: float) -> None:
    shares = [bench.evaluate(made(SHAPES[name], seed)).share for seed in range(2)]
    assert sum(shares) / len(shares) >= least


@pytest.mark.parametrize(
    "name", ["wave of 40 %, period 20 %", "step to 1/3 at 5-10 %", "slowing to 1/2.5, even in items"]
)
def test_it_is_better_than_the_usual_ways(name: str) -> None:
    ways: tuple[Callable[[bench.Clock], bench.Forecaster], ...] = (Forecast, bench.Average, bench.Smoothed)
    found, average, smoothed = (bench.evaluate(made(SHAPES[name], 7), make).share for make in ways)
    assert found > max(average, smoothed)


@pytest.mark.parametrize("path", sorted(bench.RECORDED.glob("*.csv")), ids=lambda path: path.name)
def test_it_holds_on_recorded_runs(path: Path) -> None:
    assert bench.evaluate(bench.read(path)).holds


class Wrong:
    """Knows the run, and says so many times the truth."""

    def __init__(self, clock: bench.Clock, factor: float | None) -> None:
        self._clock, self._factor = clock, factor

    def record(self, done: int) -> None:
        pass

    def estimate(self, left: int) -> Estimate:
        truth = 100 - self._clock()
        return Estimate(1.0, None if self._factor is None else truth * self._factor, "")


EVEN: Samples = [(float(second), 30 * second) for second in range(101)]


@pytest.mark.parametrize(
    ("factor", "share"), [(1, 1), (1.149, 1), (0.851, 1), (1.151, 0), (0.849, 0), (None, 0)]
)
def test_near_the_truth_is_within_15_percent(factor: float | None, share: float) -> None:
    score = bench.evaluate(EVEN, lambda clock: Wrong(clock, factor))
    assert score == bench.Score(share, 80)
    assert score.holds == (share == 1)


class Late(Wrong):
    """Right from 90 s on."""

    def __init__(self, clock: bench.Clock) -> None:
        super().__init__(clock, 2)

    def estimate(self, left: int) -> Estimate:
        self._factor = 1 if self._clock() >= 90 else 2
        return super().estimate(left)


def test_a_forecast_counts_by_the_time_it_stands() -> None:
    run = [(0.0, 0), (10.0, 300), (20.0, 600), (30.0, 900), (90.0, 2_700), (100.0, 3_000)]
    assert bench.evaluate(run, Late) == bench.Score(10 / 80, 80)


def test_what_comes_after_the_last_item_is_not_the_run() -> None:
    score = bench.evaluate([*EVEN, (500.0, 3_000)], lambda clock: Wrong(clock, 1))
    assert score == bench.Score(1, 80)


def test_a_run_without_samples_has_no_score() -> None:
    with pytest.raises(ValueError, match="no samples"):
        bench.evaluate([(0.0, 0), (9.0, 100)])


def test_the_recorder_follows_the_next_run_to_its_last_item(tmp_path: Path) -> None:
    store = StateStore(tmp_path)
    old = store.save(ended(state("20261120T213000-a1b2c3", 10, 5.0)))
    new = state("20261121T080000-000001", 0, 0.0)
    coming = iter([None, new, advanced(new, 4, 1.5), advanced(new, 4, 1.5), advanced(new, 10, 3.0)])

    def sleep(seconds: float) -> None:
        nonlocal old
        if (following := next(coming)) is not None:
            done = ended(following) if following.items_written == 9 else following
            generation = old.generation if old.run_id == done.run_id else 0
            old = store.save(replace(done, generation=generation))

    assert list(bench.follow(tmp_path, sleep)) == [(0.0, 0), (1.5, 4), (3.0, 10)]


def state(run_id: str, rows: int, seconds: float) -> Checkpoint:
    entity = EntityProgress("music", "Artist", (rows,) if rows else None, 10, rows, rows)
    counters = Counters(loading_seconds=seconds)
    return Checkpoint(run_id, 1.0, "x", "y", {"music": "Music"}, (entity,), counters=counters)


def advanced(begun: Checkpoint, rows: int, seconds: float) -> Checkpoint:
    """With a reject once all ten rows are read."""
    artist, rejected = begun.entities[0], 1 if rows == 10 else 0
    later = begun.with_entities([artist.advance((rows,), rows - artist.rows_read, rejected)])
    return later.with_counters(Counters(loading_seconds=seconds))


def written(path: Path, samples: Iterable[tuple[float, int]]) -> str:
    path.write_text("seconds,items\n" + "".join(f"{seconds},{items}\n" for seconds, items in samples))
    return str(path)


def test_the_command_judges_recordings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    even = written(tmp_path / "even.csv", EVEN)
    assert bench.main([even]) == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ["even.csv", "100%", "100%", "100%", "100%"]
    step = [*EVEN[:80], (5_000.0, 3_000)]
    assert bench.main([even, written(tmp_path / "step.csv", step)]) == 1


def test_a_recording_is_read_as_it_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "follow", lambda folder: iter(EVEN) if folder == tmp_path else None)
    assert bench.main(["record", str(tmp_path), str(tmp_path / "even.csv")]) == 0
    assert bench.read(tmp_path / "even.csv") == EVEN
    assert (tmp_path / "even.csv").read_text().splitlines()[:2] == ["seconds,items", "0.0,0"]
