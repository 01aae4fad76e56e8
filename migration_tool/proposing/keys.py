"""What identifies a row, and how its values stand in a key, in the SQL to compare with, and in a parameter.

A column stands in a key as it is where all its values are integers, `escape`d where all are short text, and
as a `literal` where anything else occurs. So no value of the data is refused, and none is taken for another.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from migration_tool.design.functions import LONGEST_LITERAL
from migration_tool.model import ROWID_NAMES, Table, folded
from migration_tool.proposing.facts import ColumnFacts, TableFacts
from migration_tool.source.sql import quote

PADDED = 10
"""Digits of a padded number; one that has, or may come to have, more stands unpadded."""
KEY_BYTES = 850
"""That the columns of one key may have, beside names: a sort key ends at 1,024."""
_LONGEST = 1_900
"""The same of a key that stands in no sort key: a partition key ends at 2,048."""
_INTEGER_BYTES = 20


@dataclass(frozen=True)
class Part:
    """A column in a key. `form`: integer, text or literal; `width`: digits that integers are padded to."""

    column: str
    form: str
    width: int = 0

    def field(self, name: str) -> str:
        """The template's field, for that column or parameter as a template writes it."""
        if self.width:
            return f"{{{name}:{self.width}}}"
        return {"integer": f"{{{name}}}", "text": f"{{escape({name})}}", "literal": f"{{literal({name})}}"}[
            self.form
        ]

    def sql(self, value: str) -> str:
        """The same text from SQL."""
        if self.form == "integer":
            return f"printf('%0{self.width}d', {value})" if self.width else f"CAST({value} AS TEXT)"
        if self.form == "text":
            return f"replace(replace({value}, '%', '%25'), '#', '%23')"
        return f"literal({value})"

    @property
    def parameter_type(self) -> str:
        return "integer" if self.form == "integer" else "text"


Parts = tuple[Part, ...]


def identity(facts: TableFacts) -> Parts | None:
    """What tells the rows apart: the primary key, another unique key, or the rowid; None: nothing can.

    A key with a NULL in it identifies nothing, and broken text cannot be looked for.
    """
    table = facts.table
    candidates = [key for key in (table.primary_key, *sorted(table.unique, key=_narrow)) if key]
    name = rowid_name(table) if table.has_rowid else None
    for key in candidates:
        if facts.all_present(key) and all(facts.columns[column].readable for column in key):
            found = parts(facts, key)
            if is_short(facts, found) or (name is None and is_short(facts, found, _LONGEST)):
                return found
    return (Part(name, "integer"),) if name else None


def _narrow(key: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    return len(key), key


def rowid_name(table: Table) -> str | None:
    """The name by which the rowid can be read; None where columns hide all three."""
    return next((name for name in ROWID_NAMES if table.column(name) is None), None)


def parts(facts: TableFacts, columns: Sequence[str]) -> Parts:
    """The columns as parts of one key. Long ones stand as literals, which have a greatest length."""
    found = tuple(Part(name, form(facts.columns[name])) for name in columns)
    if is_short(facts, found):
        return found
    return tuple(
        replace(part, form="literal")
        if part.form == "text" and _size(facts, part) > LONGEST_LITERAL
        else part
        for part in found
    )


def is_short(facts: TableFacts, found: Parts, room: int = KEY_BYTES) -> bool:
    """Whether the parts fit into so many bytes; else into any key, a sort key too."""
    return sum(_size(facts, part) + 1 for part in found) <= room


def _size(facts: TableFacts, part: Part) -> int:
    """Bytes of the part, at most; escape() makes three of one."""
    if part.form == "text":
        return 3 * facts.columns[part.column].longest
    return _INTEGER_BYTES if part.form == "integer" else LONGEST_LITERAL


def form(facts: ColumnFacts) -> str:
    if facts.integers == facts.values:
        return "integer"
    return "text" if facts.texts == facts.values and facts.sortable else "literal"


def padded(facts: TableFacts, found: Parts) -> Parts:
    """Whole numbers in so many digits that their text order is their order, where all of them fit."""
    return tuple(replace(part, width=PADDED) if fits(facts.of(part.column), part) else part for part in found)


def fits(facts: ColumnFacts, part: Part) -> bool:
    return part.form == "integer" and facts.least >= 0 and facts.greatest < 10**PADDED


def written(name: str) -> str:
    """A name as a template or a reference of the language writes it."""
    is_plain = name.isascii() and name.isidentifier() and folded(name) != "low"
    return name if is_plain else "`" + name.replace("`", "``") + "`"


def template(found: Iterable[Part], alias: str = "") -> str:
    """The parts between separators; `alias` of the lookup they come from."""
    before = f"{written(alias)}." if alias else ""
    return "#".join(part.field(before + written(part.column)) for part in found)


def order(found: Sequence[Part], alias: str, opening: str = "") -> str:
    """SQL of the text that `template` renders; `alias` of the table."""
    texts = [part.sql(f"{quote(alias)}.{quote(part.column)}") for part in found]
    pieces = [_text(opening)] if opening else []
    for place, text in enumerate(texts):
        pieces += [text] if place == 0 else ["'#'", text]
    return " || ".join(pieces) or "''"


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
