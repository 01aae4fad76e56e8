"""The words of an expression."""

from __future__ import annotations

import re
from typing import NamedTuple

from migration_tool.design.template import NAME

_TOKEN = re.compile(
    rf"""\s*(?:(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?!\w))
    |(?P<text>'(?:[^']|'')*')
    |(?P<name>{NAME}(?:\.{NAME})?)
    |(?P<sign>\|\||<=|>=|<>|!=|[-+*/%(),=<>])
    |(?P<end>\Z))""",
    re.VERBOSE,
)
_WORDS = frozenset(
    (
        "and",
        "or",
        "not",
        "is",
        "null",
        "in",
        "between",
        "case",
        "when",
        "then",
        "else",
        "end",
        "true",
        "false",
    )
)


class Token(NamedTuple):
    """`word` is what is compared: a keyword in small letters, a sign; "" for anything else."""

    kind: str
    text: str
    position: int
    word: str


def tokens(source: str) -> list[Token]:
    """All of them, the end too. Raises ValueError with the position of what is none."""
    found: list[Token] = []
    place = 0
    while not found or found[-1].kind != "end":
        match = _TOKEN.match(source, place)
        if not match:
            start = place + len(source[place:]) - len(source[place:].lstrip())
            raise ValueError(f"at {start + 1}: expected a name, a number, a 'text' or an operator")
        kind = str(match.lastgroup)
        text = match.group(kind)
        lowered = text.lower()
        word = text if kind == "sign" else lowered if kind == "name" and lowered in _WORDS else ""
        found.append(Token(kind, text, match.start(kind) + 1, word))
        place = match.end()
    return found
