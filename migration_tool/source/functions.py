"""The functions of templates that the SQL of access patterns has, too."""

from __future__ import annotations

from collections.abc import Callable

import apsw

from migration_tool.design.functions import literal
from migration_tool.model import Scalar


def add_literal(connection: apsw.Connection) -> None:
    """literal(), as in templates."""
    add_function(connection, "literal", _literal)


def add_case_functions(connection: apsw.Connection, prefix: str) -> None:
    """lower() and upper() behind that prefix, for all of Unicode."""
    add_function(connection, f"{prefix}lower", _lower)
    add_function(connection, f"{prefix}upper", _upper)


def add_function(connection: apsw.Connection, name: str, function: Callable[..., Scalar]) -> None:
    """A function of one value, the same for the same."""
    connection.create_scalar_function(name, function, 1, deterministic=True)


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
