"""How long to wait before a request is sent again, and when to give up. tenacity's strategies, as numbers.

tenacity would like to own the loop and sleep in it. Here many requests are in flight in one thread and
nobody may sleep, so its strategies are asked for their figures only, and tenacity is imported when the
first of them is: it brings asyncio along, a tenth of a command's start.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tenacity import RetryCallState, Retrying
    from tenacity.stop import stop_base
    from tenacity.wait import wait_base

_LARGEST_EXPONENT = 64


class _Strategies(NamedTuple):
    """Of tenacity; `retrying` is what it wants to be asked with."""

    wait: wait_base
    too_old: stop_base
    too_many_or_old: stop_base
    retrying: Retrying

    def state(self, attempt: int, age: float) -> RetryCallState:
        from tenacity import RetryCallState

        state = RetryCallState(self.retrying, None, (), {})
        state.attempt_number = attempt
        state.start_time = 0.0
        state.outcome_timestamp = age
        return state


class Backoff:
    """The retry policy of one target.

    base_seconds     the first window; each further one is twice as wide
    max_seconds      the widest window
    max_attempts     sends of one request after which a transient fault is final
    max_age_seconds  time since the first send after which any fault is final
    """

    def __init__(
        self,
        base_seconds: float = 1.0,
        max_seconds: float = 20.0,
        max_attempts: int = 4,
        max_age_seconds: float = 900.0,
    ) -> None:
        self.base_seconds = base_seconds
        self.max_seconds = max_seconds
        self.max_attempts = max_attempts
        self.max_age_seconds = max_age_seconds

    def delay(self, attempt: int) -> float:
        """Seconds before the next send, after `attempt` sends (from 1): full jitter, 0 to the window."""
        strategies = self._strategies
        return strategies.wait(strategies.state(min(attempt, _LARGEST_EXPONENT), 0.0))

    def exhausted(self, attempt: int, age: float, *, throttled: bool = False) -> bool:
        """Whether to give up after `attempt` sends, `age` seconds after the first.

        A throttle is no fault of the request: it is bounded by age only.
        """
        strategies = self._strategies
        stop = strategies.too_old if throttled else strategies.too_many_or_old
        return bool(stop(strategies.state(attempt, age)))

    @cached_property
    def _strategies(self) -> _Strategies:
        from tenacity import Retrying, stop_after_attempt, stop_after_delay, wait_random_exponential

        too_old = stop_after_delay(self.max_age_seconds)
        return _Strategies(
            wait_random_exponential(multiplier=self.base_seconds, max=self.max_seconds),
            too_old,
            stop_after_attempt(self.max_attempts) | too_old,
            Retrying(),
        )
