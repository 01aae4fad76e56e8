"""Design → Python source of the function from row to item, and that function.

Every column is a local variable, every attribute one expression of the join that makes the item's text. The
usual storage class of a column is written out in place; whatever else it holds goes through `named`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from migration_tool import attributes, limits
from migration_tool.design.model import ENTITY_TYPE, Attribute, Design, Entity
from migration_tool.design.scope import Scope
from migration_tool.design.template import Reference, Template, code, namespace
from migration_tool.errors import RowRejected
from migration_tool.model import EncodedItem, Row


def child_source(number: int, scope: Scope, rules: Mapping[str, Attribute]) -> str:
    """Source of `child0(row)`, `child1(row)` …: an embedded row as a map."""
    pieces = [_attribute(scope, name, rules[name]) for name in sorted(rules)]
    wrapped = f"""'{{"M":' + {_map(pieces)} + '}}'"""
    return _function(f"child{number}", _variables(scope), f"    return {wrapped}\n")


def item_source(design: Design, entity: Entity, scope: Scope, rules: Mapping[str, Attribute]) -> str:
    """Source of `item(row)`; it calls the functions of the embedded rows."""
    pieces = {name: _attribute(scope, name, rule) for name, rule in rules.items()}
    pieces[ENTITY_TYPE] = repr(f',"{ENTITY_TYPE}":{attributes.text(entity.name)}')
    for number, embed in enumerate(entity.embeds):
        prefix = f",{attributes.json_string(embed.name)}:" + '{"L":['
        pieces[embed.name] = f"{prefix!r} + ','.join([child{number}(r) for r in c{number}]) + ']}}'"
    lines = [_circle_check(scope, name) for name in scope.ancestries]
    for number, (name, template) in enumerate(entity.keys.items()):
        rendered, nullable = _rendered(scope, template)
        key = f"k{number}"
        lines.append(f"{key} = None if {nullable} else {rendered}" if nullable else f"{key} = {rendered}")
        lines.append(_key_check(design, name, key))
        pieces[name] = _key_attribute(design, name, key)
    order = list(entity.keys)
    pk, sk = (f"k{order.index(name)}" for name in design.keys)
    body = "".join(f"    {line}\n" for line in lines) + (
        f"    text = {_map([pieces[name] for name in sorted(pieces)])}\n"
        f"    if len(text) > {limits.LARGE_TEXT}: check_item_size(text)\n"
        f"    return {pk}, {sk}, text\n"
    )
    lists = [f"c{number}" for number in range(len(entity.embeds))]
    return _function("item", _variables(scope) + lists, body)


def item_function(source: str) -> Callable[[Row], EncodedItem]:
    """The function `item` that the source defines."""
    names = _names()
    # Safe: the source holds repr()s of the design's text and names made here, nothing of the design itself.
    exec(compile(source, "<design>", "exec"), names)  # noqa: S102
    item: Callable[[Row], EncodedItem] = names["item"]
    return item


def _attribute(scope: Scope, name: str, rule: Attribute) -> str:
    """Source of an expression: ',"Name":{"S":"…"}', or '' where the value is NULL."""
    prefix = f",{attributes.json_string(name)}:"
    if rule.template:
        rendered, nullable = _rendered(scope, rule.template)
        piece = f"named({prefix!r}, {rendered})"
        return f"'' if {nullable} else {piece}" if nullable else piece
    if rule.reference is None:
        return repr(prefix + attributes.encode(rule.constant))
    found, column = scope.use(rule.reference)
    value = scope.variable(found)
    if rule.convert:
        return f"named({prefix!r}, {value}, {attributes.CONVERTERS[rule.convert].__name__})"
    return _column(prefix, value, column.affinity)


def _column(prefix: str, value: str, affinity: str) -> str:
    """The usual storage class of the column's affinity written out; any other goes through `named`."""
    otherwise = f"named({prefix!r}, {value})"
    if affinity == "INTEGER":
        return _wire(prefix, "N", value, quoted=True) + f" if type({value}) is int else {otherwise}"
    if affinity == "TEXT":
        return _wire(prefix, "S", f"json_string({value})") + f" if type({value}) is str else {otherwise}"
    if affinity in ("REAL", "NUMERIC"):
        return f"named({prefix!r}, {value}, real) if type({value}) is float else {otherwise}"
    return otherwise


def _wire(prefix: str, kind: str, value: str, quoted: bool = False) -> str:
    """Source of `prefix{"kind":value}`, as adjacent literals that Python joins into one."""
    quote = '"' if quoted else ""
    opening = prefix + '{"' + kind + '":' + quote
    return f"{opening!r} f'{{{value}}}' {quote + '}'!r}"


def _rendered(scope: Scope, template: Template) -> tuple[str, str]:
    """Source of the rendered template, and of the condition under which a column of it is NULL."""
    names: dict[Reference, str] = {}
    nullable = []
    for reference in dict.fromkeys(template.references()):
        found, column = scope.use(reference)
        names[reference] = scope.variable(found)
        if not column.not_null:
            nullable.append(f"{names[reference]} is None")
    return code(template, names.__getitem__), " or ".join(nullable)


def _circle_check(scope: Scope, ancestry: str) -> str:
    value = scope.variable(scope.use(Reference(None, ancestry))[0])
    return f"if {value} is None: refuse_circle({ancestry!r})"


def _key_check(design: Design, name: str, key: str) -> str:
    """The exact check is called only where the cheap one cannot rule a fault out."""
    sorts = {design.keys[1], *(index.sort_key for index in design.indexes)}
    limit = limits.MAX_SORT_KEY_BYTES if name in sorts else limits.MAX_PARTITION_KEY_BYTES
    suspicious = f"not {key} or len({key}) > {limit // 4}"
    if name not in design.keys:
        suspicious = f"{key} and len({key}) > {limit // 4}"
    return f"if {suspicious}: check_key({name!r}, {key}, {limit})"


def _key_attribute(design: Design, name: str, key: str) -> str:
    """Index keys are sparse: a NULL or empty one is left out, or DynamoDB would refuse the whole batch."""
    piece = _wire(f",{attributes.json_string(name)}:", "S", f"json_string({key})")
    return piece if name in design.keys else f"{piece} if {key} else ''"


def _map(pieces: list[str]) -> str:
    joined = "".join(f"\n        {piece}," for piece in pieces)
    return f"'{{' + ''.join(({joined}\n    ))[1:] + '}}'"


def _function(name: str, variables: list[str], body: str) -> str:
    row = f"({', '.join(variables)},)" if variables else "()"
    return f"def {name}(row):\n    {row} = row\n{body}"


def _variables(scope: Scope) -> list[str]:
    return [f"v{number}" for number in range(len(scope.columns))]


def _names() -> dict[str, Any]:
    """What the generated source can reach; nothing else."""
    converters = {convert.__name__: convert for convert in attributes.CONVERTERS.values()}
    return {
        **namespace(),
        **converters,
        "named": attributes.named,
        "real": attributes.real,
        "refuse_circle": _refuse_circle,
        "json_string": attributes.json_string,
        "check_key": limits.check_key,
        "check_item_size": limits.check_item_size,
    }


def _refuse_circle(name: str) -> None:
    raise RowRejected("circular_ancestry", f"{name}: the chain of parents runs in a circle")
