"""JSON and YAML files as plain data, read strictly.

Duplicate keys, aliases, NaN and oversized files are refused instead of quietly meaning something.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from migration_tool.errors import MigrationError

MAX_DOCUMENT_BYTES = 1_000_000


def read_document(path: Path, error: type[MigrationError], operation: str) -> Any:
    """The content of a .json, .yaml or .yml file.

    Raises `error` for `operation`, with the line where the file says one.
    """
    try:
        size = path.stat().st_size
        if size > MAX_DOCUMENT_BYTES:
            raise error(
                operation,
                path,
                f"it has {size:,} bytes, more than {MAX_DOCUMENT_BYTES:,}",
                "Name another file.",
            )
        return _parse(path.suffix.lower(), path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise error(
            operation, path, fault.strerror or fault, "Check the path and its permissions."
        ) from fault
    except (ValueError, yaml.YAMLError, RecursionError) as fault:
        raise error(operation, path, _reason(fault), "Mend the file.") from fault


def _parse(suffix: str, text: str) -> Any:
    if suffix == ".json":
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    if suffix in (".yaml", ".yml"):
        return yaml.load(text, _StrictLoader)  # noqa: S506  # a SafeLoader
    raise ValueError(f"{suffix or 'a name without ending'} is not .json, .yaml or .yml")


def _reason(fault: Exception) -> str:
    if isinstance(fault, RecursionError):
        return "it nests too deep"
    if isinstance(fault, yaml.MarkedYAMLError) and fault.problem_mark:
        return f"line {fault.problem_mark.line + 1}: {fault.problem}"
    return str(fault)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if repeated := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"duplicate key {sorted(repeated)[0]!r}")
    return dict(pairs)


def _refuse_constant(word: str) -> Any:
    raise ValueError(f"{word} is not a value")


class _StrictLoader(yaml.SafeLoader):
    """SafeLoader without aliases and duplicate keys."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.MarkedYAMLError(problem="aliases are not allowed", problem_mark=mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.MarkedYAMLError(
                    problem=f"key {key!r} is not text", problem_mark=key_node.start_mark
                )
            if key in seen:
                raise yaml.MarkedYAMLError(problem=f"duplicate key {key!r}", problem_mark=key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)
