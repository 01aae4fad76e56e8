from __future__ import annotations

import base64
import json
import math
import sqlite3
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from migration_tool.attributes import (
    MAX_NESTING,
    as_boolean,
    as_date,
    as_json,
    as_number,
    as_text,
    as_timestamp,
    canonical_item,
    encode,
    iso_date,
    json_string,
    key_text,
    named,
    plain,
    real,
)
from migration_tool.design.access import parse_scalar
from migration_tool.errors import RowRejected
from migration_tool.model import InvalidText, Scalar, WireItem
from migration_tool.numbers import canonical_number, number_text

BROKEN = InvalidText(b"ab\xff")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: x == 0 or 1e-129 < abs(x) < 1e125),
    TEXTS,
    st.binary(),
)


def rule_of(convert: Callable[[Any], object], value: object) -> str:
    """The rule by which the conversion rejects the value."""
    with pytest.raises(RowRejected) as rejected:
        convert(value)
    return rejected.value.rule


@pytest.mark.parametrize(
    ("value", "attribute"),
    [
        (0, {"N": "0"}),
        (-(2**63), {"N": "-9223372036854775808"}),
        (2**63 - 1, {"N": "9223372036854775807"}),
        (0.99, {"N": "0.99"}),
        (5.0, {"N": "5"}),
        (-0.0, {"N": "0"}),
        (1e22, {"N": "1" + "0" * 22}),
        (1e-7, {"N": "0.0000001"}),
        (-1.5e-7, {"N": "-0.00000015"}),
        ("", {"S": ""}),
        ("a\x00b\x1f\x7f\u2028\U0001f600\"\\", {"S": "a\x00b\x1f\x7f\u2028\U0001f600\"\\"}),
        (b"", {"B": ""}),
        (b"\x00\xff", {"B": "AP8="}),
    ],
)  # fmt: skip
def test_a_value_goes_out_by_its_storage_class(value: Any, attribute: dict[str, str]) -> None:
    assert json.loads(encode(value)) == attribute


def test_broken_text_is_rejected() -> None:
    assert rule_of(encode, BROKEN) == "invalid_utf8"


@given(st.floats(allow_nan=False, allow_infinity=False))
@example(5e-324)
@example(sys.float_info.max)
@example(1e16)
@example(-1e-130)
@example(9.999999999999999e125)
def test_a_real_keeps_its_double_or_is_out_of_range(value: float) -> None:
    inside = value == 0 or -130 <= Decimal(repr(value)).adjusted() <= 125
    try:
        text = json.loads(real(value))["N"]
    except RowRejected as rejected:
        assert rejected.rule == "number_out_of_range"
        assert not inside
    else:
        assert inside
        assert float(Decimal(text)) == value
        assert text == canonical_number(text)
        assert "e" not in text.lower()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_rejected(value: float) -> None:
    assert rule_of(encode, value) == "number_not_finite"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("007", "7"),
        ("-007.50", "-7.5"),
        ("+5", "5"),
        (" 5 ", "5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("-.25e1", "-2.5"),
        ("1E3", "1000"),
        ("1e-3", "0.001"),
        ("-0", "0"),
        ("0e99999999999999999999", "0"),
        ("-0.00e-999999999", "0"),
        ("9" * 38, "9" * 38),
        ("9" * 38 + "000", "9" * 38 + "000"),
        ("0." + "0" * 50 + "1" * 38, "0." + "0" * 50 + "1" * 38),
        ("1e125", "1" + "0" * 125),
        ("1e-130", "0." + "0" * 129 + "1"),
        ("9." + "9" * 37 + "e125", "9" * 38 + "0" * 88),
    ],
)
def test_number_text_is_brought_to_one_form(text: str, number: str) -> None:
    assert number_text(text) == number
    assert as_number(text) == f'{{"N":"{number}"}}'
    assert canonical_number(number) == number


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "not_a_number"),
        ("12a", "not_a_number"),
        ("1_000", "not_a_number"),
        ("0x10", "not_a_number"),
        ("1,5", "not_a_number"),
        ("١٢", "not_a_number"),
        ("e5", "not_a_number"),
        ("--1", "not_a_number"),
        ("sNaN", "not_a_number"),
        ("nan", "number_not_finite"),
        ("-Infinity", "number_not_finite"),
        ("9" * 39, "number_too_precise"),
        ("1." + "0" * 37 + "1", "number_too_precise"),
        ("1e126", "number_out_of_range"),
        ("9.99e-131", "number_out_of_range"),
        ("1e99999999999999999999", "number_out_of_range"),
        ("1e-99999999999999999999", "number_out_of_range"),
        ("1" * 10_000, "number_out_of_range"),
        ("0." + "1" * 10_000, "number_too_precise"),
    ],
)
def test_what_is_no_dynamodb_number_is_rejected(text: str, rule: str) -> None:
    assert rule_of(number_text, text) == rule


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30))
def test_equal_numbers_have_one_text(number: Decimal) -> None:
    text = canonical_number(str(number))
    assert Decimal(text) == number
    assert canonical_number(f"{text}e0") == text
    positional = format(number, "f")
    assert canonical_number(positional + ("0" if "." in positional else ".0")) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(5, "5"), (-5, "-5"), (0.99, "0.99"), (1e21, "1" + "0" * 21), ("x", "x"), ("", ""), (5.0, "5")],
)
def test_key_text(value: Any, text: str) -> None:
    assert key_text(value) == text
    assert json.loads(as_text(value)) == {"S": text}


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (b"x", "blob_in_text"),
        (BROKEN, "invalid_utf8"),
        (None, "unexpected_null"),
        (math.inf, "number_not_finite"),
    ],
)
def test_what_cannot_stand_in_a_key(value: Any, rule: str) -> None:
    assert rule_of(key_text, value) == rule


