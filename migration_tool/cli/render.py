"""Tables for people, by rich. Every cell is cleaned: names and values come from other people's data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from rich import box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from migration_tool.cli.console import width
from migration_tool.cli.text import one_line

Cell: TypeAlias = str | int | tuple[str | int, str]
"""What a cell holds, maybe with a rich style. Whole numbers get thousands separators."""
_TEXT = 6
"""Characters into which text can be folded."""
_BETWEEN = 3
"""Characters between two columns."""


def table(columns: Sequence[str], rows: Iterable[Sequence[Cell]], total: Sequence[Cell] = ()) -> Table:
    """A column whose name begins with ">" is right-aligned; `total` is a last row set apart.

    Where the screen is too narrow it is text that is folded: what is right-aligned are figures, of which no
    digit goes to the next line, below names of which no word is broken, as long as there is room for them.
    """
    lines = list(rows)
    least = [
        _least(name, [line[place] for line in (*lines, total) if line]) for place, name in enumerate(columns)
    ]
    fits = sum(characters or _TEXT for characters in least) + _BETWEEN * (len(columns) - 1) <= width()
    found = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for name, characters in zip(columns, least, strict=True):
        found.add_column(
            _cell(name.removeprefix(">")), justify="right" if characters else "left", overflow="fold",
            min_width=characters if characters and fits else None,
        )  # fmt: skip
    for line in lines:
        found.add_row(*map(_cell, line))
    if total:
        found.add_section()
        found.add_row(*map(_cell, total), style="bold")
    return found


def _least(name: str, cells: Sequence[Cell]) -> int:
    """Characters of the longest figure, or word of the name, where it is a column of figures; else 0."""
    if not name.startswith(">"):
        return 0
    return max(map(cell_len, (*name[1:].split(), *(_cell(cell).plain for cell in cells))), default=1)


def pairs(rows: Iterable[tuple[str, Cell]]) -> Table:
    """Names and values, one under the other."""
    found = Table.grid(padding=(0, 2))
    found.add_column(style="bold")
    found.add_column(overflow="fold")
    for name, value in rows:
        found.add_row(_cell(name), _cell(value))
    return found


def heading(text: str, style: str = "bold") -> Text:
    return Text(f"\n{one_line(text)}", style)


def good(ok: bool, yes: str = "ok", no: str = "FAILED") -> tuple[str, str]:
    """A verdict in its colour."""
    return (yes, "green") if ok else (no, "bold red")


def _cell(cell: Cell) -> Text:
    value, style = cell if isinstance(cell, tuple) else (cell, "")
    return Text(f"{value:,}" if isinstance(value, int) else one_line(value), style)
