"""The `attributes` of an entity or an embedded list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from migration_tool.attributes import CONVERTERS, encode
from migration_tool.design.expression import Expression, Literal
from migration_tool.design.language import keys
from migration_tool.design.load_code import CodeReader
from migration_tool.design.load_expression import parse_expression
from migration_tool.design.model import ENTITY_TYPE, Attribute, AttributeRule, Everything
from migration_tool.design.reading import is_unquoted
from migration_tool.design.template import Template, parse_reference
from migration_tool.documents import described
from migration_tool.errors import RowRejected


class AttributeLoader:
    """Reads attributes, and templates over a row, with a reader that notes the faults."""

    def __init__(self, reader: CodeReader) -> None:
        self._read = reader

    def rules(self, place: str, value: Any) -> tuple[AttributeRule, ...]:
        body = self._read.mapping(place, value)
        return tuple(self._attribute(f"{place}.{name}", name, rule) for name, rule in body.items())

    def _attribute(self, place: str, name: str, value: Any) -> AttributeRule:
        return self._everything(place, value) if name == "*" else self.value(place, name, value)

    def value(self, place: str, name: str, value: Any) -> Attribute:
        """A single attribute."""
        if name == ENTITY_TYPE:
            self._read.fault(place, "this attribute is written for every item; choose another name")
        if isinstance(value, str):
            return self._simple_attribute(place, name, value)
        if is_unquoted(value):
            return Attribute(name, template=self.template(place, value))
        body = self._read.section(place, value, "attribute")
        unknown = "column" not in body and self._read.faults.touched(place)
        more_than_one = len(body.keys() & keys("attribute")) > 1
        if "expr" in body:
            if more_than_one:
                self._read.fault(
                    place, "an expression has no column and no other type; see text(), number() …"
                )
            return Attribute(name, expression=self.expression(f"{place}.expr", body["expr"]))
        if "value" in body:
            if more_than_one:
                self._read.fault(place, "a constant value has no column and no other type")
            return Attribute(name, constant=self._constant(f"{place}.value", body["value"]))
        convert = body.get("as")
        if "as" in body and convert not in tuple(CONVERTERS):
            self._read.fault(
                f"{place}.as", f"expected one of {', '.join(CONVERTERS)}, found {described(convert)}"
            )
        written = body.get("column", name)
        column = None if unknown else self._read.parsed(f"{place}.column", written, parse_reference, None)
        transform = self._read.transform(f"{place}.transform", body)
        if transform and convert:
            self._read.fault(
                place, "what a function gives has its own type; leave one of as and transform out"
            )
        return Attribute(name, reference=column, convert=convert, transform=transform)

    def _everything(self, place: str, value: Any) -> Everything:
        if isinstance(value, str):
            return Everything(value)
        body = self._read.section(place, value, "everything")
        if "omit" in body and "include" in body:
            self._read.fault(place, "expected either `omit` or `include`", "leave one out")
        renamed = self._read.mapping(f"{place}.rename", body.get("rename", {}))
        return Everything(
            alias=self._read.typed(f"{place}.of", body.get("of"), str, ""),
            omit=self._read.names(f"{place}.omit", body.get("omit", [])),
            include=self._read.names(f"{place}.include", body["include"]) if "include" in body else None,
            rename={
                column: self._read.typed(f"{place}.rename.{column}", attribute, str, column)
                for column, attribute in renamed.items()
            },
        )

    def _simple_attribute(self, place: str, name: str, value: str) -> Attribute:
        try:
            return Attribute(name, reference=parse_reference(value))
        except ValueError as error:
            if "{" in value:
                return Attribute(name, template=self.template(place, value))
            self._read.unreadable(place, str(error))
            return Attribute(name)

    def _constant(self, place: str, value: Any) -> str | int | float:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            remedy = f"write `expr: '{described(value)}'`" if isinstance(value, bool) else ""
            self._read.fault(place, f"expected text or a number, found {described(value)}", remedy)
            return ""
        try:
            encode(value)
        except RowRejected as rejected:
            self._read.fault(place, rejected.reason)
        return value

    def expression(
        self, place: str, value: Any, parse: Callable[[str], Expression] = parse_expression
    ) -> Expression:
        return self._read.parsed(place, value, parse, Expression("", Literal(None)))

    def template(self, place: str, value: Any) -> Template:
        template = self._read.template(place, value)
        if template.shards():
            self._read.fault(place, "only an access pattern can leave the shard open; write shard(column, n)")
        return template
