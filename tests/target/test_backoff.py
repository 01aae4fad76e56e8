from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration_tool.target.backoff import Backoff

seconds = st.floats(min_value=0.0, max_value=100.0)
attempts = st.integers(min_value=1, max_value=100_000)


@given(base=seconds, widest=seconds, attempt=attempts)
def test_a_delay_lies_in_its_window(base: float, widest: float, attempt: int) -> None:
    window = min(widest, base * 2.0 ** min(attempt - 1, 64))
    assert 0.0 <= Backoff(base, widest).delay(attempt) <= window


@pytest.mark.parametrize("attempt", [1, 2, 3, 4, 5, 6])
def test_the_jitter_is_full_and_the_window_doubles(attempt: int) -> None:
    backoff = Backoff(base_seconds=1.0, max_seconds=20.0)
    window = min(20.0, 2.0 ** (attempt - 1))
    drawn = sorted(backoff.delay(attempt) for _ in range(2000))
    assert drawn[0] < window * 0.05
    assert drawn[-1] > window * 0.95
    assert window * 0.4 < drawn[1000] < window * 0.6


@given(attempt=attempts, age=seconds, most=st.integers(1, 50), oldest=st.floats(0.1, 100.0))
def test_a_fault_is_bounded_by_attempts_and_age_a_throttle_by_age(
    attempt: int, age: float, most: int, oldest: float
) -> None:
    backoff = Backoff(max_attempts=most, max_age_seconds=oldest)
    assert backoff.exhausted(attempt, age) == (attempt >= most or age >= oldest)
    assert backoff.exhausted(attempt, age, throttled=True) == (age >= oldest)
