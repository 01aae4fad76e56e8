"""Damage as it happens and as it is made: changed bytes of a good file, changed values of the JSON in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

MAX_BYTES = 64 * 1024
_DEEP = 3000


class _Object(list[tuple[str, Any]]):
    """A JSON object: its names in order, and one may stand twice."""


_VALUES: Sequence[Any] = (
    None, True, False, 0, 1, -1, 2**31, 2**63, 2**64, 10**40, 0.5, -0.0, 1e308, float("inf"), float("nan"),
    "", "0", "true", "x" * 300, "\0", "\ud800", "\u202e", "é", "%s", "{", "}}", "../x", "9" * 5000,
    [], [[]], _Object(), _Object([("", "")]),
)  # fmt: skip


def mutate(data: bytes, chance: Random, words: Sequence[bytes] = ()) -> bytes:
    """One to three changes: mostly of values where `data` holds JSON, else of bytes.

    words  what is worth inserting into inputs of this kind
    """
    of_values = chance.random() < 0.7
    for _ in range(chance.randint(1, 3)):
        changed = _with_other_values(data, chance) if of_values else None
        data = _with_other_bytes(data, chance, words) if changed is None else changed
    return data[:MAX_BYTES]


def _with_other_values(data: bytes, chance: Random) -> bytes | None:
    """A change in the JSON that `data` is, or that one of its lines ends in; None where there is none."""
    try:
        return _written(_changed(_parsed(data), chance))
    except (ValueError, RecursionError):
        lines = data.split(b"\n")
        place = chance.randrange(len(lines))
        head, brace, rest = lines[place].partition(b"{")
    try:
        lines[place] = head + _written(_changed(_parsed(brace + rest), chance))
    except (ValueError, RecursionError):
        return None
    return b"\n".join(lines)


def _parsed(data: bytes) -> Any:
    return json.loads(data, object_pairs_hook=_Object)


def _changed(document: Any, chance: Random) -> Any:
    """With one value removed, doubled, renamed, wrapped or replaced."""
    places = list(_places(document))
    if not places:
        return chance.choice(_VALUES)
    (holder, at), (other, there) = chance.choice(places), chance.choice(places)
    match chance.randrange(7):
        case 0:
            del holder[at]
        case 1:
            holder.insert(there % len(holder), holder[at])
        case 2 if isinstance(holder, _Object):
            name = other[there][0] if isinstance(other, _Object) else "x"
            holder[at] = (name, holder[at][1])
        case 3:
            _put(holder, at, [_get(holder, at)])
        case 4:
            _put(holder, at, _get(other, there))
        case 5:
            _put(holder, at, chance.choice(_VALUES))
        case _:
            _put(holder, at, _near(_get(holder, at), chance))
    return document


def _places(value: Any) -> Iterator[tuple[list[Any], int]]:
    if isinstance(value, list):
        for at in range(len(value)):
            yield value, at
            yield from _places(_get(value, at))


def _get(holder: list[Any], at: int) -> Any:
    return holder[at][1] if isinstance(holder, _Object) else holder[at]


def _put(holder: list[Any], at: int, value: Any) -> None:
    value = _copied(value)
    holder[at] = (holder[at][0], value) if isinstance(holder, _Object) else value


def _copied(value: Any) -> Any:
    """So that no list comes to hold itself."""
    if isinstance(value, _Object):
        return _Object((name, _copied(part)) for name, part in value)
    return [_copied(part) for part in value] if isinstance(value, list) else value


def _near(value: Any, chance: Random) -> Any:
    """A value of the same type, or the same value in another one."""
    if isinstance(value, str):
        cut = chance.randint(0, len(value))
        piece = chance.choice(["", "#", "{", "}", "`", ":", ".", '"', "'", "\\", "\0", "é", "\n", value])
        return chance.choice([value[:cut] + piece, value[:cut] + piece + value[cut:], value.upper(), [value]])
    if isinstance(value, bool) or value is None:
        return chance.choice([not value, int(bool(value)), str(value).lower()])
    if isinstance(value, int) and abs(value) < 2**64:
        return chance.choice([value + 1, value - 1, -value, value * 1000, float(value), str(value)])
    return chance.choice([str(value), 1.5, [value]])


def _written(value: Any) -> bytes:
    """Lone surrogates as escapes: JSON can say them, UTF-8 cannot."""
    return "".join(_pieces(value)).encode("utf-8", "backslashreplace")


def _pieces(value: Any) -> Iterator[str]:
    if isinstance(value, _Object):
        yield "{"
        for number, (name, part) in enumerate(value):
            yield f"{',' if number else ''}{json.dumps(name, ensure_ascii=False)}:"
            yield from _pieces(part)
        yield "}"
    elif isinstance(value, list):
        yield "["
        for number, part in enumerate(value):
            yield "," if number else ""
            yield from _pieces(part)
        yield "]"
    else:
        yield json.dumps(value, ensure_ascii=False)


def _with_other_bytes(data: bytes, chance: Random, words: Sequence[bytes]) -> bytes:
    start, end = sorted(chance.randint(0, len(data)) for _ in range(2))
    head, part, tail = data[:start], data[start:end], data[end:]
    match chance.randrange(8):
        case 0:
            return head + part
        case 1:
            return head + tail
        case 2:
            return head + part + part + tail
        case 3:
            return head + chance.randbytes(chance.randint(1, 8)) + part + tail
        case 4:
            return head + bytes(len(part)) + tail
        case 5 if words:
            return head + chance.choice(words) + part + tail
        case 6 if chance.random() < 0.1:
            return head + chance.choice([b"[", b'{"a":', b"- ", b"(", b" "]) * _DEEP + part + tail
        case _:
            place = chance.randrange(max(1, len(data)))
            flipped = bytes(byte ^ 1 << chance.randrange(8) for byte in data[place : place + 1])
            return data[:place] + flipped + data[place + 1 :]
