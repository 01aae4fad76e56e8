"""A design's item as a SQLite expression: the text that the design's own function would give.

SQLite writes an item in two thirds of the time, and without Python's lock. It does so only where every
value has the storage class that its column declares and every character is one that SQLite treats as
Python does. Any other row becomes MARK and its rowid, and is left to the function.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from migration_tool import attributes
from migration_tool.design.functions import SPREAD
from migration_tool.design.model import ENTITY_TYPE, Attribute
from migration_tool.design.pieces import prefix
from migration_tool.design.shape import Key, Shape, Used
from migration_tool.design.template import Field, Template
from migration_tool.model import ChildRead, Read, folded
from migration_tool.source import sql
from migration_tool.source.fragments import (
    Beyond,
    Cased,
    Fragment,
    Slot,
    called,
    joined,
    literal,
    marked,
    printf,
)
from migration_tool.source.sql import column

MARK = "\x02"
"""JSON text never holds it: a control character in a string is written as an escape."""
_DIGITS = 20
_MICRO = 1_000_000
_GROWTH = 3
"""Bytes that a byte can become: "#" is escaped as "%23", a letter with an accent is two in upper case."""


def item_expression(
    read: Read, shape: Shape, cursors: Mapping[str, sql.Cursor | None]
) -> tuple[sql.Cursor, str]:
    """What `sql.Items` needs: the table's rowid, and source of the item's text. Raises Beyond."""
    cursor = cursors[read.table]
    if cursor is None or cursor.collations or shape.beyond:
        raise Beyond
    (rowid,) = cursor.names(read.alias)
    lists = {
        name: _list(read, child, inner, cursors, rowid)
        for child, (name, inner) in zip(read.children, shape.lists.items(), strict=True)
    }
    return cursor, _case(shape, lists, "{", "}", rowid)


def _list(
    read: Read, child: ChildRead, shape: Shape, cursors: Mapping[str, sql.Cursor | None], rowid: str
) -> str:
    """Source of the elements of an embedded list, with commas between them.

    A sub-select in order: aggregates take the rows as they come. Inner names must not hide the parent's.
    """
    cursor = cursors[child.table]
    hidden = map(folded, [child.alias, *(join.alias for join in child.joins)])
    if cursor is None or folded(read.alias) in hidden:
        raise Beyond
    element = _case(shape, {}, '{"M":{', "}}", rowid)
    return (
        f"coalesce((SELECT group_concat(x, ',') FROM ({sql.select_list(read, child, cursor, element)})), '')"
    )


def _case(shape: Shape, lists: Mapping[str, str], before: str, after: str, rowid: str) -> str:
    """Source of the text, where it can be written, or of the mark and the rowid."""
    mark = f"char({ord(MARK)}) || {rowid}"
    text = _Text(shape, lists, mark)
    return f"CASE WHEN {text.tests} THEN {text.written(before, after)} ELSE {mark} END"


class _Text:
    """The text of an item or a map, and the tests under which it is right.

    mark  source of what stands in it where only the function knows a part of it
    """

    def __init__(self, shape: Shape, lists: Mapping[str, str], mark: str) -> None:
        self._shape = shape
        self._mark = mark
        self._classes: dict[str, frozenset[str]] = {}
        self._tests: list[str] = [f"{column(path)} IS NOT NULL" for path in shape.paths]
        self._certain = min(self._always(), default="")
        pieces = {name: self._key(name, key) for name, key in shape.keys.items()}
        pieces |= {name: self._attribute(name, rule) for name, rule in shape.attributes.items()}
        for name, elements in lists.items():
            opening, closing = self._frame(name, '{"L":[', "]}")
            pieces[name] = [opening, Slot("%s", elements), closing]
        if shape.kind:
            pieces[ENTITY_TYPE] = list(self._frame(ENTITY_TYPE, attributes.text(shape.kind), ""))
        self._fragments = [fragment for name in sorted(pieces) for fragment in pieces[name]]

    def _always(self) -> Iterator[str]:
        """Attributes that are never left out; there may be more of them."""
        yield from self._shape.lists
        yield from (name for name, key in self._shape.keys.items() if key.own)
        for name, rule in self._shape.attributes.items():
            if rule.reference and not rule.template:
                used = self._shape.used[rule.reference]
                if used.expected and used.column.affinity in ("TEXT", "INTEGER"):
                    yield name

    def _frame(self, name: str, opening: str, closing: str) -> tuple[str, str]:
        """What stands around the value of an attribute.

        A comma goes before it; behind it, where it comes before the first that is never left out.
        """
        if name > self._certain:
            return prefix(name) + opening, closing
        return prefix(name)[1:] + opening, closing + "," * (name < self._certain)

    @property
    def tests(self) -> str:
        classes = [_class_test(value, allowed) for value, allowed in self._classes.items()]
        return " AND ".join(dict.fromkeys([*classes, *self._tests])) or "1"

    def written(self, before: str, after: str) -> str:
        """Where each attribute may be missing, all have a comma before them, and the first is cut off."""
        if self._certain:
            return printf([before, *self._fragments, after])
        return f"{literal(before)} || substr({printf(self._fragments)}, 2) || {literal(after)}"

    def _key(self, name: str, key: Key) -> list[Fragment]:
        """Index keys are sparse: one of which a part is NULL is left out."""
        nullable = [] if key.own else self._nullable(key.template)
        parts = [self._part(part, bool(nullable)) for part in key.template.parts]
        self._require_length(key, parts, bool(nullable))
        return self._optional(name, nullable, parts)

    def _attribute(self, name: str, rule: Attribute) -> list[Fragment]:
        if rule.template:
            nullable = self._nullable(rule.template)
            return self._optional(
                name, nullable, [self._part(p, bool(nullable)) for p in rule.template.parts]
            )
        if rule.reference is None:
            return list(self._frame(name, attributes.encode(rule.constant), ""))
        if rule.convert or rule.transform:
            raise Beyond
        return self._value(name, self._shape.used[rule.reference])

    def _value(self, name: str, used: Used) -> list[Fragment]:
        value, affinity = column(used.ref), used.column.affinity
        if self._classes.get(value) == frozenset({"text"}):
            affinity = "TEXT"
        if affinity == "TEXT":
            text = f"json_quote({value})"
            opening, closing = self._frame(name, '{"S":', "}")
            mark = "%s"
        elif affinity == "INTEGER":
            self._require_class(used, "integer", not used.expected)
            text, mark = value, "%d"
            opening, closing = self._frame(name, '{"N":"', '"}')
        else:
            return [Slot("%s", self._any(name, value, affinity))]
        if used.expected:
            if affinity == "TEXT" and value not in self._classes:
                self._tests.append(f"{value} IS NOT NULL")
            return [opening, Slot(mark, text), closing]
        return [Slot("%s", _unless_null([value], f"{literal(opening)} || {text} || {literal(closing)}"))]

    def _any(self, name: str, value: str, affinity: str) -> str:
        """Reals, integers and, as dates often are, text. SQLite's order: numbers, then text, then blobs.

        A real of at most six decimals and fifteen digits: SQLite writes all of them, and where n / 10⁶ is
        the very double, no other decimal that short can be. SQLite keeps whole ones in NUMERIC as integers.
        """
        exact = f"CAST({value} * {_MICRO} + 0.5 AS INTEGER) / {_MICRO}.0 = {value}"
        other = f"WHEN {value} >= '' THEN {value} < x'' ELSE {value} IS NULL OR typeof({value}) = 'integer'"
        self._tests.append(f"CASE WHEN {value} BETWEEN 0.0001 AND 1e9 THEN {exact} {other} END")
        whole = f"CASE {value} WHEN CAST({value} AS INTEGER) THEN CAST({value} AS INTEGER) ELSE {value} END"
        digits = value if affinity == "NUMERIC" else whole
        number, number_ends = map(literal, self._frame(name, '{"N":"', '"}'))
        string, string_ends = map(literal, self._frame(name, '{"S":', "}"))
        return (
            f"CASE WHEN {value} < '' THEN {number} || {digits} || {number_ends} "
            f"WHEN {value} IS NULL THEN '' ELSE {string} || json_quote({value}) || {string_ends} END"
        )

    def _optional(self, name: str, nullable: Sequence[str], parts: Sequence[Fragment]) -> list[Fragment]:
        """A string attribute of those parts; none where one of the nullable values is NULL."""
        opening, closing = self._frame(name, '{"S":', "}")
        if any(isinstance(part, Slot) and part.mark == "%s" for part in parts):
            fragments: list[Fragment] = [opening, Slot("%s", self._quoted(parts)), closing]
        else:
            escaped = [attributes.json_string(p)[1:-1] if isinstance(p, str) else p for p in parts]
            fragments = [opening + '"', *escaped, '"' + closing]
        return [Slot("%s", _unless_null(nullable, printf(fragments)))] if nullable else fragments

    def _quoted(self, parts: Sequence[Fragment]) -> str:
        """Source of a JSON string. printf() would end text at a NUL, which none that is ASCII holds."""
        texts = [part for part in parts if isinstance(part, Slot) and part.mark == "%s"]
        cased = [part for part in texts if isinstance(part, Cased)]
        plain = f"json_quote({printf(parts) if len(cased) == len(texts) else joined(parts)})"
        if not cased:
            return plain
        are_ascii = " AND ".join(f"{_size(part.value)} = length({part.value})" for part in cased)
        alone, left_to_python = _marked(parts, texts, cased)
        return f"CASE WHEN {are_ascii} THEN {plain} WHEN {alone} THEN {left_to_python} ELSE {self._mark} END"

    def _part(self, part: str | Field, nullable: bool) -> Fragment:
        """A part of a key or a composed text; `nullable`: NULL has been thought of."""
        if isinstance(part, str):
            return part
        if part.reference is None:
            raise Beyond
        used = self._shape.used[part.reference]
        value, may_miss = column(used.ref), nullable and not (used.column.not_null or used.expected)
        if part.shards or part.width or (part.is_plain and used.column.affinity in ("INTEGER", "NUMERIC")):
            return self._number(part, used, value, may_miss)
        self._require_class(used, "text", may_miss)
        return called(part.functions, value)

    def _number(self, field: Field, used: Used, value: str, may_miss: bool) -> Slot:
        self._require_class(used, "integer", may_miss)
        if field.shards:
            return Slot("%d", SPREAD.format(value, field.shards))
        if field.width:
            fits = f"{value} BETWEEN 0 AND {10**field.width - 1}"
            self._tests.append(f"({value} IS NULL OR {fits})" if may_miss else fits)
            return Slot(f"%0{field.width}d", value)
        return Slot("%d", value)

    def _require_class(self, used: Used, wanted: str, may_miss: bool) -> None:
        if used.rowid and wanted == "integer":
            return
        allowed = frozenset({wanted, "null"} if may_miss else {wanted})
        value = column(used.ref)
        self._classes[value] = self._classes.get(value, allowed) & allowed

    def _require_length(self, key: Key, parts: Sequence[Fragment], nullable: bool) -> None:
        """That the key is neither empty nor too long. Functions may make their text longer."""
        most = key.limit
        sizes = []
        for part, fragment in zip(key.template.parts, parts, strict=True):
            if isinstance(fragment, str):
                most -= len(fragment.encode())
            elif fragment.mark != "%s":
                most -= _DIGITS
            elif isinstance(part, Field) and part.reference:
                size = _size(column(self._shape.used[part.reference].ref))
                sizes.append(f"{_GROWTH} * {size}" if part.functions else size)
        if most < 0 or not parts:
            raise Beyond
        if sizes:
            fits = f"BETWEEN 1 AND {most}" if most == key.limit else f"<= {most}"
            total = f"{' + '.join(sizes)} {fits}"
            self._tests.append(f"coalesce({total}, 1)" if nullable else total)

    def _nullable(self, template: Template) -> list[str]:
        used = [self._shape.used[reference] for reference in dict.fromkeys(template.references())]
        return [column(one.ref) for one in used if not (one.column.not_null or one.expected)]


def _marked(parts: Sequence[Fragment], texts: Sequence[Slot], cased: Sequence[Cased]) -> tuple[str, str]:
    """Source of a JSON string in which Python has to change the case of text between marks, and the test that
    no other marks are in it.

    Marks come behind the quoting, which would escape them.
    """
    quoted = f"json_quote({joined([marked(part) for part in parts])})"
    together = joined([marked(part) for part in texts])
    tests = []
    for case in dict.fromkeys(part.case for part in cased):
        mark, count = f"char({ord(case)})", 2 * sum(part.case == case for part in cased)
        quoted = f"replace({quoted}, '\\u{ord(case):04x}', {mark})"
        tests.append(f"length({together}) - length(replace({together}, {mark}, '')) = {count}")
    return " AND ".join(tests), quoted


def _class_test(value: str, allowed: frozenset[str]) -> str:
    names = ", ".join(f"'{name}'" for name in sorted(allowed))
    if not allowed:
        raise Beyond
    return f"typeof({value}) = {names}" if len(allowed) == 1 else f"typeof({value}) IN ({names})"


def _size(value: str) -> str:
    """Bytes of a text; length() alone ends at a NUL character."""
    return f"octet_length({value})"


def _unless_null(values: Sequence[str], text: str) -> str:
    return f"CASE WHEN {' OR '.join(f'{value} IS NULL' for value in values)} THEN '' ELSE {text} END"
