"""Design + schema → for each entity what to read and one function from row to item.

The function is generated once as Python source, as dataclasses generate `__init__`: no dictionary of
columns and no dispatch over rules is left in the loop. It is the only transformer there is: the loader,
the comparison, the plan and the collision check all call it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from migration_tool import attributes, limits
from migration_tool.design.model import (
    ENTITY_TYPE,
    Attribute,
    AttributeRule,
    Design,
    Embed,
    Entity,
    Everything,
)
from migration_tool.design.scope import Scope
from migration_tool.design.template import Reference, Template, code, namespace
from migration_tool.errors import DesignError, RowRejected
from migration_tool.model import ChildRead, ColumnRef, EncodedItem, Read, Row, Schema, Table


@dataclass(frozen=True)
class CompiledEntity:
    """What to read, and how a row becomes an item.

    item     raises RowRejected
    labels   the name of each place in the row, for messages and the reject file
    source   the generated Python
    """

    name: str
    entity: Entity
    table: Table
    read: Read
    item: Callable[[Row], EncodedItem]
    labels: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class CompiledDesign:
    """A design bound to the schema of one source."""

    design: Design
    entities: tuple[CompiledEntity, ...]

    @property
    def name(self) -> str:
        return self.design.name

    def entity(self, name: str) -> CompiledEntity:
        return next(entity for entity in self.entities if entity.name == name)


def compile_design(design: Design, schema: Schema) -> CompiledDesign:
    """Raises DesignError listing every name of the design that the source does not have."""
    faults: list[str] = []
    entities = [_entity(design, entity, schema, faults) for entity in design.entities]
    if faults:
        raise DesignError(
            "fit the design to the source",
            design.path,
            f"{len(faults)} of its names do not fit",
            "Mend the design, or name another source database.",
            faults,
        )
    return CompiledDesign(design, tuple(entity for entity in entities if entity))


def _entity(design: Design, entity: Entity, schema: Schema, faults: list[str]) -> CompiledEntity | None:
    table = _table(f"entities.{entity.name}", entity.table, schema, faults)
    if table is None:
        return None
    scope = Scope(f"entities.{entity.name}", entity.name, table, schema, faults)
    scope.add_lookups(entity.lookups)
    scope.add_ancestries(entity.ancestries)
    rules = _rules(scope, entity.attributes)
    for name in rules.keys() & {ENTITY_TYPE, *entity.keys}:
        scope.fault(f"the column {name!r} has the name of a key attribute; rename or omit it")
    children = [_child(scope, embed) for embed in entity.embeds]
    body = _item_source(design, entity, scope, rules)
    if len(faults):
        return None
    source, functions = _with_children(body, scope, entity, children)
    read = Read(
        alias=entity.name,
        table=table.name,
        joins=tuple(scope.joins),
        columns=tuple(scope.columns),
        ancestries=tuple(scope.ancestries.values()),
        children=tuple(child.read for child in children if child),
        where=entity.where,
    )
    labels = tuple(_label(column, entity.name) for column in scope.columns)
    return CompiledEntity(
        name=entity.name,
        entity=entity,
        table=table,
        read=read,
        item=_run(source, functions)["item"],
        labels=labels + tuple(embed.name for embed in entity.embeds),
        source=source,
    )


@dataclass(frozen=True)
class _Child:
    read: ChildRead
    source: str


def _table(place: str, name: str, schema: Schema, faults: list[str]) -> Table | None:
    table = schema.table(name)
    if table is None:
        faults.append(f"{place}.from: the source has no table {name!r}; it has {', '.join(schema.tables)}")
    elif table.is_view:
        faults.append(f"{place}.from: {name} is a view, which has no rowid to resume by; name its table")
        return None
    return table


def _child(parent: Scope, embed: Embed) -> _Child | None:
    place = f"{parent.place}.embed.{embed.name}"
    table = _table(place, embed.table, parent.schema, parent.faults)
    if table is None:
        return None
    scope = Scope(place, embed.name, table, parent.schema, parent.faults)
    scope.add_lookups(embed.lookups)
    rules = _rules(scope, embed.attributes)
    pieces = [_attribute_source(scope, name, rules[name]) for name in sorted(rules)]
    on = [
        (scope.resolve(Reference(None, child))[0].column, parent.resolve(Reference(None, up))[0].column)
        for child, up in embed.on
    ]
    read = ChildRead(
        name=embed.name,
        alias=embed.name,
        table=table.name,
        on=tuple(on),
        order=tuple(scope.resolve(Reference(None, name))[0].column for name in embed.order),
        joins=tuple(scope.joins),
        columns=tuple(scope.columns),
    )
    wrapped = f"""'{{"M":' + {_map_source(pieces)} + '}}'"""
    return _Child(read, f"    {_unpack(len(scope.columns))} = row\n    return {wrapped}\n")


def _rules(scope: Scope, rules: tuple[AttributeRule, ...]) -> dict[str, Attribute]:
    """Attribute rules by name: `*` expanded, explicit ones in place of those that `*` brought."""
    found: dict[str, Attribute] = {}
    for rule in rules:
        if isinstance(rule, Attribute):
            continue
        table = scope.tables.get(rule.alias) or (
            scope.tables[scope.alias] if rule.alias == scope.tables[scope.alias].name else None
        )
        if table is None:
            scope.fault(f"attributes.*: unknown alias {rule.alias!r}")
            continue
        alias = rule.alias if rule.alias in scope.tables else scope.alias
        found |= _expanded(scope, alias, table, rule)
    return found | {rule.name: rule for rule in rules if isinstance(rule, Attribute)}


def _expanded(scope: Scope, alias: str, table: Table, rule: Everything) -> dict[str, Attribute]:
    names = [column.name for column in table.columns]
    for name in rule.omit:
        if name not in names:
            scope.fault(f"attributes.*.omit: {table.name} has no column {name!r}")
    return {name: Attribute(name, Reference(alias, name)) for name in names if name not in rule.omit}


def _attribute_source(scope: Scope, name: str, rule: Attribute) -> str:
    """Source of an expression: ',"Name":{"S":"…"}', or '' where the value is NULL."""
    prefix = f",{attributes.json_string(name)}:"
    if rule.template:
        return _template_attribute(scope, prefix, rule.template)
    if rule.reference is None:
        return repr(prefix + attributes.encode(rule.constant))
    found, column = scope.use(rule.reference)
    value = scope.variable(found)
    if rule.convert:
        return f"named({prefix!r}, {value}, {attributes.CONVERTERS[rule.convert].__name__})"
    return _column_source(prefix, value, column.affinity)


def _column_source(prefix: str, value: str, affinity: str) -> str:
    """The usual storage class of the column's affinity written out; any other goes through `named`."""
    otherwise = f"named({prefix!r}, {value})"
    if affinity == "INTEGER":
        return _wire(prefix, "N", value, quoted=True) + f" if type({value}) is int else {otherwise}"
    if affinity == "TEXT":
        return _wire(prefix, "S", f"json_string({value})") + f" if type({value}) is str else {otherwise}"
    if affinity in ("REAL", "NUMERIC"):
        return f"{prefix!r} + real({value}) if type({value}) is float else {otherwise}"
    return otherwise


