"""What a fuzz target is: good inputs, and a check that any input has to pass."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from types import FrameType

from tests.fuzz.mutation import mutate

INPUT_SECONDS = 60
"""How long one input may take: far more than any needs on a busy machine."""


def _as_it_is(data: bytes, chance: Random) -> bytes:
    return data


@dataclass(frozen=True)
class Target:
    """Something of ours that reads bytes from outside.

    seeds   makes the good inputs from the code that writes them
    check   fails for a bad end: a traceback, or success with another meaning than the input has
    words   what is worth inserting into inputs of this kind
    mended  makes a changed input pass the outer checks (a checksum), so that the inner ones are reached
    """

    name: str
    seeds: Callable[[], Sequence[bytes]]
    check: Callable[[bytes], None]
    words: Sequence[bytes] = ()
    mended: Callable[[bytes, Random], bytes] = _as_it_is

    def changed(self, data: bytes, chance: Random) -> bytes:
        return self.mended(mutate(data, chance, self.words), chance)


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for one input, in memory where the system has such a place."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Path(folder)


@contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    """Turns an endless loop into a failure."""

    def fail(number: int, frame: FrameType | None) -> None:
        raise AssertionError(f"no end after {seconds} s")

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