@pytest.mark.parametrize("value", [1, 1.0, "1", "TRUE", " t ", "Yes", "y", "on"])
def test_true(value: Any) -> None:
    assert as_boolean(value) == '{"BOOL":true}'


@pytest.mark.parametrize("value", [0, 0.0, -0.0, "0", "False", "F", "no", "N", "off"])
def test_false(value: Any) -> None:
    assert as_boolean(value) == '{"BOOL":false}'


@pytest.mark.parametrize("value", [2, 0.5, "", "maybe"])
def test_neither_true_nor_false(value: Any) -> None:
    assert rule_of(as_boolean, value) == "not_a_boolean"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("2021-03-04", "2021-03-04"),
        ("20210304", "2021-03-04"),
        ("2021-03-04 05:06", "2021-03-04T05:06:00"),
        ("2021-03-04 05:06:07", "2021-03-04T05:06:07"),
        (" 2021-03-04T05:06:07.25 ", "2021-03-04T05:06:07.250000"),
        ("2021-03-04T05:06:07Z", "2021-03-04T05:06:07Z"),
        ("2021-03-04T05:06:07+00:00", "2021-03-04T05:06:07Z"),
        ("2021-03-04T05:06:07+02:00", "2021-03-04T05:06:07+02:00"),
        (0, "1970-01-01T00:00:00Z"),
        (-1, "1969-12-31T23:59:59Z"),
        (2440587.5, "1970-01-01T00:00:00Z"),
        (2459277.25, "2021-03-03T18:00:00Z"),
    ],
)
def test_dates(value: Any, text: str) -> None:
    assert iso_date(value) == text
    assert json.loads(as_date(value)) == {"S": text}


@pytest.mark.parametrize(
    "value",
    ["", "yesterday", "2021-13-01", "2021-02-30", "05:06:07", 10**15, -(2**63), math.inf, 1e300, -5.5],
)
def test_no_dates(value: Any) -> None:
    assert rule_of(iso_date, value) == "not_a_date"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("1970-01-02", 86_400),
        (" 2021-03-04 05:06:07.9 ", 1_614_834_367),
        ("2021-03-04T07:06:07+02:00", 1_614_834_367),
        ("1969-12-31T23:59:59.5Z", -1),
        (1_614_834_367, 1_614_834_367),
        (2440587.5, 0),
        (2440586.999999, -43_201),
    ],
)
def test_timestamps(value: Any, seconds: int) -> None:
    assert json.loads(as_timestamp(value)) == {"N": str(seconds)}


