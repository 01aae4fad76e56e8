"""A small source whose long rows are split over chunk items, and what can be wrong with one of these."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from migration_tool import limits, oversize
from migration_tool.model import ENTITY_TYPE, WireItem
from migration_tool.oversize import CHUNK

SCHEMA = "CREATE TABLE Text (TextId INTEGER PRIMARY KEY, Body TEXT);"
ROWS = """
WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 600)
INSERT INTO Text SELECT 2, group_concat(i) FROM n WHERE i < 350 UNION SELECT 4, group_concat(i) FROM n;
INSERT INTO Text VALUES (1, 'short'), (3, 'short, too');
"""
DESIGN = """
entities:
  Text:
    oversize: split
    keys: {PK: "TEXT#{TextId}", SK: x}
"""
DOUBTED = DESIGN.replace("{TextId}", "{lower(TextId)}")
"""By the design alone two rows could have one key."""

CHUNKS = 4 + 7
"""How many the two long rows have together."""


def small_items(monkeypatch: pytest.MonkeyPatch) -> None:
    """Items of designs that are compiled from now on are split above 950 bytes, into chunks of 300."""
    monkeypatch.setattr(limits, "LARGE_TEXT", 200)
    monkeypatch.setattr(oversize, "MAX_ITEM_BYTES", 950)
    monkeypatch.setattr(oversize, "CHUNK_BYTES", 300)


def chunks(items: list[WireItem]) -> list[WireItem]:
    return [item for item in items if item[ENTITY_TYPE] == {"S": CHUNK}]


def lose(items: list[WireItem]) -> None:
    items.remove(chunks(items)[2])


def change(items: list[WireItem]) -> None:
    chunks(items)[2]["Data"] = {"B": "eA=="}


def orphan(items: list[WireItem]) -> None:
    """One more than the item has, as a longer one would have had."""
    items.append({**chunks(items)[0], "SK": {"S": "00099"}})


def swap(items: list[WireItem]) -> None:
    """The content of two chunk items of one item."""
    one, other = chunks(items)[1:3]
    one["Data"], other["Data"] = other["Data"], one["Data"]


FAULTS: Mapping[str, tuple[Callable[[list[WireItem]], None], tuple[int, int, int]]] = {
    "missing": (lose, (1, 0, 0)),
    "changed": (change, (0, 1, 0)),
    "extra": (orphan, (0, 0, 1)),
    "swapped": (swap, (0, 2, 0)),
}
"""What is done to the items of a table, and how many are missing, different and extra then."""
