"""The texts of the sample database: words put together, now and then with characters beyond ASCII."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache

from migration_tool import sample_data as words

ASCII, LATIN_1 = 0x7F, 0xFF


def draw(stream: int, number: int) -> int:
    """64 even bits that depend on nothing but the two numbers (splitmix64)."""
    z = (stream * 0xD1342543DE82EF95 + number * 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
    return z ^ (z >> 31)


def pick(choices: Sequence[str], bits: int) -> str:
    return choices[bits % len(choices)]


def reach(bits: int) -> int:
    """The last character that a text may have: mostly ASCII's, about as often another as in Chinook."""
    share = draw(9, bits) % 128
    return (sys.maxunicode if share == 0 else LATIN_1) if share <= 24 else ASCII


@cache
def within(choices: tuple[str, ...], most: int) -> tuple[str, ...]:
    """The choices that have no character beyond; without a bound, forms with a far word if there are any."""
    if most == sys.maxunicode:
        return tuple(choice for choice in choices if "{f}" in choice) or choices
    return tuple(choice for choice in choices if max(map(ord, choice)) <= most and "{f}" not in choice)


def phrase(forms: tuple[str, ...], bits: int) -> str:
    """A form with its words: adjectives a b, nouns n m, far words f, a person p s, digits d."""
    most = reach(bits)
    adjectives, nouns = within(words.ADJECTIVES, most), within(words.NOUNS, most)
    return pick(within(forms, most), bits).format(
        a=pick(adjectives, bits >> 5),
        b=pick(adjectives, bits >> 13),
        n=pick(nouns, bits >> 21),
        m=pick(nouns, bits >> 29),
        f=pick(words.FAR_WORDS, bits >> 37),
        p=pick(within(words.FIRST_NAMES, most), bits >> 43),
        s=pick(within(words.LAST_NAMES, most), bits >> 50),
        d=1 + (bits >> 57) % 40,
    )
