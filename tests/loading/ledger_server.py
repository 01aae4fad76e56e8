"""A DynamoDB that keeps a ledger: what it was sent, what it really stored, what it said about it."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from migration_tool.model import Chunk
from migration_tool.target.batch import Batch, Lane, Window
from tests.target.fake import Reply, Seen, answer

LANE = Lane("music_catalog", "Track", "t_MusicCatalog", ("PK", "SK"), "Track", ("TrackId",))
Key = tuple[str, str]
Fault = Callable[[list[dict[str, Any]]], Reply | None]


@dataclass
class Ledger:
    """`faults` are asked one per request, in order; None, or the end of the list, means a good answer.

    sent      how often each key was in a request
    stored    the items the table holds
    resent    keys that came again although they had been acknowledged
    """

    faults: list[Fault | None] = field(default_factory=list)
    always: Fault | None = None
    stored: dict[Key, dict[str, Any]] = field(default_factory=dict)
    sent: Counter[Key] = field(default_factory=Counter)
    acknowledged: set[Key] = field(default_factory=set)
    resent: set[Key] = field(default_factory=set)
    requests: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def __call__(self, seen: Seen) -> Reply:
        (puts,) = seen.json["RequestItems"].values()
        items = [put["PutRequest"]["Item"] for put in puts]
        with self._lock:
            self.requests += 1
            self.sent.update(map(key_of, items))
            self.resent |= self.acknowledged & set(map(key_of, items))
            fault = self.faults.pop(0) if self.faults else self.always
            reply = fault(items) if fault else None
            return reply if reply else self.accept(items)

    def accept(self, items: list[dict[str, Any]], left: list[dict[str, Any]] | None = None) -> Reply:
        """Stores `items` and acknowledges them; gives `left` back as unprocessed."""
        self.store(items)
        self.acknowledged |= set(map(key_of, items))
        unprocessed = {LANE.table_name: [{"PutRequest": {"Item": i}} for i in left]} if left else {}
        consumed = [{"TableName": LANE.table_name, "CapacityUnits": float(len(items))}]
        return answer({"UnprocessedItems": unprocessed, "ConsumedCapacity": consumed})

    def store(self, items: list[dict[str, Any]]) -> None:
        self.stored.update((key_of(item), item) for item in items)

    def partly(self, share: float, seed: int) -> Fault:
        """Takes each item with probability 1 - `share`, and gives the others back."""
        chance = random.Random(seed)

        def fault(items: list[dict[str, Any]]) -> Reply:
            left = [item for item in items if chance.random() < share]
            return self.accept([item for item in items if item not in left], left)

        return fault

    def refusing(self, poison: set[str], refusal: Reply) -> Fault:
        """Refuses every request that holds an item whose sort key is poisoned."""
        return lambda items: refusal if poison & {item["SK"]["S"] for item in items} else None


def key_of(item: dict[str, Any]) -> Key:
    return item["PK"]["S"], item["SK"]["S"]


def batch(first: int, size: int = 25, lane: Lane = LANE) -> Batch:
    """A batch of `size` items numbered from `first`, alone in its window."""
    numbers = range(first, first + size)
    texts = [f'{{"N":{{"N":"{n}"}},"PK":{{"S":"P#{n}"}},"SK":{{"S":"{n}"}}}}'.encode() for n in numbers]
    rows = [(n,) for n in numbers]
    return Batch(Window(lane, Chunk(rows, rows, 1)), texts, range(size))


def items_of(*batches: Batch) -> set[Key]:
    return {one.key(n) for one in batches for n in range(len(one.texts))}
