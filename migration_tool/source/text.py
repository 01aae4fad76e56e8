"""Text that is not UTF-8: SQLite keeps it, and its bindings cannot decode it.

Where it is met, statements are written carefully: text comes as its bytes, blobs as their digits.
"""

from __future__ import annotations

from collections.abc import Callable

from migration_tool.model import InvalidText, Row


def carefully(value: str) -> str:
    """Source of a value that can be read in any case."""
    read = f"WHEN 'text' THEN CAST({value} AS BLOB) WHEN 'blob' THEN hex({value}) ELSE {value}"
    return f"CASE typeof({value}) {read} END"


def restored(encoding: str) -> Callable[[Row], Row]:
    """Rows of values that were read so, as they are in the database; broken text is InvalidText.

    encoding  of the database: UTF-8, UTF-16le or UTF-16be
    """

    def value_of(value: object) -> object:
        if isinstance(value, bytes):
            return _text(value, encoding)
        return bytes.fromhex(value) if isinstance(value, str) else value

    return lambda row: tuple(map(value_of, row))


def _text(value: bytes, encoding: str) -> str | InvalidText:
    try:
        return value.decode(encoding)
    except UnicodeDecodeError:
        return InvalidText(value)
