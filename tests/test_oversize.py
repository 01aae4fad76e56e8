"""Items over 400 KB, compressed or split: what goes in comes out, and it can be stored."""

from __future__ import annotations

import base64
import gzip
import json
import random
from functools import partial
from typing import Any, get_args

import orjson
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from migration_tool import oversize
from migration_tool.attributes import canonical_item
from migration_tool.errors import RowRejected
from migration_tool.limits import MAX_ITEM_BYTES, item_size
from migration_tool.model import WireItem
from migration_tool.oversize import (
    ATTRIBUTE,
    Compression,
    chunk_keys,
    chunks_of,
    compressed,
    pointed,
    restored,
    split,
)
from migration_tool.verify.canonical import canonical_texts
from migration_tool.verify.explain import attribute_differences

KEEP = ("PK", "SK", "EntityType")
CUT = gzip.compress(b"{}")[:-9]
ZSTD = zstandard.ZstdCompressor().compress(b"{}")
OF_ANY_SIZE = zstandard.ZstdCompressor(write_content_size=False).compress(b"{}")
NOISE = random.Random(7).randbytes(2_000_000)
VALUES = st.one_of(
    st.text(max_size=300).map(lambda text: {"S": text}),
    st.binary(max_size=300).map(lambda data: {"B": base64.b64encode(data).decode()}),
    st.lists(st.text(max_size=20).map(lambda text: {"S": text}), max_size=5).map(lambda found: {"L": found}),
)
COMPRESSIONS: tuple[Compression, ...] = get_args(Compression)
BOTH = pytest.mark.parametrize("how", COMPRESSIONS)
ITEMS = st.dictionaries(st.text(min_size=1, max_size=5).map("a".__add__), VALUES, max_size=6)


def text_of(item: dict[str, Any]) -> str:
    return orjson.dumps(item, option=orjson.OPT_SORT_KEYS).decode()


def article(**attributes: Any) -> dict[str, Any]:
    return {"PK": {"S": "A#1"}, "SK": {"S": "x"}, "EntityType": {"S": "Article"}, **attributes}


LONG = article(Body={"S": "x" * 500_000})


def test_an_item_of_400_kb_is_left_as_it_is() -> None:
    rest = MAX_ITEM_BYTES - item_size(article(Body={"S": ""}))
    text = text_of(article(Body={"S": "x" * rest}))
    assert compressed(text, KEEP, "gzip") == text
    assert ATTRIBUTE in json.loads(compressed(text_of(article(Body={"S": "x" * (rest + 1)})), KEEP, "gzip"))


def test_what_counts_may_be_more_than_the_item() -> None:
    """Its copies in local indexes, too: here two of them."""

    def counted(item: WireItem) -> int:
        return 3 * item_size(item)

    text = text_of(article(Body={"S": "x" * 100_000}, Notes={"S": "y" * 90_000}))
    ways = (partial(compressed, how="gzip"), partial(split, names=("PK", "SK")), pointed)
    for way in ways:
        assert way(text, keep=KEEP) == text
        stored = json.loads(way(text, keep=KEEP, counted=counted))
        assert "Notes" in stored and ATTRIBUTE in stored and counted(stored) <= MAX_ITEM_BYTES
    noise = text_of(article(Data={"B": base64.b64encode(NOISE[:150_000]).decode()}))
    with pytest.raises(RowRejected, match="the item and its copies in local indexes have 450,"):
        compressed(noise, KEEP, "gzip", counted)


@BOTH
def test_only_the_largest_attributes_go(how: Compression) -> None:
    item = article(Body={"S": "x" * 500_000}, Notes={"S": "y" * 300_000}, Title={"S": "t"})
    stored = json.loads(compressed(text_of(item), KEEP, how))
    assert stored.keys() == {"PK", "SK", "EntityType", "Notes", "Title", ATTRIBUTE}
    assert item_size(stored) < MAX_ITEM_BYTES and restored(stored) == item


