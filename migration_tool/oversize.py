"""Items over 400 KB whose design has them compressed: into one binary attribute, and out of it again.

The largest attributes go, as many as have to; keys, those of indexes too, and EntityType stay where they are.
What went stands in `~oversize`: a map of `Encoding` ("gzip") and `Data`, the gzip of a JSON object that holds
the attributes in DynamoDB's wire form.
"""

from __future__ import annotations

import base64
import gzip
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import orjson

from migration_tool.errors import RowRejected
from migration_tool.limits import MAX_ITEM_BYTES, item_size, value_size
from migration_tool.model import WireItem

ATTRIBUTE = "~oversize"
ENCODING = "gzip"
MOST_BYTES = 256 * 1024 * 1024
"""Of the attributes of one item before they are compressed; what claims to be more is left as it is."""
_GZIP = 31
"""zlib's window bits for a gzip stream."""


def compressed(text: str, keep: Collection[str]) -> str:
    """The item, in DynamoDB's JSON, as it can be stored; unchanged where it is not over 400 KB.

    keep  attributes that stay as they are
    Raises RowRejected where it is too large all the same.
    """
    item: WireItem = orjson.loads(text)
    size = item_size(item)
    if size <= MAX_ITEM_BYTES:
        return text
    for stored in _attempts(item, size, keep):
        if item_size(stored) <= MAX_ITEM_BYTES:
            return _written(stored)
    raise RowRejected(
        "item_too_large",
        f"the item has {size:,} bytes, and compressed it is still over the 409,600 that DynamoDB takes",
    )


def restored(item: WireItem) -> WireItem:
    """The item with its compressed attributes back in place; any other as it is."""
    if ATTRIBUTE not in item:
        return item
    try:
        others = {name: value for name, value in item.items() if name != ATTRIBUTE}
        return others | _unpacked(item[ATTRIBUTE])
    except (ValueError, KeyError, TypeError, AttributeError, zlib.error):
        return item


def as_stored_here(items: Iterable[WireItem]) -> list[WireItem]:
    """The items with their compressed attributes as this machine compresses them.

    Two versions of zlib may write the same content differently; it is the content that counts.
    """
    return [_compressed_again(item) if ATTRIBUTE in item else item for item in items]


def _compressed_again(item: WireItem) -> WireItem:
    whole = restored(item)
    moved = {name: value for name, value in whole.items() if name not in item}
    return item if whole is item else _without(whole, moved)


def _attempts(item: WireItem, size: int, keep: Collection[str]) -> Iterator[WireItem]:
    """The item with more and more of its attributes compressed, the largest first."""
    sizes = {name: value_size(value) for name, value in item.items() if name not in keep}
    moved: WireItem = {}
    for name in sorted(sizes, key=lambda name: (-sizes[name], name)):
        moved[name] = item[name]
        size -= len(name.encode()) + sizes[name]
        if size <= MAX_ITEM_BYTES:
            yield _without(item, moved)


def _without(item: WireItem, moved: WireItem) -> WireItem:
    data = gzip.compress(orjson.dumps(moved, option=orjson.OPT_SORT_KEYS), mtime=0)
    packed = {"Encoding": {"S": ENCODING}, "Data": {"B": base64.b64encode(data).decode()}}
    others = {name: value for name, value in item.items() if name not in moved}
    return others | {ATTRIBUTE: {"M": packed}}


def _unpacked(value: Mapping[str, Any]) -> WireItem:
    """Raises ValueError, KeyError, TypeError, AttributeError or zlib.error if `_without` did not make it."""
    packed = value["M"]
    if packed["Encoding"] != {"S": ENCODING}:
        raise ValueError("another encoding")
    stream = zlib.decompressobj(_GZIP)
    text = stream.decompress(base64.b64decode(packed["Data"]["B"], validate=True), MOST_BYTES)
    if not stream.eof:
        raise ValueError("not the whole of it")
    return dict(orjson.loads(text).items())


def _written(item: WireItem) -> str:
    return orjson.dumps(item, option=orjson.OPT_SORT_KEYS).decode()
