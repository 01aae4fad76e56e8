"""What is an item and what is none."""

from __future__ import annotations

import reprlib
from typing import Any

import pytest

from migration_tool.errors import TargetError
from migration_tool.target.items import require_items

VALUES: list[dict[str, Any]] = [
    {"S": ""},
    {"N": "-1.5E+3"},
    {"B": "AP8="},
    {"BOOL": False},
    {"NULL": True},
    {"L": []},
    {"L": [{"M": {"": {"L": [{"S": "x"}]}}}]},
    {"SS": ["a", "b"]},
    {"NS": ["1", "2.5"]},
    {"BS": ["AA=="]},
]
NO_VALUES: list[Any] = [
    None,
    "x",
    [],
    {},
    {"S": "a", "N": "1"},
    {"S": 5},
    {"N": 5},
    {"N": "NaN"},
    {"N": "é"},
    {"N": ""},
    {"B": "A"},
    {"B": "é"},
    {"BOOL": 1},
    {"NULL": None},
    {"L": {}},
    {"L": [5]},
    {"M": []},
    {"M": {"a": {"S": None}}},
    {"SS": "ab"},
    {"NS": ["x"]},
    {"BS": [["AA=="]]},
    {"X": []},
]


def nested(levels: int) -> Any:
    value: Any = {"S": "x"}
    for _ in range(levels):
        value = {"L": [value]}
    return value


@pytest.mark.parametrize("value", [*VALUES, nested(32)], ids=reprlib.repr)
def test_an_item_of_any_values(value: Any) -> None:
    require_items("t", [{"PK": {"S": "a"}, "x": value}, {}])


@pytest.mark.parametrize("value", [*NO_VALUES, nested(900)], ids=reprlib.repr)
def test_what_holds_no_value_is_no_item(value: Any) -> None:
    with pytest.raises(TargetError, match="no item") as caught:
        require_items("t", [{"PK": {"S": "a"}}, {"PK": {"S": "a"}, "x": value}])
    assert caught.value.obj == "t"


@pytest.mark.parametrize("item", [None, "x", 5, [], [{"S": "x"}]])
def test_what_is_no_object_is_no_item(item: Any) -> None:
    with pytest.raises(TargetError, match="no item"):
        require_items("t", [item])
