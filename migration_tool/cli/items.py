"""Items for people: one as a list of its attributes, several as a table of the columns that fit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from rich.cells import cell_len, set_cell_size
from rich.table import Table

from migration_tool.cli.render import pairs, table
from migration_tool.cli.text import one_line
from migration_tool.verify.json_form import json_text

_KEY = re.compile(r"PK|SK|GSI\d+[PS]K")
_NAMES = ("Name", "Title", "LastName", "FirstName")
_WIDEST, _GAP = 40, 3


def ordered(value: Any) -> Any:
    """The same data with its names sorted, keys first: engines give them in any order."""
    if isinstance(value, Mapping):
        return {name: ordered(value[name]) for name in sorted(value, key=_rank)}
    return [ordered(element) for element in value] if isinstance(value, list) else value


def item_list(item: Mapping[str, Any]) -> Table:
    """Every attribute, keys first; lists and maps as JSON."""
    return pairs((name, shown(value)) for name, value in item.items())


def item_table(items: Sequence[Mapping[str, Any]], width: int) -> tuple[Table, list[str]]:
    """The table, and the names of the attributes for which `width` characters had no room.

    Names come first; attributes in which the items differ tell more than those they share; index keys
    tell nothing.
    """
    names = [n for n in dict.fromkeys(name for item in items for name in item) if not _KEY.fullmatch(n)]
    cells = {name: [_cut(shown(item[name])) if name in item else "" for item in items] for name in names}
    first = _first(items)
    names.sort(key=lambda n: (n not in first, len(set(cells[n])) == 1, _nested(items, n)))
    kept: list[str] = []
    for name in names:
        wide = max(cell_len(text) for text in (name, *cells[name])) + _GAP
        if wide <= width or not kept:
            kept.append(name)
            width -= wide
    columns = [f">{n}" if all(_is_number(item.get(n, 0)) for item in items) else n for n in kept]
    rows = [tuple(cells[name][row] for name in kept) for row in range(len(items))]
    return table(columns, rows), [name for name in names if name not in kept]


def shown(value: Any) -> str:
    """Text as it is, everything else as JSON."""
    return one_line(value if isinstance(value, str) else json_text(value, indent=False))


def _cut(text: str) -> str:
    return text if cell_len(text) <= _WIDEST else set_cell_size(text, _WIDEST - 1).rstrip() + "…"


def _is_number(value: object) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _first(items: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """What tells one item from another: of several entities their type, else the entity's own number."""
    kinds = {str(item.get("EntityType")) for item in items}
    return ("EntityType", *_NAMES) if len(kinds) > 1 else (f"{kinds.pop()}Id", *_NAMES)


def _nested(items: Sequence[Mapping[str, Any]], name: str) -> bool:
    return any(isinstance(item.get(name), dict | list) for item in items)


def _rank(name: str) -> tuple[bool, str]:
    return not _KEY.fullmatch(name), name
