"""What functions of the user's own give, raise and are: an input is a program that says it in JSON."""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import orjson

from migration_tool.design.compile import CompiledEntity, compile_design
from migration_tool.design.load import load_design
from migration_tool.errors import RowRejected, RowSkipped
from migration_tool.limits import MAX_ITEM_BYTES, item_size
from migration_tool.model import Reject, Row
from migration_tool.source.sqlite import SqliteSource
from migration_tool.state.rejects import RejectLog, read_rejects
from migration_tool.target.items import require_items
from tests.fuzz.target import Target, scratch

_GIVEN: list[Any] = [None, None]
"""What the two functions do: with a row, with a value."""
_CODE = """
from tests.fuzz.own_code import _GIVEN as GIVEN

def row(row):
    return GIVEN[0]() if GIVEN[0] else row

def value(value):
    return GIVEN[1]()
"""
_DESIGN = """
version: 1
table: Things
entities:
  Thing:
    transform: "own:row"
    keys: {PK: "T#{Name}", SK: "{Size}"}
    attributes: {"*": Thing, Given: {column: ThingId, transform: "own:value"}}
"""
_ROWS = """
CREATE TABLE Thing (ThingId INTEGER PRIMARY KEY, Name TEXT NOT NULL, Size INT, Data BLOB);
INSERT INTO Thing VALUES (1, 'a', 2, x'00'), (2, 'b', 2.5, NULL);
"""
_DEEPEST_POWER = 20_000


class _OddError(BaseException):
    """Even to look at it fails."""

    def __str__(self) -> str:
        raise ValueError("\ud800")

    __repr__ = __str__


class _Odd(dict[str, Any]):
    """A row and a map whose every use fails."""

    def __iter__(self) -> Any:
        raise _OddError

    keys = get = items = __getitem__ = __len__ = __repr__ = __iter__  # type: ignore[assignment]


_ERRORS: Mapping[str, Callable[[], BaseException]] = {
    "value": lambda: ValueError("no\ud800"),
    "exit": lambda: SystemExit(0),
    "stop": StopIteration,
    "generator": GeneratorExit,
    "odd": _OddError,
    "key": lambda: KeyError(_Odd()),
}


def _built(spec: Any) -> Any:
    """The value that a part of the program describes; JSON means itself."""
    if isinstance(spec, list):
        return [_built(part) for part in spec]
    if not isinstance(spec, dict):
        return spec
    for name, make in _MADE.items():
        if spec.keys() == {name}:
            return make(spec[name])
    return {name: _built(part) for name, part in spec.items()}


def _raised(name: Any) -> Any:
    raise _ERRORS.get(str(name), RuntimeError)()


def _cycle(inner: Any) -> Any:
    found = [_built(inner)]
    found += [found, found]
    return found


def _power(exponent: Any) -> int:
    return 10 ** min(len(str(exponent)) ** 4, _DEEPEST_POWER) + 1


_MADE: Mapping[str, Callable[[Any], Any]] = {
    "$raise": _raised,
    "$cycle": _cycle,
    "$power": _power,
    "$odd": lambda _: _Odd(x=1),
    "$set": lambda parts: set(map(str, parts)),
    "$tuple": lambda parts: tuple(_built(parts)),
    "$bytes": lambda text: str(text).encode("utf-8", "replace"),
    "$array": lambda text: bytearray(str(text), "utf-8", "replace"),
    "$float": lambda text: float(text),
    "$decimal": lambda text: Decimal(str(text)),
    "$names": lambda parts: {_built(part): 1 for part in parts},
}


@cache
def _things() -> tuple[CompiledEntity, tuple[Row, ...]]:
    folder = Path(mkdtemp())
    with closing(sqlite3.connect(folder / "things.sqlite")) as connection:
        connection.executescript(_ROWS)
    (folder / "own.py").write_text(_CODE)
    (folder / "things.yaml").write_text(_DESIGN)
    with SqliteSource(folder / "things.sqlite") as source:
        compiled = compile_design(load_design(folder / "things.yaml"), source.schema, True)
        (entity,) = compiled.entities
        return entity, tuple(row for _, row in source.rows(entity.read))


