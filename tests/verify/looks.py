"""What a page becomes in the tests; helper processes import it by name."""

from __future__ import annotations

import os

from migration_tool.model import WireItem


def who_and_what(items: list[WireItem]) -> tuple[int, list[int]]:
    """The process that read the page, and the numbers of its items."""
    return os.getpid(), [int(item["N"]["N"]) for item in items]


def nobody(items: list[WireItem]) -> None:
    raise ZeroDivisionError
