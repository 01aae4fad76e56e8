from __future__ import annotations

import base64
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migration_tool.attributes import MAX_NESTING, encode, json_string
from migration_tool.errors import RowRejected
from migration_tool.limits import (
    LARGE_TEXT,
    MAX_ITEM_BYTES,
    MAX_PARTITION_KEY_BYTES,
    MAX_SORT_KEY_BYTES,
    check_key,
    checked,
    item_size,
    number_size,
    value_size,
)
from migration_tool.numbers import canonical_number

from .engines import Engine

pytestmark = pytest.mark.row(20)

UNIT = 1024
Put = Callable[[dict[str, Any]], tuple[float, dict[str, Any]]]


@pytest.mark.parametrize(
    ("number", "size"),
    [
        ("0", 1),
        ("-0.0", 1),
        ("1", 2),
        ("-1", 3),
        ("12", 2),
        ("123", 3),
        ("1000", 2),
        ("1.5", 3),
        ("0.5", 2),
        ("0.001", 2),
        ("-12.345", 5),
        ("9" * 38, 20),
    ],
)
def test_the_size_of_a_number(number: str, size: int) -> None:
    assert number_size(number) == size


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": ""}, 0),
        ({"S": "é\U0001f600"}, 6),
        ({"B": ""}, 0),
        ({"B": "YQ=="}, 1),
        ({"B": "YWI="}, 2),
        ({"B": "YWJj"}, 3),
        ({"BOOL": False}, 1),
        ({"NULL": True}, 1),
        ({"L": []}, 3),
        ({"M": {}}, 3),
        ({"L": [{"S": "a"}]}, 5),
        ({"M": {"k": {"S": "a"}}}, 6),
        ({"SS": ["a", "bc"]}, 3),
        ({"NS": ["1", "123"]}, 5),
        ({"BS": ["YQ==", "YWI="]}, 3),
    ],
)
def test_the_size_of_a_value(value: dict[str, Any], size: int) -> None:
    assert value_size(value) == size


def test_names_count() -> None:
    assert item_size({"é": {"S": "x"}, "n": {"N": "1"}}) == 2 + 1 + 1 + 2


NUMBERS = st.one_of(
    st.integers(-(10**37), 10**37).map(str),
    st.decimals(-(10**20), 10**20, allow_nan=False, places=10).map(str),
    st.tuples(st.integers(-(10**15), 10**15), st.integers(-100, 100)).map(lambda n: f"{n[0]}E{n[1]}"),
).map(canonical_number)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
LEAVES = st.one_of(
    NUMBERS.map(lambda text: {"N": text}),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40).map(lambda text: {"S": text}),
    st.binary(max_size=40).map(lambda data: {"B": base64.b64encode(data).decode()}),
    st.booleans().map(lambda truth: {"BOOL": truth}),
    st.just({"NULL": True}),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda found: {"L": found})
        | st.dictionaries(NAMES, inner, max_size=4).map(lambda found: {"M": found})
    ),
    max_leaves=8,
)
ITEMS = st.dictionaries(NAMES.filter(lambda name: name not in ("PK", "pad")), VALUES, max_size=5)


def paired_digits_more(value: Any) -> int:
    """Bytes that DynamoDB Local counts beyond the documented size.

    It stores pairs of digits, counted from the point, and drops only pairs of zeros: 120 is 01 20.
    """
    if isinstance(value, list):
        return sum(map(paired_digits_more, value))
    if not isinstance(value, dict):
        return 0
    if set(value) == {"N"} and isinstance(value["N"], str):
        whole, _, fraction = canonical_number(value["N"]).lstrip("-").partition(".")
        digits = whole.zfill(len(whole) + len(whole) % 2) + fraction + "0" * (len(fraction) % 2)
        pairs = [digits[n : n + 2] for n in range(0, len(digits), 2)]
        text = "".join("." if pair == "00" else "x" for pair in pairs).strip(".")
        return 1 + len(text) + value["N"].startswith("-") - number_size(value["N"])
    return sum(map(paired_digits_more, value.values()))


