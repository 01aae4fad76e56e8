"""Items over 400 KB whose design stores them all the same: compressed, split, or with an object beside them.

The largest attributes leave the item, as many as have to; keys, those of indexes too, and EntityType stay.
The attribute `~oversize` says where they went. What leaves is a JSON object of the attributes in DynamoDB's
wire form:

    compress   Encoding "gzip" or "zstd", and as Data what that makes of it
    split      Encoding "chunks", its Sha256, and the keys of the chunk items, in order, as Chunks
    s3         Encoding "s3", its Sha256, which names the object that holds it, and its length as Bytes

A chunk item has a key made of the item's own, the EntityType `~chunk`, and up to 350,000 bytes as Data.
"""

from __future__ import annotations

import base64
import gzip
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import orjson

from migration_tool.errors import RowRejected
from migration_tool.limits import MAX_ITEM_BYTES, Measure, item_size, size_of, value_size
from migration_tool.model import ENTITY_TYPE, EncodedItem, WireItem
from migration_tool.wire_form import is_item

if TYPE_CHECKING:
    import zstandard

ATTRIBUTE = "~oversize"
CHUNK = "~chunk"
"""EntityType of the chunk items, and the beginning of their partition keys."""
S3 = "s3"
"""The Encoding of what is an object's content."""
CHUNK_BYTES = 350_000
MOST_BYTES = 256 * 1024 * 1024
"""Of the attributes of one item before they are compressed; what claims to be more is left as it is."""
_GZIP = 31
"""zlib's window bits for a gzip stream."""
_NOT_OURS = (ValueError, KeyError, TypeError, AttributeError, IndexError, zlib.error)

Compression: TypeAlias = Literal["gzip", "zstd"]
Pack: TypeAlias = Callable[[WireItem, bytes], dict[str, Any]]
"""From an item and the JSON text of what leaves it to the content of `~oversize`."""


class Split(str):
    """The text of an item that was split. `chunks`: the items that hold the rest of it."""

    __slots__ = ("chunks",)
    chunks: Sequence[EncodedItem]


class Pointing(str):
    """The text of an item that points to an object. `content`: what the object has to hold."""

    __slots__ = ("content",)
    content: bytes


def compressed(text: str, keep: Collection[str], how: Compression, counted: Measure = item_size) -> str:
    """The item, in DynamoDB's JSON, as it can be stored; unchanged where it is not over 400 KB.

    keep     attributes that stay as they are
    counted  what of an item counts towards 400 KB
    Raises RowRejected where it is too large all the same.
    """
    return _fitted(text, keep, partial(_compressed, how), counted)[0]


def split(text: str, keep: Collection[str], names: tuple[str, ...], counted: Measure = item_size) -> str:
    """The same, what left the item in chunks: it is a Split then.

    names  of the table's key attributes
    """
    stored, moved = _fitted(text, keep, partial(_listed, names), counted)
    if not moved:
        return stored
    found = Split(stored)
    keys = chunk_keys(orjson.loads(stored))
    found.chunks = [_chunk(key, names, part) for key, part in zip(keys, _parts(moved), strict=True)]
    return found


def pointed(text: str, keep: Collection[str], counted: Measure = item_size) -> str:
    """The same, what left the item being the content of an object: it is Pointing then."""
    stored, moved = _fitted(text, keep, _named, counted)
    if len(moved) > MOST_BYTES:
        reason = f"the attributes that have to leave the item have {len(moved):,} bytes of JSON"
        raise RowRejected("item_too_large", f"{reason}; an object takes {MOST_BYTES:,}")
    if not moved:
        return stored
    found = Pointing(stored)
    found.content = moved
    return found


def content_of(text: str) -> bytes:
    """What the object of the item has to hold; nothing for an item without one."""
    return text.content if isinstance(text, Pointing) else b""


def chunks_of(text: str) -> Sequence[EncodedItem]:
    """The chunk items that belong to the item."""
    return text.chunks if isinstance(text, Split) else ()


def chunk_keys(item: WireItem) -> list[WireItem]:
    """The keys of the chunk items that the item says it has, in order; none where they cannot be keys."""
    try:
        keys = [key["M"] for key in item[ATTRIBUTE]["M"]["Chunks"]["L"]]
        texts = [tuple([value["S"] for value in key.values()]) for key in keys]
        return keys if all(text and all(text) for text in texts) and len({*texts}) == len(keys) else []
    except _NOT_OURS:
        return []


def restored(item: WireItem, chunks: Sequence[WireItem] = (), content: bytes = b"") -> WireItem:
    """The item with the attributes back in place that had left it; any other as it is.

    chunks   its chunk items, in order
    content  of the object that it points to
    """
    if ATTRIBUTE not in item:
        return item
    try:
        others = {name: value for name, value in item.items() if name != ATTRIBUTE}
        moved = orjson.loads(_content(item[ATTRIBUTE]["M"], chunks, content))
        return others | moved if is_item(moved) and not others.keys() & moved.keys() else item
    except _NOT_OURS:
        return item


def as_stored_here(items: Iterable[WireItem]) -> list[WireItem]:
    """The items with their compressed attributes as this machine compresses them.

    Two versions of zlib or zstd may write the same content differently; it is the content that counts.
    """
    return [_compressed_again(item) if ATTRIBUTE in item else item for item in items]


