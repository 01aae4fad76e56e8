"""How good the forecast of the rest of a run is: on recorded runs, and on made ones of every shape.

    python -m bench.forecast [FILE.csv ...]           judge recordings, by default those in bench/recorded
    python -m bench.forecast shapes                   judge made runs
    python -m bench.forecast record STATE_FOLDER OUT  record the migration that runs there

A recording is CSV: `seconds,items`, both since whenever; its last line is the end of the run. Beside the
forecast stand the two usual ways: the mean rate so far, and the exponentially weighted mean of rates.
"""

from __future__ import annotations

import csv
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Protocol, TypeAlias

from bench.shapes import SHAPES, Samples, made
from migration_tool.forecast import Estimate, Forecast
from migration_tool.state.store import StateStore

RECORDED = Path(__file__).parent / "recorded"
FROM, WITHIN, GOAL = 0.2, 0.15, 0.8
"""From this share of the items on, a forecast this near the truth is good, for this share of the time."""

Clock: TypeAlias = Callable[[], float]


class Forecaster(Protocol):
    def record(self, done: int) -> None: ...

    def estimate(self, left: int) -> Estimate: ...


@dataclass(frozen=True)
class Score:
    """`share` of the judged `seconds` in which the forecast of the seconds left was near the truth."""

    share: float
    seconds: float

    @property
    def holds(self) -> bool:
        return self.share >= GOAL


def evaluate(samples: Samples, make: Callable[[Clock], Forecaster] = Forecast) -> Score:
    """Shows the run to a forecaster, sample by sample; each forecast stands until the next sample.

    No forecast is a wrong one. Raises ValueError where nothing happens in the run.
    """
    total, first = samples[-1][1], samples[0][1]
    end = next(seconds for seconds, items in samples if items == total)
    now = samples[0][0]
    forecaster = make(lambda: now)
    good = judged = 0.0
    for (now, items), (later, _) in pairwise(samples):
        forecaster.record(items)
        if items - first < FROM * (total - first) or now >= end:
            continue
        found, truth = forecaster.estimate(total - items).seconds_left, end - now
        judged += later - now
        good += later - now if found is not None and abs(found - truth) <= WITHIN * truth else 0.0
    if not judged:
        raise ValueError("the run has no samples between its first fifth and its end")
    return Score(good / judged, judged)


class Average:
    """The mean rate so far goes on: what most programs show."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._first: tuple[float, int] | None = None
        self._last = (0.0, 0)

    def record(self, done: int) -> None:
        self._last = (self._clock(), done)
        self._first = self._first or self._last

    def estimate(self, left: int) -> Estimate:
        start = self._first or self._last
        return _estimate(self._last[1] - start[1], self._last[0] - start[0], left)


class Smoothed:
    """The exponentially weighted mean of the rates goes on; a rate counts 1/e after so many seconds."""

    def __init__(self, clock: Clock, seconds: float = 30.0) -> None:
        self._clock, self._seconds = clock, seconds
        self._last: tuple[float, int] | None = None
        self._rate: float | None = None

    def record(self, done: int) -> None:
        now = self._clock()
        if self._last is not None and (passed := now - self._last[0]) > 0:
            rate = (done - self._last[1]) / passed
            old = rate if self._rate is None else self._rate
            self._rate = rate + (old - rate) * math.exp(-passed / self._seconds)
        self._last = (now, done)

    def estimate(self, left: int) -> Estimate:
        return _estimate(self._rate or 0.0, 1.0, left)


def _estimate(items: float, seconds: float, left: int) -> Estimate:
    if items <= 0 or seconds <= 0:
        return Estimate(0.0, None, "")
    return Estimate(items / seconds, left * seconds / items, "")


def read(path: Path) -> Samples:
    with path.open(newline="") as lines:
        return [(float(row["seconds"]), int(row["items"])) for row in csv.DictReader(lines)]


def follow(folder: Path, sleep: Callable[[float], None] = time.sleep) -> Iterator[tuple[float, int]]:
    """The samples of the next migration in that state folder, as its state is saved, to its last item.

    Seconds are those spent loading. Waits for a run that is not loaded yet. Raises StateError.
    """
    store, run, last = StateStore(folder), "", -1.0
    while True:
        state = store.latest()
        loaded = state is not None and all(entity.done for entity in state.entities)
        if state is not None and (run == state.run_id or not loaded):
            run = state.run_id
            if state.counters.loading_seconds > last:
                last = state.counters.loading_seconds
                yield last, state.items_written + state.rejected
            if loaded:
                return
        sleep(0.05)


def _record(folder: Path, out: Path) -> None:
    with out.open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(("seconds", "items"))
        for sample in follow(folder):
            lines.writerow(sample)
            file.flush()


def _judge(runs: Mapping[str, Sequence[Samples]]) -> bool:
    """Prints a line for each name: mean and least share of its runs. Whether every mean reaches the goal."""
    print(f"{'near the truth from 20 % on':36}{'forecast':>10}{'least':>7}{'average':>10}{'smoothed':>10}")
    holds = True
    for name, samples in runs.items():
        shares = [[evaluate(run, make).share for run in samples] for make in (Forecast, Average, Smoothed)]
        mean, average, smoothed = (sum(found) / len(found) for found in shares)
        print(f"{name:36}{mean:10.0%}{min(shares[0]):7.0%}{average:10.0%}{smoothed:10.0%}")
        holds = holds and mean >= GOAL
    return holds


def main(arguments: Sequence[str]) -> int:
    """0; 1 where a recording is forecast well for less of the time than the goal."""
    match list(arguments):
        case ["record", folder, out]:
            _record(Path(folder), Path(out))
            return 0
        case ["shapes"]:
            _judge({name: [made(shape, seed) for seed in range(5)] for name, shape in SHAPES.items()})
            return 0
        case files:
            paths = [Path(file) for file in files] or sorted(RECORDED.glob("*.csv"))
            return 0 if _judge({path.name: [read(path)] for path in paths}) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
