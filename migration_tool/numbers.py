"""DynamoDB's numbers as text: which there are, and the one form that equal numbers share."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from migration_tool.errors import RowRejected

MAX_DIGITS = 38
LARGEST_EXPONENT, SMALLEST_EXPONENT = 125, -130
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_NOT_FINITE = {"inf", "infinity", "nan"}


def number_text(text: str) -> str:
    """`text` as a canonical DynamoDB number. Raises RowRejected when it is none."""
    word = text.strip()
    if word.lower().lstrip("+-") in _NOT_FINITE:
        raise RowRejected("number_not_finite", f"{word} has no DynamoDB number")
    if not _NUMBER.fullmatch(word):
        raise RowRejected("not_a_number", f"{word[:60]!r} is not a number")
    if not word.lower().partition("e")[0].strip("+-0."):
        return "0"
    try:
        number = Decimal(word)
    except InvalidOperation:  # an exponent beyond anything
        number = Decimal("1e999999")
    if not SMALLEST_EXPONENT <= number.adjusted() <= LARGEST_EXPONENT:
        raise RowRejected("number_out_of_range", f"{word[:60]} is outside 1E-130 … 9.99E+125")
    digits = len("".join(map(str, number.as_tuple().digits)).rstrip("0"))
    if digits > MAX_DIGITS:
        raise RowRejected("number_too_precise", f"{word[:60]} has {digits} digits, DynamoDB keeps 38")
    return canonical_number(word)


def canonical_number(text: str) -> str:
    """Positional notation without needless zeros: "1.50" → "1.5", "1E+3" → "1000", "-0" → "0"."""
    if text.isascii() and text.isdigit() and (text[0] != "0" or text == "0"):
        return text
    positional = format(Decimal(text), "f")
    if "." in positional:
        positional = positional.rstrip("0").rstrip(".")
    sign = "-" if positional.startswith("-") else ""
    whole = positional.lstrip("+-").lstrip("0") or "0"
    whole = "0" + whole if whole.startswith(".") else whole
    return whole if whole == "0" else sign + whole
