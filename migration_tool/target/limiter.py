"""How many requests may be in flight: one more after each round of good answers, half after a throttle."""

from __future__ import annotations

from collections.abc import Callable

_HALVINGS_APART = 0.2


class Limiter:
    """Additive increase, multiplicative decrease between 1 and `most` requests.

    clock  monotonic seconds; throttles that arrive together count as one
    """

    def __init__(self, most: int, clock: Callable[[], float]) -> None:
        self._most = most
        self._allowed = float(most)
        self._clock = clock
        self._halved_at = float("-inf")

    @property
    def allowed(self) -> int:
        return int(self._allowed)

    def accepted(self) -> None:
        if self._allowed < self._most:
            self._allowed = min(self._most, self._allowed + 1 / self._allowed)

    def throttled(self) -> None:
        now = self._clock()
        if now - self._halved_at >= _HALVINGS_APART:
            self._halved_at = now
            self._allowed = max(1.0, self._allowed / 2)