def _compressed_again(item: WireItem) -> WireItem:
    whole = restored(item)
    moved = {name: value for name, value in whole.items() if name not in item}
    if whole is item or not moved:
        return item
    return _without(whole, moved, partial(_compressed, item[ATTRIBUTE]["M"]["Encoding"]["S"]))[0]


def _fitted(text: str, keep: Collection[str], pack: Pack, counted: Measure) -> tuple[str, bytes]:
    """The item as it can be stored, and what has left it."""
    item: WireItem = orjson.loads(text)
    if counted(item) <= MAX_ITEM_BYTES:
        return text, b""
    for stored, moved in _attempts(item, keep, pack):
        if counted(stored) <= MAX_ITEM_BYTES:
            return _written(stored).decode(), moved
    reason = f"{size_of(item, counted)}, and as its design stores it still over DynamoDB's 409,600"
    raise RowRejected("item_too_large", reason)


def _attempts(item: WireItem, keep: Collection[str], pack: Pack) -> Iterator[tuple[WireItem, bytes]]:
    """The item with more and more of its attributes moved out, the largest first."""
    sizes = {name: value_size(value) for name, value in item.items() if name not in keep}
    size = item_size(item)
    moved: WireItem = {}
    for name in sorted(sizes, key=lambda name: (-sizes[name], name)):
        moved[name] = item[name]
        size -= len(name.encode()) + sizes[name]
        if size <= MAX_ITEM_BYTES:
            yield _without(item, moved, pack)


def _without(item: WireItem, moved: WireItem, pack: Pack) -> tuple[WireItem, bytes]:
    others, data = {name: value for name, value in item.items() if name not in moved}, _written(moved)
    return others | {ATTRIBUTE: {"M": pack(item, data)}}, data


def _compressed(how: Compression, _: WireItem, data: bytes) -> dict[str, Any]:
    packed = gzip.compress(data, mtime=0) if how == "gzip" else _zstd().compress(data)
    return {"Encoding": {"S": how}, "Data": _binary(packed)}


@cache
def _zstd() -> zstandard.ZstdCompressor:
    """One thread and no time in it: the same content becomes the same bytes."""
    import zstandard

    return zstandard.ZstdCompressor(write_checksum=True)


def _listed(names: tuple[str, ...], item: WireItem, data: bytes) -> dict[str, Any]:
    own = sha256(orjson.dumps([item[name]["S"] for name in names])).hexdigest()
    first = {"S": f"{CHUNK}#{own}"}
    keys = [{"M": {names[0]: first, names[1]: {"S": f"{n:05}"}}} for n, _ in enumerate(_parts(data))]
    digest = {"S": sha256(data).hexdigest()}
    return {"Encoding": {"S": "chunks"}, "Sha256": digest, "Chunks": {"L": keys}}


def _named(_: WireItem, data: bytes) -> dict[str, Any]:
    digest = {"S": sha256(data).hexdigest()}
    return {"Encoding": {"S": S3}, "Sha256": digest, "Bytes": {"N": str(len(data))}}


def _chunk(key: WireItem, names: tuple[str, ...], part: bytes) -> EncodedItem:
    item = {**key, ENTITY_TYPE: {"S": CHUNK}, "Data": _binary(part)}
    return key[names[0]]["S"], key[names[1]]["S"], _written(item).decode()


def _content(packed: Mapping[str, Any], chunks: Sequence[WireItem], content: bytes) -> bytes:
    """The JSON text that had left an item. Raises one of _NOT_OURS where it cannot be had."""
    if packed["Encoding"] in ({"S": "chunks"}, {"S": S3}):
        data = content or b"".join(_bytes(chunk["Data"]) for chunk in chunks)
        if packed["Sha256"] != {"S": sha256(data).hexdigest()}:
            raise ValueError("not all of the content")
        return data
    if packed["Encoding"] == {"S": "zstd"}:
        return _from_zstd(_bytes(packed["Data"]))
    if packed["Encoding"] != {"S": "gzip"}:
        raise ValueError("another encoding")
    stream = zlib.decompressobj(_GZIP)
    data = stream.decompress(_bytes(packed["Data"]), MOST_BYTES)
    if not stream.eof:
        raise ValueError("not the whole of it")
    return data


def _from_zstd(packed: bytes) -> bytes:
    """Of frames that say how long their content is, as ours do, and no more than that. Raises ValueError."""
    import zstandard

    try:
        if not 0 < zstandard.get_frame_parameters(packed).content_size <= MOST_BYTES:
            raise ValueError("too large, or of unknown size")
        return zstandard.ZstdDecompressor().decompress(packed, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise ValueError(str(error)) from error


def _parts(data: bytes) -> Iterator[bytes]:
    return (data[start : start + CHUNK_BYTES] for start in range(0, len(data), CHUNK_BYTES))


def _binary(data: bytes) -> dict[str, str]:
    return {"B": base64.b64encode(data).decode()}


def _bytes(value: Mapping[str, str]) -> bytes:
    return base64.b64decode(value["B"], validate=True)


def _written(item: WireItem) -> bytes:
    return orjson.dumps(item, option=orjson.OPT_SORT_KEYS)
