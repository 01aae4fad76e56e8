"""What the answer to a write says of the items that were sent."""

from __future__ import annotations

from typing import Any

from migration_tool.target.answers import Answer, Verdict, classify, unknown
from migration_tool.target.queue import Entry, Send


def outcome(send: Send, answer: Answer) -> tuple[Verdict, list[Entry]]:
    """What the answer means, and the items that it gives back; items that were never sent are ignored."""
    verdict = classify(answer, "UnprocessedItems")
    if verdict.body is None or not verdict.body["UnprocessedItems"]:
        return verdict, []
    lane = send.batch.window.lane
    try:
        returned = verdict.body["UnprocessedItems"].get(lane.table_name, [])
        keys = {tuple(put["PutRequest"]["Item"][name]["S"] for name in lane.keys) for put in returned}
    except (KeyError, TypeError):
        return unknown("HTTP 200 whose UnprocessedItems cannot be read"), []
    return verdict, [(batch, n) for batch, n in send.entries() if batch.items[n][:2] in keys]


def consumption(body: dict[str, Any]) -> dict[str, Any] | None:
    """What the answer says of the one table that it is about; None if it says nothing that is a number."""
    capacities = body.get("ConsumedCapacity")
    first = capacities[0] if isinstance(capacities, list) and capacities else None
    is_known = isinstance(first, dict) and isinstance(first.get("CapacityUnits"), int | float)
    return first if is_known else None
