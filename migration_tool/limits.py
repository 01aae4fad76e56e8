"""What DynamoDB takes: sizes as it counts them, to the byte, and the checks against them."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

import orjson

from migration_tool.errors import RowRejected
from migration_tool.model import AttributeValue, WireItem
from migration_tool.numbers import canonical_number

MAX_ITEM_BYTES = 409_600
MAX_PARTITION_KEY_BYTES = 2_048
MAX_SORT_KEY_BYTES = 1_024
MAX_BATCH_ITEMS = 25
MAX_REQUEST_BYTES = 16 * 1024 * 1024
LARGE_TEXT = MAX_ITEM_BYTES // 4
"""An item text with fewer characters than this cannot exceed 400 KB, whatever its characters."""


Measure: TypeAlias = Callable[[WireItem], int]
"""Bytes that count towards the 400 KB of an item: its own, and those of its copies in local indexes."""


def item_size(item: WireItem) -> int:
    """Bytes that DynamoDB counts for the item."""
    texts, others = list(item), 0
    for value in item.values():
        text = value.get("S")
        if text is None:
            others += value_size(value)
        else:
            texts.append(text)
    return _text_size("".join(texts)) + others


def value_size(value: AttributeValue) -> int:
    ((kind, content),) = value.items()
    if kind == "S":
        return _text_size(content)
    if kind == "N":
        return number_size(content)
    if kind == "B":
        return len(content) * 3 // 4 - str(content[-2:]).count("=")
    if kind in ("BOOL", "NULL"):
        return 1
    if kind == "L":
        return 3 + sum(1 + value_size(element) for element in content)
    if kind == "M":
        return 3 + sum(1 + _text_size(name) + value_size(element) for name, element in content.items())
    return sum(value_size({kind[0]: element}) for element in content)


def _text_size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


@lru_cache(4_096)
def number_size(text: str) -> int:
    """1 + half the digits before and after the point, each rounded up, + 1 for a sign; 0 takes 1."""
    number = canonical_number(text)
    if number == "0":
        return 1
    whole, _, fraction = number.lstrip("-").partition(".")
    whole = whole.rstrip("0") if not fraction else whole
    whole = "" if whole == "0" else whole
    fraction = fraction.lstrip("0") if not whole else fraction
    return 1 + (len(whole) + 1) // 2 + (len(fraction) + 1) // 2 + number.startswith("-")


def checked(text: str, counted: Measure = item_size) -> str:
    """The item, in DynamoDB's JSON, as it is. Raises RowRejected where it is over 400 KB."""
    item = orjson.loads(text)
    if counted(item) > MAX_ITEM_BYTES:
        raise RowRejected("item_too_large", f"{size_of(item, counted)}, DynamoDB takes 409,600")
    return text


def size_of(item: WireItem, counted: Measure) -> str:
    """In words what of the item counts towards 400 KB."""
    own, all_told = item_size(item), counted(item)
    if own == all_told:
        return f"the item has {own:,} bytes"
    return f"the item and its copies in local indexes have {all_told:,} bytes"


def check_key(name: str, value: str | None, limit: int) -> None:
    """Raises RowRejected for a key that is NULL, empty or over `limit` bytes of UTF-8."""
    if value is None:
        raise RowRejected("null_key", f"{name} needs a column that is NULL")
    if value == "":
        raise RowRejected("empty_key", f"{name} is an empty string")
    size = len(value.encode())
    if size > limit:
        raise RowRejected("key_too_long", f"{name} has {size:,} bytes, DynamoDB takes {limit:,}")
