"""Made runs: every way a rate is known to change, with noise, the same for the same seed."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TypeAlias

Samples: TypeAlias = Sequence[tuple[float, int]]
"""(seconds, items done), in order."""

ITEMS, SECONDS, STEPS = 3_000_000, 600.0, 600

Rate: TypeAlias = Callable[[float], float]
"""Share of the run (0 to 1) -> rate, in any unit."""


@dataclass(frozen=True)
class Shape:
    """A way a rate can change over a run; `draw` makes one at random, as a function of the share done.

    told     whether what is to come shows in the first fifth, so that a forecast can be asked to know
    by_items whether the share is of the items; else of the time
    noise    standard deviation of the rate's logarithm
    lasting  share of the run after which the noise has forgotten 63 % of itself
    """

    draw: Callable[[random.Random], Rate]
    told: bool = True
    by_items: bool = False
    noise: float = 0.1
    lasting: float = 0.0015


def made(shape: Shape, seed: int) -> Samples:
    """A run of 3 M items in 600 s, a sample each second; the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - noise, no secret
    rate = shape.draw(chance)
    pace = sum(1 / rate(step / STEPS) for step in range(STEPS)) / STEPS if shape.by_items else 1.0
    noise = _noise(chance, shape)
    gained: list[float] = []
    done = 0.0
    for step in range(STEPS):
        gained.append(rate(min(done, 1.0) if shape.by_items else step / STEPS) * next(noise))
        done += gained[-1] * pace / STEPS
    whole = ITEMS / sum(gained)
    items = [round(share * whole) for share in accumulate(gained, initial=0.0)]
    return [(step * SECONDS / STEPS, count) for step, count in enumerate(items)]


def _noise(chance: random.Random, shape: Shape) -> Iterator[float]:
    kept = math.exp(-1 / (shape.lasting * STEPS))
    level = chance.gauss(0, shape.noise)
    while True:
        yield math.exp(level)
        level = kept * level + chance.gauss(0, shape.noise * math.sqrt(1 - kept * kept))


def _wave(period: float, square: bool = False) -> Callable[[random.Random], Rate]:
    def draw(chance: random.Random) -> Rate:
        phase = chance.random()

        def rate(share: float) -> float:
            height = math.sin(2 * math.pi * (share / period + phase))
            return 1 + 0.4 * (math.copysign(1, height) if square else height)

        return rate

    return draw


def _step(low: float, high: float, factor: float) -> Callable[[random.Random], Rate]:
    """One step by that factor, anywhere between two shares of the run."""

    def draw(chance: random.Random) -> Rate:
        at = chance.uniform(low, high)
        return lambda share: 1.0 if share < at else factor

    return draw


def _doubling(low: float, high: float) -> Callable[[random.Random], Rate]:
    """4,000, 8,000, 16,000, 32,000, then 40,000 for good, reached anywhere between two shares of the run."""

    def draw(chance: random.Random) -> Rate:
        end = chance.uniform(low, high)
        return lambda share: min(40, 4 * 2 ** int(share / end * 4))

    return draw


def _gaps(count: int, length: float, rest: float) -> Callable[[random.Random], Rate]:
    """So many gaps of that length with `rest` of the rate, at random places up to 0.8 of the run."""

    def draw(chance: random.Random) -> Rate:
        starts = [chance.uniform(0.05, 0.8) for _ in range(count)]
        return lambda share: rest if any(0 <= share - start < length for start in starts) else 1.0

    return draw


def _levels(length: float) -> Callable[[random.Random], Rate]:
    def draw(chance: random.Random) -> Rate:
        levels = [chance.uniform(0.5, 1.5) for _ in range(int(1 / length) + 1)]
        return lambda share: levels[int(share / length)]

    return draw


SHAPES: Mapping[str, Shape] = {
    "constant, noise 10 %": Shape(lambda _: lambda share: 1),
    "constant, noise 30 %": Shape(lambda _: lambda share: 1, noise=0.3),
    "wave of 40 %, period 5 %": Shape(_wave(0.05)),
    "wave of 40 %, period 10 %": Shape(_wave(0.1)),
    "wave of 40 %, period 20 %": Shape(_wave(0.2)),
    "wave of 40 %, period 30 %": Shape(_wave(0.3)),
    "square wave of 40 %, period 15 %": Shape(_wave(0.15, square=True)),
    "25 stalls of 0.4 %": Shape(_gaps(25, 0.004, 0.0)),
    "saw tooth of 4 %": Shape(lambda _: lambda share: 0.5 + share / 0.04 % 1 / 2),
    "step x3 at 5-10 %": Shape(_step(0.05, 0.1, 3)),
    "step to 1/3 at 5-10 %": Shape(_step(0.05, 0.1, 1 / 3)),
    "doubling in the first 10-20 %": Shape(_doubling(0.1, 0.2)),
    "ramp x4, even in time": Shape(lambda _: lambda share: 1 + 3 * share),
    "slowing to 1/2.5, even in items": Shape(lambda _: lambda share: 1 / (1 + 1.5 * share), by_items=True),
    "doubling in the first 20-40 %": Shape(_doubling(0.2, 0.4), told=False),
    "ramp x4, even in items": Shape(lambda _: lambda share: 1 + 3 * share, by_items=True, told=False),
    "ramp to 1/4, even in time": Shape(lambda _: lambda share: 4 - 3 * share, told=False),
    "slowing from 15 % on": Shape(
        lambda _: lambda s: 1 / (1 + 2 * max(0, s - 0.15)), by_items=True, told=False
    ),
    "step x2 at 40 %": Shape(_step(0.4, 0.4, 2), told=False),
    "step to 1/2 at 40 %": Shape(_step(0.4, 0.4, 0.5), told=False),
    "second half x1.6": Shape(_step(0.5, 0.5, 1.6), by_items=True, told=False),
    "second half x1/1.6": Shape(_step(0.5, 0.5, 1 / 1.6), by_items=True, told=False),
    "storm: 10 % at 1/5": Shape(_gaps(1, 0.1, 0.2), told=False),
    "7 stalls of 2 %": Shape(_gaps(7, 0.02, 0.0), told=False),
    "noise 30 % that lasts 1 %": Shape(lambda _: lambda share: 1, noise=0.3, lasting=0.01, told=False),
    "noise 40 % that lasts 20 %": Shape(lambda _: lambda share: 1, noise=0.4, lasting=0.2, told=False),
    "levels of +-50 %, 7 % each": Shape(_levels(0.07), told=False),
}
