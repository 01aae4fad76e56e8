from __future__ import annotations

import math
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration_tool.errors import StateError
from migration_tool.model import InvalidText, Position
from migration_tool.state.codec import decode, decode_position, encode, encode_position, printable

from .samples import positions, scalars

values = st.recursive(
    scalars | st.binary(max_size=9).map(InvalidText) | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(max_size=5, alphabet=st.characters(exclude_categories=["Cs"])), inner, max_size=3
        )
    ),
    max_leaves=8,
)


def same(a: Any, b: Any) -> bool:
    """Equal with equal types and equal signs of zero, all the way down."""
    if type(a) is not type(b):
        return False
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, float):
        return a == b and math.copysign(1, a) == math.copysign(1, b)
    return bool(a == b)


@given(values)
def test_every_value_survives_a_file(value: Any) -> None:
    assert same(decode(orjson.loads(orjson.dumps(encode(value))), "x"), value)


@given(positions)
def test_every_cursor_survives_a_file(position: Position) -> None:
    back = decode_position(orjson.loads(orjson.dumps(encode_position(position))), "x")
    assert back is not None
    assert same(list(back), list(position))


def test_no_cursor_survives_too() -> None:
    assert decode_position(encode_position(None), "x") is None


def test_cursors_that_look_alike_stay_apart() -> None:
    alike: list[Position] = [(1,), (1.0,), ("1",), (b"1",), (None,), ("",)]
    assert len({str(encode_position(p)) for p in alike}) == len(alike)


def test_nan_keeps_its_type() -> None:
    assert math.isnan(decode(encode(math.nan), "x"))


def test_rows_of_children_come_back_as_lists() -> None:
    assert decode(encode([(1, "a"), (2, None)]), "x") == [[1, "a"], [2, None]]


def test_a_type_that_no_source_delivers_is_an_error() -> None:
    with pytest.raises(StateError, match="object"):
        encode({"x": object()})


@pytest.mark.parametrize(
    "value",
    [
        5,
        1.5,
        {},
        {"t": "int"},
        {"t": 5, "v": "5"},
        {"t": "int", "v": "5", "x": 1},
        {"t": "int", "v": "1_0"},
        {"t": "int", "v": "+1"},
        {"t": "int", "v": "-0"},
        {"t": "int", "v": "9" * 5000},
        {"t": "real", "v": "1e5"},
        {"t": "real", "v": "x"},
        {"t": "blob", "v": "AAE"},
        {"t": "blob", "v": "é"},
        {"t": "surrogates", "v": "/w=="},
        {"t": "map", "v": []},
        {"t": [], "v": "x"},
    ],
)
def test_what_encode_never_writes_is_damage(value: Any) -> None:
    with pytest.raises(StateError):
        decode(value, "x")


def test_deep_nesting_is_damage_and_no_traceback() -> None:
    value: Any = []
    for _ in range(900):
        value = [value]
    with pytest.raises(StateError, match="deeper than 32"):
        decode(value, "x")


def test_printable_leaves_good_text_alone() -> None:
    assert printable("aé\U0001f600") == "aé\U0001f600"
    assert printable("a\udfff") == "a\\udfff"


def test_a_cursor_may_be_text_that_is_not_utf8() -> None:
    """The key of a WITHOUT ROWID row: it stays told apart from a blob, which sorts behind all text."""
    position = (InvalidText(b"\xff\xfe"), 3)
    found = decode_position(encode_position(position), "position")
    assert found == position
    assert found is not None
    assert type(found[0]) is InvalidText
