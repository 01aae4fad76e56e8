"""The small parts: safe text, tables that fit, and progress lines that do not flood."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from migration_tool.cli import items, render, text
from migration_tool.cli.bars import Bars
from migration_tool.cli.options import Globals
from migration_tool.cli.progress import LINE_SECONDS, Watch
from migration_tool.errors import Interrupted
from migration_tool.state.checkpoint import Flow, Pace, Tuning
from tests.test_overview import RUN

FORBIDDEN = {chr(n) for n in (*range(32), *range(127, 160))} | set("\u061c\u200e\u200f\u2028\u2029")
FORBIDDEN |= {chr(n) for n in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}


@given(st.text())
def test_no_control_gets_through(value: str) -> None:
    assert not (FORBIDDEN - {"\t", "\n"}) & set(text.clean(value))
    assert not FORBIDDEN & set(text.one_line(value))
    text.clean(value).encode()


@given(st.dictionaries(st.text(), st.text()))
def test_escaped_json_is_the_same_data_on_one_line(value: dict[str, str]) -> None:
    escaped = text.escape_json(json.dumps(value, ensure_ascii=False))
    assert json.loads(escaped) == value
    assert not FORBIDDEN & set(escaped)
    assert len(escaped.splitlines()) == 1


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-1, "0.0 s"),
        (0.04, "0.0 s"),
        (9.96, "10 s"),
        (59.6, "1 min 0 s"),
        (200, "3 min 20 s"),
        (7500, "2 h 05 min"),
    ],
)
def test_durations(seconds: float, shown: str) -> None:
    assert text.duration(seconds) == shown


@pytest.mark.parametrize(
    ("number", "shown"), [(0, "0 bytes"), (1023, "1,023 bytes"), (1536, "1.5 KB"), (2**41, "2.0 TB")]
)
def test_sizes(number: int, shown: str) -> None:
    assert text.size(number) == shown


def rendered(found: Any, width: int) -> list[str]:
    console = Console(width=width, color_system=None)
    with console.capture() as captured:
        console.print(found)
    return captured.get().splitlines()


def test_a_table_fits_and_says_what_it_left_out() -> None:
    rows = [
        {
            "PK": "A",
            "SK": str(n),
            "EntityType": "Song",
            "SongId": n,
            "Name": f"名前{n}",
            "Same": "x",
            "Long": "y" * 99,
        }
        for n in range(3)
    ]
    found, hidden = items.item_table(rows, 32)
    lines = rendered(found, 32)
    assert lines[0].split() == ["SongId", "Name", "EntityType"]
    assert all(len(line) <= 32 for line in lines)
    assert hidden == ["Same", "Long"]


@pytest.mark.parametrize(("width", "whole"), [(120, True), (46, True), (30, False)])
def test_figures_are_not_broken_where_text_can_be_folded(
    monkeypatch: pytest.MonkeyPatch, width: int, whole: bool
) -> None:
    """On a screen that is too narrow even so all of it is folded: nothing is lost."""
    monkeypatch.setattr(render, "width", lambda: width)
    columns = ("entity", ">rows read", ">write units", "its key")
    found = render.table(columns, [("Customer of a shop", 1_234_567, 98_765_432, "SHOP#1 / " + "x" * 40)])
    lines = rendered(found, width)
    assert all(len(line.rstrip()) <= width for line in lines)
    shown = "\n".join(lines)
    assert ("1,234,567" in shown and "98,765,432" in shown) == whole
    assert sum(shown.count(digit) for digit in "23456789") == 14


def test_items_are_shown_in_one_order_whatever_the_engine_gives() -> None:
    item = {"b": {"z": 1, "a": [{"y": 2, "x": 3}]}, "SK": "2", "GSI1PK": "3", "PK": "1", "a": Decimal("0.10")}
    found = items.ordered(item)
    assert list(found) == ["GSI1PK", "PK", "SK", "a", "b"]
    assert items.shown(found["b"]) == '{"a":[{"x":3,"y":2}],"z":1}'
    assert found == item


class Stage:
    """A Watch with a clock that the test turns, and all it said."""

    def __init__(self) -> None:
        self.now = 0.0
        self.said: list[str] = []
        self.signals = SimpleNamespace(asked=False)
        self.watch = Watch(lambda: self.now, self.said.append)
        self.watch.prepare(cast(Any, self.signals), Globals())


def test_plain_lines_come_now_and_then_and_phases_at_once() -> None:
    stage = Stage()
    stage.watch.phase("loading")
    for step in range(100):
        stage.now = step * 0.1
        stage.watch.progress(replace(RUN, entities=(replace(RUN.entities[0], items_written=step % 6),)))
    assert stage.said[0] == "phase: loading"
    assert len(stage.said) == 1 + int(9.9 / LINE_SECONDS)


@pytest.mark.parametrize(
    ("pace", "tuning", "words"),
    [
        (Pace(), Tuning(), ""),
        (Pace(1234.4, 200.0, "rising"), Tuning(), ", 1,234 items/s, rising, 3 min 20 s left"),
        (Pace(2.0, None, "falling"), Tuning(), ", 2 items/s, falling"),
        (Pace(2.0, 9.0, "steady"), Tuning(1, "500"), ", 2 items/s, steady, 9.0 s left, limit 500 WCU/s"),
        (Pace(2.0, 9.0, "steady"), Tuning(2, "auto", True), ", paused by tune, limit auto (800 WCU/s)"),
    ],
)
def test_a_line_says_the_pace_of_the_checkpoint(pace: Pace, tuning: Tuning, words: str) -> None:
    stage = Stage()
    limit = None if tuning.max_wcu in ("off", "500") else 800.0
    stage.watch.progress(RUN.with_pace(pace).with_tuning(tuning).with_flow(Flow(limit_wcu=limit)))
    assert stage.said == [f"loading: 5 of 100 items, 5%{words}"]


def test_what_comes_into_force_is_told_at_once() -> None:
    stage = Stage()
    paused = RUN.with_tuning(Tuning(1, paused=True))
    for checkpoint in (RUN, paused, paused, RUN.with_tuning(Tuning(2))):
        stage.watch.progress(checkpoint)
    assert [line.count("paused") for line in stage.said] == [0, 1, 0]


def test_the_display_shows_the_pace_while_it_loads_and_a_pause_at_once() -> None:
    screen = Console(width=90, color_system=None, force_terminal=True, file=io.StringIO())
    bars = Bars(screen, lambda: 0.0)
    bars.prepare(cast(Any, SimpleNamespace(asked=False)), Globals())
    bars.phase("loading")
    bars.progress(RUN.with_pace(Pace(1234.4, 200.0, "rising")))
    assert "1,234 items/s, rising, 3 min 20 s left" in "".join(rendered(bars._frame(), 90))
    bars.progress(RUN.with_tuning(Tuning(1, "500", paused=True)))
    assert "paused by tune, limit 500 WCU/s" in "".join(rendered(bars._frame(), 90))
    bars.phase("validation")
    assert "paused" not in "".join(rendered(bars._frame(), 90))


def test_a_stop_ends_the_copy_and_the_validation() -> None:
    stage = Stage()
    stage.watch.copied(1, 2)
    assert not stage.watch.stopping()
    stage.signals.asked = True
    assert stage.watch.stopping()
    for step in (lambda: stage.watch.copied(1, 2), lambda: stage.watch.checked("a", 1, 2)):
        with pytest.raises(Interrupted):
            step()
