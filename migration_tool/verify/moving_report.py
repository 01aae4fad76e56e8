"""What a look at a migration that moves found, as values, and as the JSON that docs/json.md describes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from migration_tool.verify.json_form import plain_json
from migration_tool.verify.report import AttributeDifference, iso_time, many

COUNTS = ("verified", "pending", "suspended", "different", "rejected")


@dataclass(frozen=True)
class EntityLook:
    """Rows of one entity, each counted once; of the entity "~chunk" chunk items that belong to such rows.

    verified   the item is what the row says
    pending    not written yet, so not looked at
    suspended  not equal, but source or target moved between the looks, or the row was looked at only once
    different  not equal, and neither side moved between two looks
    rejected   no item can be made of the row
    """

    entity: str
    verified: int = 0
    pending: int = 0
    suspended: int = 0
    different: int = 0
    rejected: int = 0


@dataclass(frozen=True)
class LastingDifference:
    """A key whose sides are not equal and did not move; `attributes` where both sides have it."""

    key: Mapping[str, Any]
    entity: str
    in_source: bool
    in_table: bool
    attributes: tuple[AttributeDifference, ...] = ()


@dataclass(frozen=True)
class TableLook:
    """`name` is the design; `differences` names the first of them."""

    name: str
    table: str
    entities: tuple[EntityLook, ...]
    differences: tuple[LastingDifference, ...] = ()

    def total(self, count: str) -> int:
        """The sum of one of COUNTS."""
        return sum(getattr(entity, count) for entity in self.entities)

    @property
    def ok(self) -> bool:
        return not self.total("different")


@dataclass(frozen=True)
class MovingReport:
    """What was written between two states of a run, compared by key.

    generation  of the state that says what is written
    since       of the state behind which it began; None: at the first row
    running     another process worked on the run
    checked_at  unix seconds
    """

    run_id: str
    generation: int
    since: int | None
    running: bool
    tables: tuple[TableLook, ...]
    checked_at: float
    source: str
    endpoint: str

    @property
    def ok(self) -> bool:
        return all(table.ok for table in self.tables)

    @property
    def settled(self) -> bool:
        """Whether all that was due is verified, or cannot be an item."""
        return self.ok and not any(table.total("suspended") for table in self.tables)

    def summary(self) -> str:
        """What is wrong, in one line; "" when nothing is."""
        wrong = [(table.name, table.total("different")) for table in self.tables]
        return "; ".join(f"{name}: {many(count, 'item')} different" for name, count in wrong if count)

    def to_json(self) -> dict[str, Any]:
        """The documented form; write it with `json_text`."""
        return {
            "ok": self.ok,
            "run_id": self.run_id,
            "generation": self.generation,
            "since": self.since,
            "running": self.running,
            "checked_at": iso_time(self.checked_at),
            "source": self.source,
            "endpoint": self.endpoint,
            "tables": [_table(table) for table in self.tables],
        }


def _table(table: TableLook) -> dict[str, Any]:
    return {
        "name": table.name,
        "table": table.table,
        "ok": table.ok,
        **{count: table.total(count) for count in COUNTS},
        "entities": [dict(vars(entity)) for entity in table.entities],
        "differences": [_difference(found) for found in table.differences],
    }


def _difference(found: LastingDifference) -> dict[str, Any]:
    attributes = [plain_json(vars(attribute)) for attribute in found.attributes]
    return {**vars(found), "key": plain_json(found.key), "attributes": attributes}
