"""A design file → `Design`. Every fault of the file is reported at once, with its place in the document."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast, get_args

import orjson

from migration_tool.attributes import CONVERTERS, encode
from migration_tool.design.load_patterns import PatternLoader
from migration_tool.design.load_settings import SettingsLoader
from migration_tool.design.load_table import TableLoader, half_written
from migration_tool.design.model import (
    ENTITY_TYPE,
    Attribute,
    AttributeRule,
    Design,
    Embed,
    Entity,
    Everything,
    Index,
    Lookup,
    Oversize,
)
from migration_tool.design.own_code import parse_name, source_hash
from migration_tool.design.patterns import pattern_faults
from migration_tool.design.reading import Reader
from migration_tool.design.template import Template, parse_reference
from migration_tool.documents import Faulty, described, located, read_mapping
from migration_tool.errors import DesignError, Fault, RowRejected

LANGUAGE_VERSION = 1
_MEANING = b"2"
"""Counts up when the same design comes to mean other items: a run begun with the old ones cannot go on."""


def load_design(path: Path) -> Design:
    """Raises DesignError listing all faults of the file."""
    document = _document(path)
    loader = _Loader(path.parent)
    design = loader.design(path.stem, document, str(path))
    faults = loader.faults or pattern_faults(design)
    if faults:
        raise _unreadable(path, faults)
    return design


def _document(path: Path) -> Any:
    try:
        return read_mapping(path)
    except OSError as error:
        cause, hint = error.strerror or str(error), "Check the path and its permissions."
    except Faulty as error:
        raise _unreadable(path, error.faults) from None
    except ValueError as error:
        cause, hint = str(error), "Mend the file."
    raise DesignError("read the design", path, cause, hint)


def _unreadable(path: Path, faults: Sequence[Fault]) -> DesignError:
    cause = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    return DesignError("read the design", path, cause, "Mend the file.", located(path, faults))


class _Loader(Reader):
    """A design, from the top of its document down.

    folder  where its own code is
    code    name of each function → hash of its source
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.code: dict[str, str] = {}

    def design(self, name: str, document: Any, path: str) -> Design:
        top = self.section("", document, "design")
        version = top.get("version")
        if type(version) is not int or version != LANGUAGE_VERSION:
            reason = f"expected {LANGUAGE_VERSION}, found {described(version)}"
            self.fault("version", reason, f"write `version: {LANGUAGE_VERSION}`")
        tables = TableLoader(self)
        table = tables.name("table", self.typed("table", top.get("table"), str, ""))
        indexes = tables.indexes(top.get("indexes", {}))
        entities = self.mapping("entities", top.get("entities", {}))
        if not entities:
            self.fault("entities", "a design needs at least one entity")
        keys = tables.keys("keys", top.get("keys", ["PK", "SK"]))
        settings = SettingsLoader(self).settings(top.get("settings", {}))
        tables.check(keys, indexes)
        patterns = PatternLoader(self, keys, indexes)
        return Design(
            name=name,
            table=table,
            description=self.typed("description", top.get("description", ""), str, ""),
            keys=keys,
            indexes=indexes,
            entities=tuple(self.entity(entity, body, keys, indexes) for entity, body in entities.items()),
            patterns=tuple(
                patterns.pattern(pattern, body)
                for pattern, body in self.mapping("access_patterns", top.get("access_patterns", {})).items()
            ),
            fingerprint=self.fingerprint(document),
            path=path,
            code=self.code,
            settings=settings,
        )

    def fingerprint(self, document: Any) -> str:
        """Text that UTF-8 cannot hold, and numbers of more than 64 bits, have no place in a design."""
        try:
            content = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
            code = orjson.dumps(self.code, option=orjson.OPT_SORT_KEYS) if self.code else b""
            return hashlib.sha256(_MEANING + content + code).hexdigest()
        except TypeError as error:
            self.fault("document", str(error))
            return ""

    def entity(self, name: str, value: Any, keys: tuple[str, ...], indexes: tuple[Index, ...]) -> Entity:
        place = f"entities.{name}"
        body = self.section(place, value, "entity")
        table = self.typed(f"{place}.from", body.get("from", name), str, name)
        return Entity(
            name=name,
            table=table,
            lookups=self.lookups(place, body.get("lookup", {})),
            embeds=tuple(
                self.embed(f"{place}.embed.{embed}", embed, content)
                for embed, content in self.mapping(f"{place}.embed", body.get("embed", {})).items()
            ),
            ancestries={
                column: self.typed(f"{place}.ancestry.{column}", parent, str, "")
                for column, parent in self.mapping(f"{place}.ancestry", body.get("ancestry", {})).items()
            },
            keys=self.keys(f"{place}.keys", body.get("keys", {}), keys, indexes),
            attributes=self.attributes(f"{place}.attributes", body.get("attributes", {"*": name})),
            where=self.optional(place, body, "where"),
            oversize=self.oversize(f"{place}.oversize", body.get("oversize", "reject"), keys),
            transform=self.transform(f"{place}.transform", body),
        )

    def transform(self, place: str, body: Mapping[str, Any]) -> str | None:
        """The name of a function of own code, if the body has one."""
        return self.parsed(place, body["transform"], self.function, None) if "transform" in body else None

    def function(self, text: str) -> str:
        """Raises ValueError where there is no such code."""
        name = parse_name(text)
        self.code[name] = source_hash(self.folder, name)
        return name

    def oversize(self, place: str, value: Any, keys: tuple[str, ...]) -> Oversize:
        if value == "split" and len(keys) < 2:
            self.fault(place, "a table without a sort key holds no chunk items", "write `oversize: compress`")
        for policy in get_args(Oversize):
            if value == policy:
                return cast(Oversize, policy)
        self.fault(place, f"expected one of {', '.join(get_args(Oversize))}, found {described(value)}")
        return "reject"

    def keys(
        self, place: str, value: Any, keys: tuple[str, ...], indexes: tuple[Index, ...]
    ) -> dict[str, Template]:
        possible = tuple(dict.fromkeys([*keys, *(name for index in indexes for name in index.keys)]))
        body = self.mapping(place, value, possible)
        for name in keys:
            if name not in body:
                both = "both keys" if len(keys) > 1 else "the key"
                self.fault(f"{place}.{name}", f"an item needs {both} of its table")
        for index in half_written(keys, indexes, body):
            self.fault(place, f"{index.name} needs both {' and '.join(index.keys)}")
        return {name: self.row_template(f"{place}.{name}", template) for name, template in body.items()}

    def row_template(self, place: str, value: Any) -> Template:
        template = self.template(place, value)
        if template.shards():
            self.fault(place, "only an access pattern can leave the shard open; write shard(column, n)")
        return template

    def lookups(self, place: str, value: Any) -> tuple[Lookup, ...]:
        return tuple(
            self.lookup(f"{place}.lookup.{alias}", alias, body)
            for alias, body in self.mapping(f"{place}.lookup", value).items()
        )

    def lookup(self, place: str, alias: str, value: Any) -> Lookup:
        body = {"by": value} if isinstance(value, str) else self.section(place, value, "lookup")
        by = self.parsed(f"{place}.by", body.get("by"), parse_reference, parse_reference("x"))
        table = self.typed(f"{place}.table", body.get("table", alias), str, alias)
        return Lookup(alias, table, by, self.optional(place, body, "to"))

    def embed(self, place: str, name: str, value: Any) -> Embed:
        body = self.section(place, value, "embed")
        table = self.typed(f"{place}.from", body.get("from", name), str, name)
        pairs = self.mapping(f"{place}.match", body.get("match", {}))
        if not pairs:
            self.fault(f"{place}.match", "expected {child column: parent column}")
        return Embed(
            name=name,
            table=table,
            on=tuple((child, self.typed(f"{place}.match.{child}", p, str, "")) for child, p in pairs.items()),
            order=self.names(f"{place}.order", body.get("order", [])),
            lookups=self.lookups(place, body.get("lookup", {})),
            attributes=self.attributes(f"{place}.attributes", body.get("attributes", {"*": table})),
        )

    def attributes(self, place: str, value: Any) -> tuple[AttributeRule, ...]:
        body = self.mapping(place, value)
        return tuple(self.attribute(f"{place}.{name}", name, rule) for name, rule in body.items())

    def attribute(self, place: str, name: str, value: Any) -> AttributeRule:
        if name == "*":
            body = {"of": value} if isinstance(value, str) else self.section(place, value, "everything")
            alias = self.typed(f"{place}.of", body.get("of"), str, "")
            return Everything(alias, self.names(f"{place}.omit", body.get("omit", [])))
        if name == ENTITY_TYPE:
            self.fault(place, "this attribute is written for every item; choose another name")
        if isinstance(value, str):
            return self.simple_attribute(place, name, value)
        body = self.section(place, value, "attribute")
        if "value" in body:
            if len(body) > 1:
                self.fault(place, "a constant value has no column and no other type")
            return Attribute(name, constant=self.constant(f"{place}.value", body["value"]))
        convert = body.get("as")
        if "as" in body and convert not in tuple(CONVERTERS):
            self.fault(f"{place}.as", f"expected one of {', '.join(CONVERTERS)}, found {described(convert)}")
        column = self.parsed(f"{place}.column", body.get("column", name), parse_reference, None)
        transform = self.transform(f"{place}.transform", body)
        if transform and convert:
            self.fault(place, "what a function gives has its own type; leave one of as and transform out")
        return Attribute(name, reference=column, convert=convert, transform=transform)

    def simple_attribute(self, place: str, name: str, value: str) -> Attribute:
        try:
            return Attribute(name, reference=parse_reference(value))
        except ValueError as error:
            if "{" in value:
                return Attribute(name, template=self.row_template(place, value))
            self.fault(place, str(error))
            return Attribute(name)

    def constant(self, place: str, value: Any) -> str | int | float:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            self.fault(place, f"expected text or a number, found {described(value)}")
            return ""
        try:
            encode(value)
        except RowRejected as rejected:
            self.fault(place, rejected.reason)
        return value
