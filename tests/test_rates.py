from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration_tool.config_values import max_wcu
from migration_tool.rates import LEAST, MOST, OFF, MaxWcu


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("off", OFF),
        ("500", MaxWcu(500.0)),
        ("0.5", MaxWcu(0.5)),
        ("1e3", MaxWcu(1000.0)),
        ("auto", MaxWcu(auto=True)),
        ("auto:1%", MaxWcu(auto=True, share=0.01)),
        ("auto:80%", MaxWcu(auto=True, share=0.8)),
        ("auto:100%", MaxWcu(auto=True)),
    ],
)
def test_every_form_is_read(text: str, found: MaxWcu) -> None:
    assert MaxWcu.parse(text) == found


@pytest.mark.parametrize(
    "text", ["", "0", "0.09", "1000000001", "1e999", "-5", "nan", "\u0665", " 5", "auto:0%", "Off"]
)
def test_anything_else_says_what_it_must_be(text: str) -> None:
    with pytest.raises(ValueError, match="off, auto, auto:80%, or a number of write units per second"):
        MaxWcu.parse(text)


limits = (
    st.just(OFF)
    | st.builds(MaxWcu, st.floats(LEAST, MOST))
    | st.builds(lambda percent: MaxWcu(auto=True, share=percent / 100), st.integers(1, 100))
)


@given(limits)
def test_the_text_of_a_limit_is_read_back(found: MaxWcu) -> None:
    assert MaxWcu.parse(str(found)) == found


@given(st.integers(1, MOST) | st.floats(LEAST, MOST))
def test_a_number_of_a_file_is_that_many_units(value: float) -> None:
    assert max_wcu(value) == MaxWcu(float(value))
