"""Can two rows fall on one item key? Answered from the design and the schema alone, without data.

Proved is: no row comes twice, because each lookup finds one row at most; no two rows of an entity share
both keys, because the two templates hold a whole unique key of its table so that it can be read back from
them; and no two entities share both keys, because one of their two templates can never render the same
text. What cannot be proved is a Doubt, not a fault: then the data decides (verify/collisions.py).

What SQLite promises and this leans on: a rowid alias holds integers only; a column of INTEGER or REAL
affinity holds no text that reads as a number, one of TEXT affinity no number. So in one such column two
values that render alike are one value. Untyped and NUMERIC columns (ANY in a STRICT table is read as
NUMERIC) can hold 1 and '1' side by side, and both render as 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, takewhile

from migration_tool.design.compile import CompiledDesign, CompiledEntity
from migration_tool.design.functions import SEPARATOR
from migration_tool.design.template import Field, Part, Reference, Template
from migration_tool.model import ROWID_NAMES, Column, folded

_TYPED = ("INTEGER", "REAL", "TEXT")
_ANYTHING = "(?s:.*)"
_NO_SEPARATOR = f"[^{SEPARATOR}]*"


@dataclass(frozen=True)
class Doubt:
    """An entity, or two, of which it is not proved that every row has a key of its own, and why."""

    entities: tuple[str, ...]
    reason: str


def proof(compiled: CompiledDesign) -> list[Doubt]:
    """The doubts that remain; with none, no data can make two rows of the table share a key."""
    keys = compiled.design.keys
    alone = [doubt for entity in compiled.entities if (doubt := _doubt(entity, keys))]
    pairs = (
        Doubt((one.name, other.name), f"{one.name} and {other.name} can render the same {' and '.join(keys)}")
        for one, other in combinations(compiled.entities, 2)
        if not any(_disjoint(one, other, key) for key in keys)
    )
    return [*alone, *pairs]


def _doubt(entity: CompiledEntity, keys: tuple[str, ...]) -> Doubt | None:
    if entity.entity.transform:
        return Doubt((entity.name,), f"{entity.entity.transform} can give two rows the same values")
    if entity.loose:
        reason = f"the lookup {entity.loose[0]} compares numbers with what is none, and can find two rows"
        return Doubt((entity.name,), reason)
    readable = {name for key in keys for name in _readable(entity, entity.entity.keys[key])}
    table = entity.table
    unique = [key for key in (table.primary_key, *table.unique) if key]
    if any(folded(name) in ROWID_NAMES and not table.column(name) for name in readable):
        return None
    if any(set(key) <= readable for key in unique):
        return None
    if not unique:
        return Doubt((entity.name,), f"{table.name} has neither a primary key nor a unique index")
    used = {column.name for column in _used(entity, keys)}
    best = min(unique, key=lambda key: (len(set(key) - used), len(set(key) - readable)))
    reasons = [_why(entity, name, keys) for name in best if name not in readable]
    return Doubt((entity.name,), f"{table.name} is unique by {', '.join(best)}, but {'; '.join(reasons)}")


def _used(entity: CompiledEntity, keys: tuple[str, ...]) -> Iterator[Column]:
    """The entity's own columns that its keys mention."""
    for key in keys:
        for reference in entity.entity.keys[key].references():
            if column := _own(entity, reference):
                yield column


def _why(entity: CompiledEntity, name: str, keys: tuple[str, ...]) -> str:
    fields = [field for key in keys for field in entity.entity.keys[key].fields()]
    mine = [field for field in fields if (column := _own(entity, field.reference)) and column.name == name]
    if not mine:
        return f"{name} is {'in neither' if len(keys) > 1 else 'not in'} {' nor '.join(keys)}"
    if not any(_one_to_one(entity, field) for field in mine):
        if all(set(field.functions) - {"escape"} for field in mine):
            return f"{name} passes through a function that gives one text for different values"
        return f"SQLite enforces no type for {name}, where 1 and '1' would render alike"
    return f"{name} cannot be told from the field beside it; pad it, or write escape({name})"


def _readable(entity: CompiledEntity, template: Template) -> set[str]:
    """The entity's own columns whose value can be read back from the rendered template."""
    found: set[str] = set()
    for part in _pieces(entity, template):
        for field in _separable(part):
            column = _own(entity, field.reference)
            if column and _one_to_one(entity, field):
                found.add(column.name)
    return found


