"""The page on reliability names tests that are there, for each fault those that belong to it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.faults.faults import SURVIVED
from tests.faults.test_rows import ROWS, rows_of
from tests.mutants.catalogue import MUTANTS

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs/reliability.md").read_text("utf-8")
NAME = re.compile(r"`((?:tests|scripts)/[\w/.]*)")


def section(title: str) -> str:
    return TEXT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_what_the_page_names_is_there() -> None:
    names = set(NAME.findall(TEXT))
    assert len(names) > 30
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_each_guarantee_has_a_test() -> None:
    rows = section("Guarantees").split("| Guarantee |")[1].splitlines()[2:]
    assert len(rows) > 8
    assert [row for row in rows if row and not NAME.search(row)] == []


@pytest.mark.parametrize("number", ROWS)
def test_each_fault_names_its_tests(number: int) -> None:
    row = re.search(rf"^\| {number} \| .*$", section("Faults"), re.MULTILINE)
    names = NAME.findall(row[0]) if row else []
    assert names
    assert [name for name in names if number not in rows_of((ROOT / name).read_text("utf-8"))] == []


def test_the_figures_that_can_be_counted_are_right() -> None:
    assert f"of the {len(SURVIVED)} kinds of fault" in TEXT
    rooms = re.findall(r"^\| `\w+\.py`[^|]*\| (\d+) \|", section("Mutants"), re.MULTILINE)
    assert sum(map(int, rooms)) == len(MUTANTS)
    assert f"All of them, {len(MUTANTS)}, are killed" in TEXT and f"| {len(MUTANTS)} mutants" in TEXT
