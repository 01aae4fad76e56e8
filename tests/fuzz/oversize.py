"""Items over 400 KB read back: what had left them is put in its place only as it was, and all of it."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from hashlib import sha256
from random import Random
from typing import Any, get_args
from unittest.mock import patch

import orjson
import zstandard

from migration_tool import oversize
from migration_tool.design.model import Requests
from migration_tool.errors import TargetError
from migration_tool.model import WireItem
from migration_tool.oversize import ATTRIBUTE, Compression, chunk_keys, chunks_of, compressed, restored, split
from migration_tool.target.items import require_items
from migration_tool.target.reader import fetch
from migration_tool.verify.canonical import canonical_texts
from tests.fuzz.mutation import mutate
from tests.fuzz.scripted import Reply, ScriptedWire, cycled, line, replies
from tests.fuzz.target import Target

_KEYS = ("PK", "SK")
_KEPT = (*_KEYS, "EntityType", "Title")
_UNREADABLE = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    OSError,
    EOFError,
    zlib.error,
    zstandard.ZstdError,
    RecursionError,
)
_ITEM: WireItem = {
    "PK": {"S": "a"}, "SK": {"S": "b"}, "EntityType": {"S": "Thing"}, "Title": {"S": "é"},
    "Text": {"S": "x" * 700}, "Data": {"B": "AAEC"}, "More": {"L": [{"N": "1.5"}, {"NULL": True}]},
}  # fmt: skip


_PACKERS: Mapping[str, tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]] = {
    "gzip": (gzip.compress, gzip.decompress),
    "zstd": (zstandard.ZstdCompressor().compress, zstandard.ZstdDecompressor().decompress),
}


@cache
def _stored() -> tuple[list[WireItem], ...]:
    """The item compressed in both ways, and split with its chunks; sizes are small for this once."""
    text = orjson.dumps(_ITEM, option=orjson.OPT_SORT_KEYS).decode()
    with patch.multiple(oversize, MAX_ITEM_BYTES=500, CHUNK_BYTES=300):
        packed = [json.loads(compressed(text, _KEPT, how)) for how in get_args(Compression)]
        parted = split(text, _KEYS, _KEYS)
    parts = [json.loads(part) for part in (parted, *(chunk[2] for chunk in chunks_of(parted)))]
    return *([item] for item in packed), parts


def _read(item: WireItem, chunks: Sequence[WireItem]) -> WireItem | None:
    """The item as it was, read without our code; None where it is not all there."""
    try:
        packed = item[ATTRIBUTE]["M"]
        if packed["Encoding"]["S"] in _PACKERS:
            data = _unpacked(packed)
        else:
            data = b"".join(base64.b64decode(chunk["Data"]["B"]) for chunk in chunks)
            if packed["Encoding"] != {"S": "chunks"} or packed["Sha256"] != {"S": sha256(data).hexdigest()}:
                return None
        return json.loads(data) | {name: value for name, value in item.items() if name != ATTRIBUTE}  # type: ignore[no-any-return]
    except _UNREADABLE:
        return None


def _unpacked(packed: WireItem) -> bytes:
    _, unpack = _PACKERS[packed["Encoding"]["S"]]
    return unpack(base64.b64decode(packed["Data"]["B"]))


def _repacked(document: dict[str, Any], chance: Random) -> dict[str, Any]:
    """With another content, packed as it should be."""
    item, chunks = document["item"], document["chunks"]
    packed = item[ATTRIBUTE]["M"]
    if not chunks:
        content = mutate(_unpacked(packed), chance, _WORDS)
        pack, _ = _PACKERS[packed["Encoding"]["S"]]
        return {"item": _with(item, Data=_binary(pack(content))), "chunks": []}
    parts = [base64.b64decode(chunk["Data"]["B"]) for chunk in chunks]
    place = chance.randrange(len(parts))
    parts[place] = mutate(parts[place], chance, _WORDS)
    chunks = [{**chunk, "Data": _binary(part)} for chunk, part in zip(chunks, parts, strict=True)]
    return {"item": _with(item, Sha256={"S": sha256(b"".join(parts)).hexdigest()}), "chunks": chunks}


def _with(item: WireItem, **values: WireItem) -> WireItem:
    """The item with these in its `~oversize`."""
    return {**item, ATTRIBUTE: {"M": {**item[ATTRIBUTE]["M"], **values}}}


def _binary(data: bytes) -> WireItem:
    return {"B": base64.b64encode(data).decode()}


def _mended(data: bytes, chance: Random) -> bytes:
    """Half of the time what was packed is changed instead of the bytes that it is packed in."""
    try:
        return json.dumps(_repacked(json.loads(data), chance)).encode() if chance.random() < 0.5 else data
    except _UNREADABLE:
        return data


def _items() -> list[bytes]:
    return [json.dumps({"item": item, "chunks": chunks}).encode() for item, *chunks in _stored()]


def _check_item(data: bytes) -> None:
    """Whole and sound, or as it is stored; and the same text only where it is the same item."""
    try:
        document = orjson.loads(data)
        item, chunks = document["item"], document["chunks"]
        require_items("Things", [item, *chunks])
    except (ValueError, KeyError, TypeError, TargetError):
        return
    keys = chunk_keys(item)
    assert all(key and all(isinstance(value["S"], str) for value in key.values()) for key in keys)
    assert len(set(map(str, keys))) == len(keys)
    found = restored(item, chunks)
    if ATTRIBUTE not in item:
        assert found is item
        return
    if ATTRIBUTE not in found:
        assert found == _read(item, chunks)
        require_items("Things", [found])
    (expected,) = canonical_texts(orjson.loads(orjson.dumps(_stored()[0])))
    (text,) = canonical_texts([orjson.loads(orjson.dumps(item))])
    if text == expected:
        assert _read(item, ()) == _ITEM


def _answers() -> list[bytes]:
    (packed,), _, (whole, *chunks) = _stored()
    some = {"Keys": [{name: chunks[-1][name] for name in _KEYS}]}
    parts = [
        line({"Responses": {"t": chunks[:-1]}, "UnprocessedKeys": {"t": some}}),
        line({"Responses": {"t": chunks[-1:]}, "UnprocessedKeys": {}}),
    ]
    return [
        line({"Item": packed, "ConsumedCapacity": {}}),
        b"\n".join([line({"Item": whole, "ConsumedCapacity": {}}), *parts]),
        b"\n".join(
            [line({"Item": whole, "ConsumedCapacity": {}}), line({"Responses": {"t": chunks}}), parts[1]]
        ),
    ]


def _check_answers(data: bytes) -> None:
    """What a reader is given is whole, or it still says that something had left it."""
    following = cycled(replies(data), 40)
    last = Reply(200, True, b'{"Responses":{},"ConsumedCapacity":{}}')
    told: list[Mapping[str, Any]] = []

    def answer(operation: str, body: Mapping[str, Any], tag: object) -> Reply:
        reply = following() or last
        told.append(reply.success or {} if operation == "GetItem" else {})
        return reply

    body = {"Key": {name: _ITEM[name] for name in _KEYS}, "ConsistentRead": True}
    try:
        found = fetch(ScriptedWire(answer).as_wire(), "t", Requests("GetItem", (body,), None, False))
    except TargetError:
        return
    for item in found:
        require_items("t", [item])
        stored = next((page["Item"] for page in reversed(told) if "Item" in page), {})
        packed = stored.get(ATTRIBUTE, {}).get("M", {})
        if ATTRIBUTE not in item and packed.get("Encoding") == {"S": "chunks"}:
            moved = {name: value for name, value in item.items() if name not in stored}
            written = orjson.dumps(moved, option=orjson.OPT_SORT_KEYS)
            assert packed["Sha256"] == {"S": sha256(written).hexdigest()}


_WORDS = (b'"PK"', b'"~oversize"', b'{"S":5}', b'{"N":"1"}', b"{}", b"[]", b"null", b'"Title":{"S":"other"},')
_IN_ANSWERS = (b'"Responses"', b'"UnprocessedKeys"', b'"Keys"', b"\n200 ", b"\n200!", b"\n500 ", *_WORDS)

TARGETS: Sequence[Target] = (
    Target("oversize-items", _items, _check_item, _WORDS, _mended),
    Target("chunk-answers", _answers, _check_answers, _IN_ANSWERS),
)
