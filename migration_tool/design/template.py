"""Key templates: "ALBUM#{AlbumId:10}#{lower(Album.Title)}".

A template is literal text with fields in braces ({{ and }} for the braces themselves). A field is a
column, an `Alias.column` of a lookup, or a function of one; `:10` pads a whole number with zeros so that
text order is number order. `{low}` is U+0001, which sorts before every printable character: with it
"Kiss" stays before "Kiss Live" whatever follows the name. Names with other characters stand in backquotes,
a backquote within them twice.

Entities and access patterns share this module, so that what is written is what is looked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from migration_tool.attributes import key_text
from migration_tool.design.functions import FUNCTIONS, SPREAD, pad, shard

LOW = "\x01"
MAX_WIDTH = 19
"""Digits of the largest integer that SQLite stores."""
NAME = r"(?:`(?:[^`]|``)+`|[^\W\d]\w*)"
_CALL = re.compile(r"\s*(\w+)\s*\((.*)\)\s*", re.DOTALL)
_REFERENCE = re.compile(rf"\s*({NAME})(?:\.({NAME}))?\s*")
_METHODS = frozenset({"lower", "upper"})
"""Functions that are methods of text, for text."""
_PIECE = re.compile(r"\{\{|\}\}|\{((?:`[^`]*`|[^{}`])*)\}|[^{}]+|[{}]")
_PAD = re.compile(r"(.*):\s*(\d+)\s*", re.DOTALL)


@dataclass(frozen=True)
class Reference:
    """A column or parameter as the design writes it; `alias` is None for the entity's own."""

    alias: str | None
    name: str

    def __str__(self) -> str:
        return f"{self.alias}.{self.name}" if self.alias else self.name


@dataclass(frozen=True)
class Field:
    """A reference, the functions around it (innermost first), and the width to pad to (0: none)."""

    reference: Reference | None
    functions: tuple[str, ...] = ()
    width: int = 0
    shards: int = 0

    @property
    def is_plain(self) -> bool:
        """Whether it is the column as it stands."""
        return not (self.functions or self.width)


Part: TypeAlias = str | Field


@dataclass(frozen=True)
class Template:
    """Parsed template; `source` is the text it came from."""

    source: str
    parts: tuple[Part, ...]

    def fields(self) -> Iterator[Field]:
        return (part for part in self.parts if isinstance(part, Field))

    def references(self) -> tuple[Reference, ...]:
        return tuple(field.reference for field in self.fields() if field.reference)

    def shards(self) -> int:
        """How many partitions the template stands for, where it leaves the shard open; else 0."""
        return max((field.shards for field in self.fields() if not field.reference), default=0)

    def shape(self) -> tuple[object, ...]:
        """What two templates share when one can find what the other wrote: all but the column names."""
        return tuple(
            part if isinstance(part, str) else (part.functions, part.width, part.shards)
            for part in self.parts
        )


def parse(source: str) -> Template:
    """Raises ValueError with a reason when `source` is not a template."""
    parts: list[Part] = []
    for piece in _PIECE.finditer(source):
        word = piece.group()
        if piece.group(1) is not None:
            part: Part = LOW if piece.group(1).strip() == "low" else _field(piece.group(1))
        elif word in ("{", "}"):
            raise ValueError(f"unmatched {word!r} in {source!r}; write {word * 2} for the character itself")
        else:
            part = word[0] if word in ("{{", "}}") else word
        if isinstance(part, str) and parts and isinstance(parts[-1], str):
            parts[-1] += part
        else:
            parts.append(part)
    if sum(isinstance(part, Field) and part.shards > 0 for part in parts) > 1:
        raise ValueError(f"{source!r}: a template has at most one shard()")
    return Template(source, tuple(parts))


def _field(body: str) -> Field:
    padded = _PAD.fullmatch(body)
    if not padded:
        return _expression(body)
    inner, digits = _expression(padded.group(1)), padded.group(2)
    if inner.functions:
        raise ValueError(f"{body!r}: only a plain column can be padded")
    if len(digits) > 2 or not 1 <= int(digits) <= MAX_WIDTH:
        raise ValueError(f"{body!r}: numbers can be padded to 1 … {MAX_WIDTH} digits")
    return Field(inner.reference, width=int(digits))


