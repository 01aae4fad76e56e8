"""The sections of the design language, from its JSON Schema: editors, reference and loader read one list."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import orjson

SCHEMA = Path(__file__).with_name("design.schema.json")


@cache
def sections() -> dict[str, Any]:
    """The definitions of the schema by name; one with `properties` is a section."""
    found: dict[str, Any] = orjson.loads(SCHEMA.read_bytes())["$defs"]
    return found


def keys(section: str) -> tuple[str, ...]:
    """The keys that may stand in a section."""
    return tuple(sections()[section]["properties"])
