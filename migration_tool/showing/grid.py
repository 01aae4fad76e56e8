"""Item collections as NoSQL Workbench draws them: an item is two rows, names of attributes above values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from migration_tool.attributes import plain
from migration_tool.design.model import ENTITY_TYPE
from migration_tool.exemplars import Collection, Exemplar, collections, key_text
from migration_tool.verify.html_parts import text
from migration_tool.verify.json_form import json_text

_LONGEST = 60
_GOLDEN = 137
"""Degrees between the hues of entities: neighbours differ most."""


@dataclass(frozen=True)
class Columns:
    """What the items of a table are drawn by.

    order   entity → its attributes in the order of the design
    keys    key attributes of the table and of all its indexes: they come last
    """

    order: Mapping[str, Sequence[str]]
    keys: Sequence[str]

    def names(self, one: Exemplar, apart: Sequence[str]) -> list[str]:
        """The attributes of an item but those `apart`."""
        known = [ENTITY_TYPE, *self.order[one.entity]]
        first = [name for name in known if name in one.item and name not in self.keys]
        others = [name for name in one.item if name not in first]
        return [name for name in (*first, *others) if name not in apart]

    def hue(self, entity: str) -> int:
        """Degrees on the circle of colours."""
        return list(self.order).index(entity) * _GOLDEN % 360


def grid(items: Sequence[Exemplar], keys: tuple[str, ...], columns: Columns, most: int, each: int) -> str:
    """`most` collections with `each` items each, and all entities, by these keys of the table or an index."""
    found = collections(items, keys, most, each)
    if not found:
        return '<p class="soft">No item among those of the first rows is here.</p>\n'
    drawn = [one for collection in found for one in collection.shown]
    body = _Body(keys, columns, max(len(one.item) - len(keys) for one in drawn))
    named = "".join(
        f"<th scope=col>{kind}: {text(name)}</th>"
        for kind, name in zip(("Partition key", "Sort key"), keys, strict=False)
    )
    return (
        f'<div class="wide"><table class="grid"><thead><tr><th colspan={len(keys)}>Primary key</th>'
        f"<th rowspan=2 colspan={body.width}>Attributes</th></tr><tr>{named}</tr></thead>"
        f"{''.join(map(body.collection, found))}</table></div>\n"
    )


@dataclass(frozen=True)
class _Body:
    """width  the most attributes that an item has beside its keys"""

    keys: tuple[str, ...]
    columns: Columns
    width: int

    def collection(self, found: Collection) -> str:
        rows = 2 * len(found.shown) + (found.more > 0)
        partition = f"<td class=p rowspan={rows}>{cut(found.partition)}</td>"
        items = "".join(self._item(one, "" if n else partition) for n, one in enumerate(found.shown))
        if found.more:
            words = f"and {found.more:,} more among the first rows"
            items += f"<tr><td class=x colspan={self.width + len(self.keys) - 1}>{words}</td></tr>"
        return f"<tbody>{items}</tbody>"

    def _item(self, one: Exemplar, partition: str) -> str:
        names = self.columns.names(one, self.keys)
        sort = "".join(
            f"<td class=p rowspan=2>{cut(key_text(one.item, name))}</td>" for name in self.keys[1:]
        )
        rest = self.width - len(names)
        fill = f"<td class=x colspan={rest}></td>" if rest else ""
        heads = "".join(f"<th>{cut(name)}</th>" for name in names)
        values = "".join(self._value(name, one) for name in names)
        return f"<tr class=names>{partition}{sort}{heads}{fill}</tr><tr>{values}{fill}</tr>\n"

    def _value(self, name: str, one: Exemplar) -> str:
        words = cell(plain(one.item[name]))
        if name == ENTITY_TYPE:
            words = f'<span class="kind" style="--hue:{self.columns.hue(one.entity)}">{words}</span>'
        return f"<td class=v>{words}</td>"


def cell(value: Any) -> str:
    """A plain value in a cell: text as it is, everything else as JSON."""
    return cut(value if isinstance(value, str) else json_text(value, indent=False))


def cut(words: str) -> str:
    """As HTML, not longer than a cell shall be."""
    return text(words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "…")
