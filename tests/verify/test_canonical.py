from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration_tool.attributes import canonical_item
from migration_tool.model import WireItem
from migration_tool.verify.canonical import canonical_texts

LIKE_A_CUT = ["\0", ',"\0",', "\0\0", "[", '","']
"""Texts that look, once written, like the border between two items or like the beginning of a set."""

NUMBERS = st.one_of(
    st.integers().map(str),
    st.decimals(allow_nan=False, allow_infinity=False, places=5).map(str),
    st.from_regex(r"-?(0|[1-9][0-9]{0,3}|0[0-9])(\.[0-9]{1,4})?(E[+-]?[0-9])?", fullmatch=True),
)
TEXTS = st.one_of(st.text(), st.sampled_from(LIKE_A_CUT))
VALUES = st.recursive(
    st.one_of(
        NUMBERS.map(lambda n: {"N": n}),
        TEXTS.map(lambda s: {"S": s}),
        st.binary().map(lambda _: {"B": "AA=="}),
        st.lists(NUMBERS, min_size=1).map(lambda ns: {"NS": ns}),
        st.lists(TEXTS, min_size=1).map(lambda ss: {"SS": ss}),
        st.just({"NULL": True}),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda found: {"L": found}),
        st.dictionaries(TEXTS, inner, max_size=3).map(lambda found: {"M": found}),
    ),
    max_leaves=6,
)


ITEMS = st.dictionaries(TEXTS, VALUES, min_size=1, max_size=5)


def read(items: list[WireItem]) -> list[WireItem]:
    """As they come from an answer: the check may change them."""
    return [orjson.loads(orjson.dumps(item)) for item in items]


@given(st.lists(ITEMS, max_size=5))
def test_a_page_becomes_the_canonical_text_of_each_of_its_items(items: list[WireItem]) -> None:
    assert canonical_texts(read(items)) == [canonical_item(item).encode() for item in read(items)]


@pytest.mark.parametrize("text", LIKE_A_CUT)
def test_what_looks_like_the_border_of_two_items_is_none(text: str) -> None:
    items: list[WireItem] = [{"a": {"S": text}}, {"a": {"SS": ["x", text, "y"]}}, {text: {"L": []}}]
    assert canonical_texts(read(items)) == [canonical_item(item).encode() for item in read(items)]


@pytest.mark.parametrize("number", ["1.0", "01", "-0", "+1", "1E+3", ".5", "-0.50", "0.10", "5."])
@pytest.mark.parametrize("other", ["1", "-7", "0.5", "-12.25", "0", "100"])
def test_one_odd_number_among_many_is_seen(number: str, other: str) -> None:
    items: list[WireItem] = [{"a": {"N": other}, "b": {"S": "x"}}, {"a": {"N": other}, "z": {"N": number}}]
    first, second = canonical_texts(read(items))
    assert first == f'{{"a":{{"N":"{other}"}},"b":{{"S":"x"}}}}'.encode()
    assert second == canonical_item(read(items)[1]).encode()
    assert f'"N":"{number}"'.encode() not in second


def test_the_order_of_attributes_does_not_matter() -> None:
    items: list[WireItem] = [{"b": {"S": "1"}, "a": {"M": {"d": {"N": "1"}, "c": {"NULL": True}}}}]
    assert canonical_texts(items) == [b'{"a":{"M":{"c":{"NULL":true},"d":{"N":"1"}}},"b":{"S":"1"}}']
