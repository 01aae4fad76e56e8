"""How fast a table takes units, learnt from what it takes and what it refuses."""

from __future__ import annotations

from collections.abc import Callable

_SHORTEST_SECONDS, _LONGEST_SECONDS = 0.1, 5.0
_FEWEST_ANSWERS = 8
_TOLERATED, _MOST_TOLERATED = 0.05, 0.5
_WANES = 0.98
_FALLEN, _IN_PROPORTION = 1 / 3, 0.6
_STEEPEST_FALL = 0.7
_USED, _HEADROOM = 0.9, 1.1
_FIRST_GROWTH, _GREATEST_GROWTH = 0.02, 0.5
_UNUSED_SECONDS = 10.0
_LEAST = 1.0


class Pace:
    """The rate, in units per second, at which to offer a table units; None while no limit is known.

    It is looked at in intervals of 0.1 s, or 8 answers if they take longer. Were more than 5 % of the units
    refused, the rate becomes what was taken (10 % more if the rate was not what held the offer down). Was
    less refused although the rate was used, it grows: by 2 %, and with each such interval in a row by twice
    as much, up to a half. So it stays within a few per cent of what the table takes, and follows where that
    grows. Unused and not refused for 10 s it is forgotten.

    Where the rate has fallen to a third and what is taken to about as much, there is no limit to keep to: up
    to a half refused is then tolerated, and in each interval a little less, so that this is looked at anew.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.rate: float | None = None
        self._clock = clock
        self._growth = _FIRST_GROWTH
        self._unused = 0.0
        self._tolerated = _TOLERATED
        self._fell_from = (0.0, 0.0)
        self._open(clock())

    @property
    def fresh(self) -> bool:
        """Answers came in the last seconds."""
        return self._clock() < self._began + 2 * _LONGEST_SECONDS

    def answered(self, taken: float, refused: float) -> bool:
        """Notes the units of an answer. True if the rate is another one now."""
        self._taken += taken
        self._refused += refused
        self._answers += 1
        now = self._clock()
        if now < self._due or (self._answers < _FEWEST_ANSWERS and now < self._began + _LONGEST_SECONDS):
            return False
        before = self.rate
        self._close(now - self._began)
        self._open(now)
        return self.rate != before

    def slow(self, factor: float) -> None:
        """Somebody else is short: less of it from now on. Where nothing is known yet, there is no less."""
        if self.rate is None and self._answers < _FEWEST_ANSWERS:
            return
        now = self._clock()
        taken = self._taken / max(_SHORTEST_SECONDS, now - self._began)
        self.rate = max(_LEAST, (taken if self.rate is None else self.rate) * factor)
        self._growth = _FIRST_GROWTH

    def _open(self, now: float) -> None:
        self._taken = self._refused = 0.0
        self._answers = 0
        self._began = now
        self._due = now + _SHORTEST_SECONDS

    def _close(self, seconds: float) -> None:
        offered = self._taken + self._refused
        used = self.rate is None or offered >= _USED * self.rate * seconds
        self._tolerated = max(_TOLERATED, self._tolerated * _WANES)
        refused_much = self._refused > self._tolerated * offered
        if refused_much and not self._in_vain(offered / seconds, self._taken / seconds):
            self._fall(self._taken / seconds * (1.0 if used else _HEADROOM), offered / seconds)
        elif not used:
            self._unused += seconds
            self.rate = None if self._unused > _UNUSED_SECONDS else self.rate
        elif self.rate is not None:
            self._unused = 0.0
            self.rate *= 1.0 + self._growth
            self._growth = min(2 * self._growth, _GREATEST_GROWTH)

    def _in_vain(self, offered: float, taken: float) -> bool:
        """Whether less offered has only meant less taken, in units per second; it is then tolerated."""
        most, taken_then = self._fell_from
        if _FALLEN * most < offered <= most:
            return False
        self._fell_from = offered, taken
        if offered > most or taken > _IN_PROPORTION * taken_then or taken < _MOST_TOLERATED * offered:
            return False
        self._tolerated = _MOST_TOLERATED
        return True

    def _fall(self, taken: float, offered: float) -> None:
        """Where nothing at all was taken, that says nothing of how much is."""
        rate = self.rate if taken else self.rate or offered
        self.rate = max(_LEAST, taken if rate is None else max(rate * _STEEPEST_FALL, min(taken, rate)))
        self._growth = _FIRST_GROWTH
        self._unused = 0.0
