"""Is something an item in DynamoDB's wire form?"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from migration_tool.errors import RowRejected
from migration_tool.numbers import number_text

_DEEPEST = 40
"""DynamoDB takes 32 levels; a reader has to end somewhere."""


def is_item(value: object) -> bool:
    """Attribute names with values of DynamoDB's types, each of which has the content of its type."""
    return isinstance(value, dict) and all(map(_is_value, value.values()))


def _is_value(value: object, level: int = 0) -> bool:
    if not isinstance(value, dict) or len(value) != 1 or level > _DEEPEST:
        return False
    ((kind, content),) = value.items()
    if kind in _SCALARS:
        return _SCALARS[kind](content)
    if kind == "M":
        return isinstance(content, dict) and all(_is_value(part, level + 1) for part in content.values())
    if not isinstance(content, list):
        return False
    if kind == "L":
        return all(_is_value(part, level + 1) for part in content)
    return kind in ("SS", "NS", "BS") and all(map(_SCALARS[kind[0]], content))


def _is_text(content: Any) -> bool:
    return isinstance(content, str)


def _is_number(content: Any) -> bool:
    try:
        return isinstance(content, str) and bool(number_text(content))
    except RowRejected:
        return False


def _is_base64(content: Any) -> bool:
    try:
        return isinstance(content, str) and base64.b64decode(content, validate=True) is not None
    except ValueError:
        return False


def _is_truth(content: Any) -> bool:
    return isinstance(content, bool)


_SCALARS: Mapping[str, Callable[[Any], bool]] = {
    "S": _is_text,
    "N": _is_number,
    "B": _is_base64,
    "BOOL": _is_truth,
    "NULL": _is_truth,
}
