"""Python's interpreter as it is quickest where millions of small values pass through two threads."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_HANDOVER_SECONDS = 1e-4
_NEW_OBJECTS = 200_000
"""More than all modules of any command have together."""


def seldom_search_for_cycles() -> None:
    """For the whole process. Importing boto3 with all else, Python looks 170 times, a sixth of the start."""
    gc.set_threshold(_NEW_OBJECTS)


@contextmanager
def no_search_for_cycles() -> Iterator[None]:
    """Looking through rows, items and pages for cycles takes up to a tenth of the time; none has one."""
    searching = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searching:
            gc.enable()


@contextmanager
def quick_handover() -> Iterator[None]:
    """Who waits for Python's lock has it after a tenth of a millisecond, not after Python's 5 ms.

    SQLite's thread needs it for a moment between two windows, and would stand still meanwhile.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(min(before, _HANDOVER_SECONDS))
    try:
        yield
    finally:
        sys.setswitchinterval(before)
