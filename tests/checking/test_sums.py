"""Sums are exact, however little memory they have."""

from __future__ import annotations

import random
from collections import defaultdict
from pathlib import Path

import pytest

from migration_tool.checking.sums import Largest, Sum, Sums
from migration_tool.errors import StateError


@pytest.mark.parametrize("memory", [1, 2_000, 50_000, 10_000_000])
def test_sums_are_the_same_with_any_memory(tmp_path: Path, memory: int) -> None:
    chance = random.Random(7)
    keys = ["", "a\nb", "é", "\U0001f600", "\x01", *(f"K#{n}" for n in range(300))]
    expected: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    with Sums(tmp_path / "work", memory) as sums:
        for _ in range(3_000):
            key, size = chance.choice(keys), chance.randrange(400_000)
            sums.add(key, size, -(-size // 1024))
            for place, more in enumerate((1, size, -(-size // 1024))):
                expected[key][place] += more
        found = list(sums.sums())
        assert found == list(sums.sums())
    assert found == [Sum(key, *expected[key]) for key in sorted(expected)]
    assert list(tmp_path.rglob("*")) in ([], [tmp_path / "work"])


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with Sums(tmp_path / "file", 1) as sums, pytest.raises(StateError, match="file"):
        sums.add("a", 1, 1)
        sums.add("b", 1, 1)


def test_the_heaviest_are_kept_the_first_of_equals_first() -> None:
    few = Largest[str](3)
    for weight, name in [(1, "a"), (5, "b"), (2, "c"), (5, "d"), (2, "e")]:
        if weight > few.least:
            few.add(weight, name)
    assert few.found == ("b", "d", "c")
