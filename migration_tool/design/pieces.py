"""Source of the attributes of an item, and of the text that all of them make together.

An item whose values have the storage class that their columns declare is one formatted string. Any other
row, SQLite allows everything everywhere, is put together from expressions that ask for the class themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from migration_tool import attributes


@dataclass(frozen=True)
class Code:
    """Source of an expression whose value is text. It stands in an f-string: no quotes, no backslashes."""

    source: str


Fragment = str | Code


@dataclass(frozen=True)
class Piece:
    """One attribute: ',"Name":{"S":"…"}', or nothing.

    test   source of the condition under which `usual` is right; "" when it always is; None when it raises
           TypeError where it is not
    usual  what the attribute then is
    every  source of an expression that is right for every value
    """

    test: str | None
    usual: tuple[Fragment, ...]
    every: str


def always(*fragments: Fragment) -> Piece:
    return Piece("", fragments, written(fragments))


def where(test: str, usual: tuple[Fragment, ...], otherwise: str) -> Piece:
    """`usual` under the condition `test`, if there is one; else the value of the source `otherwise`."""
    if not test:
        return always(*usual)
    return Piece(test, usual, f"{written(usual)} if {test} else {otherwise}")


def prefix(name: str) -> str:
    return f",{attributes.json_string(name)}:"


def string(name: str, quoted: str) -> tuple[Fragment, ...]:
    """quoted  source of the JSON string"""
    return (prefix(name) + '{"S":', Code(quoted), "}")


def plain_string(name: str, *value: Fragment) -> tuple[Fragment, ...]:
    """value  text that needs no escape in JSON"""
    return (prefix(name) + '{"S":"', *value, '"}')


def number(name: str, digits: str) -> tuple[Fragment, ...]:
    """digits  source of an integer, or of its text"""
    return (prefix(name) + '{"N":"', Code(digits), '"}')


def positional(value: str) -> str:
    """Source of the condition under which `shortest` is what `attributes.real` would write."""
    return f"type({value}) is float and 0.0001 <= {value} < 1e16"


def shortest(value: str) -> str:
    """Source of the shortest digits of a real; Python writes no exponent in this range."""
    return f"repr({value}).removesuffix(DOT_ZERO)"


def numeric(name: str, value: str, otherwise: str) -> str:
    """Reals and, as dates often are, text."""
    text = where(f"type({value}) is str", string(name, f"json_string({value})"), otherwise)
    return where(positional(value), number(name, shortest(value)), text.every).every


def written(fragments: Iterable[Fragment]) -> str:
    """Source of one string, as adjacent literals that Python joins into one."""
    merged, literal = [], ""
    for fragment in (*fragments, Code("")):
        if isinstance(fragment, str):
            literal += fragment
            continue
        merged += [repr(literal)] if literal else []
        merged += [f"f'{{{fragment.source}}}'"] if fragment.source else []
        literal = ""
    return " ".join(merged) or "''"


def item_text(pieces: Sequence[Piece]) -> list[str]:
    """Statements that set `text` to the item; `pieces` in the order of their names."""
    tests = list(dict.fromkeys(piece.test for piece in pieces if piece.test))
    usual = f"text = {_usual(pieces)}"
    if not any(piece.test != "" for piece in pieces):
        return [usual]
    every = " ".join(f"{piece.every}," for piece in pieces)
    return [
        "text = ''",
        f"if {' and '.join(tests) or 'True'}:",
        f"    try: {usual}",
        "    except TypeError: pass",
        f"if not text: text = '{{' + ''.join(({every}))[1:] + '}}'",
    ]


def _usual(pieces: Sequence[Piece]) -> str:
    """The first attribute brings a comma with it; where it may be missing, the comma is cut off later."""
    fragments = [fragment for piece in pieces for fragment in piece.usual]
    first = fragments[0] if fragments else ","
    if isinstance(first, str):
        return written(["{" + first[1:], *fragments[1:], "}"])
    return "'{' + (" + written(fragments) + ")[1:] + '}'"


def function(name: str, variables: list[str], lines: list[str]) -> str:
    """Source of a function of one row, whose values are those variables."""
    row = f"({', '.join(variables)},)" if variables else "()"
    return "".join([f"def {name}(row):\n    {row} = row\n", *(f"    {line}\n" for line in lines)])
