"""How long the rest of a run takes, forecast from its own past.

There are several ways to go on from a past. Its last part goes on as it was (`_level`), goes on to change
(`_ramp`, `_slowing`), or comes again (`_cycle`); "last part" is each of several shares of the run. Nobody
knows the right way, but each can be tested: at some thirty moments of the past it is asked how long the items
done since would take, and its answer is compared with how long they took. The forecast is the weighted mean
of the answers for what is left. A way's weight is `error ** -16`, so the best one nearly decides alone; the
more a way presumes, the more its error is held against it, so a simple one wins a near tie.

So a step, a ramp or a wave is followed once it shows in the figures. What begins only after the forecast (a
step, a storm of throttles, a table with other rows) no past tells.
"""

from __future__ import annotations

import math
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple, TypeAlias

Trend: TypeAlias = Literal["rising", "falling", "steady", ""]

SAMPLES = 256
_FIRST_SECONDS, _SPACING = 2.0, 0.25
_RECENT_SECONDS, _RECENT_SAMPLES = 5.0, 4
_TICK_SECONDS = 1e-6
_MOMENTS, _MARGIN = 32, 4
_WORST_ERROR, _ERROR_FLOOR, _SHARPNESS, _NEGLIGIBLE = 0.4, 0.02, 16, 0.01


@dataclass(frozen=True)
class Estimate:
    """What is to be expected of the rest of a run.

    items_per_second  of the last while: 5 seconds, in a long run up to 1/32 of it; 0.0 before the first item
    seconds_left      None in the first two seconds and before the first item
    trend             of the rate, "" where nothing is forecast; "rising": that of the run's last eighth is
                      above that of each of the six sixteenths before, and 5 % above their mean
    """

    items_per_second: float
    seconds_left: float | None
    trend: Trend


class _Past(NamedTuple):
    """Samples: seconds since the first, each later than the last; items since the first, never fewer."""

    seconds: list[float]
    items: list[int]

    def before(self, sample: int, span: float) -> int:
        """The newest sample at least `span` seconds older than that one; the first where none is."""
        return max(0, bisect_right(self.seconds, self.seconds[sample] - span, 0, sample) - 1)

    def rate(self, start: int, end: int) -> float:
        """Items per second between two samples."""
        return (self.items[end] - self.items[start]) / (self.seconds[end] - self.seconds[start])


_Answer: TypeAlias = Callable[[_Past, int, float, int], float | None]
"""(past, the sample that is now, span in seconds, items) -> the seconds they will take; None: no idea."""

_Way: TypeAlias = tuple[float, _Answer, float]
"""(weight, answer, span in seconds)"""


