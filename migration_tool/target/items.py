"""Is what an answer holds an item? A DynamoDB gives nothing else; whatever else answers may."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable

from migration_tool.errors import TargetError
from migration_tool.target.faults import NO_DYNAMODB_HINT
from migration_tool.wire_form import is_item


def require_items(table: str, items: Iterable[object]) -> None:
    """Raises TargetError for what is not an item in DynamoDB's wire form."""
    for item in items:
        if not is_item(item):
            cause = f"an answer holds what is no item: {reprlib.repr(item)}"
            raise TargetError("read the table", table, cause, NO_DYNAMODB_HINT)