@pytest.mark.parametrize("value", ["", "soon", "05:06:07", math.inf, 1e300, b"x", InvalidText(b"\xff")])
def test_no_timestamps(value: Any) -> None:
    assert rule_of(as_timestamp, value) in ("not_a_date", "blob_in_text", "invalid_utf8")


@given(st.integers(-62_135_596_800, 253_402_300_799))
@example(951_782_400)
def test_unix_seconds_are_sqlites(seconds: int) -> None:
    sql = "SELECT strftime('%Y-%m-%dT%H:%M:%SZ', ?, 'unixepoch'), unixepoch(?)"
    connection = sqlite3.connect(":memory:")
    (expected, back) = connection.execute(sql, (seconds, iso_date(seconds))).fetchone()
    connection.close()
    assert iso_date(seconds) == expected
    assert back == seconds


@given(st.datetimes().map(lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)))
def test_julian_days_are_sqlites(moment: Any) -> None:
    connection = sqlite3.connect(":memory:")
    (day,) = connection.execute("SELECT julianday(?)", (moment.isoformat(),)).fetchone()
    (there,) = connection.execute("SELECT julianday(?)", (iso_date(day),)).fetchone()
    connection.close()
    assert iso_date(day) == moment.isoformat() + "Z"
    assert there == day


@pytest.mark.parametrize(
    ("value", "attribute"),
    [
        ("null", {"NULL": True}),
        ("true", {"BOOL": True}),
        ("[]", {"L": []}),
        ("{}", {"M": {}}),
        (' "x" ', {"S": "x"}),
        ("0.1", {"N": "0.1"}),
        ("1.1000000000000000000000000000000000001", {"N": "1.1000000000000000000000000000000000001"}),
        ("123456789012345678901234567890", {"N": "123456789012345678901234567890"}),
        ("-0.0", {"N": "0"}),
        ('{"b":[1,null],"a":{}}', {"M": {"a": {"M": {}}, "b": {"L": [{"N": "1"}, {"NULL": True}]}}}),
        (5, {"N": "5"}),
        (1.5, {"N": "1.5"}),
    ],
)  # fmt: skip
def test_json_text_becomes_what_it_describes(value: Any, attribute: Any) -> None:
    assert json.loads(as_json(value)) == attribute


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ("", "not_json"),
        ("{", "not_json"),
        ("{'a': 1}", "not_json"),
        ('{"a":1,"a":2}', "not_json"),
        ('"\\ud800"', "not_json"),
        ('{"\\udfff":1}', "not_json"),
        ('{"":1}', "empty_name"),
        ("NaN", "number_not_finite"),
        ("[-Infinity]", "number_not_finite"),
        ("1" * 39, "number_too_precise"),
        ("1" * 10_000, "number_out_of_range"),
        ("1e999999999999999999999", "number_out_of_range"),
        ("[" * (MAX_NESTING + 1) + "]" * (MAX_NESTING + 1), "nested_too_deep"),
        ("[" * 100_000 + "]" * 100_000, "nested_too_deep"),
        (b"{}", "blob_in_text"),
        (BROKEN, "invalid_utf8"),
    ],
)
def test_json_text_that_has_no_attribute(value: Any, rule: str) -> None:
    assert rule_of(as_json, value) == rule


def test_json_text_of_the_deepest_nesting() -> None:
    text = "[" * MAX_NESTING + "1" + "]" * MAX_NESTING
    assert plain(json.loads(as_json(text))) == json.loads(text)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS.filter(bool), inner, max_size=4),
    max_leaves=10,
)


@given(JSON_VALUES)
def test_json_comes_back_as_it_was(value: Any) -> None:
    text = as_json(json.dumps(value))
    assert plain(json.loads(text)) == value
    assert canonical_item({"x": orjson.loads(text)}) == f'{{"x":{text}}}'


