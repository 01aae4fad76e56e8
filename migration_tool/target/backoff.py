"""How long to wait before a request is sent again, and when to give up. tenacity's strategies, as numbers.

tenacity would like to own the loop and sleep in it. Here many requests are in flight in one thread and
nobody may sleep, so its strategies are asked for their figures only.
"""

from __future__ import annotations

from tenacity import RetryCallState, Retrying, stop_after_attempt, stop_after_delay, wait_random_exponential

_LARGEST_EXPONENT = 64


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
        self.max_seconds = max_seconds
        self.max_attempts = max_attempts
        self.max_age_seconds = max_age_seconds
        self._wait = wait_random_exponential(multiplier=base_seconds, max=max_seconds)
        self._too_old = stop_after_delay(max_age_seconds)
        self._too_many_or_old = stop_after_attempt(max_attempts) | self._too_old

    def delay(self, attempt: int) -> float:
        """Seconds before the next send, after `attempt` sends (from 1): full jitter, 0 to the window."""
        return self._wait(_state(min(attempt, _LARGEST_EXPONENT), 0.0))

    def exhausted(self, attempt: int, age: float, *, throttled: bool = False) -> bool:
        """Whether to give up after `attempt` sends, `age` seconds after the first.

        A throttle is no fault of the request: it is bounded by age only.
        """
        stop = self._too_old if throttled else self._too_many_or_old
        return bool(stop(_state(attempt, age)))


_RETRYING = Retrying()


def _state(attempt: int, age: float) -> RetryCallState:
    state = RetryCallState(_RETRYING, None, (), {})
    state.attempt_number = attempt
    state.start_time = 0.0
    state.outcome_timestamp = age
    return state