def _programs() -> list[bytes]:
    row = {"ThingId": 7, "Name": "x", "Size": 1.5, "Data": {"$bytes": "é"}}
    value = {"a": [1, 2.5, None, True, {"$tuple": ["x"]}], "b": {"$bytes": "x"}, "c": {"$decimal": "1.50"}}
    return [
        json.dumps(program).encode()
        for program in (
            {"value": value},
            {"row": row, "value": 5},
            {"row": {**row, "Name": {"$raise": "exit"}}, "value": {"$power": 30}},
            {"value": {"deep": [[{"$set": ["x"]}], {"$cycle": 1}]}},
            {
                "value": [
                    {"$odd": 0},
                    {"$raise": "odd"},
                    {"$float": "nan"},
                    {"$names": [1, "x", {"$power": 2}]},
                ]
            },
        )
    ]


def _check(data: bytes) -> None:
    """A sound item that means what was given, or the row is rejected for a reason that can be saved."""
    try:
        program = json.loads(data)
        wanted = {name: program[name] for name in ("row", "value") if name in program}
    except (ValueError, TypeError, RecursionError):
        return
    entity, rows = _things()
    function = entity.item
    _GIVEN[:] = [_giving(wanted, "row"), _giving(wanted, "value") or (lambda: None)]
    for row in rows:
        try:
            _check_item(orjson.loads(function(row)[2]))
        except RowSkipped:
            assert _GIVEN[0]() is None
        except RowRejected as rejected:
            _check_reject(rejected)


def _giving(wanted: Mapping[str, Any], name: str) -> Callable[[], Any] | None:
    return (lambda: _built(wanted[name])) if name in wanted else None


def _check_item(item: dict[str, Any]) -> None:
    require_items("Things", [item])
    assert item_size(item) <= MAX_ITEM_BYTES
    given = _GIVEN[1]()
    assert _same(given, item["Given"]) if "Given" in item else given is None or "ThingId" not in item
    if _GIVEN[0]:
        row = {name: value for name, value in _GIVEN[0]().items() if value is not None}
        assert row.keys() == item.keys() - {"PK", "SK", "EntityType", "Given"}
        assert all(_same(_stored(value), item[name]) for name, value in row.items())


def _stored(value: Any) -> Any:
    """SQLite has no truth values."""
    return int(value) if isinstance(value, bool) else value


def _same(given: Any, found: dict[str, Any]) -> bool:
    ((kind, content),) = found.items()
    if given is None or isinstance(given, bool | str):
        return found == (
            {"NULL": True} if given is None else {"S" if isinstance(given, str) else "BOOL": given}
        )
    if isinstance(given, int | float | Decimal):
        return kind == "N" and Decimal(content) == Decimal(str(given))
    if isinstance(given, bytes):
        return kind == "B" and base64.b64decode(content) == given
    if isinstance(given, list | tuple):
        return kind == "L" and len(given) == len(content) and all(map(_same, given, content))
    return (
        kind == "M"
        and given.keys() == content.keys()
        and all(_same(given[name], part) for name, part in content.items())
    )


def _check_reject(rejected: RowRejected) -> None:
    with scratch() as folder:
        path = folder / "x.rejects.jsonl"
        RejectLog(path, 0).append(
            [Reject("t", "Thing", "Thing", (1,), rejected.rule, rejected.reason, {}, 0)]
        )
        (found,) = read_rejects(path)
        assert (found.rule, found.reason) == (rejected.rule, rejected.reason)


_WORDS = [b'{"$raise":"%s"}' % name.encode() for name in _ERRORS] + [
    b'{"%s":1}' % name.encode() for name in _MADE
]

TARGETS: Sequence[Target] = (Target("own-code", _programs, _check, (*_WORDS, b"null", b'"row":', b"1e400")),)
