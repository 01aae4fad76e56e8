from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration_tool.attributes import encode
from migration_tool.design.load import load_design
from migration_tool.verify.answers import Answers, same_value

from .helpers import DESIGNS

SAME = [
    ('["b", "a"]', {"SS": ["a", "b"]}),
    ("[10, 9.5]", {"NS": ["10", "9.5"]}),
    (1, {"N": "1"}),
    (1, {"N": "1.0"}),
    (0.99, {"N": "0.99"}),
    (0.99, {"N": "0.990"}),
    (1e20, {"N": "1E+20"}),
    (2**62, {"N": str(2**62)}),
    (-0.0, {"N": "0"}),
    ("", {"S": ""}),
    ("é", {"S": "é"}),
    (b"", {"B": ""}),
    (b"\0\xff", {"B": "AP8="}),
    ("[]", {"L": []}),
    (
        '[1, 0.5, "x", null, true]',
        {"L": [{"N": "1"}, {"N": "0.5"}, {"S": "x"}, {"NULL": True}, {"BOOL": True}]},
    ),
    ('{"a": {"b": 1e2}}', {"M": {"a": {"M": {"b": {"N": "100"}}}}}),
    ('{"a": 1, "b": null}', {"M": {"a": {"N": "1"}}}),
    ("[0.3]", {"L": [{"N": "0.30000000000000004"}]}),
    ("[1.23456789012346]", {"L": [{"N": "1.2345678901234567"}]}),
    ("[12345678901234567890123]", {"L": [{"N": "12345678901234567890123"}]}),
]
OTHER = [
    (1, {"N": "2"}),
    (1, {"S": "1"}),
    ("1", {"N": "1"}),
    (0.1, {"N": "0.10000000000000001"}),
    (2**53 + 1, {"N": str(2**53)}),
    (float("inf"), {"N": "1"}),
    ("a", {"S": "A"}),
    ("é", {"S": "e\u0301"}),
    (b"x", {"S": "x"}),
    ("AP8=", {"B": "AP8="}),
    (1, {"BOOL": True}),
    ('["a", "a"]', {"SS": ["a", "b"]}),
    ('["a", "b"]', {"SS": ["a"]}),
    ('["1"]', {"NS": ["1"]}),
    ('{"a": 1}', {"SS": ["a"]}),
    ("[1]", {"L": []}),
    ("[1, 2]", {"L": [{"N": "2"}, {"N": "1"}]}),
    ('["1"]', {"L": [{"N": "1"}]}),
    ("[true]", {"L": [{"N": "1"}]}),
    ("[1]", {"L": [{"BOOL": True}]}),
    ('{"a": 1}', {"M": {"b": {"N": "1"}}}),
    ('{"a": 1}', {"M": {"a": {"N": "1"}, "b": {"N": "1"}}}),
    ("[0.3]", {"L": [{"N": "0.3000000001"}]}),
    ("[12345678901234567890123]", {"L": [{"N": "12345678901234567890124"}]}),
    ("no JSON", {"L": []}),
    ("[" * 100_000, {"L": []}),
    (5, {"L": [{"N": "5"}]}),
]


@pytest.mark.parametrize(("value", "attribute"), SAME)
def test_the_same(value: Any, attribute: dict[str, Any]) -> None:
    assert same_value(value, attribute)


@pytest.mark.parametrize(("value", "attribute"), OTHER)
def test_not_the_same(value: Any, attribute: dict[str, Any]) -> None:
    assert not same_value(value, attribute)


@given(st.one_of(st.integers(-(2**63), 2**63 - 1), st.floats(-1e125, 1e125), st.text(), st.binary()))
def test_every_value_is_the_attribute_that_it_becomes(value: Any) -> None:
    if isinstance(value, float) and 0 < abs(value) < 1e-130:
        value = 0.0
    assert same_value(value, orjson.loads(encode(value)))


@pytest.fixture
def answers() -> Answers:
    return Answers(load_design(DESIGNS / "music_catalog.yaml"), ["Id", "Name", "-order"])


def item(number: int, name: str | None = None) -> dict[str, Any]:
    return {"Id": {"N": str(number)}, **({"Name": {"S": name}} if name else {})}


def test_equal_answers_are_no_failure(answers: Answers) -> None:
    assert answers.failure({}, [], []) is None
    assert answers.failure({}, [(1, "a", 7), (2, None, 8)], [item(1, "a"), item(2)]) is None


