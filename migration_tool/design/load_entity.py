"""The `entities` section of a design."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypeVar, get_args

from migration_tool.design.expression import Expression
from migration_tool.design.load_attributes import AttributeLoader
from migration_tool.design.load_code import CodeReader
from migration_tool.design.load_embed import EmbedLoader
from migration_tool.design.load_expression import parse_condition
from migration_tool.design.load_table import half_written
from migration_tool.design.model import Entity, Index, Oversize
from migration_tool.design.reading import is_unquoted
from migration_tool.design.template import Template
from migration_tool.documents import described
from migration_tool.oversize import Compression

T = TypeVar("T")
POLICIES: tuple[Oversize, ...] = get_args(Oversize)
COMPRESSIONS: tuple[Compression, ...] = get_args(Compression)


class EntityLoader:
    """Reads entities with a reader that notes the faults.

    keys, indexes  of the table that the entities fill; a key that could not be read is ""
    """

    def __init__(self, reader: CodeReader, keys: tuple[str, ...], indexes: tuple[Index, ...]) -> None:
        self._read = reader
        self._keys = keys
        self._indexes = indexes
        self._attributes = AttributeLoader(reader)
        self._embeds = EmbedLoader(reader)

    def entity(self, name: str, value: Any) -> Entity:
        place = f"entities.{name}"
        body = self._read.section(place, value, "entity")
        table = self._read.typed(f"{place}.from", body.get("from", name), str, name)
        keys = self._keys_of(f"{place}.keys", body.get("keys", {}))
        oversize, compression = self._oversize(f"{place}.oversize", body.get("oversize", "reject"))
        return Entity(
            name=name,
            table=table,
            lookups=self._embeds.lookups(place, body.get("lookup", {})),
            embeds=self._embeds.embeds(place, body.get("embed", {})),
            ancestries={
                column: self._read.typed(f"{place}.ancestry.{column}", parent, str, "")
                for column, parent in self._read.mapping(
                    f"{place}.ancestry", body.get("ancestry", {})
                ).items()
            },
            keys={key: template for key, (template, _) in keys.items()},
            attributes=self._attributes.rules(f"{place}.attributes", body.get("attributes", {"*": name})),
            where=self._read.optional(place, body, "where"),
            oversize=oversize,
            compression=compression,
            transform=self._read.transform(f"{place}.transform", body),
            conditions={key: condition for key, (_, condition) in keys.items() if condition},
        )

    def _oversize(self, place: str, value: Any) -> tuple[Oversize, Compression]:
        """By its name, or with the choice of the compression: `{compress: zstd}`."""
        if isinstance(value, Mapping):
            body = self._read.section(place, value, "oversize")
            return "compress", self._chosen(f"{place}.compress", body.get("compress"), COMPRESSIONS)
        if value == "split" and len(self._keys) < 2 and all(self._keys):
            hint = "write `oversize: compress`"
            self._read.fault(place, "a table without a sort key holds no chunk items", hint)
        return self._chosen(place, value, POLICIES), "gzip"

    def _chosen(self, place: str, value: Any, choices: tuple[T, ...]) -> T:
        for choice in choices:
            if value == choice:
                return choice
        known = ", ".join(map(str, choices))
        self._read.fault(place, f"expected one of {known}, found {described(value)}")
        return choices[0]

    def _keys_of(self, place: str, value: Any) -> dict[str, tuple[Template, Expression | None]]:
        names = tuple(dict.fromkeys([*self._keys, *(name for index in self._indexes for name in index.keys)]))
        known = all(names) and self._read.faults.whole("indexes")
        body = self._read.mapping(place, value, names if known else ())
        lost = [name for name in names if self._read.faults.lost(f"{place}.{name}")]
        self._whole(place, [*body, *lost])
        return {key: self._key(f"{place}.{key}", one, key in self._keys) for key, one in body.items()}

    def _key(self, place: str, value: Any, own: bool) -> tuple[Template, Expression | None]:
        """A template, alone or with the condition under which an item has a key of an index."""
        if not isinstance(value, Mapping) or is_unquoted(value):
            return self._attributes.template(place, value), None
        body = self._read.section(place, value, "key")
        template = self._attributes.template(f"{place}.template", body.get("template"))
        if "when" not in body:
            return template, None
        if own:
            self._read.fault(f"{place}.when", self._needed(), "see `where`")
        return template, self._attributes.expression(f"{place}.when", body["when"], parse_condition)

    def _whole(self, place: str, keys: Collection[str]) -> None:
        """All keys of the table are there, and of each index all or none."""
        for name in self._keys:
            if name and name not in keys:
                self._read.fault(f"{place}.{name}", self._needed(), "write a template for it")
        for index in half_written(self._keys, self._indexes, keys):
            reason = f"{index.name} needs both {' and '.join(index.keys)}"
            self._read.fault(place, reason, "write both, or neither")
            for name in index.keys:
                self._read.faults.lose(f"{place}.{name}")

    def _needed(self) -> str:
        return f"an item needs {'both keys' if len(self._keys) > 1 else 'the key'} of its table"
