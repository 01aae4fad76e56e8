"""SQLite value ↔ DynamoDB attribute: the only place where a value changes its type.

Values go out by storage class, never by declared type, as compact JSON text in DynamoDB's wire form. The
text is canonical: attributes sorted by name, numbers positional without trailing zeros, so that two equal
items have equal text.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any, TypeVar

import orjson

from migration_tool import dates
from migration_tool.errors import RowRejected
from migration_tool.model import AttributeValue, InvalidText, Scalar, TooLarge, WireItem
from migration_tool.numbers import canonical_number as canonical_number
from migration_tool.numbers import number_text as number_text

T = TypeVar("T")

MAX_NESTING = 29
"""Lists and maps within one another in a JSON value. DynamoDB takes 31 of them in all (the 32nd level holds
the scalars); an embedded list around the value takes two."""

json_string: Callable[[str], str] = encode_basestring
"""Text as a JSON string, quotes included; the standard library's C function, as fast as there is."""


def integer(value: int) -> str:
    return f'{{"N":"{value}"}}'


def real(value: float) -> str:
    """The shortest decimal that gives the same double: 0.99 is {"N":"0.99"}.

    Raises RowRejected for NaN, infinities and numbers beyond DynamoDB's range.
    """
    text = repr(value)
    if text[-2:] == ".0":
        text = text[:-2]
    if "e" in text or "n" in text or text == "-0":
        text = number_text(text)
    return f'{{"N":"{text}"}}'


def text(value: str) -> str:
    return f'{{"S":{json_string(value)}}}'


def binary(value: bytes) -> str:
    return f'{{"B":"{base64.b64encode(value).decode()}"}}'


def unreadable(value: InvalidText | TooLarge) -> str:
    if isinstance(value, TooLarge):
        raise RowRejected("value_too_large", "a value of the row is larger than any item")
    raise RowRejected("invalid_utf8", f"text is not UTF-8: {bytes(value[:40])!r}")


_TRUTHS = {True: '{"BOOL":true}', False: '{"BOOL":false}'}
_BY_CLASS: dict[type, Callable[[Any], str]] = {
    int: integer,
    float: real,
    str: text,
    bytes: binary,
    InvalidText: unreadable,
    TooLarge: unreadable,
    bool: _TRUTHS.__getitem__,
    Decimal: lambda value: f'{{"N":"{canonical_number(str(value))}"}}',
}


def encode(value: Scalar) -> str:
    """A value that is not NULL as attribute JSON, by its storage class; or one that was computed."""
    return _BY_CLASS[type(value)](value)


def named(prefix: str, value: Scalar, convert: Callable[[Any], str] = encode) -> str:
    """`prefix` (',"Name":') and the attribute, or nothing for NULL. Rejections name the attribute."""
    if value is None:
        return ""
    try:
        return prefix + convert(value)
    except RowRejected as rejected:
        name = json.loads(prefix[1:-1])
        raise RowRejected(rejected.rule, f"{name}: {rejected.reason}") from None


def as_text(value: Any) -> str:
    """Numbers and text as a string attribute, digits unchanged."""
    return text(key_text(value))


def as_number(value: Any) -> str:
    """A number, or text that holds one, as a number attribute."""
    if type(value) is int:
        return integer(value)
    if type(value) is float:
        return real(value)
    return f'{{"N":"{number_text(_readable(value))}"}}'


_TRUE = {"1", "true", "t", "yes", "y", "on"}
_FALSE = {"0", "false", "f", "no", "n", "off"}


def as_boolean(value: Any) -> str:
    """1/0, true/false, t/f, yes/no, y/n, on/off in any case as BOOL; anything else is rejected."""
    return _TRUTHS[boolean(value)]


def boolean(value: Any) -> bool:
    """What `as_boolean` takes, as a truth value. Raises RowRejected."""
    word = key_text(value).strip().lower()
    if word not in _TRUE | _FALSE:
        raise RowRejected("not_a_boolean", f"{word[:60]!r} is neither true nor false")
    return word in _TRUE


def as_date(value: Any) -> str:
    """A date in any of SQLite's three forms as ISO 8601 text; see `iso_date`."""
    return text(iso_date(value))


def iso_date(value: Any) -> str:
    """As `dates.iso` writes it. Raises RowRejected."""
    return _dated(value, dates.iso)


def as_timestamp(value: Any) -> str:
    """A date in any of SQLite's three forms as Unix seconds, the number that a time to live has to be."""
    return integer(_dated(value, dates.unix_seconds))


