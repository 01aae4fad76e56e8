"""SQLite's three forms of a date: ISO 8601 text, integer Unix seconds, real Julian day; all of them UTC.

Every function raises ValueError or OverflowError for what is no date.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from math import floor

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_JULIAN_EPOCH = 2_440_587.5


def iso(value: float | str) -> str:
    """ISO 8601; text without a time or a zone stays without one, UTC is written "Z"."""
    if isinstance(value, str):
        try:
            return date.fromisoformat(value).isoformat()
        except ValueError:
            return _written(datetime.fromisoformat(value))
    return _written(_EPOCH + (timedelta(seconds=value) if isinstance(value, int) else _since_epoch(value)))


def unix_seconds(value: float | str) -> int:
    """Whole seconds since 1970-01-01, rounded down; text without a zone is UTC."""
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return floor(_since_epoch(value).total_seconds())
    moment = datetime.fromisoformat(value)
    return floor((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _since_epoch(julian_day: float) -> timedelta:
    return timedelta(milliseconds=round((julian_day - _JULIAN_EPOCH) * 86_400_000))


def _written(moment: datetime) -> str:
    text = moment.isoformat()
    return text[:-6] + "Z" if text.endswith("+00:00") else text
