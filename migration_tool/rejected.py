"""What `rejects` shows: the rejected rows of the newest run, grouped, with the cause and the usual remedy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from migration_tool.model import Position, Reject
from migration_tool.rules import rule
from migration_tool.state.store import StateStore
from migration_tool.verify.json_form import plain_json

EXAMPLES = 3


@dataclass(frozen=True)
class Group:
    """The rows of one entity that broke one rule; `examples` are the first of them.

    table  the design
    """

    table: str
    entity: str
    rule: str
    cause: str
    remedy: str
    rows: int
    examples: tuple[Reject, ...]

    def to_json(self) -> dict[str, Any]:
        return {**vars(self), "examples": [_example(reject) for reject in self.examples]}


@dataclass(frozen=True)
class Rejected:
    """`run_id` is None where no run is saved; `groups` begin with the largest."""

    run_id: str | None = None
    groups: tuple[Group, ...] = ()

    @property
    def rows(self) -> int:
        return sum(group.rows for group in self.groups)

    def to_json(self) -> dict[str, Any]:
        """The form that docs/json.md describes."""
        groups = [group.to_json() for group in self.groups]
        return {"run_id": self.run_id, "rejected": self.rows, "groups": groups}


def rejected(store: StateStore, examples: int | None = EXAMPLES) -> Rejected:
    """The newest run's; `examples` of each group, None: all of them. Raises StateError."""
    checkpoint = store.latest()
    if checkpoint is None:
        return Rejected()
    return Rejected(checkpoint.run_id, grouped(store.rejects(checkpoint), examples))


def grouped(rejects: Iterable[Reject], examples: int | None) -> tuple[Group, ...]:
    """By table, entity and rule."""
    rows = Counter[tuple[str, str, str]]()
    shown: dict[tuple[str, str, str], list[Reject]] = {}
    for reject in rejects:
        name = (reject.table, reject.entity, reject.rule)
        some = shown.setdefault(name, [])
        if examples is None or rows[name] < examples:
            some.append(reject)
        rows[name] += 1
    return tuple(_group(*name, count, shown[name]) for name, count in rows.most_common())


def _group(table: str, entity: str, name: str, rows: int, examples: Iterable[Reject]) -> Group:
    meaning = rule(name)
    return Group(table, entity, name, meaning.cause, meaning.remedy, rows, tuple(examples))


def key_text(key: Position) -> str:
    """A source key for people; blobs in hexadecimal, as SQL writes them."""
    return ", ".join(f"x'{value.hex()}'" if isinstance(value, bytes) else str(value) for value in key)


def _example(reject: Reject) -> dict[str, Any]:
    return {
        "source_table": reject.source_table,
        "source_key": plain_json(reject.source_key),
        "reason": reject.reason,
        "attempts": reject.attempts,
        "row": plain_json(reject.row),
    }
