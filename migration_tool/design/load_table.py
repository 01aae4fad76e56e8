"""What a design says of its table: keys and indexes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from migration_tool.design.load_settings import SettingsLoader
from migration_tool.design.model import ENTITY_TYPE, Index
from migration_tool.design.reading import Reader
from migration_tool.documents import described

MAX_KEY_NAME_BYTES = 255
MOST_GLOBAL = 20
MOST_LOCAL = 5
MOST_INCLUDED_IN_ALL = 100
"""Names of `include` in all indexes of a table, one that stands twice counted twice; these three limits:
AWS, "Quotas in Amazon DynamoDB"."""
MOST_INCLUDED = 20
"""Names of `include` in one index (AWS, API reference, "Projection")."""
_TABLE_NAME = re.compile(r"[a-zA-Z0-9_.-]{3,255}")


class TableLoader:
    """Reads the table's own sections with a reader that notes the faults."""

    def __init__(self, reader: Reader) -> None:
        self._read = reader
        self._settings = SettingsLoader(reader)

    def name(self, place: str, value: Any) -> str:
        """Of a table or an index."""
        name = self._read.typed(place, value, str, "")
        if isinstance(value, str) and not _TABLE_NAME.fullmatch(name):
            self._read.fault(place, f"{name!r} is not a DynamoDB name ([a-zA-Z0-9_.-], 3 to 255)")
        return name

    def keys(self, place: str, value: Any) -> tuple[str, ...]:
        names = self._read.names(place, value)
        if self._read.faults.touched(place):
            return ("",)
        if not 1 <= len(names) <= 2 or len(set(names)) < len(names):
            reason = "expected one key attribute, or [partition key, sort key], which differ"
            self._read.unreadable(place, reason)
            return ("",)
        for name in names:
            if name == ENTITY_TYPE or not 1 <= len(name.encode(errors="replace")) <= MAX_KEY_NAME_BYTES:
                self._read.fault(
                    place, f"{name!r:.60} cannot be the name of a key attribute", "choose another"
                )
        return names

    def indexes(self, value: Any) -> tuple[Index, ...]:
        body = self._read.mapping("indexes", value)
        indexes = tuple(self._index(f"indexes.{name}", name, content) for name, content in body.items())
        for local, most in ((False, MOST_GLOBAL), (True, MOST_LOCAL)):
            kind, count = "local" if local else "global", sum(index.local == local for index in indexes)
            if count > most:
                self._read.fault("indexes", f"a table has at most {most} {kind} ones, these are {count}")
        included = sum(len(index.include or ()) for index in indexes)
        if included > MOST_INCLUDED_IN_ALL:
            self._read.fault(
                "indexes", f"{included} names are included; {MOST_INCLUDED_IN_ALL} may be in all"
            )
        return indexes

    def _index(self, place: str, name: str, value: Any) -> Index:
        short = isinstance(value, str | list)
        body = {"keys": value} if short else self._read.section(place, value, "index")
        partition_key, *sort_keys = self.keys(place if short else f"{place}.keys", body.get("keys", []))
        return Index(
            name=self.name(place, name),
            partition_key=partition_key,
            sort_key=sort_keys[0] if sort_keys else "",
            include=self._included(f"{place}.projection", body.get("projection", "all")),
            local=self._read.typed(f"{place}.local", body.get("local", False), bool, False),
            capacity=self._settings.throughput(place, "capacity", body),
            warm_throughput=self._settings.throughput(place, "warm_throughput", body),
        )

    def _included(self, place: str, value: Any) -> tuple[str, ...] | None:
        if value in ("all", "keys_only"):
            return None if value == "all" else ()
        if not isinstance(value, Mapping):
            reason = f"expected all, keys_only or {{include: […]}}, found {described(value)}"
            self._read.unreadable(place, reason)
            return None
        body = self._read.section(place, value, "projection")
        names = self._read.names(f"{place}.include", body.get("include", []))
        if self._read.faults.touched(f"{place}.include"):
            return names
        if not 1 <= len(names) <= MOST_INCLUDED or len(set(names)) < len(names):
            self._read.fault(f"{place}.include", f"expected 1 to {MOST_INCLUDED} different names")
        return names

    def check(self, keys: tuple[str, ...], indexes: Sequence[Index]) -> None:
        """What the indexes must not be on a table of these keys, as far as all could be read."""
        taken = {*keys, *(key for index in indexes for key in index.keys)} - {""}
        for index in indexes:
            place = f"indexes.{index.name}"
            for name in taken.intersection(index.include or ()):
                self._read.fault(
                    f"{place}.projection.include",
                    f"{name} is a key attribute",
                    "leave it out; keys are there",
                )
            if index.local and (index.capacity or index.warm_throughput):
                self._read.fault(place, "a local index uses the capacity of the table", "leave it out")
            if not all((*keys, *index.keys)):
                continue
            if index.local and len(keys) < 2:
                self._read.fault(place, "a table without a sort key has no local indexes", "give it one")
            elif index.local and (index.partition_key != keys[0] or not index.sort_key):
                self._read.fault(f"{place}.keys", f"expected [{keys[0]}, sort key] of a local index")


def half_written(keys: Sequence[str], indexes: Sequence[Index], written: Collection[str]) -> Iterator[Index]:
    """The indexes of which an entity writes a key that brings its items into no index.

    keys     of the table
    written  the key attributes that the entity writes
    """
    whole = {key for index in indexes if all(key in written for key in index.keys) for key in index.keys}
    useless = set(written) - whole - set(keys)
    return (index for index in indexes if not useless.isdisjoint(index.keys))