@BOTH
def test_as_many_attributes_go_as_have_to(how: Compression) -> None:
    half = {"S": base64.b64encode(NOISE[:150_000]).decode()}
    item = article(A=half, B=half, C={"S": "x" * 200_000})
    stored = json.loads(compressed(text_of(item), KEEP, how))
    assert stored.keys() == {*KEEP, ATTRIBUTE} | ({"A", "B", "C"} & stored.keys())
    assert item_size(stored) <= MAX_ITEM_BYTES and restored(stored) == item


@BOTH
def test_what_does_not_become_small_enough_is_rejected(how: Compression) -> None:
    with pytest.raises(
        RowRejected, match="2,000,029 bytes, and as its design stores it still over"
    ) as rejected:
        compressed(text_of(article(Data={"B": base64.b64encode(NOISE).decode()})), KEEP, how)
    assert rejected.value.rule == "item_too_large"


@given(ITEMS, st.integers(500, 900), st.integers(1, 200))
def test_what_was_split_comes_back(attributes: WireItem, most: int, size: int) -> None:
    text = canonical_item(article(**attributes))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(oversize, "MAX_ITEM_BYTES", most)
        patched.setattr(oversize, "CHUNK_BYTES", size)
        try:
            stored = split(text, KEEP, ("PK", "SK"))
        except RowRejected:
            assert item_size(json.loads(text)) > most
            return
    item, chunks = json.loads(stored), [json.loads(chunk) for _, _, chunk in chunks_of(stored)]
    assert item_size(item) <= most
    assert canonical_item(restored(item, chunks)) == text
    assert [{name: chunk[name] for name in ("PK", "SK")} for chunk in chunks] == chunk_keys(item)
    assert [(pk, sk) for pk, sk, _ in chunks_of(stored)] == [(c["PK"]["S"], c["SK"]["S"]) for c in chunks]
    if chunks:
        assert restored(item, chunks[1:]) is item and restored(item, chunks[::-1] + chunks) is item


def test_chunks_of_another_time_are_not_those_of_the_item() -> None:
    """They are whole, and they are an item's, but not this one's."""
    now, before = (split(text_of(article(Body={"S": c * 500_000})), KEEP, ("PK", "SK")) for c in "xy")
    own, others = ([json.loads(text) for _, _, text in chunks_of(one)] for one in (now, before))
    item = json.loads(now)
    assert restored(item, own)["Body"] == {"S": "x" * 500_000}
    assert restored(item, others) is item


def test_an_item_of_400_kb_is_not_split() -> None:
    text = text_of(article(Body={"S": "x"}))
    assert split(text, KEEP, ("PK", "SK")) == text and chunks_of(split(text, KEEP, ("PK", "SK"))) == ()


@given(ITEMS, st.integers(150, 900), st.sampled_from(["gzip", "zstd"]))
def test_what_was_compressed_comes_back(attributes: WireItem, most: int, how: Compression) -> None:
    text = canonical_item(article(**attributes))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(oversize, "MAX_ITEM_BYTES", most)
        try:
            stored = compressed(text, KEEP, how)
            assert compressed(text, KEEP, how) == stored
        except RowRejected:
            assert item_size(json.loads(text)) > most
            return
    assert item_size(json.loads(stored)) <= most
    assert canonical_item(restored(json.loads(stored))) == text
    assert canonical_texts([json.loads(stored)]) == [stored.encode()]


@BOTH
def test_the_content_counts_and_not_how_it_was_compressed(how: Compression) -> None:
    item = article(Body={"S": "xyz" * 200_000})
    stored = json.loads(compressed(text_of(item), KEEP, how))
    content = text_of({"Body": item["Body"]}).encode()
    other = {
        "gzip": lambda: gzip.compress(content, compresslevel=1),
        "zstd": lambda: zstandard.ZstdCompressor(level=19).compress(content),
    }[how]()
    packed = {"M": {"Encoding": {"S": how}, "Data": {"B": base64.b64encode(other).decode()}}}
    assert packed != stored[ATTRIBUTE]
    assert canonical_texts([stored | {ATTRIBUTE: packed}]) == [text_of(stored).encode()]


