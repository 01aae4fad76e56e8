"""Tables for people, by rich. Every cell is cleaned: names and values come from other people's data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from rich import box
from rich.table import Table
from rich.text import Text

from migration_tool.cli.text import one_line

Cell: TypeAlias = str | int | tuple[str | int, str]
"""What a cell holds, maybe with a rich style. Whole numbers get thousands separators."""


def table(columns: Sequence[str], rows: Iterable[Sequence[Cell]], total: Sequence[Cell] = ()) -> Table:
    """A column whose name begins with ">" is right-aligned; `total` is a last row set apart."""
    found = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for name in columns:
        right = name.startswith(">")
        found.add_column(_cell(name.removeprefix(">")), justify="right" if right else "left", overflow="fold")
    for row in rows:
        found.add_row(*map(_cell, row))
    if total:
        found.add_section()
        found.add_row(*map(_cell, total), style="bold")
    return found


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
