"""What each configuration key may hold: the kinds of values, their ranges, and the table of all keys.

A kind takes a value as a file or a flag gives it and returns the value the program uses, or raises
ValueError with the rest of the sentence "KEY must be ...". Types are strict: true is no number, "25" is no
number in a file. Text of the environment has no types, so `Key.from_text` reads it first.
"""

from __future__ import annotations

import difflib
import ipaddress
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from migration_tool import budget, rates
from migration_tool.model import LONGEST_LEASE

Kind = Callable[[Any], Any]

_UNITS = {"": 1, "B": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3}
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,3})?")
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")


@dataclass(frozen=True)
class Key:
    """One leaf of the configuration: dotted name, kind, default, and its environment variables in order."""

    name: str
    kind: Kind
    default: Any = None
    environment: tuple[str, ...] = ()
    from_text: Callable[[str], Any] = str
    is_path: bool = False


def nearest(name: str, known: Iterable[str]) -> str:
    """`; did you mean X?` for a near miss, else the known names."""
    names = list(known)
    found = difflib.get_close_matches(name.lower(), names, 1, 0.6)
    return f"did you mean {found[0]}?" if found else f"known here: {', '.join(names)}"


def integer(low: int, high: int) -> Kind:
    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return value

    return check


def number(low: float, high: float) -> Kind:
    def check(value: Any) -> int | float:
        wrong = isinstance(value, bool) or not isinstance(value, int | float)
        if wrong or not math.isfinite(value) or not low <= value <= high:
            raise ValueError(f"a number from {low:g} to {high:g}")
        return float(value) if isinstance(value, float) else int(value)

    return check


def seconds(low: float, high: float) -> Kind:
    """Always a float."""
    check = number(low, high)
    return lambda value: float(check(value))


def boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def choice(*names: str) -> Kind:
    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in names:
            near = f"; {nearest(value, names)}" if isinstance(value, str) else ""
            raise ValueError(f"one of {', '.join(names)}{near}")
        return value

    return check


def level(value: Any) -> str:
    """A log level name, in any case."""
    names = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
    return str(choice(*names)(value.upper() if isinstance(value, str) else value))


def path_text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or "\0" in value or not _is_unicode(value):
        raise ValueError("the path of a file, as text")
    return value


def maybe_path(value: Any) -> str | None:
    """None for the empty text."""
    return None if value == "" else path_text(value)