def _dated(value: Any, form: Callable[[float | str], T]) -> T:
    try:
        return form(value if type(value) in (int, float) else _readable(value).strip())
    except (ValueError, OverflowError):
        raise RowRejected("not_a_date", f"{value!r:.60} is not a date") from None


def as_json(value: Any, level: int = 0) -> str:
    """JSON text as the map, list or scalar that it describes; its numbers keep all their digits.

    Raises RowRejected, also for what JSON readers disagree about: duplicate names, NaN, half characters.
    """
    try:
        parsed = json.loads(
            _readable(value),
            parse_int=_decimal,
            parse_float=_decimal,
            parse_constant=_decimal,
            object_pairs_hook=_unique,
        )
        return orjson.dumps(from_plain(parsed, level), option=orjson.OPT_SORT_KEYS).decode()
    except RecursionError:
        raise RowRejected("nested_too_deep", _TOO_DEEP) from None
    except (ValueError, TypeError) as error:  # TypeError: a lone surrogate, which UTF-8 cannot hold
        raise RowRejected("not_json", str(error)) from None


_TOO_DEEP = f"a JSON value may hold {MAX_NESTING} lists and maps within one another"


def _decimal(word: str) -> Decimal:
    return Decimal(number_text(word))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) < len(pairs):
        raise RowRejected("not_json", "a name stands twice in one object")
    if "" in names:
        raise RowRejected("empty_name", "DynamoDB takes no empty name in a map")
    return names


def from_plain(value: Any, level: int = 0) -> AttributeValue:
    """A parsed JSON value, or bytes, as an attribute value. Raises RowRejected for too deep nesting."""
    if level == MAX_NESTING and isinstance(value, list | dict):
        raise RowRejected("nested_too_deep", _TOO_DEEP)
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, Decimal):
        return {"N": canonical_number(str(value))}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, list):
        return {"L": [from_plain(element, level + 1) for element in value]}
    if isinstance(value, bytes):
        return {"B": base64.b64encode(value).decode()}
    return {"M": {name: from_plain(element, level + 1) for name, element in value.items()}}


CONVERTERS: dict[str, Callable[[Any], str]] = {
    "text": as_text,
    "number": as_number,
    "boolean": as_boolean,
    "date": as_date,
    "timestamp": as_timestamp,
    "json": as_json,
}
"""The type overrides of the design language, by name."""


def _readable(value: Any) -> str:
    if type(value) is str:
        return value
    return key_text(value)


def key_text(value: Any) -> str:
    """A scalar, or what was computed, in a template. Raises RowRejected for blobs and broken text."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]  # narrowed by `kind`
    if kind is int:
        return str(value)
    if kind is float:
        return number_text(repr(value))
    if kind is Decimal:
        return canonical_number(str(value))
    if kind is bool:
        return "true" if value else "false"
    if kind in (InvalidText, TooLarge):
        return unreadable(value)
    if value is None:
        raise RowRejected("unexpected_null", "NULL stands in a column that is declared NOT NULL")
    raise RowRejected("blob_in_text", "a blob cannot be part of a key or a text")


def plain(value: AttributeValue) -> Any:
    """A wire value as Python data: N → int or Decimal, B → bytes, sets → sorted lists."""
    ((kind, content),) = value.items()
    if kind == "N":
        number = Decimal(content)
        return int(number) if number == number.to_integral_value() else number
    if kind == "B":
        return base64.b64decode(content)
    if kind == "NULL":
        return None
    if kind == "L":
        return [plain(element) for element in content]
    if kind == "M":
        return {name: plain(element) for name, element in content.items()}
    if kind in ("SS", "NS", "BS"):
        return [plain({kind[0]: element}) for element in sorted(content)]
    return content


def canonical_item(item: WireItem) -> str:
    """An item read from DynamoDB in the same text form that a design produces."""
    for value in item.values():
        _canonicalise(value)
    return orjson.dumps(item, option=orjson.OPT_SORT_KEYS).decode()


def _canonicalise(value: AttributeValue) -> None:
    if "S" in value:
        return
    if "N" in value:
        value["N"] = canonical_number(value["N"])
    elif "L" in value:
        for element in value["L"]:
            _canonicalise(element)
    elif "M" in value:
        for element in value["M"].values():
            _canonicalise(element)
    else:
        _canonicalise_set(value)


def _canonicalise_set(value: AttributeValue) -> None:
    for kind in ("SS", "BS"):
        if kind in value:
            value[kind] = sorted(value[kind])
    if "NS" in value:
        value["NS"] = sorted(map(canonical_number, value["NS"]))
