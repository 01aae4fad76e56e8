"""SQLite values in JSON without loss: the one form for cursors and for rejected rows.

    NULL          null
    TEXT          "text"
    INTEGER       {"t": "int", "v": "-5"}
    REAL          {"t": "real", "v": "0.1"}      shortest decimal of the same double; inf, -inf, nan
    BLOB          {"t": "blob", "v": base64}
    bad TEXT      {"t": "invalid_text", "v": base64}    its raw bytes
    lone surrogates in text {"t": "surrogates", "v": base64 of its UTF-8 with surrogates let through}
    child rows    [ ... ]
    named values  {"t": "map", "v": {"name": ...}}
    truth values  true, false     (SQLite has none; a row that came from elsewhere may)

Numbers are text because JSON readers disagree about 2**53 and about 1.0 and 1.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from migration_tool.errors import StateError
from migration_tool.model import InvalidText, Position, TooLarge
from migration_tool.state.fields import DamagedError, Fields, mapping

MAX_DEPTH = 32
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,99}")


def encode(value: Any) -> Any:
    """The JSON form of one value. Raises StateError for a type that no source delivers."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _encode_text(value)
    if isinstance(value, int):
        return {"t": "int", "v": str(value)}
    if isinstance(value, float):
        return {"t": "real", "v": repr(value)}
    if isinstance(value, bytes | bytearray | memoryview):
        return {"t": "invalid_text" if isinstance(value, InvalidText) else "blob", "v": _base64(bytes(value))}
    if isinstance(value, TooLarge):
        return {"t": "too_large", "v": ""}
    if isinstance(value, list | tuple):
        return [encode(element) for element in value]
    if isinstance(value, Mapping):
        return {"t": "map", "v": {printable(str(key)): encode(element) for key, element in value.items()}}
    raise StateError("save a value", type(value).__name__, "the state files have no form for this type")


def decode(value: Any, where: str, depth: int = 0) -> Any:
    """The value whose JSON form this is; lists come back as lists. Raises DamagedError."""
    if depth > MAX_DEPTH:
        raise DamagedError(where, f"is nested deeper than {MAX_DEPTH} levels")
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, list):
        return [decode(element, where, depth + 1) for element in value]
    tagged = Fields(value, where, ("t", "v"))
    tag = tagged.text("t")
    if tag == "map":
        return {key: decode(v, where, depth + 1) for key, v in mapping(tagged.any("v"), where).items()}
    if tag not in _READERS:
        raise DamagedError(where, "has an unknown type tag")
    try:
        return _READERS[tag](tagged.text("v"))
    except (ValueError, binascii.Error) as error:
        raise DamagedError(where, f"is not a value of type {tag}") from error


def encode_position(position: Position | None) -> list[Any] | None:
    return None if position is None else [encode(value) for value in position]


def exact_key(position: Position) -> bytes:
    """Equal for equal cursors of the same storage classes: 1 is not 1.0, and text is no blob."""
    return orjson.dumps(encode_position(position))


def decode_position(value: object, where: str) -> Position | None:
    """A cursor or None; only the storage classes of SQLite are let through. Raises DamagedError."""
    if value is None:
        return None
    if not isinstance(value, list) or not value:
        raise DamagedError(where, "is not a list of cursor values")
    position = tuple(decode(element, where) for element in value)
    if not all(v is None or type(v) in (int, float, str, bytes, InvalidText) for v in position):
        raise DamagedError(where, "holds a value that cannot be a cursor")
    return position


def printable(text: str) -> str:
    """The text with lone surrogates written as escapes: what UTF-8 can hold."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _encode_text(value: str) -> Any:
    if value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        return {"t": "surrogates", "v": _base64(value.encode("utf-8", "surrogatepass"))}
    return value


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise ValueError(text)
    return int(text)


def _real(text: str) -> float:
    value = float(text)
    if repr(value) != text:
        raise ValueError(text)
    return value


_READERS: dict[str, Callable[[str], Any]] = {
    "int": _integer,
    "real": _real,
    "blob": _bytes,
    "invalid_text": lambda text: InvalidText(_bytes(text)),
    "too_large": lambda _: TooLarge(),
    "surrogates": lambda text: _bytes(text).decode("utf-8", "surrogatepass"),
}