def test_a_different_count(answers: Answers) -> None:
    failure = answers.failure({"p": 1}, [(1, "a", 0), (2, "b", 0)], [item(1, "a")])
    assert failure and failure.reason == "the SQL gives 2 rows, the table 1 item"
    assert (failure.expected_count, failure.actual_count, failure.arguments) == (2, 1, {"p": 1})
    assert failure.expected == ({"Id": 1, "Name": "a"}, {"Id": 2, "Name": "b"})
    assert failure.actual == ({"Id": 1, "Name": "a"},)


def test_another_order(answers: Answers) -> None:
    failure = answers.failure({}, [(1, "a", 0), (2, None, 0)], [item(2), item(1, "a")])
    assert failure and failure.reason == "the items are the right ones in another order, from row 1 on"


def test_another_value(answers: Answers) -> None:
    failure = answers.failure({}, [(1, "a", 0), (2, "b", 0)], [item(1, "a"), item(2, "c")])
    assert failure and failure.reason == 'row 2: Name is "c", the SQL gives "b"'


def test_null_and_absent(answers: Answers) -> None:
    too_much = answers.failure({}, [(1, None, 0)], [item(1, "a")])
    assert too_much and too_much.reason == 'row 1: Name is "a", the SQL gives absent'
    too_little = answers.failure({}, [(1, "a", 0)], [item(1)])
    assert too_little and too_little.reason == 'row 1: Name is absent, the SQL gives "a"'
    null = answers.failure({}, [(1, None, 0)], [{**item(1), "Name": {"NULL": True}}])
    assert null and "Name" in null.reason


def test_long_answers_are_shown_around_the_first_difference(answers: Answers) -> None:
    rows = [(n, "x", 0) for n in range(1_000)]
    items = [item(n, "y" if n == 500 else "x") for n in range(1_000)]
    failure = answers.failure({}, rows, items)
    assert failure and failure.first_row == 498
    assert [row["Id"] for row in failure.expected] == list(range(498, 508))
    assert failure.actual[2] == {"Id": 500, "Name": "y"}


def test_declared_types_count_as_equal(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(
        """
        {version: 1, table: Shop, entities: {Thing: {from: Thing, keys: {PK: "{Id}", SK: x}, attributes: {
          Code: {column: Code, as: text}, Sold: {column: Sold, as: boolean}, Born: {column: Born, as: date},
          Price: {column: Price, as: number}}}}}
        """
    )
    answers = Answers(load_design(path), ["Code", "Sold", "Born", "Price"])
    found = {
        "EntityType": {"S": "Thing"}, "Code": {"S": "7"}, "Sold": {"BOOL": True},
        "Born": {"S": "1970-01-01T00:00:00Z"}, "Price": {"N": "1.50"},
    }  # fmt: skip
    assert answers.failure({}, [(7, "yes", 0, "1.5")], [found]) is None
    assert answers.failure({}, [(7, "no", 0, "1.5")], [found])
    assert answers.failure({}, [(7, "maybe", 0, "1.5")], [found])
    assert answers.failure({}, [(7, "yes", 0, "1.5")], [{**found, "EntityType": {"S": "Other"}}])


def test_failures_show_exact_numbers(answers: Answers) -> None:
    failure = answers.failure({}, [(0.1, "a", 0)], [{"Id": {"N": "0.12345678901234567890123"}}])
    assert failure and failure.actual == ({"Id": Decimal("0.12345678901234567890123")},)


def test_without_a_sort_key_the_items_may_come_in_any_order() -> None:
    answers = Answers(load_design(DESIGNS / "music_catalog.yaml"), ["Id", "Name"], ordered=False)
    rows = [(3, "c"), (1, "a"), (2, None), (1, "a")]
    items = [item(1, "a"), item(2), item(1, "a"), item(3, "c")]
    assert answers.failure({}, rows, items) is None
    wrong = answers.failure({}, rows, [*items[:3], item(3, "d")])
    assert wrong and wrong.reason == 'row 1: Name is "d", the SQL gives "c"'
    assert answers.failure({}, rows, [*items[1:], item(2)])
    assert answers.failure({}, rows, items[1:])
    assert answers.lacks_only(rows, items[1:], 1)
    assert not answers.lacks_only(rows, items[2:], 1)
    assert not answers.lacks_only(rows, [item(4)], 3)
