"""Text that is safe to show: names and values of other people's data can hold terminal commands."""

from __future__ import annotations

import re

_LINE_BREAKS = re.compile("\r\n|[\r\n\u2028\u2029\x0b\x0c\x85]")
_CONTROLS = "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_UNSAFE = re.compile(f"[{_CONTROLS}]")
_UNSAFE_IN_JSON = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def clean(text: object) -> str:
    """Without C0, C1 and direction controls; tab and newline stay."""
    return _UNSAFE.sub("", str(text))


def one_line(text: object) -> str:
    """Clean, and on one line."""
    return clean(_LINE_BREAKS.sub(" ", str(text))).replace("\t", " ")


def escape_json(text: str) -> str:
    """JSON whose strings have no control characters left; the same data, and one line stays one line."""
    return _UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 item`, `2,000 items`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def duration(seconds: float) -> str:
    """`0.4 s`, `59 s`, `3 min 20 s`, `2 h 05 min`."""
    if seconds < 9.95:
        return f"{max(0.0, seconds):.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest} s"


def limit(max_wcu: str, units: float | None) -> str:
    """`off`, `500 WCU/s`, `auto`, `auto:80% (800 WCU/s)`; `units` is what an auto comes to now."""
    if max_wcu[:1].isdigit():
        return f"{float(max_wcu):,.15g} WCU/s"
    return max_wcu if units is None or max_wcu == "off" else f"{max_wcu} ({units:,.0f} WCU/s)"


def size(number: float) -> str:
    """Bytes by powers of 1,024: `17 bytes`, `1.0 MB`."""
    for unit in ("bytes", "KB", "MB", "GB"):
        if number < 1024:
            return f"{number:,.0f} {unit}" if unit == "bytes" else f"{number:,.1f} {unit}"
        number /= 1024
    return f"{number:,.1f} TB"
