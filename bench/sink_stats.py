"""What the sink has seen: sums, and consumed units in steps of 100 ms."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

STEP_SECONDS = 0.1


@dataclass
class Stats:
    """Counts since the sink or the last reset.

    items        that batches brought and that were taken; a lease is none
    began        monotonic seconds; step n of `units` begins n * STEP_SECONDS later
    first_batch  when the first BatchWriteItem arrived, monotonic; None: not yet
    units        consumed write capacity units of each table and index, by step
    """

    began: float = field(default_factory=time.monotonic)
    cpu_began: float = field(default_factory=time.process_time)
    requests: int = 0
    batches: int = 0
    items: int = 0
    throttled_batches: int = 0
    throttled_items: int = 0
    first_batch: float | None = None
    units: dict[str, list[float]] = field(default_factory=dict)

    def reset(self) -> None:
        vars(self).update(vars(Stats()))

    def batch(self, now: float) -> None:
        """A BatchWriteItem arrived."""
        self.batches += 1
        if self.first_batch is None:
            self.first_batch = now

    def consume(self, resources: Iterable[str], units: float, now: float) -> None:
        """Each of the tables and indexes consumed `units` now."""
        step = int((now - self.began) / STEP_SECONDS)
        for resource in resources:
            try:
                self.units[resource][step] += units
            except (KeyError, IndexError):
                steps = self.units.setdefault(resource, [])
                steps.extend([0.0] * (step + 1 - len(steps)))
                steps[step] += units

    def answer(self) -> dict[str, Any]:
        """What `GET /stats` gives; times in unix seconds, `cpu_seconds` those of this process."""
        to_unix = time.time() - time.monotonic()
        return {
            "began": self.began + to_unix,
            "seconds": time.monotonic() - self.began,
            "cpu_seconds": time.process_time() - self.cpu_began,
            "requests": self.requests,
            "batches": self.batches,
            "items": self.items,
            "throttled_batches": self.throttled_batches,
            "throttled_items": self.throttled_items,
            "first_batch": None if self.first_batch is None else self.first_batch + to_unix,
            "step_seconds": STEP_SECONDS,
            "units": self.units,
        }
