"""What the answer to a write says of the items that were sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from migration_tool.model import key_values
from migration_tool.target.answers import Answer, Verdict, classify, unknown
from migration_tool.target.queue import Entry, Send


def outcome(send: Send, answer: Answer) -> tuple[Verdict, Sequence[Entry]]:
    """What the answer means, and the items that it gives back.

    One that gives back what was not sent is about another request, and proves nothing about this one.
    """
    verdict = classify(answer, "UnprocessedItems")
    if verdict.body is None:
        return verdict, ()
    left = _unprocessed(send, verdict.body["UnprocessedItems"])
    if left is None:
        return unknown("HTTP 200 whose UnprocessedItems were not sent"), ()
    return verdict, left


def _unprocessed(send: Send, tables: dict[str, Any]) -> list[Entry] | None:
    """The items of the request that are given back; None where anything else is."""
    if not tables:
        return []
    lane = send.batch.window.lane
    sent = {batch.key(n): (batch, n) for batch, n in send.entries()}
    returned: Any = tables.get(lane.table_name)
    try:
        keys = {key_values(put["PutRequest"]["Item"], lane.keys) for put in returned}
    except (LookupError, TypeError):
        return None
    if len(tables) > 1 or not isinstance(returned, list) or not keys <= sent.keys():
        return None
    return [entry for key, entry in sent.items() if key in keys]


def consumption(body: dict[str, Any]) -> dict[str, Any] | None:
    """What the answer says of the one table that it is about."""
    capacities = body.get("ConsumedCapacity")
    found = capacities[0] if isinstance(capacities, list) and capacities else None
    return found if isinstance(found, dict) else None
