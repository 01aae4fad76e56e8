"""Names of runs: `20261120T213000-a1b2c3`, the start in UTC and six random hex digits."""

from __future__ import annotations

import secrets
import time
from datetime import datetime, timedelta
from functools import cache

PATTERN = r"20[0-9]{6}T[0-9]{6}-[0-9a-f]{6}"
_STAMP = "%Y%m%dT%H%M%S"


def new_run_id(now: float, newest: str | None) -> str:
    """A name that sorts after `newest`, whatever the clock does; `now` in unix seconds."""
    floor = _next_second(newest) if newest else ""
    stamp = max(time.strftime(_STAMP, time.gmtime(now)), floor)
    return f"{stamp}-{secrets.token_hex(3)}"


@cache
def started(run_id: str) -> datetime | None:
    """When the run began, None for a moment that no calendar has."""
    try:
        return datetime.strptime(run_id[:15], _STAMP)
    except ValueError:
        return None


def _next_second(run_id: str) -> str:
    began = started(run_id)
    return (began + timedelta(seconds=1)).strftime(_STAMP) if began else ""
