"""What a migration would do, and cost, without doing it: every row is transformed, nothing is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

from migration_tool import embedded
from migration_tool.config import Config
from migration_tool.design.compile import CompiledEntity
from migration_tool.design.model import Design, Index
from migration_tool.errors import MigrationError, RowRejected, RowSkipped
from migration_tool.job import EMBEDDED, Bound, bind, open_target, selected
from migration_tool.limits import item_size
from migration_tool.model import Key, WireItem, named_key
from migration_tool.source.sqlite import SqliteSource, check_source
from migration_tool.target import table
from migration_tool.verify.collisions import Collision, table_collisions

WRITE_UNIT_BYTES = 1024
DOLLARS_PER_MILLION_WRITE_UNITS = 0.625
"""On-demand standard table class, us-east-1, as of 2026-11; other regions cost up to twice that."""
NEW_TABLE_UNITS_PER_SECOND = 4_000
"""What a new on-demand table takes at once (AWS: "Initial throughput for on-demand capacity mode")."""
EXAMPLES = 5


@dataclass(frozen=True)
class Refusal:
    """Rows that would be rejected, by rule, with the first few of them."""

    rule: str
    rows: int
    examples: tuple[str, ...]


@dataclass(frozen=True)
class PlannedEntity:
    """Sizes in bytes as DynamoDB counts them; write units with index entries."""

    name: str
    source_table: str
    rows: int
    items: int
    bytes: int
    write_units: int
    largest_bytes: int
    largest_key: tuple[str, ...] | None
    refusals: tuple[Refusal, ...]


@dataclass(frozen=True)
class PlannedTable:
    """`exists`: None where the target could not be asked, and `note` says why."""

    name: str
    table: str
    exists: bool | None
    note: str
    indexes: tuple[str, ...]
    entities: tuple[PlannedEntity, ...]
    collisions: tuple[Collision, ...]

    @property
    def items(self) -> int:
        return sum(entity.items for entity in self.entities)

    @property
    def write_units(self) -> int:
        return sum(entity.write_units for entity in self.entities)


@dataclass(frozen=True)
class Plan:
    """The whole of it. `seconds` on new on-demand tables, all loaded one after the other."""

    source: str
    tables: tuple[PlannedTable, ...]

    @property
    def items(self) -> int:
        return sum(planned.items for planned in self.tables)

    @property
    def write_units(self) -> int:
        return sum(planned.write_units for planned in self.tables)

    @property
    def seconds(self) -> float:
        return round(self.write_units / NEW_TABLE_UNITS_PER_SECOND, 1)

    @property
    def dollars(self) -> float:
        return round(self.write_units * DOLLARS_PER_MILLION_WRITE_UNITS / 1_000_000, 4)

    @property
    def refused(self) -> int:
        """Rows that would be rejected, and collisions that would stop the run before its first write."""
        entities = [entity for planned in self.tables for entity in planned.entities]
        rows = sum(refusal.rows for entity in entities for refusal in entity.refusals)
        return rows + sum(len(planned.collisions) for planned in self.tables)

    def to_json(self) -> dict[str, Any]:
        totals = {"items": self.items, "write_units": self.write_units, "refused": self.refused}
        tables = [asdict(p) | {"items": p.items, "write_units": p.write_units} for p in self.tables]
        estimate = {"seconds": self.seconds, "dollars": self.dollars, "basis": BASIS}
        return {"source": self.source, **totals, "estimate": estimate, "tables": tables}


BASIS = (
    f"on-demand tables, {NEW_TABLE_UNITS_PER_SECOND:,} write units/s each, "
    f"${DOLLARS_PER_MILLION_WRITE_UNITS} per million write request units (us-east-1, 2026-11)"
)


def make_plan(config: Config, names: Sequence[str]) -> Plan:
    """Reads the whole source; asks the target only which tables exist. Raises MigrationError."""
    chosen = selected(config, names)
    check_source(config.source_db)
    with SqliteSource(config.source_db) as source:
        tables = tuple(_table(config, source, bound) for bound in bind(config, chosen, source.schema))
    return Plan(str(config.source_db), tables)


def _table(config: Config, source: SqliteSource, bound: Bound) -> PlannedTable:
    exists, note = _exists(config, bound.table_name)
    design = bound.compiled.design
    return PlannedTable(
        name=bound.name,
        table=bound.table_name,
        exists=exists,
        note=note,
        indexes=tuple(index.name for index in design.indexes),
        entities=tuple(_entity(source, design, entity) for entity in bound.compiled.entities),
        collisions=tuple(table_collisions(source, bound.compiled)),
    )


def _exists(config: Config, name: str) -> tuple[bool | None, str]:
    if config.endpoint == EMBEDDED and embedded.find(config.state_dir) is None:
        return False, ""
    try:
        return table.describe(open_target(config, start=False).target, name) is not None, ""
    except MigrationError as error:
        return None, error.cause


@dataclass
class _Sums:
    rows: int = 0
    items: int = 0
    bytes: int = 0
    write_units: int = 0
    largest: tuple[int, Key | None] = (0, None)
    rules: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)


def _entity(source: SqliteSource, design: Design, entity: CompiledEntity) -> PlannedEntity:
    sums = _Sums()
    for position, row in source.rows(entity.read):
        sums.rows += 1
        try:
            pk, sk, text = entity.item(row)
        except RowSkipped:
            continue
        except RowRejected as rejected:
            _refuse(sums, rejected, f"{entity.table.name} {position}: {rejected.reason}")
            continue
        item = orjson.loads(text)
        size = item_size(item)
        sums.items += 1
        sums.bytes += size
        sums.write_units += write_units(design, item, size)
        sums.largest = max(sums.largest, (size, (pk, sk)), key=lambda largest: largest[0])
    refusals = tuple(Refusal(rule, n, tuple(sums.examples[rule])) for rule, n in sums.rules.most_common())
    return PlannedEntity(
        entity.name,
        entity.table.name,
        sums.rows,
        sums.items,
        sums.bytes,
        sums.write_units,
        sums.largest[0],
        sums.largest[1] and tuple(named_key(design.keys, sums.largest[1]).values()),
        refusals,
    )


def _refuse(sums: _Sums, rejected: RowRejected, example: str) -> None:
    sums.rules[rejected.rule] += 1
    examples = sums.examples.setdefault(rejected.rule, [])
    if len(examples) < EXAMPLES:
        examples.append(example)


def write_units(design: Design, item: WireItem, size: int) -> int:
    """Units to put a new item: each 1 KB begun, of the item and of what every index that it is in projects.

    AWS, "Read and write operations", "Projections": an entry has the size of its attributes.
    """
    sizes = [size, *(_entry_size(design, index, item, size) for index in design.indexes if index.holds(item))]
    return sum(-(-bytes // WRITE_UNIT_BYTES) for bytes in sizes)


def _entry_size(design: Design, index: Index, item: WireItem, size: int) -> int:
    projected = design.projected(index.name)
    return size if projected is None else item_size({n: v for n, v in item.items() if n in projected})
