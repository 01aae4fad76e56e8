"""AWS CDK: the properties of a `CfnTable` for each design, as docs/export.md hands them to one.

The names are CloudFormation's, in the way of TypeScript: `TableName` is `tableName`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from migration_tool.exporting.cloudformation import logical_names, properties
from migration_tool.exporting.translation import Definition

_CAPITALS = re.compile(r"^[A-Z]+(?=[A-Z][a-z])|^[A-Z]")


def construct_properties(tables: Sequence[Definition]) -> dict[str, Any]:
    """Of each table by the id of its construct. Raises DesignError."""
    named = zip(logical_names(tables), tables, strict=True)
    return {name: _camel(properties(definition)) for name, (_, definition) in named}


def _camel(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_CAPITALS.sub(lambda c: c[0].lower(), key): _camel(v) for key, v in value.items()}
    return [_camel(element) for element in value] if isinstance(value, list) else value
