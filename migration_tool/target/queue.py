"""The traffic to one table: what is to be sent, what was refused and goes later, and the gate it passes."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from migration_tool.target.aside import Aside
from migration_tool.target.batch import Batch, request
from migration_tool.target.gate import Gate

Entry: TypeAlias = tuple[Batch, int]
"""One item of a batch."""


@dataclass(slots=True, eq=False)
class Send:
    """Items that go in one request: some of one batch or, when they go again, of several.

    size      how many
    late      they were set aside
    attempts  sends so far
    since     the first of them, monotonic seconds
    answered  something was said to it, whatever it was
    """

    parts: Sequence[tuple[Batch, Sequence[int]]]
    size: int
    late: bool = False
    attempts: int = 0
    since: float = 0.0
    answered: bool = False

    @classmethod
    def of(cls, entries: Iterable[Entry], late: bool = False) -> Send:
        parts = [(batch, (n,)) for batch, n in entries]
        return cls(parts, len(parts), late)

    @property
    def batch(self) -> Batch:
        """Its batch, or the first of them: all go to one table."""
        return self.parts[0][0]

    def entries(self) -> list[Entry]:
        return [(batch, n) for batch, chosen in self.parts for n in chosen]

    def body(self) -> bytes:
        """The request. Encoded once per send, never re-encoded per item."""
        batch, chosen = self.parts[0]
        whole = self.size == len(chosen) == len(batch.texts)
        texts = batch.texts if whole else [batch.texts[n] for batch, n in self.entries()]
        return request(batch.window.lane, texts)

    def stored(self) -> None:
        """All of its items are acknowledged."""
        for batch, chosen in self.parts:
            batch.window.open -= len(chosen)


def partition_key(entry: Entry) -> str:
    batch, n = entry
    return batch.key(n)[0]


def by_key(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    """The items of each partition key, in their order."""
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(partition_key(entry), []).append(entry)
    return found


class Queue:
    """Fresh items in the order they came, but for those whose partition key is being refused."""

    def __init__(self, gate: Gate, aside: Aside[Entry]) -> None:
        self.gate = gate
        self._aside = aside
        self._ready: deque[Send] = deque()

    def __len__(self) -> int:
        """Requests that are ready."""
        return len(self._ready)

    @property
    def idle(self) -> bool:
        return not (self._ready or self._aside.waiting)

    def add(self, send: Send, first: bool = False) -> None:
        if first:
            self._ready.appendleft(send)
        else:
            self._ready.append(send)

    def seconds(self) -> float:
        """Until something may be sent; infinite: nothing is there, or not before an answer is here."""
        work = 0.0 if self._ready else self._aside.seconds()
        return max(work, self.gate.wait())

    def take(self) -> Send | None:
        """What may be sent now: refused items whose time has come, else fresh ones."""
        if self.gate.wait() > 0:
            return None
        most = self.gate.most_items
        if self._aside.waiting and (due := self._aside.due(most)):
            return Send.of([entry for _, entry in due], late=True)
        while self._ready:
            send = self._ready.popleft()
            if self._aside and not send.attempts:
                send = self._without_refused(send)
            if send.parts:
                return self._cut(send, most)
        return None

    def refused(self, send: Send, left: Sequence[Entry]) -> None:
        """Sets aside what was not taken of a request; the rest of it was stored."""
        refused = by_key(left)
        if not send.late:
            for key, entries in refused.items():
                self._aside.refused(key, entries)
            return
        for key, tried in Counter(map(partition_key, send.entries())).items():
            again = refused.get(key, [])
            self._aside.answered(key, tried - len(again), again)

    def released(self, send: Send) -> None:
        """What was set aside is not any more: its request has another fault, or none."""
        if send.late:
            self.refused(send, [])
            send.late = False

    def _cut(self, send: Send, most: int) -> Send:
        if send.size <= most:
            return send
        entries = send.entries()
        rest = Send.of(entries[most:])
        rest.attempts, rest.since = send.attempts, send.since
        self._ready.appendleft(rest)
        send.parts, send.size = Send.of(entries[:most]).parts, most
        return send

    def _without_refused(self, send: Send) -> Send:
        """Items of a key that is being refused go behind those of their key."""
        fresh = []
        for entry in send.entries():
            key = partition_key(entry)
            if key in self._aside:
                self._aside.add(key, entry)
            else:
                fresh.append(entry)
        return Send.of(fresh)
