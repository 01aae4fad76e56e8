"""Lines that SQLite has written: the case of what is marked, and what is not text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration_tool.source import lines
from migration_tool.source.lines import change_case, split

LOWER, UPPER = b"\x03", b"\x04"
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\\"), max_size=5)
PARTS = st.lists(st.tuples(st.sampled_from(["", "\x03", "\x04"]), WORDS), max_size=4)


@given(lines=st.lists(PARTS, max_size=6))
def test_what_is_marked_is_in_its_case(lines: list[list[tuple[str, str]]]) -> None:
    changes = {"": str, "\x03": str.lower, "\x04": str.upper}
    texts = ["".join(f"{mark}{word}{mark}" for mark, word in line).encode() + b"\n" for line in lines]
    changed = list(texts)
    assert change_case(b"".join(texts), changed) == []
    assert changed == ["".join(changes[mark](word) for mark, word in line).encode() + b"\n" for line in lines]


def test_an_escape_or_a_broken_character_leaves_the_mark() -> None:
    texts = [
        b"a" + LOWER + "É".encode() + LOWER + b"\n",
        b"b" + LOWER + b"\\u00c9" + LOWER + b"\n",
        b"plain\n",
        UPPER + b"\xff" + UPPER + LOWER + b"X" + LOWER,
    ]
    changed = list(texts)
    assert sorted(change_case(b"".join(texts), changed)) == [1, 3]
    assert changed == ["aé\n".encode(), texts[1], b"plain\n", UPPER + b"\xff" + UPPER + b"x"]


@pytest.mark.parametrize("size", [1, 3, 1 << 17])
def test_lines_that_are_not_text(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "_IN_CACHE", size)
    good = ["é\n".encode(), b"a\n", "\U0010ffff".encode()]
    assert split(b"".join(good)) == (good, [])
    bad = [b"a\n", b"\xff\n", "é\n".encode(), b"b\xed\xa0\x80"]
    assert split(b"".join(bad)) == (bad, [1, 3])
    assert split(b"") == ([], [])