def _expression(body: str) -> Field:
    call = _CALL.fullmatch(body)
    if call:
        return _function(call.group(1), call.group(2))
    return Field(parse_reference(body))


def parse_reference(body: str) -> Reference:
    """`Column` or `Alias.Column`. Raises ValueError."""
    match = _REFERENCE.fullmatch(body)
    if not match:
        raise ValueError(
            f"{body!r} is not a column, Alias.column or function of one; "
            "a name with other characters than letters, digits and _ stands between backquotes"
        )
    first, second = (name and _bare(name) for name in match.groups())
    return Reference(first, second) if second else Reference(None, first)


def _bare(name: str) -> str:
    return name[1:-1].replace("``", "`") if name.startswith("`") else name


def _function(name: str, arguments: str) -> Field:
    if name == "shard":
        inner, comma, count = arguments.rpartition(",")
        if not re.fullmatch(r"\s*[0-9]{1,4}\s*", count) or not 2 <= int(count) <= 1000:
            raise ValueError("shard(column, n) needs a number of shards from 2 to 1000")
        return Field(parse_reference(inner) if comma else None, ("shard",), 0, int(count))
    if name not in FUNCTIONS:
        raise ValueError(f"unknown function {name}(); there are {', '.join(sorted(FUNCTIONS))} and shard()")
    field = _expression(arguments)
    if field.shards:
        raise ValueError(f"{name}(shard(…)): a shard number stands alone")
    return Field(field.reference, (*field.functions, name))


def code(
    template: Template, variable: Callable[[Reference], str], shared: Mapping[str, str] | None = None
) -> str:
    """Python source of an expression that renders the template, for `eval` in `namespace()`.

    variable  gives the name of the variable that holds a reference's value (never None there)
    shared    `field_code` → the variable that holds its value already
    """
    known, pieces = shared or {}, []
    for part in template.parts:
        if isinstance(part, str):
            pieces.append(repr(part))
        else:
            source = field_code(part, variable(part.reference) if part.reference else "", known)
            pieces.append("f'{" + known.get(source, source) + "}'")
    return "(" + " ".join(pieces or ["''"]) + ")"


def field_code(field: Field, value: str, shared: Mapping[str, str], nullable: bool = False) -> str:
    """Source of the text of one field; `value` is the variable that holds its column.

    nullable  the value may be None, and then the text is None; asked as late as possible
    """
    if field.reference is None:
        return "shard_number"
    digits = digits_code(value)
    text = shared.get(digits, digits)
    missing = f"None if {value} is None else " if nullable else ""
    if field.is_plain:
        return digits_code(value, missing)
    if field.width:
        in_range = f"type({value}) is int and 0 <= {value} < {10**field.width}"
        return f"({text}.zfill({field.width}) if {in_range} else {missing}pad({value}, {field.width}))"
    if field.shards:
        spread = SPREAD.format(value, field.shards)
        return f"{missing}str({spread} if type({value}) is int else shard({value}, {field.shards}))"
    return missing + _called(field.functions, value)


def _called(functions: Sequence[str], value: str) -> str:
    first, *others = functions
    source = f"{first}({value})"
    if first in _METHODS:
        source = f"({value}.{first}() if type({value}) is str else {source})"
    for function in others:
        source = f"{function}({source})"
    return source


def digits_code(value: str, missing: str = "") -> str:
    """Source of the text of a plain column, usually a number."""
    return f"(str({value}) if type({value}) is int else {missing}key_text({value}))"


def namespace() -> dict[str, Any]:
    """What the source made by `code` needs to run; nothing else can be reached from it."""
    builtins = {"type": type, "int": int, "str": str, "float": float, "len": len, "ord": ord}
    return {**FUNCTIONS, "shard": shard, "pad": pad, "key_text": key_text, "__builtins__": builtins}
