"""Design → Python source of the function from row to item, and that function.

Every column is a local variable, and so is every part of a key that can be: two keys that pad the same
number pad it once. The attributes are `pieces`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from migration_tool import attributes, limits, oversize
from migration_tool.design.model import ENTITY_TYPE, Attribute, Design, Entity
from migration_tool.design.pieces import (
    Code,
    Fragment,
    Piece,
    always,
    item_text,
    number,
    plain_string,
    positional,
    prefix,
    shortest,
    string,
    where,
)
from migration_tool.design.scope import Scope
from migration_tool.design.shape import expected_columns, is_expected, key_limit
from migration_tool.design.template import (
    Field,
    Reference,
    Template,
    code,
    digits_code,
    field_code,
    namespace,
)
from migration_tool.errors import RowRejected
from migration_tool.model import NO_SORT_KEY, Column, ColumnRef, EncodedItem, Row


def child_source(place: int, scope: Scope, rules: Mapping[str, Attribute]) -> str:
    """Source of `child0(row)`, `child1(row)` …: an embedded row as a map."""
    body = _Body(scope, ())
    pieces = [body.attribute(name, rules[name]) for name in sorted(rules)]
    lines = [*body.lines, *item_text(pieces), """return f'{{"M":{text}}}'"""]
    return _function(f"child{place}", _variables(scope), lines)


def item_source(design: Design, entity: Entity, scope: Scope, rules: Mapping[str, Attribute]) -> str:
    """Source of `item(row)`; it calls the functions of the embedded rows."""
    body = _Body(scope, [entity.keys[name] for name in design.keys])
    body.lines += [_circle_check(scope, name) for name in scope.ancestries]
    body.share_fields(entity.keys.values())
    pieces = {name: body.key(design, name, template) for name, template in entity.keys.items()}
    pieces |= {name: body.attribute(name, rule) for name, rule in rules.items()}
    pieces[ENTITY_TYPE] = always(prefix(ENTITY_TYPE) + attributes.text(entity.name))
    for place, embed in enumerate(entity.embeds):
        elements = body.local(f"','.join([child{place}(r) for r in c{place}])")
        pieces[embed.name] = always(prefix(embed.name) + '{"L":[', Code(elements), "]}")
    ending = [
        f"if len(text) > {limits.LARGE_TEXT}: {_fitted(design, entity)}",
        f"return {', '.join([*(body.keys[name] for name in design.keys), repr(NO_SORT_KEY)][:2])}, text",
    ]
    lists = [f"c{place}" for place in range(len(entity.embeds))]
    lines = [*body.lines, *item_text([pieces[name] for name in sorted(pieces)]), *ending]
    return _function("item", _variables(scope) + lists, lines)


def item_function(source: str, own: Mapping[str, Any]) -> Callable[[Row], EncodedItem]:
    """The function `item` that the source defines; `own` are the names of own code that it may use."""
    names = {**_names(), **own}
    # Safe: the source holds repr()s of the design's text and names made here, nothing of the design itself.
    exec(compile(source, "<design>", "exec"), names)  # noqa: S102
    item: Callable[[Row], EncodedItem] = names["item"]
    return item


_LONGEST_INTEGER = 20
"""Characters of the longest integer that SQLite stores: 19 digits and a sign."""


class _Body:
    """The statements of one function, and the local variables they set.

    keys  key attribute → its variable, where it has one
    """

    def __init__(self, scope: Scope, design_keys: Sequence[Template]) -> None:
        self.lines: list[str] = []
        self.keys: dict[str, str] = {}
        self._scope = scope
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
        if rule.reference is None:
            return always(prefix(name) + attributes.encode(rule.constant))
        found, column = self._scope.use(rule.reference)
        value = self._scope.variable(found)
        if rule.transform:
            return self._variable(f"named({prefix(name)!r}, *own({rule.transform!r}, {value}))")
        if rule.convert:
            convert = attributes.CONVERTERS[rule.convert].__name__
            return self._variable(f"named({prefix(name)!r}, {value}, {convert})")
        return self._column(name, value, found, column)

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
            return self._variable(_numeric(name, value, otherwise))
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


def _fitted(design: Design, entity: Entity) -> str:
    """What becomes of an item that may be over 400 KB. What the table asks for by name stays where it is."""
    keep = (*entity.keys, ENTITY_TYPE, *design.demanded)
    calls = {
        "reject": "check_item_size(text)",
        "compress": f"text = compressed(text, {keep!r})",
        "split": f"text = split(text, {keep!r}, {design.keys!r})",
    }
    return calls[entity.oversize]


def _numeric(name: str, value: str, otherwise: str) -> str:
    """Reals and, as dates often are, text."""
    text = where(f"type({value}) is str", string(name, f"json_string({value})"), otherwise)
    return where(positional(value), number(name, shortest(value)), text.every).every


def _circle_check(scope: Scope, ancestry: str) -> str:
    value = scope.variable(scope.use(Reference(None, ancestry))[0])
    return f"if {value} is None: refuse_circle({ancestry!r})"


def _function(name: str, variables: list[str], lines: list[str]) -> str:
    row = f"({', '.join(variables)},)" if variables else "()"
    return "".join([f"def {name}(row):\n    {row} = row\n", *(f"    {line}\n" for line in lines)])


def _variables(scope: Scope) -> list[str]:
    return [f"v{place}" for place in range(len(scope.columns))]


def _names() -> dict[str, Any]:
    """What the generated source can reach; nothing else."""
    converters = {convert.__name__: convert for convert in attributes.CONVERTERS.values()}
    return {
        **namespace(),
        **converters,
        "TypeError": TypeError,
        "named": attributes.named,
        "repr": repr,
        "DOT_ZERO": ".0",
        "refuse_circle": _refuse_circle,
        "json_string": attributes.json_string,
        "own_key": _own_key,
        "index_key": _index_key,
        "check_item_size": limits.check_item_size,
        "compressed": oversize.compressed,
        "split": oversize.split,
    }


def _own_key(name: str, key: str | None, limit: int) -> str:
    limits.check_key(name, key, limit)
    return f"{prefix(name)}{attributes.text(key or '')}"


def _index_key(name: str, key: str | None, limit: int) -> str:
    return _own_key(name, key, limit) if key else ""


def _refuse_circle(name: str) -> None:
    raise RowRejected("circular_ancestry", f"{name}: the chain of parents runs in a circle")
