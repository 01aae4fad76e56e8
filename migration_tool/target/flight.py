"""How many requests may be in flight: one more after each round of good answers, fewer after trouble."""

from __future__ import annotations

from collections.abc import Callable

_SHRINKS_APART = 1.0


class Flight:
    """Additive increase, multiplicative decrease between 1 and `most` requests.

    clock      monotonic seconds; troubles within one second count as one
    allowed    requests that may be in flight now
    in_flight  requests that are
    """

    def __init__(self, most: int, clock: Callable[[], float]) -> None:
        self.most = most
        self.allowed = most
        self.in_flight = 0
        self._width = float(most)
        self._clock = clock
        self._shrunk_at = float("-inf")

    def grow(self) -> None:
        """An answer was good, and its request is landed. More are allowed only if all allowed were used."""
        if self._width < self.most and self.in_flight + 1 >= self.allowed:
            self._width = min(self.most, self._width + 1 / self._width)
            self.allowed = int(self._width)

    def shrink(self, factor: float) -> None:
        """A throttle or a fault: so much of what is in flight may be from now on."""
        now = self._clock()
        if now >= self._shrunk_at + _SHRINKS_APART:
            self._shrunk_at = now
            self._width = max(1.0, min(self._width, self.in_flight + 1.0) * factor)
            self.allowed = int(self._width)
