"""Items in the place of others, only where those are still there: conditional writes, many at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from migration_tool.model import WireItem
from migration_tool.target.answers import Reaction
from migration_tool.target.exchange import Exchange
from migration_tool.target.wire import Wire

MOST_CLAUSES = 130
"""Of one condition: DynamoDB takes 300 operators, AND among them, and 4 KB (AWS, "Constraints")."""


@dataclass(frozen=True)
class Swap:
    """`before` is None where there is no item of that key, `after` where there is to be none."""

    key: WireItem
    before: WireItem | None
    after: WireItem | None


def swap_many(wire: Wire, table: str, swaps: Sequence[Swap]) -> list[str]:
    """Writes each of them whose item is still `before`; why DynamoDB refused it, or "".

    A refusal proves nothing: where an answer was lost, the write may have been sent again and have met its
    own result. What holds is what is read afterwards. Raises TargetError.
    """
    refused = [""] * len(swaps)
    with Exchange[int](wire, "write items", table, (Reaction.REFUSED, Reaction.ROW)) as exchange:
        for number, swap in enumerate(swaps):
            exchange.put(number, *_request(table, swap))
        for number, answer in exchange:
            refused[number] = answer.get("refused", "")
    return refused


def _request(table: str, swap: Swap) -> tuple[str, dict[str, Any]]:
    body = {"TableName": table, **_condition(swap)}
    if swap.after is None:
        return "DeleteItem", {**body, "Key": swap.key}
    return "PutItem", {**body, "Item": swap.after}


def _condition(swap: Swap) -> dict[str, Any]:
    """Every attribute is as it was, and those to come are not there yet.

    Of an item with more attributes than a condition can name those come first that are to change.
    """
    before, after = swap.before or {}, swap.after or {}
    known = sorted(before.keys() | after.keys() if before else swap.key)
    names = sorted(known, key=lambda name: before.get(name) == after.get(name))[:MOST_CLAUSES]
    clauses = [
        f"#{n} = :{n}" if name in before else f"attribute_not_exists(#{n})" for n, name in enumerate(names)
    ]
    values = {f":{n}": before[name] for n, name in enumerate(names) if name in before}
    return {
        "ConditionExpression": " AND ".join(clauses),
        "ExpressionAttributeNames": {f"#{n}": name for n, name in enumerate(names)},
        **({"ExpressionAttributeValues": values} if values else {}),
    }
