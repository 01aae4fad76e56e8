"""A proxy between the loader and a real engine: a script says which fault each request meets.

Its ledger is the account that no client can keep: what the engine really took, and what the loader was told.
"""

from __future__ import annotations

import json
import threading
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Self, TypeAlias

from tests.engines import Engine, request
from tests.target.fake import FakeServer, Reply, Seen, answer

Item: TypeAlias = dict[str, Any]
Put: TypeAlias = tuple[str, Item]
"""Physical table, item."""
Key: TypeAlias = tuple[str, str, str]
"""Physical table, partition key, sort key."""
Fault: TypeAlias = Callable[["Passage"], Reply]
"""What becomes of a request; `Passage.deliver` hands it to the engine."""

WRITE = "BatchWriteItem"
_SECONDS = 30


def key_of(put: Put) -> Key:
    table, item = put
    return table, item["PK"]["S"], item["SK"]["S"]


@dataclass
class Ledger:
    """What became of the items of write requests.

    sent     how often each key was in a request
    applied  what the engine took for each key, in the order of its answers
    told     keys of which the loader was given the engine's word
    again    keys that came once more although the loader had been told
    """

    sent: Counter[Key] = field(default_factory=Counter)
    applied: defaultdict[Key, list[Item]] = field(default_factory=lambda: defaultdict(list))
    told: set[Key] = field(default_factory=set)
    again: set[Key] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._changed = threading.Condition()

    def arrived(self, puts: Iterable[Put]) -> None:
        keys = set(map(key_of, puts))
        with self._changed:
            self.sent.update(keys)
            self.again |= keys & self.told

    def apply(self, puts: Iterable[Put]) -> None:
        with self._changed:
            for put in puts:
                self.applied[key_of(put)].append(put[1])

    def last(self) -> dict[Key, Item]:
        """What the engine took last for each key, so far."""
        with self._changed:
            return {key: items[-1] for key, items in self.applied.items()}

    def tell(self, puts: Iterable[Put]) -> None:
        with self._changed:
            self.told.update(map(key_of, puts))
            self._changed.notify_all()

    def wait_until_told(self, puts: Iterable[Put]) -> None:
        """Returns when the loader has been told of all of these, by whichever request."""
        keys = set(map(key_of, puts))
        with self._changed:
            self._changed.wait_for(lambda: keys <= self.told, _SECONDS)


@dataclass
class Passage:
    """One request on its way.

    number  counts from 1 the requests that the script was asked about
    puts    the items of a write
    word    the last answer that acknowledges items, and which
    """

    proxy: Proxy
    seen: Seen
    number: int
    puts: Sequence[Put]
    word: tuple[Reply, Sequence[Put]] | None = None

    def deliver(self) -> Reply:
        """The engine's answer to the whole request."""
        return self.deliver_part(self.puts) if self.puts else self.proxy.forward(self.seen)

    def deliver_part(self, chosen: Sequence[Put], more: Sequence[Put] = ()) -> Reply:
        """Hands on these items only. The others come back as unprocessed, and so do `more`.

        An answer that holds what was never sent is the engine's word for nothing.
        """
        reply = self.proxy.write(chosen) if chosen else Reply()
        if reply.status != 200:
            return reply
        left = [put for put in self.puts if put not in chosen]
        reply = answer({**json.loads(reply.body), "UnprocessedItems": requests([*left, *more])})
        self.word = None if more else (reply, chosen)
        return reply


def requests(puts: Iterable[Put]) -> dict[str, list[Any]]:
    """Items as RequestItems and UnprocessedItems hold them."""
    tables: dict[str, list[Any]] = {}
    for table, item in puts:
        tables.setdefault(table, []).append({"PutRequest": {"Item": item}})
    return tables


@dataclass
class Proxy:
    """`script` is asked what becomes of each request of these `operations`; all others pass.

    held      passages that a fault keeps for later
    numbered  requests that the script was asked about
    flights   for each of them, how many were in the script's hands when it came
    """

    engine: Engine
    script: Fault = Passage.deliver
    operations: frozenset[str] = frozenset({WRITE})
    ledger: Ledger = field(default_factory=Ledger)
    held: list[Passage] = field(default_factory=list)
    numbered: int = 0
    flights: list[int] = field(default_factory=list)
    _flying: int = 0

    def __enter__(self) -> Self:
        self._lock = threading.Lock()
        self._refusal = ExitStack()
        self._server = FakeServer(self._answer).__enter__()
        self.url = self._server.url
        return self

    def __exit__(self, *_: object) -> None:
        self.accept()
        self._server.__exit__()

    @property
    def seen(self) -> Sequence[Seen]:
        """All requests, in the order of their arrival."""
        return self._server.seen

    def refuse(self) -> None:
        """From now on the port refuses connections, and open ones are cut."""
        self._refusal.enter_context(self._server.deaf())

    def accept(self) -> None:
        """Listens again."""
        self._refusal.close()

    def forward(self, seen: Seen) -> Reply:
        return self._ask(seen.operation, seen.json)

    def write(self, puts: Sequence[Put]) -> Reply:
        reply = self._ask(WRITE, {"RequestItems": requests(puts), "ReturnConsumedCapacity": "INDEXES"})
        if reply.status == 200:
            assert json.loads(reply.body)["UnprocessedItems"] == {}, "the engines leave nothing unprocessed"
            self.ledger.apply(puts)
        return reply

    def _ask(self, operation: str, body: dict[str, Any]) -> Reply:
        status, content = request(self.engine.url, operation, body)
        return Reply(status, content, zlib.crc32(content))

    def _answer(self, seen: Seen) -> Reply:
        puts = _puts(seen)
        self.ledger.arrived(puts)
        if seen.operation in self.operations:
            reply, passage = self._play(seen, puts)
        else:
            passage = Passage(self, seen, 0, puts)
            reply = passage.deliver()
        if passage.word and passage.word[0] is reply:
            self.ledger.tell(passage.word[1])
        return reply

    def _play(self, seen: Seen, puts: Sequence[Put]) -> tuple[Reply, Passage]:
        with self._lock:
            self.numbered += 1
            passage = Passage(self, seen, self.numbered, puts)
            self._flying += 1
            self.flights.append(self._flying)
        try:
            return self.script(passage), passage
        finally:
            with self._lock:
                self._flying -= 1


def _puts(seen: Seen) -> Sequence[Put]:
    if seen.operation != WRITE:
        return ()
    tables = seen.json["RequestItems"]
    return [(table, put["PutRequest"]["Item"]) for table, puts in tables.items() for put in puts]
