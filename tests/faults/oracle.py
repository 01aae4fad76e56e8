"""The judge of a faulty network: three accounts that have to agree.

What the table holds, what the engine acknowledged to the proxy, and what the rows of the source become by
transforms that share nothing with the tool. And what the saved state claims is held against them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from migration_tool.model import Reject
from migration_tool.state.checkpoint import Checkpoint
from migration_tool.state.rejects import read_rejects
from migration_tool.state.store import StateStore
from tests.design.transforms import wire_items
from tests.faults.proxy import Item, Key, Ledger, key_of
from tests.resume.world import TABLES, World

Exact: TypeAlias = dict[str, tuple[str, Any]]


def check_complete(world: World, ledger: Ledger, rejected: Collection[Key] = ()) -> None:
    """The run says it is complete, and it is: every item but those `rejected`, and nothing else."""
    checkpoint = checkpoint_of(world)
    assert checkpoint.status == "completed"
    assert {entity.done for entity in checkpoint.entities} == {True}
    assert len(list(rejects_of(world, checkpoint))) == checkpoint.rejected == len(rejected)
    wanted = 0
    for design in checkpoint.tables:
        items = {key: item for key, item in source(world, design).items() if key not in rejected}
        wanted += len(items)
        _check_same(_table(world, design), items)
        _check_same(_applied(world, design, ledger), items)
    assert checkpoint.items_written == wanted


def check_resumable(world: World, ledger: Ledger) -> None:
    """The run says it is not complete, and claims no row that the engine has not taken."""
    checkpoint = checkpoint_of(world)
    assert checkpoint.status == "paused"
    assert not all(entity.done for entity in checkpoint.entities)
    check_claims(world, ledger)


def check_claims(world: World, ledger: Ledger) -> None:
    """Every row that the state on disk covers is in the table, as the engine said, or in the reject file."""
    checkpoint = checkpoint_of(world)
    rejects = list(rejects_of(world, checkpoint))
    for entity in [entity for entity in checkpoint.entities if entity.rows_read]:
        table, applied = _table(world, entity.table), _applied(world, entity.table, ledger)
        rows = [
            key for key, item in source(world, entity.table).items() if item["EntityType"][1] == entity.entity
        ]
        open_rows = [key for key in rows[: entity.rows_read] if key not in table or key not in applied]
        assert entity.rows_read == entity.items_written + entity.rejected
        assert len(open_rows) <= sum((r.table, r.entity) == (entity.table, entity.entity) for r in rejects)


def checkpoint_of(world: World) -> Checkpoint:
    checkpoint = StateStore(world.folder / "state").latest()
    assert checkpoint is not None
    return checkpoint


def rejects_of(world: World, checkpoint: Checkpoint) -> Iterator[Reject]:
    path = StateStore(world.folder / "state").rejects_path(checkpoint.run_id)
    return read_rejects(path, checkpoint.rejects_bytes)


def _table(world: World, design: str) -> dict[Key, Exact]:
    name = world.prefix + TABLES[design]
    return {key_of((name, item)): _exact(item) for item in world.stored(design)}


def _applied(world: World, design: str, ledger: Ledger) -> dict[Key, Exact]:
    name = world.prefix + TABLES[design]
    return {key: _exact(item) for key, item in ledger.last().items() if key[0] == name}


def source(world: World, design: str) -> dict[Key, Exact]:
    """In the order of the rows, entity by entity."""
    name = world.prefix + TABLES[design]
    return {key_of((name, item)): _exact(item) for item in _transformed(world.database, design)}


@cache
def _transformed(database: Path, design: str) -> list[Item]:
    return list(wire_items(database, design))


def _exact(item: Item) -> Exact:
    return {name: _value(value) for name, value in item.items()}


def _value(value: dict[str, Any]) -> tuple[str, Any]:
    """Comparable: 1.50 and 1.5 are one number."""
    ((kind, content),) = value.items()
    if kind == "N":
        return kind, Decimal(content)
    if kind == "L":
        return kind, [_value(element) for element in content]
    if kind == "M":
        return kind, _exact(content)
    return kind, content


def _check_same(actual: dict[Key, Exact], wanted: dict[Key, Exact]) -> None:
    """Says which keys, not all of both sides."""
    assert sorted(wanted.keys() - actual.keys()) == [], "missing"
    assert sorted(actual.keys() - wanted.keys()) == [], "extra"
    assert {key: actual[key] for key in wanted if actual[key] != wanted[key]} == {}, "different"