def test_another_compression_than_the_designs_is_a_difference() -> None:
    one, other = (json.loads(compressed(text_of(LONG), KEEP, how)) for how in COMPRESSIONS)
    assert restored(one) == restored(other) == LONG
    assert canonical_texts([one]) != canonical_texts([other])
    assert [found.name for found in attribute_differences(one, other)] == [ATTRIBUTE]


@pytest.mark.parametrize(
    "value",
    [
        None, 5, "x", {}, {"S": "x"}, {"M": 5}, {"M": {"Encoding": {"S": "gzip"}, "Data": {"B": "x"}}},
        {"M": {"Encoding": {"S": "gzip"}, "Data": {"B": base64.b64encode(gzip.compress(b"[1]")).decode()}}},
        {"M": {"Encoding": {"S": "gzip"}, "Data": {"B": base64.b64encode(CUT).decode()}}},
        {"M": {"Encoding": {"S": "zstd"}, "Data": {"B": base64.b64encode(gzip.compress(b"{}")).decode()}}},
        {"M": {"Encoding": {"S": "zstd"}, "Data": {"B": base64.b64encode(ZSTD[:-5]).decode()}}},
        {"M": {"Encoding": {"S": "zstd"}, "Data": {"B": base64.b64encode(ZSTD + b"x").decode()}}},
        {"M": {"Encoding": {"S": "zstd"}, "Data": {"B": base64.b64encode(OF_ANY_SIZE).decode()}}},
    ],
)  # fmt: skip
def test_what_was_not_compressed_here_is_left_as_it_is(value: Any) -> None:
    item = article(**{ATTRIBUTE: value})
    assert restored(item) is item
    assert canonical_texts([item])


@pytest.mark.parametrize(
    "content",
    [[], 5, {"Body": 5}, {"Body": {"S": 5}}, {"Body": {"X": "x"}}, {"Title": {"S": "o"}}],
    ids=str,
)
def test_only_attributes_that_the_item_lacks_are_put_back(content: Any) -> None:
    """What hides another value of an attribute that is there would hide a difference."""
    packed = base64.b64encode(gzip.compress(orjson.dumps(content))).decode()
    item = article(Title={"S": "t"}, **{ATTRIBUTE: {"M": {"Encoding": {"S": "gzip"}, "Data": {"B": packed}}}})
    assert restored(item) is item
    assert canonical_texts([item]) == [text_of(item).encode()]


@pytest.mark.parametrize("keys", [[{}], [{"PK": {"S": ""}}], [{"PK": {"S": "a"}}] * 2, [{"PK": {"N": "1"}}]])
def test_what_cannot_be_keys_of_chunks_is_not_asked_for(keys: list[WireItem]) -> None:
    listed = {"Encoding": {"S": "chunks"}, "Chunks": {"L": [{"M": key} for key in keys]}}
    assert chunk_keys(article(**{ATTRIBUTE: {"M": listed}})) == []


@BOTH
def test_a_difference_names_the_attribute_that_was_compressed(how: Compression) -> None:
    one = article(Body={"S": "x" * 500_000}, Title={"S": "t"})
    other = one | {"Body": {"S": "x" * 499_999 + "y"}}
    stored = [json.loads(compressed(text_of(item), KEEP, how)) for item in (one, other)]
    assert [found.name for found in attribute_differences(*stored)] == ["Body"]


@BOTH
def test_more_than_can_be_meant_is_not_unpacked(monkeypatch: pytest.MonkeyPatch, how: Compression) -> None:
    stored = json.loads(compressed(text_of(LONG), KEEP, how))
    monkeypatch.setattr(oversize, "MOST_BYTES", 1_000)
    assert restored(stored) is stored
