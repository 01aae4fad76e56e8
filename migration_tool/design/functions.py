"""What can be done with a column's value in a key: the functions of templates, pads and shards.

Expressions and the SQL of access patterns have those of FUNCTIONS, too.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote
from zlib import crc32

from migration_tool.attributes import iso_date, key_text
from migration_tool.errors import RowRejected
from migration_tool.model import InvalidText

SEPARATOR = "#"
LONGEST_LITERAL = 120
"""Characters of what `literal` gives, at most."""


def lower(value: Any) -> str:
    return key_text(value).lower()


def upper(value: Any) -> str:
    return key_text(value).upper()


def trim(value: Any) -> str:
    """Without the spaces at both ends."""
    return key_text(value).strip(" ")


def escape(value: Any) -> str:
    """The separator `#` as %23 (and % as %25), so that no text can look like two key parts."""
    return key_text(value).replace("%", "%25").replace(SEPARATOR, "%23")


def literal(value: Any) -> str:
    """Any value in ASCII, without separators: different text for what SQLite holds to be different values.

    A number stands in its shortest form, one that is whole as an integer; text follows `'`, the digits of a
    blob `x'`, those of broken text `t'`. What has more than 120 characters so is cut and ends in a backquote,
    which no other text holds, and the first 128 bits of a SHA-256 of the whole.
    """
    if isinstance(value, str):
        text = "'" + quote(value, safe=_LITERALLY)
    elif isinstance(value, bytes):
        text = ("t'" if isinstance(value, InvalidText) else "x'") + value.hex()
    elif isinstance(value, float):
        text = str(int(value)) if value.is_integer() and abs(value) < _INTEGERS else repr(value)
    else:
        text = key_text(value)
    if len(text) <= LONGEST_LITERAL:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:32]
    return f"{text[: LONGEST_LITERAL - len(digest) - 1]}`{digest}"


_LITERALLY = " !$&()*+,-./:;<=>?@[]^_{|}"
_INTEGERS = 2**63


def year(value: Any) -> str:
    return iso_date(value)[:4]


def month(value: Any) -> str:
    return iso_date(value)[:7]


def day(value: Any) -> str:
    return iso_date(value)[:10]


FUNCTIONS: dict[str, Callable[[Any], str]] = {
    "lower": lower,
    "upper": upper,
    "trim": trim,
    "escape": escape,
    "literal": literal,
    "year": year,
    "month": month,
    "day": day,
}


def pad(value: Any, width: int) -> str:
    """A whole number in `width` digits. Raises RowRejected where text order would not be number order."""
    if type(value) is not int:
        raise RowRejected("not_an_integer", f"{value!r:.60} cannot be padded to {width} digits")
    if not 0 <= value < 10**width:
        raise RowRejected("does_not_fit", f"{value} does not fit in {width} digits")
    return f"{value:0{width}d}"


SPREAD = "((({} & 2147483647) * 2654435761 & 4294967295) * {} >> 32)"
"""Source, in Python and in SQL, of the shard of an integer, from how many: Fibonacci hashing, which gives
neighbours and multiples shards far apart. Nothing in it leaves the 64 bits of SQLite's integers."""
_WHOLE = re.compile(r"-?[0-9]{1,19}")


def shard(value: Any, shards: int) -> int:
    """The shard of a value: the same on every machine and in every run, and the same for 5, 5.0 and "5".

    Text that is no whole number stands for its CRC-32. Raises RowRejected for blobs and broken text.
    """
    words = key_text(value)
    number = int(words) if _WHOLE.fullmatch(words) else crc32(words.encode())
    return ((number & 0x7FFFFFFF) * 2_654_435_761 & 0xFFFFFFFF) * shards >> 32
