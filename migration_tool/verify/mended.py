"""What came of a repair, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Action: TypeAlias = Literal["put", "delete"]
Outcome: TypeAlias = Literal["planned", "repaired", "left"]


@dataclass(frozen=True)
class Mended:
    """One item that a repair was to put or delete, and what came of it.

    table    the design
    outcome  "planned" where nothing was to be done yet; "repaired"; "left" as it is, for `reason`
    """

    table: str
    key: Mapping[str, Any]
    entity: str
    action: Action
    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True)
class Repair:
    """A repair of what the validation found; the counts of its tables are those before.

    found    differences in all, `settled` of them were gone before anything was done
    journal  the file with all that was replaced; "" where nothing was
    """

    found: int
    settled: int
    items: tuple[Mended, ...]
    journal: str = ""

    @property
    def repaired(self) -> int:
        return sum(item.outcome == "repaired" for item in self.items)

    @property
    def left(self) -> int:
        """Differences that are still there."""
        return self.found - self.settled - self.repaired
