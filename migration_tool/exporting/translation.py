"""A table definition in other words, key by key; a key without a rule is refused, never dropped."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from migration_tool.errors import DesignError

Definition: TypeAlias = tuple[str, Mapping[str, Any]]
"""The name of a table without its prefix, and the CreateTable request for it."""

Rule: TypeAlias = Callable[[Any], Mapping[str, Any]]
"""The value of a key of a CreateTable request → what the other form says instead."""

_IN_DESIGNS = {
    "TimeToLiveSpecification": "ttl",
    "PointInTimeRecoverySpecification": "point_in_time_recovery",
    "LocalSecondaryIndexes": "local: true",
    "WarmThroughput": "warm_throughput",
    "OnDemandThroughput": "capacity",
}
"""What a design calls keys that some form has no rule for."""


def translated(form: str, name: str, body: Mapping[str, Any], rules: Mapping[str, Rule]) -> dict[str, Any]:
    """What the rules make of all keys together.

    form, name  of the other tool and of the table or index, for the message
    Raises DesignError naming every key that has no rule.
    """
    unknown = [
        f"{key} (`{_IN_DESIGNS[key]}`)" if key in _IN_DESIGNS else key for key in body if key not in rules
    ]
    if unknown:
        raise DesignError(
            "export the design", name, f"{form} cannot say {', '.join(unknown)}",
            "Leave that out of the design, or choose another --format.",
        )  # fmt: skip
    found: dict[str, Any] = {}
    for key, value in body.items():
        found |= rules[key](value)
    return found


def as_it_is(*keys: str) -> dict[str, Rule]:
    """Rules for keys that have the same name and meaning there."""
    return {key: renamed(key) for key in keys}


def renamed(name: str) -> Rule:
    return lambda value: {name: value}


def identifiers(tables: Iterable[Definition], unwanted: str, instead: str) -> list[str]:
    """Names of tables without the characters of the pattern `unwanted`; a number makes equal ones differ."""
    found: list[str] = []
    for name, _ in tables:
        plain = re.sub(unwanted, instead, name)
        number = 1
        while (identifier := plain + (str(number) if number > 1 or not plain else "")) in found:
            number += 1
        found.append(identifier)
    return found


def key_names(schema: Iterable[Mapping[str, str]]) -> tuple[str, str | None]:
    """Partition key and, where there is one, sort key of a KeySchema."""
    kinds = {key["KeyType"]: key["AttributeName"] for key in schema}
    return kinds["HASH"], kinds.get("RANGE")
