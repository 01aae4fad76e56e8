"""Pieces of a text as SQL: literals and values, put together by printf(), or by || where NUL may stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

CASES = {"lower": "\x03", "upper": "\x04"}
"""What stands around text whose case Python has to change: SQLite knows that of ASCII only."""
_MOST_FRAGMENTS = 90
"""Of one printf(); SQLite takes 100 arguments of a function, or more."""


class Beyond(Exception):
    """The design asks for something that only its function can do."""


@dataclass(frozen=True)
class Slot:
    """A value in a printf(): how it is written there, and the source of it."""

    mark: str
    source: str


@dataclass(frozen=True)
class Cased(Slot):
    """Text in lower or upper case: `source` where it is ASCII, else `marked`.

    value  the text itself
    case   a character of CASES
    """

    value: str
    marked: str
    case: str


Fragment = str | Slot


def called(functions: Sequence[str], value: str) -> Slot:
    """A text column within escape() and one change of case at most, in any order. Raises Beyond."""
    cases = [function for function in functions if function in CASES]
    if len(cases) > 1 or not {*functions} <= {*CASES, "escape"}:
        raise Beyond
    text = f"replace(replace({value}, '%', '%25'), '#', '%23')" if "escape" in functions else value
    if not cases:
        return Slot("%s", text)
    case = CASES[cases[0]]
    mark = f"char({ord(case)})"
    return Cased("%s", f"{cases[0]}({text})", value, f"{mark} || {text} || {mark}", case)


def marked(fragment: Fragment) -> Fragment:
    """The fragment as it is where its text is not ASCII."""
    return Slot("%s", fragment.marked) if isinstance(fragment, Cased) else fragment


def printf(fragments: Sequence[Fragment]) -> str:
    """Source of the fragments as one text."""
    return " || ".join(_one(some) for some in _portions(fragments)) or "''"


def _one(fragments: Sequence[Fragment]) -> str:
    slots = [fragment for fragment in fragments if isinstance(fragment, Slot)]
    if not slots:
        return literal("".join(map(str, fragments)))
    if len(fragments) == 1 and slots[0].mark in ("%s", "%d"):
        return slots[0].source
    marks = [f.mark if isinstance(f, Slot) else f.replace("%", "%%") for f in fragments]
    return f"printf({', '.join([literal(''.join(marks)), *(slot.source for slot in slots)])})"


def _portions(fragments: Sequence[Fragment]) -> Iterator[Sequence[Fragment]]:
    for first in range(0, len(fragments), _MOST_FRAGMENTS):
        yield fragments[first : first + _MOST_FRAGMENTS]


def joined(fragments: Sequence[Fragment]) -> str:
    """Source of text that is not quoted yet: printf() would end it at a NUL character."""
    return " || ".join(
        literal(fragment) if isinstance(fragment, str) else _one([fragment]) for fragment in fragments
    )


def literal(text: str) -> str:
    """Raises Beyond for NUL, which would cut the statement."""
    if "\x00" in text:
        raise Beyond
    return "'" + text.replace("'", "''") + "'"
