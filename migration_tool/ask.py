"""`query`: one access pattern of a design against the target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from migration_tool.attributes import plain
from migration_tool.config import Config
from migration_tool.design.access import arguments_of, requests
from migration_tool.design.model import Requests
from migration_tool.errors import UsageError
from migration_tool.job import find_design, open_target, open_wire, require_bucket, selected
from migration_tool.model import Scalar
from migration_tool.target.reader import fetch


def ask(config: Config, table: str, pattern: str, given: Mapping[str, Scalar]) -> Iterator[dict[str, Any]]:
    """The items that answer the pattern, as plain Python data, in the pattern's order.

    given  parameters by name, as text or as what they are
    Raises UsageError for an unknown table, pattern or parameter; TargetError, also while the items come.
    """
    (name,) = selected(config, [table])
    design = find_design(config, name)
    found = design.pattern(pattern)
    if found is None:
        known = [p.name for p in design.patterns]
        near = get_close_matches(pattern, known, 1)
        hint = f"Did you mean {near[0]}?" if near else f"It has: {', '.join(known)}."
        raise UsageError("run the access pattern", pattern, f"{name} has no such pattern", hint)
    require_bucket(config, [design])
    asked = requests(found, design.key_of(found.index), arguments_of(found, given))
    return _answers(config, name, asked)


def _answers(config: Config, name: str, asked: Requests) -> Iterator[dict[str, Any]]:
    with open_wire(config, open_target(config, start=False).target) as wire:
        for item in fetch(wire, config.table_name(name), asked):
            yield {attribute: plain(value) for attribute, value in item.items()}