@pytest.fixture(scope="module")
def put(real_engine: Engine) -> Put:
    """Puts an item and gives the write units that the engine counted, and the item as it now stands."""
    table = f"limits_{uuid.uuid4().hex}"
    key = [{"AttributeName": "PK", "KeyType": "HASH"}]
    definition = [{"AttributeName": "PK", "AttributeType": "S"}]
    real_engine.call(
        "CreateTable",
        {
            "TableName": table,
            "KeySchema": key,
            "AttributeDefinitions": definition,
            "BillingMode": "PAY_PER_REQUEST",
        },
    )

    def put(item: dict[str, Any]) -> tuple[float, dict[str, Any]]:
        real_engine.call("DeleteItem", {"TableName": table, "Key": {"PK": item["PK"]}})
        body = {"TableName": table, "Item": item, "ReturnConsumedCapacity": "TOTAL"}
        units = real_engine.call("PutItem", body)["ConsumedCapacity"]["CapacityUnits"]
        get = {"TableName": table, "Key": {"PK": item["PK"]}, "ConsistentRead": True}
        stored: dict[str, Any] = real_engine.call("GetItem", get)["Item"]
        return units, stored

    return put


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(item=ITEMS)
def test_the_engines_count_the_same_bytes(put: Put, real_engine: Engine, item: dict[str, Any]) -> None:
    item = {"PK": {"S": "x"}, **item, "pad": {"S": ""}}
    more = paired_digits_more(item) if real_engine.name == "dynamodb_local" else 0
    item["pad"]["S"] = "p" * (-(item_size(item) + more) % UNIT)
    full = item_size(item) + more
    assert full % UNIT == 0
    assert put(item)[0] == full // UNIT
    item["pad"]["S"] += "p"
    assert put(item)[0] == full // UNIT + 1


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(number=NUMBERS)
def test_the_engines_keep_the_number(put: Put, number: str) -> None:
    stored = put({"PK": {"S": "x"}, "n": {"N": number}})[1]["n"]["N"]
    assert canonical_number(stored) == number
    assert Decimal(stored) == Decimal(number)


def test_the_engines_take_the_deepest_json_value_in_an_embedded_list(put: Put) -> None:
    value: dict[str, Any] = {"S": "x"}
    for _ in range(MAX_NESTING + len(["L", "M"])):
        value = {"L": [value]}
    assert put({"PK": {"S": "x"}, "v": value})[1]["v"] == value
    with pytest.raises(AssertionError, match="ValidationException"):
        put({"PK": {"S": "x"}, "v": {"L": [value]}})


def item_of(size: int, character: str = "x") -> str:
    """The text of an item that DynamoDB counts as exactly `size` bytes."""
    width = len(character.encode())
    room = size - len("PKk") - len("pad")
    item = {"PK": {"S": "k" + "k" * (room % width)}, "pad": {"S": character * (room // width)}}
    assert item_size(item) == size
    return orjson.dumps(item).decode()


@pytest.mark.parametrize("character", ["x", "é", "\U0001f600", "\x01"])
@pytest.mark.parametrize("size", [MAX_ITEM_BYTES - 1, MAX_ITEM_BYTES])
def test_an_item_of_400_kb_is_taken(size: int, character: str) -> None:
    checked(item_of(size, character))


@pytest.mark.parametrize("character", ["x", "é", "\U0001f600", "\x01"])
def test_a_byte_more_is_not(character: str) -> None:
    with pytest.raises(RowRejected, match="409,601 bytes") as rejected:
        checked(item_of(MAX_ITEM_BYTES + 1, character))
    assert rejected.value.rule == "item_too_large"


def test_the_engines_draw_the_line_there_too(
    put: Put,
) -> None:
    assert put(orjson.loads(item_of(MAX_ITEM_BYTES)))[0] == MAX_ITEM_BYTES // UNIT
    with pytest.raises(AssertionError, match="ValidationException"):
        put(orjson.loads(item_of(MAX_ITEM_BYTES + 1)))


ROWS = st.dictionaries(
    NAMES,
    st.one_of(
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: x == 0 or 1e-129 < abs(x) < 1e125),
        st.text(st.characters(exclude_categories=["Cs"])),
        st.binary(),
    ),
    min_size=1,
)


@given(ROWS)
def test_a_short_text_cannot_be_a_large_item(row: dict[str, Any]) -> None:
    text = "{" + ",".join(f"{json_string(name)}:{encode(value)}" for name, value in row.items()) + "}"
    assert item_size(orjson.loads(text)) <= 4 * len(text)
    assert 4 * LARGE_TEXT <= MAX_ITEM_BYTES


@given(VALUES)
def test_nor_can_a_nested_one(value: dict[str, Any]) -> None:
    assert value_size(value) <= 4 * len(orjson.dumps(value).decode())


@pytest.mark.parametrize(
    ("limit", "character"),
    [(limit, c) for limit in (MAX_PARTITION_KEY_BYTES, MAX_SORT_KEY_BYTES) for c in ("k", "é", "\U0001f600")],
)
def test_a_key_of_full_length(limit: int, character: str) -> None:
    key = character * (limit // len(character.encode()))
    check_key("PK", key, limit)
    with pytest.raises(RowRejected, match=f"PK has {limit + 1:,} bytes") as rejected:
        check_key("PK", key + "x", limit)
    assert rejected.value.rule == "key_too_long"


@pytest.mark.parametrize(("key", "rule"), [(None, "null_key"), ("", "empty_key")])
def test_no_key(key: str | None, rule: str) -> None:
    with pytest.raises(RowRejected) as rejected:
        check_key("SK", key, MAX_SORT_KEY_BYTES)
    assert rejected.value.rule == rule
