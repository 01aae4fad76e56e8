"""What an item says of the object that holds the rest of it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from migration_tool.model import WireItem
from migration_tool.oversize import ATTRIBUTE, S3

_FAULT = "Object"
_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Pointer:
    """The name of the object, which is the SHA-256 of its content, and its length in bytes."""

    sha256: str
    size: int


def pointer_of(item: WireItem) -> Pointer | None:
    """None where the item points to no object, or not as we write it."""
    if ATTRIBUTE not in item:
        return None
    try:
        packed = item[ATTRIBUTE]["M"]
        name, size = packed["Sha256"]["S"], int(packed["Bytes"]["N"])
        ours = packed["Encoding"] == {"S": S3} and _SHA256.fullmatch(name) and size > 0
    except (ValueError, KeyError, TypeError):
        return None
    return Pointer(name, size) if ours else None


def is_name(text: str) -> bool:
    """Whether an object could be called so."""
    return _SHA256.fullmatch(text) is not None


def marked(item: WireItem, fault: str) -> WireItem:
    """The pointing item, which says in `~oversize` what is wrong with its object."""
    return item | {ATTRIBUTE: {"M": {**item[ATTRIBUTE]["M"], _FAULT: {"S": fault}}}}


def unmarked(item: WireItem) -> WireItem:
    """The item as it is stored."""
    if not pointer_of(item):
        return item
    packed = {name: value for name, value in item[ATTRIBUTE]["M"].items() if name != _FAULT}
    return item | {ATTRIBUTE: {"M": packed}}
