"""The functions of templates that the SQL of access patterns has, too."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from migration_tool.design.functions import literal
from migration_tool.model import Scalar


def add_literal(connection: sqlite3.Connection) -> None:
    """literal(), as in templates."""
    connection.create_function("literal", 1, _literal, deterministic=True)


def add_case_functions(connection: sqlite3.Connection, prefix: str) -> None:
    """lower() and upper() behind that prefix, for all of Unicode."""
    connection.create_function(f"{prefix}lower", 1, _lower, deterministic=True)
    connection.create_function(f"{prefix}upper", 1, _upper, deterministic=True)


def _literal(value: Scalar) -> Scalar:
    """As in a template; NULL stays NULL."""
    return value if value is None else literal(value)


def _lower(value: Scalar) -> Scalar:
    return _readable(value, str.lower)


def _upper(value: Scalar) -> Scalar:
    return _readable(value, str.upper)


def _readable(value: Scalar, change: Callable[[str], str]) -> Scalar:
    """Integers become text, as in SQLite's own functions."""
    if isinstance(value, int):
        return str(value)
    return change(value) if isinstance(value, str) else value
