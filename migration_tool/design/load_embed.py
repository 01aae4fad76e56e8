"""What a row brings with it: the `lookup` and the `embed` of an entity or an embedded list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from migration_tool.design.load_attributes import AttributeLoader
from migration_tool.design.load_code import CodeReader
from migration_tool.design.model import MAX_EMBEDDING, Embed, Form, Lookup
from migration_tool.design.template import parse_reference
from migration_tool.documents import described

_FORMS: dict[Any, Form] = {"list": "list", "map": "map", "set": "set"}
_DIRECTIONS = ("ascending", "descending")


class EmbedLoader:
    """Reads lookups and embedded rows with a reader that notes the faults."""

    def __init__(self, reader: CodeReader) -> None:
        self._read = reader
        self._attributes = AttributeLoader(reader)

    def lookups(self, place: str, value: Any) -> tuple[Lookup, ...]:
        return tuple(
            self._lookup(f"{place}.lookup.{alias}", alias, body)
            for alias, body in self._read.mapping(f"{place}.lookup", value).items()
        )

    def _lookup(self, place: str, alias: str, value: Any) -> Lookup:
        body = {"by": value} if isinstance(value, str | list) else self._read.section(place, value, "lookup")
        by = tuple(
            self._read.parsed(where, name, parse_reference, parse_reference("x"))
            for where, name in _each(f"{place}.by", body.get("by"))
        )
        to = tuple(
            self._read.typed(where, name, str, "")
            for where, name in (_each(f"{place}.to", body["to"]) if "to" in body else ())
        )
        table = self._read.typed(f"{place}.table", body.get("table", alias), str, alias)
        faults = self._read.faults
        unknown = faults.touched(f"{place}.by") or faults.touched(f"{place}.to")
        if unknown and isinstance(value, list):
            faults.lose(f"{place}.table")
        if to and len(to) != len(by) and not unknown:
            unknown = True
            self._read.fault(f"{place}.to", "expected as many columns as in `by`")
        return Lookup(alias, table, () if unknown else by, to or None)

    def embeds(self, place: str, value: Any, depth: int = 1) -> tuple[Embed, ...]:
        body = self._read.mapping(f"{place}.embed", value)
        if body and depth > MAX_EMBEDDING:
            self._read.fault(
                f"{place}.embed",
                f"more than {MAX_EMBEDDING} embedded lists within one another",
                "give the inner ones an entity",
            )
            return ()
        return tuple(
            self._embed(f"{place}.embed.{name}", name, content, depth) for name, content in body.items()
        )

    def _embed(self, place: str, name: str, value: Any, depth: int) -> Embed:
        body = self._read.section(place, value, "embed")
        table = self._read.typed(f"{place}.from", body.get("from", name), str, name)
        pairs = self._read.mapping(f"{place}.match", body.get("match", {}))
        if not pairs:
            self._read.fault(f"{place}.match", "expected {child column: parent column}")
        order = self._order(f"{place}.order", body.get("order", []))
        return Embed(
            name=name,
            table=table,
            on=tuple(
                (child, self._read.typed(f"{place}.match.{child}", p, str, "")) for child, p in pairs.items()
            ),
            order=tuple(column for column, _ in order),
            descending=tuple(column for column, direction in order if direction == "descending"),
            limit=self._limit(f"{place}.limit", body["limit"]) if "limit" in body else None,
            lookups=self.lookups(place, body.get("lookup", {})),
            attributes=self._attributes.rules(f"{place}.attributes", body.get("attributes", {"*": table})),
            embeds=self.embeds(place, body.get("embed", {}), depth + 1),
            **self._form(place, name, body),
        )

    def _form(self, place: str, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """What the rows become, as arguments of Embed."""
        form = _FORMS.get(str(body.get("as", "list")))
        if form is None:
            self._read.fault(
                f"{place}.as", f"expected one of {', '.join(_FORMS)}, found {described(body['as'])}"
            )
        known = form and not self._read.faults.lost(f"{place}.as")
        if known and (form == "map") != ("key" in body):
            self._read.fault(f"{place}.key", "the names in a map, which `as: map` needs and nothing else has")
        if known and form == "set" and "value" not in body:
            self._read.fault(f"{place}.value", "a set holds single values", "write `value: Column`")
        for other in ("attributes", "embed") if "value" in body else ():
            if body.get(other):
                self._read.fault(place, f"either `value` or `{other}`", "leave one out")
        key = self._attributes.template(f"{place}.key", body["key"]) if "key" in body else None
        value = self._attributes.value(f"{place}.value", name, body["value"]) if "value" in body else None
        return {"form": form or "list", "key": key, "value": value}

    def _order(self, place: str, value: Any) -> list[tuple[str, str]]:
        """Columns, each with its direction."""
        listed = value if isinstance(value, list) else [value]
        return [self._ordering(f"{place}[{n}]", one) for n, one in enumerate(listed)]

    def _ordering(self, place: str, value: Any) -> tuple[str, str]:
        """`Column` or `{Column: descending}`."""
        if not isinstance(value, Mapping):
            return self._read.typed(place, value, str, ""), "ascending"
        ((column, direction),) = self._read.mapping(place, value).items() if len(value) == 1 else (("", ""),)
        if direction not in _DIRECTIONS:
            self._read.unreadable(place, f"expected a column, or {{column: {' or '.join(_DIRECTIONS)}}}")
        return column, str(direction)

    def _limit(self, place: str, value: Any) -> int:
        limit = self._read.typed(place, value, int, 1)
        if limit < 1:
            self._read.fault(place, "expected a number of rows, 1 at least")
        return limit


def _each(place: str, value: Any) -> list[tuple[str, Any]]:
    """A value, or those of a list that is not empty, each with its place."""
    if isinstance(value, list) and value:
        return [(f"{place}[{n}]", element) for n, element in enumerate(value)]
    return [(place, value)]