def _wire(prefix: str, kind: str, value: str, quoted: bool = False) -> str:
    """Source of `prefix{"kind":value}`, as adjacent literals that Python joins into one."""
    quote = '"' if quoted else ""
    opening = prefix + '{"' + kind + '":' + quote
    return f"{opening!r} f'{{{value}}}' {quote + '}'!r}"


def _template_attribute(scope: Scope, prefix: str, template: Template) -> str:
    rendered, nullable = _rendered(scope, template)
    piece = f"named({prefix!r}, {rendered})"
    return f"'' if {nullable} else {piece}" if nullable else piece


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


def _item_source(design: Design, entity: Entity, scope: Scope, rules: dict[str, Attribute]) -> str:
    lines = []
    pieces = {name: _attribute_source(scope, name, rule) for name, rule in rules.items()}
    pieces[ENTITY_TYPE] = repr(f',"{ENTITY_TYPE}":{attributes.text(entity.name)}')
    for number, embed in enumerate(entity.embeds):
        prefix = f",{attributes.json_string(embed.name)}:" + '{"L":['
        pieces[embed.name] = f"{prefix!r} + ','.join([child{number}(r) for r in c{number}]) + ']}}'"
    for name in scope.ancestries:
        value = scope.variable(scope.use(Reference(None, name))[0])
        lines.append(f"if {value} is None: refuse_circle({name!r})")
    for number, (name, template) in enumerate(entity.keys.items()):
        rendered, nullable = _rendered(scope, template)
        key = f"k{number}"
        lines.append(f"{key} = None if {nullable} else {rendered}" if nullable else f"{key} = {rendered}")
        lines.append(_key_check(design, name, key))
        pieces[name] = _key_attribute(design, name, key)
    order = list(entity.keys)
    pk, sk = (f"k{order.index(name)}" for name in design.keys)
    return "".join(f"    {line}\n" for line in lines) + (
        f"    text = {_map_source([pieces[name] for name in sorted(pieces)])}\n"
        f"    if len(text) > {limits.LARGE_TEXT}: check_item_size(text)\n"
        f"    return {pk}, {sk}, text\n"
    )


def _key_check(design: Design, name: str, key: str) -> str:
    """The exact check is called only where the cheap one cannot rule a fault out."""
    partition = name == design.keys[0] or any(name == index.partition_key for index in design.indexes)
    limit = limits.MAX_PARTITION_KEY_BYTES if partition else limits.MAX_SORT_KEY_BYTES
    suspicious = f"not {key} or len({key}) > {limit // 4}"
    if name not in design.keys:
        suspicious = f"{key} and len({key}) > {limit // 4}"
    return f"if {suspicious}: check_key({name!r}, {key}, {limit})"


def _key_attribute(design: Design, name: str, key: str) -> str:
    """Index keys are sparse: a NULL or empty one is left out (facts.md §1)."""
    piece = _wire(f",{attributes.json_string(name)}:", "S", f"json_string({key})")
    return piece if name in design.keys else f"{piece} if {key} else ''"


def _map_source(pieces: list[str]) -> str:
    joined = "".join(f"\n        {piece}," for piece in pieces)
    return f"'{{' + ''.join(({joined}\n    ))[1:] + '}}'"


def _unpack(count: int) -> str:
    return f"({', '.join(f'v{n}' for n in range(count))},)"


def _with_children(
    body: str, scope: Scope, entity: Entity, children: list[_Child | None]
) -> tuple[str, dict[str, Any]]:
    names = [f"v{n}" for n in range(len(scope.columns))] + [f"c{n}" for n in range(len(entity.embeds))]
    parts = [f"def child{n}(row):\n{child.source}\n" for n, child in enumerate(children) if child]
    parts.append(f"def item(row):\n    ({', '.join(names)},) = row\n{body}")
    return "".join(parts), _functions()


def _functions() -> dict[str, Any]:
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


def _run(source: str, names: dict[str, Any]) -> dict[str, Any]:
    # Safe: the source holds repr()s of the design's text and names made here, nothing of the design itself.
    exec(compile(source, "<design>", "exec"), names)  # noqa: S102
    return names


def _label(column: ColumnRef, own: str) -> str:
    return column.column if column.alias in ("", own) else f"{column.alias}.{column.column}"
