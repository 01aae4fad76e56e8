"""Refused items, set aside by partition key: a hot key goes later and slower, everything else goes on."""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Generic, TypeVar

E = TypeVar("E")

_REMEMBERED_SECONDS = 1.0
_GO_SECONDS = 0.025
_GROWTH, _SLOW_START = 1.05, 2.0
_FASTEST = 10_000.0
_FALL, _GENTLE_FALL = 0.5, 0.1
_STARVED_ANSWERS = 20
_NEVER = float("inf")


@dataclass(slots=True, eq=False)
class _Key(Generic[E]):
    """A partition key that was refused.

    rate     its items per second that are tried
    due      when the next may be tried
    listed   the time under which it stands in the heap
    flying   items that are being tried
    doubles  nothing tried was refused yet
    """

    name: str
    rate: float
    due: float
    listed: float = _NEVER
    flying: int = 0
    doubles: bool = True
    entries: deque[E] = field(default_factory=deque)


class Aside(Generic[E]):
    """The items of one table that were refused, and those of the same keys that came after them.

    clock          monotonic seconds
    base, longest  seconds: about the first and at most the last time between two tries of a key
    chance         0 to 1, evenly

    First in, first out per key. Each key has its rate: up by 5 % when all that was tried is taken (twofold
    until the first refusal), down by as much of a half as was refused. Where not one was taken the time to
    the next try grows by a tenth only while others are taken, so that the key's turn is not missed; it
    doubles while nothing at all is. The first try has full jitter.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        base: float = 0.03,
        longest: float = 20.0,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.waiting = 0
        self._first = 1.0 / base
        self._slowest = 1.0 / longest
        self._clock = clock
        self._chance = chance
        self._keys: dict[str, _Key[E]] = {}
        self._heap: list[tuple[float, int, _Key[E]]] = []
        self._order = count()
        self._starved = 0

    def __bool__(self) -> bool:
        """Whether there are keys that items have to be looked up for."""
        return bool(self._keys)

    def __contains__(self, key: str) -> bool:
        """Whether an item of this partition key has to be added here instead of being sent."""
        return key in self._keys

    def add(self, key: str, entry: E) -> None:
        """Queues an item behind those of its key. Precondition: the key is in here."""
        one = self._keys[key]
        one.entries.append(entry)
        self.waiting += 1
        if len(one.entries) == 1:
            self._list(one, one.due)

    def refused(self, key: str, entries: Sequence[E]) -> None:
        """Items of a key that did not come from here were refused."""
        one = self._keys.get(key)
        if one is None:
            one = self._keys[key] = _Key(key, self._first * len(entries), self._clock())
        self._put_back(one, entries)

    def seconds(self) -> float:
        """Until something may be tried; 0.0: now; infinite: nothing waits."""
        self._forget()
        return max(0.0, self._heap[0][0] - self._clock()) if self.waiting else _NEVER

    def due(self, most: int) -> list[tuple[str, E]]:
        """At most so many items that may be tried now, with their keys; `answered` has to follow for each."""
        now, chosen = self._clock(), list[tuple[str, E]]()
        self._forget()
        while self._heap and self._heap[0][0] <= now and len(chosen) < most:
            key = heapq.heappop(self._heap)[2]
            tried = min(len(key.entries), most - len(chosen), max(1, int(key.rate * _GO_SECONDS)))
            chosen += [(key.name, key.entries.popleft()) for _ in range(tried)]
            key.flying += tried
            key.due = now + tried / key.rate
            self._list(key, key.due)
            self._forget()
        self.waiting -= len(chosen)
        return chosen

    def answered(self, key: str, taken: int, refused: Sequence[E] = ()) -> None:
        """What became of items of one key that were due: so many taken, these refused."""
        one = self._keys[key]
        one.flying -= taken + len(refused)
        self._starved = 0 if taken else self._starved + 1
        if refused:
            one.doubles = False
            one.rate = max(self._slowest, one.rate * (1.0 - self._fall(taken, len(refused))))
            self._put_back(one, refused)
            return
        one.rate = min(_FASTEST, one.rate * (_SLOW_START if one.doubles else _GROWTH))
        if not one.entries and not one.flying:
            self._list(one, self._clock() + _REMEMBERED_SECONDS)

    def _fall(self, taken: int, refused: int) -> float:
        if not taken and self._starved < _STARVED_ANSWERS:
            return _GENTLE_FALL
        return _FALL * refused / (taken + refused)

    def _put_back(self, key: _Key[E], entries: Sequence[E]) -> None:
        key.entries.extendleft(reversed(entries))
        self.waiting += len(entries)
        key.due = max(key.due, self._clock() + 2 * self._chance() / key.rate)
        self._list(key, key.due)

    def _list(self, key: _Key[E], at: float) -> None:
        key.listed = at
        heapq.heappush(self._heap, (at, next(self._order), key))

    def _forget(self) -> None:
        """Clears the top of the heap of what is not valid any more; idle keys go when their time is up."""
        now = self._clock()
        while self._heap:
            at, _, key = self._heap[0]
            if at == key.listed and (key.entries or at > now):
                return
            heapq.heappop(self._heap)
            if at == key.listed and not key.flying:
                del self._keys[key.name]
