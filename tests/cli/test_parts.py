"""The small parts: safe text, tables that fit, and progress lines that do not flood."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from migration_tool.cli import items, text
from migration_tool.cli.options import Globals
from migration_tool.cli.progress import LINE_SECONDS, Watch
from migration_tool.errors import Interrupted
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


def test_the_rate_is_that_of_this_process() -> None:
    stage = Stage()
    stage.now = 100.0
    stage.watch.progress(RUN)
    stage.now = 110.0
    more = replace(RUN.entities[2], position=(20,), items_written=20, rows_read=20)
    stage.watch.progress(replace(RUN, entities=(*RUN.entities[:2], more)))
    assert stage.said[-1] == "loading: 25 of 100 items, 25%, 2 items/s, 37 s left"


def test_a_clock_that_goes_back_gives_no_rate() -> None:
    stage = Stage()
    stage.now = 100.0
    stage.watch.progress(RUN)
    stage.watch.phase("again")
    stage.now = 50.0
    stage.watch.progress(RUN)
    assert all("-" not in line for line in stage.said)


def test_a_stop_ends_the_copy_and_the_validation() -> None:
    stage = Stage()
    stage.watch.copied(1, 2)
    assert not stage.watch.stopping()
    stage.signals.asked = True
    assert stage.watch.stopping()
    for step in (lambda: stage.watch.copied(1, 2), lambda: stage.watch.checked("a", 1, 2)):
        with pytest.raises(Interrupted):
            step()