def matching(pattern: str, sentence: str) -> Kind:
    def check(value: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise ValueError(sentence)
        return value

    return check


DEFAULT_REGION = "us-east-1"
region = matching("[a-z]{2,5}(-[a-z]{2,})+-[0-9]{1,2}", "the name of an AWS region, like us-east-1")
name_part = matching("[a-zA-Z0-9_.-]{0,255}", "text of at most 255 letters a-z A-Z, digits, and _ . -")
"""A part of a table name, maybe empty."""


def table_part(value: Any) -> str:
    if name_part(value) == "":
        raise ValueError("the name of a table, not empty")
    return str(value)


def size(value: Any) -> int:
    """Bytes: a whole number, or text like "10MB"; KB, MB and GB count by 1,024."""
    sentence = 'a size from 1KB to 1024GB, like "10MB" or a whole number of bytes'
    if isinstance(value, str) and (match := re.fullmatch(r"([0-9]{1,15}) ?([KMG]?B|)", value.upper())):
        value = int(match[1]) * _UNITS[match[2]]
    if isinstance(value, bool) or not isinstance(value, int) or not 1024 <= value <= 1024**4:
        raise ValueError(sentence)
    return value


def endpoint(value: Any) -> str:
    """`aws`, `embedded`, or the URL of a server: scheme, host and port, nothing else."""
    sentence = "aws, embedded, or a URL like http://127.0.0.1:8000 (no user, path or query)"
    if not isinstance(value, str) or re.search(r"[\x00-\x20\x7f]", value):
        raise ValueError(sentence)
    if value in ("aws", "embedded"):
        return value
    try:
        url = urlsplit(value)
        sound = url.scheme in ("http", "https") and url.port != 0 and _is_host(url.hostname or "")
    except ValueError:
        sound = False
    if not sound or "@" in url.netloc or "?" in value or "#" in value or url.path not in ("", "/"):
        raise ValueError(sentence)
    return f"{url.scheme}://{url.netloc}"


def s3_endpoint(value: Any) -> str:
    """`same`, `aws`, or the URL of a server."""
    try:
        return "same" if value == "same" else endpoint(None if value == "embedded" else value)
    except ValueError as error:
        sentence = "same, aws, or a URL like http://127.0.0.1:9000 (no user, path or query)"
        raise ValueError(sentence) from error


bucket = matching("([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?", "the name of a bucket: 3 to 63 of a-z, 0-9, . and -")
s3_prefix = matching(
    "[a-zA-Z0-9!_.*'()/-]{0,512}", "at most 512 letters a-z A-Z, digits, and ! - _ . * ' ( ) /"
)


def max_wcu(value: Any) -> rates.MaxWcu:
    """A number of write units per second, or the text off, auto or auto:P%."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number and not (isinstance(value, str) and value[:1].isalpha()):
        raise ValueError(rates.SENTENCE)
    return rates.MaxWcu.parse(str(value))


def lease(value: Any) -> float | None:
    """A number of seconds; None for the text off."""
    if value == "off":
        return None
    try:
        return float(number(1, LONGEST_LEASE)(value))
    except ValueError as error:
        raise ValueError(f"off, or {error}, in seconds") from error


def max_rejects(value: Any) -> budget.Budget:
    """A number of rows, or the text of a percentage."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if not is_number and not (isinstance(value, str) and value.endswith("%")):
        raise ValueError(budget.SENTENCE)
    return budget.Budget.parse(str(value))


def text_to_integer(text: str) -> int | str:
    """The number the text spells, else the text, which no integer kind accepts."""
    return int(text) if _is_integer(text) else text


def text_to_number(text: str) -> float | str:
    return float(text) if _NUMBER.fullmatch(text.strip()) and not _is_integer(text) else text_to_integer(text)


def text_to_boolean(text: str) -> bool | str:
    return {"true": True, "false": False}.get(text.strip().lower(), text)


def _is_integer(text: str) -> bool:
    return _INTEGER.fullmatch(text.strip()) is not None


def _is_host(host: str) -> bool:
    if ":" in host:
        return ipaddress.ip_address(host).version == 6
    return bool(host) and len(host) <= 253 and all(map(_LABEL.fullmatch, host.rstrip(".").split(".")))


def _is_unicode(value: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _whole(name: str, low: int, high: int, default: int, *environment: str) -> Key:
    return Key(name, integer(low, high), default, environment, text_to_integer)


def _truth(name: str, default: bool, *environment: str) -> Key:
    return Key(name, boolean, default, environment, text_to_boolean)


KEYS: tuple[Key, ...] = (
    Key("source_db", path_text, environment=("MIGRATION_SOURCE_DB",), is_path=True),
    Key("aws_region", region, DEFAULT_REGION, ("AWS_DEFAULT_REGION",)),
    _whole("batch_size", 1, 25, 25, "MIGRATION_BATCH_SIZE"),
    Key("table_prefix", name_part, "chinook_", ("MIGRATION_TABLE_PREFIX",)),
    Key("endpoint", endpoint, "aws", ("AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL")),
    Key("prices", maybe_path, "", ("MIGRATION_PRICES",), is_path=True),
    _whole("migration_settings.max_retries", 0, 1000, 3),
    Key("migration_settings.retry_delay", seconds(0.001, 300), 1.0, from_text=text_to_number),
    Key("migration_settings.timeout", number(0.1, 3600), 30, from_text=text_to_number),
    _truth("migration_settings.enable_validation", True),
    _truth("migration_settings.create_tables", True),
    _truth("migration_settings.delete_existing_tables", False),
    Key("migration_settings.max_rejects", max_rejects, 0, ("MIGRATION_MAX_REJECTS",), text_to_integer),
    _whole("migration_settings.max_retry_seconds", 1, 86_400, 900),
    Key("migration_settings.source_snapshot", choice("copy", "live"), "copy"),
    _whole("migration_settings.connections", 1, 256, 64),
    _whole("migration_settings.in_flight", 1, 4096, 2048),
    Key("migration_settings.max_wcu", max_wcu, "off", ("MIGRATION_MAX_WCU",), text_to_number),
    _truth("migration_settings.allow_http", False, "MIGRATION_ALLOW_HTTP"),
    _truth("migration_settings.allow_code", False, "MIGRATION_ALLOW_CODE"),
    Key("migration_settings.lease", lease, 60, ("MIGRATION_LEASE",), text_to_number),
    Key("migration_settings.s3_bucket", bucket, "", ("MIGRATION_S3_BUCKET",)),
    Key("migration_settings.s3_prefix", s3_prefix, "", ("MIGRATION_S3_PREFIX",)),
    Key("migration_settings.s3_endpoint", s3_endpoint, "same", ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")),
    Key("migration_settings.oversize_bucket", bucket, "", ("MIGRATION_OVERSIZE_BUCKET",)),
    Key("migration_settings.oversize_prefix", s3_prefix, "", ("MIGRATION_OVERSIZE_PREFIX",)),
    Key("logging.level", level, "INFO"),
    Key("logging.file", path_text, "logs/migration.log", is_path=True),
    Key("logging.max_size", size, "10MB"),
    _whole("logging.backup_count", 0, 1000, 5),
)
"""Every key but the names under dynamodb_tables, which are those of the designs."""

NAMES = tuple(key.name for key in KEYS)

TABLES: dict[str, str] = {
    "music_catalog": "MusicCatalog",
    "customer_data": "CustomerData",
    "playlist_data": "PlaylistData",
    "employee_data": "EmployeeData",
}
"""The default of dynamodb_tables."""

SECTIONS = (
    "source_db",
    "aws_region",
    "batch_size",
    "table_prefix",
    "dynamodb_tables",
    "migration_settings",
    "logging",
    "endpoint",
    "prices",
)
"""The top level of the file, in the order in which it is written."""