def _pieces(entity: CompiledEntity, template: Template) -> list[list[Part]]:
    """The template cut at its separators, if no field can render one; else whole."""
    if all(_pattern(entity, field) != _ANYTHING for field in template.fields()):
        return _segments(template)
    return [list(template.parts)]


def _segments(template: Template) -> list[list[Part]]:
    segments: list[list[Part]] = [[]]
    for part in template.parts:
        if isinstance(part, Field):
            segments[-1].append(part)
            continue
        first, *others = part.split(SEPARATOR)
        segments[-1].append(first)
        segments += [[text] for text in others]
    return segments


def _separable(parts: Sequence[Part]) -> list[Field]:
    """The fields whose place in the text is certain: all up to the first of open width, from either end.

    A single one of open width lies between the two.
    """
    fields = [part for part in parts if isinstance(part, Field)]
    if sum(not field.width for field in fields) <= 1:
        return fields
    left = list(takewhile(lambda field: field.width, fields))
    right = list(takewhile(lambda field: field.width, reversed(fields)))
    return left + right


def _own(entity: CompiledEntity, reference: Reference | None) -> Column | None:
    """The column of the entity's own table that the reference means, if it does."""
    if reference is None or reference.alias not in (None, entity.name) or entity.entity.transform:
        return None
    if reference.alias is None and reference.name in entity.entity.ancestries:
        return None
    return entity.table.readable(reference.name)


def _one_to_one(entity: CompiledEntity, field: Field) -> bool:
    """Whether different values of the column give different texts. Only whole numbers can be padded."""
    column = _own(entity, field.reference)
    if column is None or field.functions not in ((), ("escape",), ("literal",)):
        return False
    return bool(field.width) or column.affinity in _TYPED or "literal" in field.functions


def _pattern(entity: CompiledEntity, field: Field) -> str:
    """A regular expression of every text that the field can render."""
    if field.width:
        return f"[0-9]{{{field.width}}}"
    last = field.functions[-1] if field.functions else ""
    if last == "shard":
        return "[0-9]+"
    if last in ("year", "month", "day"):
        return "[0-9-]+"
    if {"escape", "literal"} & {*field.functions}:
        return _NO_SEPARATOR
    column = _own(entity, field.reference)
    if column and (column.name == entity.table.rowid_alias or not entity.table.column(column.name)):
        return "-?[0-9]+"
    return _ANYTHING


def _disjoint(one: CompiledEntity, other: CompiledEntity, key: str) -> bool:
    """Whether the two templates can never render the same text."""
    pair = ((one, one.entity.keys[key]), (other, other.entity.keys[key]))
    cut = [_pieces(entity, template) for entity, template in pair]
    whole = [[list(template.parts)] for _, template in pair]
    free = all(_separator_free(entity, template) for entity, template in pair)
    if free and len(cut[0]) != len(cut[1]):
        return True
    sides = zip(*(cut if free else whole), strict=True)
    return any(_never_equal(one, mine, other, theirs) for mine, theirs in sides)


def _separator_free(entity: CompiledEntity, template: Template) -> bool:
    return all(_pattern(entity, field) != _ANYTHING for field in template.fields())


def _never_equal(one: CompiledEntity, mine: list[Part], other: CompiledEntity, theirs: list[Part]) -> bool:
    for start in (1, -1):
        texts = [_literal_end(parts, start)[::start] for parts in (mine, theirs)]
        if not (texts[0].startswith(texts[1]) or texts[1].startswith(texts[0])):
            return True
    return (
        any(not _can_render(one, mine, text) for text in _fixed(theirs))
        or any(not _can_render(other, theirs, text) for text in _fixed(mine))
    )  # fmt: skip


def _literal_end(parts: Sequence[Part], step: int) -> str:
    """The literal text before the first field, or behind the last."""
    texts = list(takewhile(lambda part: isinstance(part, str), parts[::step]))
    return "".join(text for text in texts[::step] if isinstance(text, str))


def _fixed(parts: Sequence[Part]) -> Iterator[str]:
    """The one text of parts without a field."""
    if not any(isinstance(part, Field) for part in parts):
        yield "".join(part for part in parts if isinstance(part, str))


def _can_render(entity: CompiledEntity, parts: Sequence[Part], text: str) -> bool:
    pattern = "".join(re.escape(part) if isinstance(part, str) else _pattern(entity, part) for part in parts)
    return re.fullmatch(pattern, text) is not None
