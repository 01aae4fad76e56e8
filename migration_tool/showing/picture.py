"""The tables of the source and their references as a picture in SVG, in the colours of the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from unicodedata import east_asian_width

from migration_tool.model import Column, Table
from migration_tool.showing.layout import Layout, layout
from migration_tool.showing.relations import Diagram, Relation
from migration_tool.verify.html_parts import text

_WIDTH, _BETWEEN, _HEAD, _ROW, _MARGIN = 200, 56, 27, 19, 12
_BOW = 26
_MOST_COLUMNS = 14
_ROOM = _WIDTH - 20
_OF_NAME, _OF_KIND = 7.0, 5.6
"""Widths of a character, about: of a bold name, and of the kind beside it."""


def picture(diagram: Diagram) -> str:
    """Tables with their columns; lines from keys to what refers to them, dashed where only a design does."""
    boxes = {table.name: _box(table, diagram) for table in diagram.tables}
    heights = {name: float(box.height) for name, box in boxes.items()}
    drawing = _Drawing(boxes, layout(heights, [(r.parent, r.child) for r in diagram.relations]))
    lines = "".join(map(drawing.line, diagram.relations))
    tables = "".join(map(drawing.table, boxes.values()))
    layers = 1 + max(drawing.placed.layers.values(), default=-1)
    width = layers * (_WIDTH + _BETWEEN) - _BETWEEN + 2 * _MARGIN + _BOW
    return (
        f'<div class="wide"><svg class="er" viewBox="0 0 {width} {drawing.placed.height + 2 * _MARGIN:.0f}" '
        f'style="width:{width}px;min-width:{width * 0.8:.0f}px" role="img" '
        f'aria-label="Tables of the source and their references">{lines}{tables}</svg></div>\n'
    )


@dataclass(frozen=True)
class _Box:
    """A table as it is drawn: where it has too many columns, those of keys come before others.

    refers  the columns that hold a reference
    """

    table: Table
    columns: tuple[Column, ...]
    refers: frozenset[str]

    @property
    def more(self) -> int:
        return len(self.table.columns) - len(self.columns)

    @property
    def height(self) -> int:
        return _HEAD + _ROW * (len(self.columns) + (self.more > 0))


def _box(table: Table, diagram: Diagram) -> _Box:
    refers = {name for r in diagram.relations if r.child == table.name for name in r.columns}
    keys = {name for r in diagram.relations if r.parent == table.name for name in r.to}
    first = {*table.primary_key} | refers | keys
    ranked = sorted(table.columns, key=lambda column: column.name not in first)
    kept = {column.name for column in ranked[:_MOST_COLUMNS]}
    return _Box(table, tuple(c for c in table.columns if c.name in kept), frozenset(refers))


@dataclass(frozen=True)
class _Drawing:
    boxes: Mapping[str, _Box]
    placed: Layout

    def table(self, box: _Box) -> str:
        x, y = self._left(box.table.name), self._top(box.table.name)
        rows = "".join(_row(column, box, x, y + _HEAD + n * _ROW) for n, column in enumerate(box.columns))
        if box.more:
            rows += f'<text class="s" x="{x + 10}" y="{y + box.height - 6:.1f}">and {box.more} more</text>'
        return (
            f'<rect class="box" x="{x}" y="{y:.1f}" width="{_WIDTH}" height="{box.height}" rx="6"/>'
            f'<path class="head" d="M{x} {y + _HEAD - 3:.1f}h{_WIDTH}"/>'
            f'<text class="t" x="{x + 10}" y="{y + 17:.1f}">{_name(box.table.name, _ROOM)}</text>{rows}'
        )

    def line(self, relation: Relation) -> str:
        forward = (relation.parent, relation.child) in self.placed.passes
        path = self._forward(relation) if forward else self._around(relation)
        return f'<path class="{"line" if relation.declared else "line dashed"}" d="{path}"/>'

    def _forward(self, relation: Relation) -> str:
        """From the right of the parent, through the layers between, to the left of the child."""
        parent, child = relation.parent, relation.child
        start, end = self._height(parent, relation.to), self._height(child, relation.columns)
        x, y = self._left(parent) + _WIDTH, start
        path = f"M{x} {y:.1f}"
        for number, passed in enumerate(self.placed.passes[parent, child], self.placed.layers[parent] + 1):
            to_x, to_y = _column_left(number), passed + _MARGIN
            path += f"{_curve(x, y, to_x, to_y)}h{_WIDTH}"
            x, y = to_x + _WIDTH, to_y
        tip = self._left(child)
        return f"{path}{_curve(x, y, tip, end)}M{tip - 8} {end - 5:.1f}l8 5l-8 5"

    def _around(self, relation: Relation) -> str:
        """Between tables of one layer, to the same table, and back: a bow at the right."""
        start = self._height(relation.parent, relation.to)
        end = self._height(relation.child, relation.columns)
        right, tip = self._left(relation.parent) + _WIDTH, self._left(relation.child) + _WIDTH
        bow = max(right, tip) + _BOW
        return f"M{right} {start:.1f}C{bow} {start:.1f} {bow} {end:.1f} {tip} {end:.1f}m8 -5l-8 5l8 5"

    def _left(self, name: str) -> int:
        return _column_left(self.placed.layers[name])

    def _top(self, name: str) -> float:
        return self.placed.tops[name] + _MARGIN

    def _height(self, name: str, columns: tuple[str, ...]) -> float:
        """Of the first of the columns that is drawn, else of the table's name."""
        drawn = [column.name for column in self.boxes[name].columns]
        place = next((drawn.index(column) for column in columns if column in drawn), None)
        return self._top(name) + (_HEAD / 2 if place is None else _HEAD + (place + 0.5) * _ROW)


def _column_left(layer: int) -> int:
    return _MARGIN + layer * (_WIDTH + _BETWEEN)


def _curve(x: float, y: float, to_x: float, to_y: float) -> str:
    middle = (x + to_x) / 2
    return f"C{middle:.1f} {y:.1f} {middle:.1f} {to_y:.1f} {to_x} {to_y:.1f}"


def _row(column: Column, box: _Box, x: int, y: float) -> str:
    mark = "PK " if column.name in box.table.primary_key else ""
    mark += "FK " if column.name in box.refers else ""
    kind = mark + column.affinity.lower()
    name = _name(column.name, _ROOM - _OF_KIND * (len(kind) + 1))
    return (
        f'<text x="{x + 10}" y="{y + 12:.1f}"{" class=k" if mark else ""}>{name}</text>'
        f'<text class="s" x="{x + _WIDTH - 10}" y="{y + 12:.1f}" text-anchor="end">{text(kind)}</text>'
    )


def _name(name: str, room: float) -> str:
    """As much of its beginning and its end as there is room for.

    The page's own marks are HTML, at which a picture would end.
    """
    shown = name
    for kept in range(min(len(name), _WIDTH) - 1, 0, -1):
        if _wide(shown) <= room:
            break
        shown = f"{name[: kept - kept // 3]}…{name[len(name) - kept // 3 :]}"
    return text(shown).replace("<i>", '<tspan class="s">').replace("</i>", "</tspan>")


def _wide(name: str) -> float:
    return _OF_NAME * sum(2 if east_asian_width(character) in "WF" else 1 for character in name)
