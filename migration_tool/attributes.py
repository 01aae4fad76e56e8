"""SQLite value ↔ DynamoDB attribute: the only place where a value changes its type.

Values go out by storage class, never by declared type (facts.md §3), as compact JSON text in DynamoDB's
wire form. The text is canonical: attributes sorted by name, numbers positional without trailing zeros,
so that two equal items have equal text.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from json.encoder import encode_basestring
from math import isfinite
from typing import Any

import orjson

from migration_tool.errors import RowRejected
from migration_tool.model import AttributeValue, InvalidText, Scalar, WireItem

MAX_NUMBER_DIGITS = 38
MAX_NESTING = 32
LARGEST_EXPONENT, SMALLEST_EXPONENT = 125, -130


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


def number_text(text: str) -> str:
    """`text` as a canonical DynamoDB number. Raises RowRejected when it is none."""
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        raise RowRejected("not_a_number", f"{text[:60]!r} is not a number") from None
    if not number.is_finite():
        raise RowRejected("number_not_finite", f"{text} has no DynamoDB number")
    digits = len(str(int("0" + "".join(map(str, number.as_tuple().digits)).rstrip("0"))))
    if number and not SMALLEST_EXPONENT <= number.adjusted() <= LARGEST_EXPONENT:
        raise RowRejected("number_out_of_range", f"{text} is outside 1E-130 … 9.99E+125")
    if digits > MAX_NUMBER_DIGITS:
        raise RowRejected("number_too_precise", f"{text} has {digits} digits, DynamoDB keeps 38")
    return canonical_number(text.strip())


def canonical_number(text: str) -> str:
    """Positional notation without needless zeros: "1.50" → "1.5", "1E+3" → "1000", "-0" → "0"."""
    if text.isascii() and text.isdigit() and (text[0] != "0" or text == "0"):
        return text
    positional = format(Decimal(text), "f")
    if "." in positional:
        positional = positional.rstrip("0").rstrip(".")
    sign = "-" if positional.startswith("-") else ""
    whole = positional.lstrip("+-").lstrip("0") or "0"
    whole = "0" + whole if whole.startswith(".") else whole
    return whole if whole == "0" else sign + whole


def text(value: str) -> str:
    return f'{{"S":{json_string(value)}}}'


def binary(value: bytes) -> str:
    return f'{{"B":"{base64.b64encode(value).decode()}"}}'


def invalid_text(value: InvalidText) -> str:
    raise RowRejected("invalid_utf8", f"text is not UTF-8: {bytes(value[:40])!r}")


_BY_CLASS: dict[type, Callable[[Any], str]] = {
    int: integer,
    float: real,
    str: text,
    bytes: binary,
    InvalidText: invalid_text,
}


def encode(value: Scalar) -> str:
    """A value that is not NULL as attribute JSON, by its storage class."""
    return _BY_CLASS[type(value)](value)


def named(prefix: str, value: Scalar, convert: Callable[[Any], str] = encode) -> str:
    """`prefix` (',"Name":') and the attribute, or nothing for NULL. Rejections name the attribute."""
    if value is None:
        return ""
    try:
        return prefix + convert(value)
    except RowRejected as rejected:
        name = prefix.strip(',:"')
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
    word = key_text(value).strip().lower()
    if word in _TRUE:
        return '{"BOOL":true}'
    if word in _FALSE:
        return '{"BOOL":false}'
    raise RowRejected("not_a_boolean", f"{word[:60]!r} is neither true nor false")


_JULIAN_EPOCH = 2_440_587.5


def as_date(value: Any) -> str:
    """A date in any of SQLite's three forms as ISO 8601 text; see `iso_date`."""
    return text(iso_date(value))


def iso_date(value: Any) -> str:
    """ISO 8601 from SQLite's date forms: text, integer Unix seconds, real Julian day.

    Text without a zone stays without one; the two numeric forms are UTC and end in "Z".
    Raises RowRejected.
    """
    try:
        if type(value) is int:
            return _from_seconds(value)
        if type(value) is float:
            return _from_seconds(round((value - _JULIAN_EPOCH) * 86_400, 3))
        moment = _readable(value).strip()
        parsed = datetime.fromisoformat(moment)
        return parsed.date().isoformat() if len(moment) == len("2021-01-01") else parsed.isoformat()
    except (ValueError, OverflowError):
        raise RowRejected("not_a_date", f"{value!r:.60} is not a date") from None


def _from_seconds(seconds: float) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    return moment.isoformat().replace("+00:00", "Z")


def as_json(value: Any) -> str:
    """JSON text as the map, list or scalar that it describes; its numbers keep all their digits."""
    try:
        parsed = json.loads(_readable(value), parse_float=Decimal, parse_constant=_not_finite)
    except ValueError as error:
        raise RowRejected("not_json", str(error)) from None
    except RecursionError:
        raise RowRejected("nested_too_deep", "the JSON text nests beyond 32 levels") from None
    return orjson.dumps(from_plain(parsed), option=orjson.OPT_SORT_KEYS).decode()


def _not_finite(word: str) -> Any:
    raise RowRejected("number_not_finite", f"{word} has no DynamoDB number")


def from_plain(value: Any, level: int = 0) -> AttributeValue:
    """A parsed JSON value as an attribute value.

    Raises RowRejected for numbers that DynamoDB cannot hold and for more than 32 levels of nesting.
    """
    if level > MAX_NESTING:
        raise RowRejected("nested_too_deep", "DynamoDB takes 32 levels of lists and maps")
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int | float | Decimal):
        return {"N": number_text(str(value))}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, list):
        return {"L": [from_plain(element, level + 1) for element in value]}
    return {"M": {name: from_plain(element, level + 1) for name, element in value.items()}}


CONVERTERS: dict[str, Callable[[Any], str]] = {
    "text": as_text,
    "number": as_number,
    "boolean": as_boolean,
    "date": as_date,
    "json": as_json,
}
"""The type overrides of the design language, by name."""


def _readable(value: Any) -> str:
    if type(value) is str:
        return value
    return key_text(value)


def key_text(value: Any) -> str:
    """A scalar as it stands in a key template. Raises RowRejected for blobs and broken text."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]  # narrowed by `kind`
    if kind is int:
        return str(value)
    if kind is float:
        return number_text(repr(value))
    if kind is InvalidText:
        return invalid_text(value)
    raise RowRejected("blob_in_text", "a blob cannot be part of a key or a text")


def parse_scalar(kind: str, words: str) -> Scalar:
    """A parameter given as text, as `integer`, `number` or `text`. Raises ValueError."""
    if kind == "integer":
        return int(words)
    if kind == "number":
        value = float(words)
        if not isfinite(value):
            raise ValueError(words)
        return value
    return words


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
