"""What designs say and what they make of the source, as values; nothing is written, no target is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from migration_tool.checking.fitting import fitted
from migration_tool.config import Config
from migration_tool.design.compile import CompiledDesign, CompiledEntity
from migration_tool.design.definition import table_definition
from migration_tool.design.model import Design
from migration_tool.exemplars import Exemplar, pool
from migration_tool.job import chosen_files, with_tables
from migration_tool.limits import item_size
from migration_tool.prices import RegionPrices, load_prices
from migration_tool.showing.costing import Cost, cost
from migration_tool.showing.questions import Question, question
from migration_tool.showing.relations import Diagram, diagram
from migration_tool.showing.wording import (
    attribute_in_words,
    key_in_words,
    list_in_words,
    rows_in_words,
    settings_in_words,
)
from migration_tool.source.sqlite import SqliteSource, check_source
from migration_tool.verify.json_form import plain_json


@dataclass(frozen=True)
class ShownAttribute:
    """types: those that the first items have, as DynamoDB names them; source: what it is made of."""

    name: str
    types: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class ShownEntity:
    """Key templates by key attribute. Sizes in bytes as DynamoDB counts them, of the first items.

    says  its `where` and what else is not usual about the way of a row to its item
    """

    name: str
    source_table: str
    where: str | None
    says: str
    rows: int
    average_bytes: int
    largest_bytes: int
    keys: Mapping[str, str]
    attributes: tuple[ShownAttribute, ...]


@dataclass(frozen=True)
class ShownIndex:
    """keys      partition key attribute, then the sort key attribute if it has one
    local     it has the partition key of the table
    projects  its attributes besides keys; None: all
    """

    name: str
    keys: tuple[str, ...]
    local: bool
    projects: tuple[str, ...] | None


@dataclass(frozen=True)
class ShownTable:
    """settings  those that the design has, in words
    cost      by the first rows
    items     those of them, to choose from what is to be seen
    """

    name: str
    table: str
    description: str
    keys: tuple[str, ...]
    indexes: tuple[ShownIndex, ...]
    settings: Mapping[str, str]
    entities: tuple[ShownEntity, ...]
    access_patterns: tuple[Question, ...]
    cost: Cost
    items: tuple[Exemplar, ...]


@dataclass(frozen=True)
class Shown:
    source: str
    tables: tuple[ShownTable, ...]
    diagram: Diagram

    def to_json(self) -> dict[str, Any]:
        """The documented form (docs/json.md), without items and picture."""
        return {"source": self.source, "tables": [_table_json(table) for table in self.tables]}


def overview(config: Config, words: Sequence[str]) -> Shown:
    """Designs by file or by name; those of the configuration where nothing is named.

    Raises UsageError, DesignError with all faults of all designs, SourceError, ConfigError (prices).
    """
    files = chosen_files(config, words)
    check_source(config.source_db)
    with SqliteSource(config.source_db) as source:
        compiled = fitted(source, files, config.settings.allow_code)
        chosen = with_tables(config, [one.design for one in compiled])
        prices = load_prices(config.prices).regions.get(config.aws_region)
        tables = [_table(source, d, one.table_name, prices) for d, one in zip(compiled, chosen, strict=True)]
        return Shown(str(config.source_db), tuple(tables), diagram(source.schema, compiled))


def _table(
    source: SqliteSource, compiled: CompiledDesign, name: str, prices: RegionPrices | None
) -> ShownTable:
    design = compiled.design
    items = pool(source, compiled)
    entities = tuple(_entity(source, design, entity, items) for entity in compiled.entities)
    return ShownTable(
        name=design.name,
        table=name,
        description=design.description,
        keys=design.keys,
        indexes=tuple(_indexes(table_definition(name, design))),
        settings=dict(settings_in_words(design)),
        entities=entities,
        access_patterns=tuple(question(source, design, name, pattern) for pattern in design.patterns),
        cost=cost(design, {entity.name: entity.rows for entity in entities}, items, prices),
        items=tuple(items),
    )


def _indexes(definition: Mapping[str, Any]) -> Iterator[ShownIndex]:
    for kind, local in (("GlobalSecondaryIndexes", False), ("LocalSecondaryIndexes", True)):
        for index in definition.get(kind, ()):
            keys = tuple(key["AttributeName"] for key in index["KeySchema"])
            is_whole = index["Projection"]["ProjectionType"] == "ALL"
            named = tuple(index["Projection"].get("NonKeyAttributes", ()))
            yield ShownIndex(index["IndexName"], keys, local, None if is_whole else named)


def _entity(
    source: SqliteSource, design: Design, entity: CompiledEntity, items: Sequence[Exemplar]
) -> ShownEntity:
    own = [one.item for one in items if one.entity == entity.name]
    sizes = [item_size(item) for item in own] or [0]
    types: dict[str, dict[str, None]] = {}
    for item in own:
        for name, value in item.items():
            types.setdefault(name, {})[next(iter(value))] = None
    sources = {name: attribute_in_words(rule) for name, rule in entity.shape.attributes.items()}
    sources |= {embed.name: list_in_words(embed) for embed in entity.entity.embeds}
    return ShownEntity(
        name=entity.name,
        source_table=entity.table.name,
        where=entity.entity.where,
        says=rows_in_words(entity.entity),
        rows=source.count(entity.read),
        average_bytes=round(sum(sizes) / len(sizes)),
        largest_bytes=max(sizes),
        keys={name: key_in_words(entity.entity, name) for name in entity.entity.keys},
        attributes=tuple(ShownAttribute(n, tuple(types.get(n, ())), made) for n, made in sources.items()),
    )


def _table_json(table: ShownTable) -> dict[str, Any]:
    found: dict[str, Any] = plain_json(
        vars(table)
        | {
            "cost": vars(table.cost),
            "indexes": [vars(index) for index in table.indexes],
            "entities": [vars(e) | {"attributes": [vars(a) for a in e.attributes]} for e in table.entities],
            "access_patterns": [pattern.to_json() for pattern in table.access_patterns],
        }
    )
    found.pop("items")
    return found
