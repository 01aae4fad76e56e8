"""A design while it is being made: its document, the reasons beside it, and what it lets one ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from migration_tool.design.load import LANGUAGE_VERSION


@dataclass(frozen=True)
class Answer:
    """What one Query or GetItem gives: rows of these tables, for values of one of these sets of columns.

    given  sets of (table, column); any one of them, wholly compared with values, selects the rows
    """

    tables: frozenset[str]
    given: tuple[frozenset[tuple[str, str]], ...]


@dataclass(frozen=True)
class Group:
    """Items under one value of a partition key: how many at most, of how many in the table or index.

    place  "table", or the name of the index; `label` the template of the partition key
    """

    place: str
    label: str
    largest: int
    total: int


@dataclass
class EntityDraft:
    """An entity.

    copies  its rows are items of another entity, too
    split   some of its rows are too large for one item
    """

    name: str
    table: str
    keys: dict[str, str]
    attributes: dict[str, Any]
    lookup: dict[str, Any] = field(default_factory=dict)
    where: str | None = None
    reasons: list[str] = field(default_factory=list)
    copies: bool = False
    split: bool = False

    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = {"from": self.table}
        if self.split:
            found["oversize"] = "split"
        if self.where:
            found["where"] = self.where
        if self.lookup:
            found["lookup"] = self.lookup
        return {**found, "keys": self.keys, "attributes": self.attributes}


@dataclass
class Draft:
    """One design, with its groups of items for the prediction.

    name         of the file
    indexes      name → its two key attributes
    collections  of each kind of item collection of the table: entity → items at most
    """

    name: str
    table: str
    description: str
    keys: tuple[str, str]
    reasons: list[str] = field(default_factory=list)
    indexes: dict[str, tuple[str, str]] = field(default_factory=dict)
    entities: list[EntityDraft] = field(default_factory=list)
    patterns: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    collections: list[Mapping[str, int]] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "version": LANGUAGE_VERSION,
            "table": self.table,
            "description": self.description,
            "keys": list(self.keys),
        }
        if self.indexes:
            found["indexes"] = {name: list(pair) for name, pair in self.indexes.items()}
        found["entities"] = {entity.name: entity.document() for entity in self.entities}
        if self.patterns:
            found["access_patterns"] = self.patterns
        return found

    def add_pattern(self, name: str, body: dict[str, Any]) -> None:
        number, unique = 1, name
        while unique in self.patterns:
            number += 1
            unique = f"{name}_{number}"
        self.patterns[unique] = body