class Forecast:
    """The past of one process's loading, in at most 256 samples, and what follows from it.

    A run that goes on from a checkpoint begins above 0: the first `record` is the zero of its rate.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._past = _Past([], [])
        self._spacing = _SPACING
        self._began, self._first = 0.0, 0
        self._paused_at: float | None = None
        self._ways: list[_Way] = []

    def record(self, done: int) -> None:
        """Notes how many items are done by now. While the clock stands still, nothing is noted."""
        seconds, items = self._past
        now = self._clock() if self._paused_at is None else self._paused_at
        if not seconds:
            self._began, self._first = now, done
            seconds.append(0.0)
            items.append(0)
        elif (second := now - self._began) >= seconds[-1] + _TICK_SECONDS:
            item = max(done - self._first, items[-1])
            if len(seconds) > 1 and seconds[-1] - seconds[-2] < self._spacing:
                seconds[-1], items[-1] = second, item
                return
            seconds.append(second)
            items.append(item)
            self._ways = []
            if len(seconds) > SAMPLES:
                del seconds[1:-1:2], items[1:-1:2]
                self._spacing *= 2

    @contextmanager
    def paused(self) -> Iterator[None]:
        """The time inside does not count; items recorded inside count with the first record after it."""
        self._paused_at = self._clock()
        try:
            yield
        finally:
            self._began += max(0.0, self._clock() - self._paused_at)
            self._paused_at = None

    def estimate(self, left: int) -> Estimate:
        """As of the last record; `left` is the number of items that are not done."""
        past, now = self._past, len(self._past.seconds) - 1
        if now < 1 or not past.items[now]:
            return Estimate(0.0, None, "")
        rate = past.rate(past.before(now, max(_RECENT_SECONDS, self._spacing * _RECENT_SAMPLES)), now)
        if past.seconds[now] < _FIRST_SECONDS:
            return Estimate(rate, None, "")
        self._ways = self._ways or _weighed(past)
        return Estimate(rate, _mean(past, self._ways, left) if left > 0 else 0.0, _trend(past))


def _level(past: _Past, now: int, span: float, items: int) -> float | None:
    """The rate of the last `span` goes on."""
    rate = past.rate(past.before(now, span), now)
    return items / rate if rate else None


def _ramp(past: _Past, now: int, span: float, items: int) -> float | None:
    """The rate goes on to change evenly with time, as it did over the last `span`; not towards nothing."""
    start = past.before(now, span)
    middle = (start + now) // 2
    if start == middle:
        return None
    rate = past.rate(middle, now)
    gain = 2 * (rate - past.rate(start, middle)) / (past.seconds[now] - past.seconds[start])
    speed = rate + gain * (past.seconds[now] - past.seconds[middle]) / 2
    last = speed * speed + 2 * gain * items
    return 2 * items / (speed + math.sqrt(last)) if speed > 0 and last > rate * rate / 25 else None


def _slowing(past: _Past, now: int, span: float, items: int) -> float | None:
    """An item takes evenly more time with each item done, as it did over the last `span`."""
    start = past.before(now, span)
    middle = (start + now) // 2
    if start == middle or not 0 < past.rate(middle, now) < past.rate(start, middle):
        return None
    earlier, later = 1 / past.rate(start, middle), 1 / past.rate(middle, now)
    gain = 2 * (later - earlier) / (past.items[now] - past.items[start])
    return items * (later + gain * (past.items[now] - past.items[middle] + items) / 2)


def _cycle(past: _Past, now: int, span: float, items: int) -> float | None:
    """The last `span` comes again, from its beginning, as often as it takes."""
    start = past.before(now, span)
    first, begun = past.items[start], past.seconds[start]
    if past.items[now] == first or past.seconds[now] < span:
        return None
    laps, rest = divmod(items, past.items[now] - first)
    end = _at(first + rest, past.items, past.seconds, start)
    return laps * (past.seconds[now] - begun) + end - begun


_WAYS: tuple[tuple[_Answer, float, float], ...] = (
    *((_level, share, 1.5 - 0.5 * share) for share in (1, 0.5, 0.25, 0.12, 0.06)),
    *((way, share, 1.5) for way in (_ramp, _slowing) for share in (1, 0.5)),
    *((_cycle, share, 1.7) for share in (0.7, 0.6, 0.5, 0.42, 0.36, 0.3, 0.25, 0.21, 0.17, 0.14)),
)
"""(answer, share of the run so far, what its error is multiplied with)."""


def _weighed(past: _Past) -> list[_Way]:
    """The ways that count; the rate of the whole past while that is too short for a test."""
    length = past.seconds[-1]
    if len(past.seconds) <= 2 * _MARGIN:
        return [(1.0, _level, length)]
    ways = [
        ((doubt * _error(past, answer, share * length) + _ERROR_FLOOR) ** -_SHARPNESS, answer, share * length)
        for answer, share, doubt in _WAYS
    ]
    least = max(weight for weight, _, _ in ways) * _NEGLIGIBLE
    return [way for way in ways if way[0] > least]


def _error(past: _Past, answer: _Answer, span: float) -> float:
    """The mean of |log(answer / truth)|, none above 0.4; the later a moment, the more it counts."""
    now = len(past.seconds) - 1
    moments = range(now - _MARGIN, _MARGIN - 1, -max(1, now // _MOMENTS))
    error = 0.0
    for moment in moments:
        found = answer(past, moment, span, past.items[now] - past.items[moment])
        took = past.seconds[now] - past.seconds[moment]
        error += moment * (min(_WORST_ERROR, abs(math.log(found / took))) if found else _WORST_ERROR)
    return error / sum(moments)


def _mean(past: _Past, ways: Sequence[_Way], items: int) -> float:
    """The weighted geometric mean of the answers; the rate of the whole past where there is none."""
    now = len(past.seconds) - 1
    answers = [(weight, answer(past, now, span, items)) for weight, answer, span in ways]
    known = [(weight, math.log(seconds)) for weight, seconds in answers if seconds]
    if not known:
        return items / past.rate(0, now)
    return math.exp(sum(weight * log for weight, log in known) / sum(weight for weight, _ in known))


def _trend(past: _Past) -> Trend:
    bounds = [_at(past.seconds[-1] * part / 16, past.seconds, past.items) for part in range(8, 17)]
    *before, last, newest = (later - earlier for earlier, later in pairwise(bounds))
    recent, usual = (last + newest) / 2, sum(before) / len(before)
    if recent > max(usual * 1.05, *before):
        return "rising"
    return "falling" if recent < min(usual * 0.95, *before) else "steady"


def _at(x: float, xs: Sequence[float], ys: Sequence[float], start: int = 0) -> float:
    """y at x on the line through the samples from `start` on; xs never falls and reaches x."""
    right = bisect_left(xs, x, start)
    if right == start:
        return ys[start]
    share = (x - xs[right - 1]) / (xs[right] - xs[right - 1])
    return ys[right - 1] + share * (ys[right] - ys[right - 1])
