"""Figures added up by key, exact in bounded memory: sorted runs in working files once there are many keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import heappush, heappushpop, merge
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import IO, Any, Generic, Self, TypeVar

import orjson

from migration_tool.verify.spill import new_file, working_file

MEMORY_BYTES = 8 * 1024 * 1024
_KEY_BYTES = 300
"""What a key takes in memory beside its characters."""
_MOST_RUNS = 32
_KEY = itemgetter(0)
_Line = list[Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sum:
    """All items of one key: how many, their bytes, the units to write them."""

    key: str
    items: int
    bytes: int
    units: int


class Sums:
    """Counts items by key; `sums` gives each key once. Raises StateError where working files fail."""

    def __init__(self, folder: Path, memory: int = MEMORY_BYTES) -> None:
        self._folder, self._memory = folder, memory
        self._held: dict[str, _Line] = {}
        self._free = memory
        self._runs: list[IO[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for run in self._runs:
            run.close()

    def add(self, key: str, size: int, units: int) -> None:
        """One item of that key."""
        line = self._held.get(key)
        if line is None:
            self._make_room(len(key))
            line = self._held[key] = [key, 0, 0, 0]
        line[1] += 1
        line[2] += size
        line[3] += units

    def sums(self, *others: Sums) -> Iterator[Sum]:
        """In the order of the keys; with what others counted by the same keys."""
        lines = merge(*(lines for one in (self, *others) for lines in one._sorted()), key=_KEY)
        return (Sum(*line) for line in _added(lines))

    def _sorted(self) -> Iterator[Iterable[_Line]]:
        yield from map(self._read, self._runs)
        yield sorted(self._held.values(), key=_KEY)

    def _make_room(self, characters: int) -> None:
        self._free -= characters + _KEY_BYTES
        if self._free < 0:
            self._write(sorted(self._held.values(), key=_KEY))
            self._held = {}
            self._free = self._memory - characters - _KEY_BYTES
            if len(self._runs) > _MOST_RUNS:
                self._join()

    def _join(self) -> None:
        runs, self._runs = self._runs, []
        self._write(_added(merge(*map(self._read, runs), key=_KEY)))
        for run in runs:
            run.close()

    def _write(self, lines: Iterable[_Line]) -> None:
        with working_file("write", self._folder):
            run = new_file(self._folder)
            self._runs.append(run)
            run.writelines(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines)

    def _read(self, run: IO[bytes]) -> Iterator[_Line]:
        with working_file("read", self._folder):
            run.seek(0)
            for line in run:
                yield orjson.loads(line)


class Largest(Generic[T]):
    """The few heaviest of many; of equally heavy ones those that came first."""

    def __init__(self, count: int) -> None:
        self._count, self._seen = count, 0
        self._heap: list[tuple[int, int, T]] = []

    def add(self, weight: int, value: T) -> None:
        self._seen += 1
        entry = (weight, -self._seen, value)
        if len(self._heap) < self._count:
            heappush(self._heap, entry)
        else:
            heappushpop(self._heap, entry)

    @property
    def least(self) -> int:
        """What is not heavier than this is not taken; -1 while all are."""
        return self._heap[0][0] if len(self._heap) == self._count else -1

    @property
    def found(self) -> tuple[T, ...]:
        """The heaviest first."""
        return tuple(value for _, _, value in sorted(self._heap, key=itemgetter(0, 1), reverse=True))


def _added(lines: Iterable[_Line]) -> Iterator[_Line]:
    """Sorted lines, with those of one key made one."""
    for key, group in groupby(lines, _KEY):
        yield [key, *map(sum, zip(*(line[1:] for line in group), strict=True))]
