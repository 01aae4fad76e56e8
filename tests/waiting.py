"""Waiting for what another thread or process does."""

from __future__ import annotations

import time
from collections.abc import Callable

_SECONDS = 60


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)
