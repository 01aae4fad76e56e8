"""Expressions: what they are worth, what they refuse, and that SQLite says the same where it is exact."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from decimal import Decimal, localcontext
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migration_tool.design.expression import code
from migration_tool.design.load_expression import parse_condition, parse_expression
from migration_tool.design.operations import CALLS, namespace
from migration_tool.errors import RowRejected
from migration_tool.numbers import number_text


def value(source: str, **columns: Any) -> Any:
    text = code(parse_expression(source), lambda reference: reference.name)
    return eval(text, namespace() | columns)


ROW = {
    "Id": 3,
    "Price": 0.99,
    "Name": " Ad'a ",
    "Gone": None,
    "Big": 10**37 + 1,
    "Born": 86_400,
    "Blob": b"x",
    "No": "no",
}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("1 + 2 * 3 - 4 / 8", "6.5"),
        ("(1 + 2) * -3", -9),
        ("- -3", 3),
        ("0.1 + 0.2", "0.3"),
        ("Price * 3", "2.97"),
        ("Id * Price", "2.97"),
        ("7 / 2", "3.5"),
        ("1 / 3", "0." + "3" * 38),
        ("2 / 3", "0." + "6" * 37 + "7"),
        ("7 % 3", 1),
        ("-7 % 3", -1),
        ("7 / 0", None),
        ("7 % (1 - 1)", None),
        ("Big - 1", 10**37),
        ("round(2.5)", 3),
        ("round(-2.5)", -3),
        ("round(Price / 7, 4)", "0.1414"),
        ("round(1299, -2)", 1300),
        ("round(1.5, 9)", "1.5"),
        ("round(1.5, Gone)", None),
        ("floor(-1.5)", -2),
        ("ceil(-1.5)", -1),
        ("abs(-1.5)", "1.5"),
        ("Id = 3.0 and 'a' < 'b'", True),
        ("Id <> 3 or Id >= 4", False),
        ("Id != 4 and Id < 4 and Id <= 3 and not Id > 3", True),
        ("not Gone = 1", None),
        ("Gone is null", True),
        ("Gone is not null", False),
        ("Gone = 1 and Id = 4", False),
        ("Gone = 1 or Id = 3", True),
        ("Id in (1, 2, 3)", True),
        ("Id not in (1, 2)", True),
        ("Id in (1, Gone)", None),
        ("Gone in (1)", None),
        ("Id between 1 and 3 and true", True),
        ("Id not between 4 and 9", True),
        ("Id between 4 and Gone", False),
        ("'a''b' || Id || 0.50", "a'b30.5"),
        ("'x' || Gone", None),
        ("concat('x', Gone, Id)", "x3"),
        ("lower(trim(Name)) || upper('é')", "ad'aÉ"),
        ("escape('a#')", "a%23"),
        ("length(Name)", 6),
        ("substr('hello', 2, 3)", "ell"),
        ("substr('hello', -3)", "llo"),
        ("substr('hello', 9)", ""),
        ("instr('hello', 'l')", 3),
        ("replace('hello', 'l', 'LL')", "heLLLLo"),
        ("replace('hello', '', 'x')", "hello"),
        ("coalesce(Gone, null, Id)", 3),
        ("nullif(trim(' '), '')", None),
        ("nullif(Id, Gone)", 3),
        ("if(Id = 3, 'yes')", "yes"),
        ("if(Gone, 'yes', 'no')", "no"),
        ("case when Id = 1 then 'one' when Id = 3 then 'three' else 'many' end", "three"),
        ("CASE WHEN Id = 1 THEN 'one' END", None),
        ("year(Born) || '/' || month(Born) || '/' || day(Born)", "1970/1970-01/1970-01-02"),
        ("date(Born)", "1970-01-02T00:00:00Z"),
        ("number(' 1.50 ') + 1", "2.5"),
        ("text(Id) = '3'", True),
        ("boolean('yes')", True),
        ("if(No, 1, 2)", 2),
        ("`Id` = 3", True),
        ("Blob is null", False),
        ("Blob", b"x"),
        ("if(true, 1, number('x'))", 1),
        ("coalesce(1, number('x'))", 1),
        ("false and number('x') = 1", False),
        ("true or number('x') = 1", True),
    ],
)  # fmt: skip
def test_what_an_expression_is_worth(source: str, expected: object) -> None:
    found = value(source, **ROW)
    if isinstance(found, Decimal):
        assert found == Decimal(str(expected))
    else:
        assert (type(found), found) == (type(expected), expected)


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        ("Name + 1", "not_a_number"),
        ("Blob * 2", "not_a_number"),
        ("number(Name)", "not_a_number"),
        ("Big * Big * Price", "number_too_precise"),
        ("1e38 + 1", "number_too_precise"),
        ("1e125 * 10", "number_out_of_range"),
        ("1e-130 / 10", "number_out_of_range"),
        ("1e-130 / 3", "number_out_of_range"),
        ("round(9.99e125, -125)", "number_out_of_range"),
        ("1e125 % 7", "number_too_precise"),
        ("Endless + 1", "number_not_finite"),
        ("Id = Name", "not_comparable"),
        ("Id in ('3', Name)", "not_comparable"),
        ("Name and true", "not_a_boolean"),
        ("round(1, 0.5)", "not_an_integer"),
        ("round(1, 200)", "not_an_integer"),
        ("substr('x', Price)", "not_an_integer"),
        ("lower(Blob)", "blob_in_text"),
        ("year(Name)", "not_a_date"),
        ("replace(Long, 'x', Long)", "item_too_large"),
        ("concat(Long, Long, Long, Long, Long)", "item_too_large"),
    ],
)  # fmt: skip
def test_a_row_that_has_no_value_is_rejected(source: str, rule: str) -> None:
    with pytest.raises(RowRejected) as raised:
        value(source, **ROW, Endless=float("inf"), Long="x" * 100_000)
    assert raised.value.rule == rule


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("", "at 1: expected a column, a number, a 'text' or a function, found the end"),
        ("1 +", "at 4: expected a column"),
        ("(Id", "at 4: expected ')', found the end"),
        ("Id Name", "at 4: expected an operator or the end, found 'Name'"),
        ("Id = ;", "at 6: expected a name, a number, a 'text' or an operator"),
        ("'open", "at 1: expected a name"),
        ("Id.Name.More", "at 8: expected a name"),
        ("1x", "at 1: expected a name"),
        ("1e999", "at 1: 1e999 is outside"),
        ("lowr(Name)", "at 1: unknown function 'lowr'; did you mean 'lower'?"),
        ("1 + equal(1, 1)", "at 5: unknown function 'equal'"),
        ("lower(Name, 1)", "at 1: lower() takes 1 values, found 2"),
        ("substr(Name)", "at 1: substr() takes 2 or 3 values, found 1"),
        ("coalesce()", "at 1: coalesce() takes 1 values, found 0"),
        ("case Id when 3 then 1 end", "at 6: expected 'when', found 'Id'"),
        ("case when Id then 1", "at 20: expected 'end', found the end"),
        ("case when 1 + 1 then 1 end", "at 1: case takes a condition, found a number"),
        ("Id is 3", "at 7: expected 'null', found '3'"),
        ("Id not 3", "at 4: expected an operator"),
        ("Id in 3", "at 7: expected '(', found '3'"),
        ("'a' * 2", "at 5: * takes a number, found a text"),
        ("not 'a'", "at 1: not takes a condition, found a text"),
        ("Id = 1 and 'x'", "at 8: and takes a condition, found a text"),
        ("1 = 'x'", "at 3: = compares values of different kinds"),
        ("1 in (1, 'x')", "at 3: in compares values of different kinds"),
        ("year(Id + 1)", "at 1: year takes a column or a text, found a number"),
        ("(" * 41 + "Id", "at 42: more than 40 brackets within one another"),
        ("not " * 41 + "Id", "more than 40 brackets"),
        ("case when Id then " * 41, "more than 40 brackets"),
        ("Id" + "+1" * 101, "at 203: too much in one expression"),
        ("Id or " * 60 + "Id", "at 4: too much in one expression"),
        ("Id" + " " * 4_000, "an expression has 4,000 characters at most"),
    ],
)  # fmt: skip
def test_a_fault_names_its_position(source: str, fault: str) -> None:
    with pytest.raises(ValueError) as raised:
        parse_expression(source)
    assert fault in str(raised.value)


def test_the_largest_expressions_are_compiled() -> None:
    """What the bounds let through Python reads, too."""
    deep = "coalesce(" * 39 + "Id" + ")" * 39
    for source in ("Id" + "+1" * 100, " or ".join(["Id = 9"] * 49), "(" * 40 + "Id" + ")" * 40, deep):
        assert value(source, Id=3) in (103, False, 3)
    many = "case " + " ".join(f"when Id = {n} then {n}" for n in range(24)) + " end"
    assert value(many, Id=20) == 20


def test_a_condition_is_one() -> None:
    assert parse_condition("Id > 3").source == "Id > 3"
    with pytest.raises(ValueError, match="expected a condition, found a number"):
        parse_condition("Id + 3")


@given(st.text(st.sampled_from("aI1'`(){}[].,+-*/%|<>=! \n\\\"_#:;é"), max_size=40))
def test_any_text_is_an_expression_or_a_fault(source: str) -> None:
    try:
        parse_expression(source)
    except ValueError as error:
        assert str(error)


@given(
    st.lists(
        st.sampled_from([*CALLS, "(", ")", "(", ")", ",", "Id", "'x'", "1", "and", "+", "case"]), max_size=20
    )
)
def test_any_words_are_an_expression_or_a_fault(words: list[str]) -> None:
    try:
        parse_expression(" ".join(words))
    except ValueError as error:
        assert str(error)


WHOLE = st.none() | st.integers(-9, 9)
TEXT = st.none() | st.text(st.sampled_from("aAbB '%"), max_size=6)
SAME_AS_SQLITE = [
    "a + b * c - a", "(a + b) % nullif(c, 0)", "-a - -b", "a < b or b < c and not c = a",
    "not (a <= b and b >= c)",
    "a <> b or c is null", "a is not null and b is null", "a between b and c", "a not between b and c",
    "a in (b, c)", "a not in (b, 1, c)", "coalesce(a, b, c)", "nullif(a, b)",
    "case when a > b then a when b > c then b else c end", "case when a = b then c end", "abs(a) - abs(b)",
    "x || y || a", "lower(x) || upper(y)", "trim(x)", "length(x || y)", "replace(x, y, 'z')", "instr(x, y)",
    "substr(x, a)", "substr(x, a, abs(b))", "x < y", "x = y or x > y", "a || (b * c)", "a % 3 = 1 and x <> y",
]  # fmt: skip


@settings(max_examples=150)
@given(a=WHOLE, b=WHOLE, c=WHOLE, x=TEXT, y=TEXT, source=st.sampled_from(SAME_AS_SQLITE))
def test_sqlite_says_the_same(a: Any, b: Any, c: Any, x: Any, y: Any, source: str) -> None:
    row = {"a": a, "b": b, "c": c, "x": x, "y": y}
    with closing(sqlite3.connect(":memory:")) as connection:
        columns = ", ".join(f":{name} AS {name}" for name in row)
        (expected,) = connection.execute(f"SELECT {source} FROM (SELECT {columns})", row).fetchone()
    found = value(source, **row)
    assert (int(found) if type(found) is bool else found) == expected


NUMBER = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False, width=64).filter(
    lambda number: not number or 1e-120 < abs(number) < 1e120
)


@given(one=NUMBER, other=NUMBER, sign=st.sampled_from("+-*/"))
def test_arithmetic_is_exact_or_rejects_the_row(one: float, other: float, sign: str) -> None:
    left, right = Decimal(repr(one)), Decimal(repr(other))
    with localcontext(prec=400):
        exact = (
            None if sign == "/" and not right else eval(f"left {sign} right", {"left": left, "right": right})
        )
    try:
        found = value(f"a {sign} b", a=one, b=other)
    except RowRejected as rejected:
        assert rejected.rule in ("number_too_precise", "number_out_of_range")
        with pytest.raises(RowRejected):
            number_text(str(exact))
        return
    if exact is None:
        assert found is None
    elif sign == "/":
        assert found == 0 == exact or abs(Decimal(found) - exact) <= abs(exact) * Decimal("1e-37")
        number_text(str(found))
    else:
        assert Decimal(found) == exact
