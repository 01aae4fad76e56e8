"""What a page becomes in the tests; helper processes import it by name."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from migration_tool.model import WireItem
from migration_tool.verify.readers import Look

T = TypeVar("T")


@dataclass
class Kept(Generic[T]):
    """A taker that keeps everything: `found` page by page, `ended` the shares that were read whole."""

    look: Look[T]
    whole: Collection[int] = ()
    found: list[T] = field(default_factory=list)
    shares: list[int] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)

    def take(self, share: int, found: T) -> None:
        self.found.append(found)
        self.shares.append(share)

    def end(self, share: int) -> None:
        self.ended.append(share)


def who_and_what(items: list[WireItem]) -> tuple[int, list[int]]:
    """The process that read the page, and the numbers of its items."""
    return os.getpid(), [int(item["N"]["N"]) for item in items]


def nobody(items: list[WireItem]) -> None:
    raise ZeroDivisionError
