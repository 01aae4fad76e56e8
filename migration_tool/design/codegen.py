"""Design → Python source of the function from row to item, and that function.

Every column is a local variable, and so is every part of a key that can be: two keys that pad the same
number pad it once. The attributes are `pieces`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from migration_tool import attributes, limits
from migration_tool.design.expression import Expression
from migration_tool.design.model import ENTITY_TYPE, Attribute, Design, Embed, Entity
from migration_tool.design.pieces import (
    Code,
    Fragment,
    Piece,
    always,
    function,
    item_text,
    number,
    numeric,
    plain_string,
    prefix,
    string,
    where,
)
from migration_tool.design.runtime import converter
from migration_tool.design.scope import Scope
from migration_tool.design.shape import expected_columns, is_expected, key_limit
from migration_tool.design.template import Field, Reference, Template, code, digits_code, field_code
from migration_tool.design.units import local_indexes
from migration_tool.model import NO_SORT_KEY, Column, ColumnRef


def child_source(path: str, scope: Scope, rules: Mapping[str, Attribute], embed: Embed) -> str:
    """Source of `child0(row)`, `child1(row)`, `child1_0(row)` …: an embedded row as a map, or its one value.

    In a map its name comes with it.
    """
    body = _Body(scope, (), 2 * path.count("_"))
    body.compute()
    pieces = {name: body.attribute(name, rules[name]) for name in sorted(rules)}
    pieces |= _embedded(body, f"{path}_", embed.embeds)
    key = body.rendered(embed.key) if embed.key else ""
    text = item_text([pieces[name] for name in sorted(pieces)])
    element = """f'{{"M":{text}}}'"""
    if embed.value:
        text = [f"text = {piece.every}" for piece in pieces.values()]
        element = f"text[{len(prefix(embed.value.name))}:]"
    ending = f"return {key}, {element}" if key else f"return {element}"
    return function(f"child{path}", _variables(scope, embed.embeds), [*body.lines, *text, ending])


def _embedded(body: _Body, path: str, embeds: Sequence[Embed]) -> dict[str, Piece]:
    """The attributes that hold embedded rows."""
    return {
        embed.name: body.embedded(embed, f"child{path}{place}(r)", f"c{place}")
        for place, embed in enumerate(embeds)
    }


def item_source(design: Design, entity: Entity, scope: Scope, rules: Mapping[str, Attribute]) -> str:
    """Source of `item(row)`; it calls the functions of the embedded rows."""
    body = _Body(scope, [entity.keys[name] for name in design.keys])
    body.lines += [_circle_check(scope, name) for name in scope.ancestries]
    body.compute()
    body.share_fields(template for name, template in entity.keys.items() if name not in entity.conditions)
    pieces = {
        name: body.sparse_key(design, name, template, entity.conditions[name])
        if name in entity.conditions
        else body.key(design, name, template)
        for name, template in entity.keys.items()
    }
    pieces |= {name: body.attribute(name, rule) for name, rule in rules.items()}
    pieces[ENTITY_TYPE] = always(prefix(ENTITY_TYPE) + attributes.text(entity.name))
    pieces |= _embedded(body, "", entity.embeds)
    ending = [
        f"if len(text) > {limits.LARGE_TEXT // (1 + local_indexes(design))}: text = fitted(text)",
        f"return {', '.join([*(body.keys[name] for name in design.keys), repr(NO_SORT_KEY)][:2])}, text",
    ]
    lines = [*body.lines, *item_text([pieces[name] for name in sorted(pieces)]), *ending]
    return function("item", _variables(scope, entity.embeds), lines)


_LONGEST_INTEGER = 20
"""Characters of the longest integer that SQLite stores: 19 digits and a sign."""


class _Body:
    """The statements of one function, and the local variables they set.

    keys   key attribute → its variable, where it has one
    level  lists and maps around the row, beyond those of a list in the item
    """

    def __init__(self, scope: Scope, design_keys: Sequence[Template], level: int = 0) -> None:
        self.lines: list[str] = []
        self.keys: dict[str, str] = {}
        self._scope = scope
        self._level = level
        self._shared: dict[str, str] = {}
        self._expected = expected_columns(scope, design_keys)
        self._rowid = scope.rowid()
        if self._rowid:
            value = scope.variable(self._rowid)
            self._shared[digits_code(value)] = self.local(f"str({value})")

    def local(self, source: str) -> str:
        """A variable with the value of that expression."""
        name = f"x{len(self.lines)}"
        self.lines.append(f"{name} = {source}")
        return name

    def compute(self) -> None:
        """Sets the variables of the computed attributes, each of which may be made of those before."""
        for name, one in self._scope.computed.items():
            self._set(one.variable, one.source, name)

    def _set(self, variable: str, source: str, name: str) -> None:
        """A variable with the value of an expression; rejections name what it is for."""
        self.lines.append(f"try: {variable} = {source}")
        self.lines.append(f"except RowRejected as rejected: reject({name!r}, rejected)")

    def share_fields(self, templates: Iterable[Template]) -> None:
        """Sets a variable for each field that some key needs whenever its column is not NULL.

        Plain columns come first: padded and sharded ones are made of their text.
        """
        found = [field for template in templates for field in self._sharable(template)]
        for field, value, nullable in sorted(found, key=lambda entry: not entry[0].is_plain):
            source = field_code(field, value, self._shared)
            if source not in self._shared:
                self._shared[source] = self.local(field_code(field, value, self._shared, nullable))

    def _sharable(self, template: Template) -> Iterator[tuple[Field, str, bool]]:
        """Fields, the variables of their columns, and whether these may be NULL."""
        variables, nullable = self._fields(template)
        missing = {variables[reference] for reference in nullable}
        for field in template.fields():
            value = variables[field.reference] if field.reference else ""
            if value and missing <= {value}:
                yield field, value, bool(missing)

    def key(self, design: Design, name: str, template: Template) -> Piece:
        """A key attribute; index keys are sparse: a NULL or empty one is left out of the item."""
        limit, own = key_limit(design, name), name in design.keys
        source, nullable = self._rendered(template)
        value = f"None if {nullable} else {source}" if nullable else source
        tests = self._plain_tests(template, limit)
        if own or tests is None:
            value = self.keys[name] = self.local(value)
        checked = f"{'own_key' if own else 'index_key'}({name!r}, {value}, {limit})"
        if tests is None:
            short = (
                f"{value} and len({value}) <= {limit // 4}"
                if nullable
                else f"0 < len({value}) <= {limit // 4}"
            )
            piece = where(short, string(name, f"json_string({value})"), checked)
        else:
            text = [Code(value)] if own else self._fragments(template)
            piece = where(" and ".join(tests), plain_string(name, *text), checked)
        return piece if own or self._all_expected(template) else self._variable(piece.every)

    def sparse_key(self, design: Design, name: str, template: Template, condition: Expression) -> Piece:
        """A key attribute of an index that an item has only under a condition."""
        source, nullable = self._rendered(template)
        present = f"x{len(self.lines)}"
        self._set(present, f"sql_truth({self._scope.source(condition)})", name)
        absent = " or ".join(filter(None, [f"not {present}", nullable]))
        limit = key_limit(design, name)
        return self._variable(f"index_key({name!r}, None if {absent} else {source}, {limit})")

    def _fragments(self, template: Template) -> Iterator[Fragment]:
        variables, _ = self._fields(template)
        for part in template.parts:
            if isinstance(part, str):
                yield part
            elif part.reference:
                source = field_code(part, variables[part.reference], self._shared)
                yield Code(self._shared.get(source, source))

    def _plain_tests(self, template: Template, limit: int) -> list[str] | None:
        """Conditions under which the key is there, short, and plain in JSON; None: one cannot say."""
        tests, length = [], 0
        for part in template.parts:
            if isinstance(part, str):
                length += len(part) if attributes.json_string(part) == f'"{part}"' else limit
                continue
            if part.reference is None or (part.functions and not part.shards):
                return None
            found, column = self._scope.use(part.reference)
            value = self._scope.variable(found)
            length += _LONGEST_INTEGER
            if found == self._rowid:
                continue
            if part.is_plain and column.affinity != "INTEGER":
                return None
            if part.is_plain or (part.width and not column.not_null):
                tests.append(f"type({value}) is int")
            elif not column.not_null:
                tests.append(f"{value} is not None")
        return tests if 0 < length <= limit // 4 else None

    def attribute(self, name: str, rule: Attribute) -> Piece:
        if rule.template:
            source, nullable = self._rendered(rule.template)
            named = f"named({prefix(name)!r}, {source})"
            return self._variable(f"'' if {nullable} else {named}" if nullable else named)
        if rule.expression:
            return self._variable(f"named({prefix(name)!r}, {self._scope.computed[name].variable})")
        if rule.reference is None:
            return always(prefix(name) + attributes.encode(rule.constant))
        found, column = self._scope.use(rule.reference)
        value = self._scope.variable(found)
        if rule.transform:
            return self._variable(f"named({prefix(name)!r}, *own({rule.transform!r}, {value}))")
        if rule.convert:
            convert = converter(rule.convert, self._level)
            return self._variable(f"named({prefix(name)!r}, {value}, {convert})")
        return self._column(name, value, found, column)

    def embedded(self, embed: Embed, element: str, rows: str) -> Piece:
        """The attribute that holds embedded rows; `element` is source of what one of them, `r`, becomes."""
        elements = f"[{element} for r in {rows}]"
        if embed.form == "map":
            return always(
                prefix(embed.name) + '{"M":{', Code(self.local(f"map_text({embed.name!r}, {elements})")), "}}"
            )
        if embed.form == "set":
            return self._variable(f"set_text({embed.name!r}, {elements})")
        if embed.value:
            elements = f"filter(None, {elements})"
        return always(prefix(embed.name) + '{"L":[', Code(self.local(f"','.join({elements})")), "]}")

    def rendered(self, template: Template) -> str:
        """Source of the text; None where a column of it is NULL."""
        source, nullable = self._rendered(template)
        return f"(None if {nullable} else {source})" if nullable else source

    def _column(self, name: str, value: str, found: ColumnRef, column: Column) -> Piece:
        """The usual storage class of the affinity in place, any other through `named`."""
        otherwise = f"named({prefix(name)!r}, {value})"
        if column.affinity == "INTEGER":
            digits = self._shared.get(digits_code(value), value)
            test = "" if found == self._rowid else f"type({value}) is int"
            piece = where(test, number(name, digits), otherwise)
        elif column.affinity == "TEXT":
            piece = where(f"type({value}) is str", string(name, f"json_string({value})"), otherwise)
            if self._is_expected(found, column):
                return replace(piece, test=None)
        elif column.affinity in ("REAL", "NUMERIC"):
            return self._variable(numeric(name, value, otherwise))
        else:
            return self._variable(otherwise)
        return piece if self._is_expected(found, column) else self._variable(piece.every)

    def _variable(self, source: str) -> Piece:
        return always(Code(self.local(source)))

    def _all_expected(self, template: Template) -> bool:
        return all(self._is_expected(*self._scope.use(reference)) for reference in template.references())

    def _is_expected(self, found: ColumnRef, column: Column) -> bool:
        return is_expected(self._scope, self._expected, found, column)

    def _fields(self, template: Template) -> tuple[dict[Reference, str], list[Reference]]:
        """The variable of each reference, and the references whose columns may be NULL."""
        variables, nullable = {}, []
        for reference in dict.fromkeys(template.references()):
            found, column = self._scope.use(reference)
            variables[reference] = self._scope.variable(found)
            if not column.not_null:
                nullable.append(reference)
        return variables, nullable

    def _rendered(self, template: Template) -> tuple[str, str]:
        """Source of the rendered template, and of the condition under which a column of it is NULL."""
        variables, nullable = self._fields(template)
        source = code(template, variables.__getitem__, self._shared)
        return source, " or ".join(f"{variables[reference]} is None" for reference in nullable)


def _circle_check(scope: Scope, ancestry: str) -> str:
    value = scope.variable(scope.use(Reference(None, ancestry))[0])
    return f"if {value} is None: refuse_circle({ancestry!r})"


def _variables(scope: Scope, embeds: Sequence[Embed]) -> list[str]:
    """One for each column, and one for each list of embedded rows."""
    return [f"v{place}" for place in range(len(scope.columns))] + [
        f"c{place}" for place in range(len(embeds))
    ]