@given(st.dictionaries(TEXTS, SCALARS, max_size=6))
def test_the_encoders_text_is_the_canonical_one(row: dict[str, Any]) -> None:
    pieces = [f"{json_string(name)}:{encode(row[name])}" for name in sorted(row)]
    text = "{" + ",".join(pieces) + "}"
    item = orjson.loads(text)
    assert canonical_item(item) == text
    for name, value in row.items():
        back = plain(item[name])
        assert (float(back) if isinstance(value, float) else back) == value


def test_every_character_is_written_as_orjson_writes_it() -> None:
    for start in range(0, 0x110000, 0x1000):
        text = "".join(chr(c) for c in range(start, start + 0x1000) if not 0xD800 <= c < 0xE000)
        assert json_string(text) == orjson.dumps(text).decode()


def test_an_item_from_dynamodb_is_brought_to_the_same_form() -> None:
    item: WireItem = {
        "z": {"NS": ["10", "9.50", "1E+1"]},
        "a": {"SS": ["b", "a"]},
        "m": {"M": {"y": {"N": "-0.0"}, "x": {"L": [{"N": "1.50"}]}}},
        "b": {"BS": ["Yg==", "YQ=="]},
    }
    assert canonical_item(item) == (
        '{"a":{"SS":["a","b"]},"b":{"BS":["YQ==","Yg=="]},'
        '"m":{"M":{"x":{"L":[{"N":"1.5"}]},"y":{"N":"0"}}},"z":{"NS":["10","10","9.5"]}}'
    )


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ({"N": "5"}, 5),
        ({"N": "1.5"}, Decimal("1.5")),
        ({"N": "1E+2"}, 100),
        ({"N": "12345678901234567890123456789012345678"}, 12345678901234567890123456789012345678),
        ({"B": "AP8="}, b"\x00\xff"),
        ({"NULL": True}, None),
        ({"BOOL": False}, False),
        ({"SS": ["b", "a"]}, ["a", "b"]),
        ({"NS": ["2", "1.5"]}, [Decimal("1.5"), 2]),
        ({"BS": ["Yg==", "YQ=="]}, [b"a", b"b"]),
        ({"L": [{"M": {"a": {"S": "x"}}}]}, [{"a": "x"}]),
    ],
)
def test_plain(attribute: dict[str, Any], value: Any) -> None:
    found = plain(attribute)
    assert found == value
    assert type(found) is type(value)


def test_null_is_no_attribute() -> None:
    assert named(',"x":', None) == ""


def test_a_rejection_names_the_attribute() -> None:
    prefix = "," + json_string('say ":"') + ":"
    with pytest.raises(RowRejected) as rejected:
        named(prefix, BROKEN)
    assert rejected.value.reason.startswith('say ":": ')


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        ("integer", "-5", -5),
        ("integer", 2**70, 2**70),
        ("number", "1.5", 1.5),
        ("number", 2, 2.0),
        ("text", "05", "05"),
        ("text", "", ""),
        ("text", 5, "5"),
    ],
)
def test_a_parameter_is_parsed_by_its_type(kind: str, given: Scalar, value: object) -> None:
    assert parse_scalar(kind, given) == value
    assert type(parse_scalar(kind, given)) is type(value)


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("integer", "1.5"),
        ("integer", 1.5),
        ("integer", True),
        ("text", None),
        ("text", b"x"),
        ("integer", ""),
        ("integer", "9" * 5000),
        ("number", "nan"),
        ("number", "1e999"),
        ("number", "x"),
        ("text", "\udcff"),
    ],
)
def test_a_parameter_of_another_type_is_refused(kind: str, given: Scalar) -> None:
    with pytest.raises(ValueError):
        parse_scalar(kind, given)


def test_base64_is_the_standard_one() -> None:
    value = bytes(range(256))
    assert json.loads(encode(value)) == {"B": base64.b64encode(value).decode()}


@pytest.mark.parametrize(("value", "number"), [(7, "7"), (1.5, "1.5"), (-0.0, "0"), ("007", "7")])
def test_a_number_may_come_as_any_class(value: Any, number: str) -> None:
    assert as_number(value) == f'{{"N":"{number}"}}'
