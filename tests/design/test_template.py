from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from migration_tool.design.access import render
from migration_tool.design.functions import SPREAD, literal, shard
from migration_tool.design.template import LOW, Field, Reference, Template, code, namespace, parse
from migration_tool.errors import RowRejected

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def row(template: str, **columns: Any) -> str:
    """The template rendered as it is for a row: by the generated source."""
    source = code(parse(template), lambda reference: f"v_{reference.name}")
    values = {f"v_{name}": value for name, value in columns.items()}
    return str(eval(source, {**namespace(), **values}))


def rule_of(template: str, **columns: Any) -> str:
    with pytest.raises(RowRejected) as rejected:
        row(template, **columns)
    return rejected.value.rule


@pytest.mark.parametrize(
    ("template", "columns", "text"),
    [
        ("", {}, ""),
        ("#ARTIST", {}, "#ARTIST"),
        ("A#{Id}", {"Id": 5}, "A#5"),
        ("A#{Id}", {"Id": -5}, "A#-5"),
        ("A#{Id}", {"Id": 1.50}, "A#1.5"),
        ("A#{Id}", {"Id": 5.0}, "A#5"),
        ("A#{Id}", {"Id": "x"}, "A#x"),
        ("{A}{B}", {"A": 1, "B": "b"}, "1b"),
        ("{Id:4}", {"Id": 12}, "0012"),
        ("{Id:4}", {"Id": 0}, "0000"),
        ("{Id:4}", {"Id": 9999}, "9999"),
        ("{Id:19}", {"Id": 2**63 - 1}, "9223372036854775807"),
        ("{ Id : 4 }", {"Id": 12}, "0012"),
        ("{low}", {}, "\x01"),
        ("{ low }x", {}, "\x01x"),
        ("{`low`}", {"low": "column"}, "column"),
        ("{{Id}}", {}, "{Id}"),
        ("{{{Id}}}", {"Id": 5}, "{5}"),
        ("a}}b", {}, "a}b"),
        ("{lower(Name)}", {"Name": "ÀÉÎ ΣΟΦΟΣ"}, "àéî σοφος"),
        ("{lower(Name)}", {"Name": 5}, "5"),
        ("{upper(Name)}", {"Name": "straße"}, "STRASSE"),
        ("{upper(lower(Name))}", {"Name": "İ"}, "I\u0307"),
        ("{escape(Name)}", {"Name": "a#b%c"}, "a%23b%25c"),
        ("{lower(escape(Name))}", {"Name": "A#B"}, "a%23b"),
        ("{year(D)}", {"D": "2021-03-04 05:06:07"}, "2021"),
        ("{month(D)}", {"D": 0}, "1970-01"),
        ("{day(D)}", {"D": 2440587.5}, "1970-01-01"),
        ("{`a b`}", {"a b": 5}, "5"),
        ("'{Id}' \\ \n", {"Id": 5}, "'5' \\ \n"),
    ],
)
def test_what_a_template_renders(template: str, columns: dict[str, Any], text: str) -> None:
    names = {name: f"c{number}" for number, name in enumerate(columns)}
    source = code(parse(template), lambda reference: names[reference.name])
    values = {names[name]: value for name, value in columns.items()}
    assert eval(source, {**namespace(), **values}) == text
    assert render(parse(template), columns) == text, "what is looked for is what is written"


@pytest.mark.parametrize(
    ("field", "reference"),
    [
        ("Id", Reference(None, "Id")),
        ("Album.Title", Reference("Album", "Title")),
        ("`a b`.`c d`", Reference("a b", "c d")),
        ("`a.b`", Reference(None, "a.b")),
        ("`{x}`", Reference(None, "{x}")),
        ("`a``b`", Reference(None, "a`b")),
        ("`f(x)`", Reference(None, "f(x)")),
        ("`a:5`", Reference(None, "a:5")),
        ("`a, 5`", Reference(None, "a, 5")),
        ("`\n'\"\\`", Reference(None, "\n'\"\\")),
        ("é_1", Reference(None, "é_1")),
    ],
)
def test_how_columns_are_named(field: str, reference: Reference) -> None:
    assert parse("{" + field + "}").parts == (Field(reference),)
    assert parse("{" + field + ":7}").parts == (Field(reference, width=7),)
    assert parse("{lower(" + field + ")}").parts == (Field(reference, ("lower",)),)
    assert parse("{shard(" + field + ", 7)}").parts == (Field(reference, ("shard",), 0, 7),)


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{", "unmatched '{'"),
        ("a}", "unmatched '}'"),
        ("{a}}", "unmatched '}'"),
        ("{a{b}}", "unmatched"),
        ("{`a}", "unmatched"),
        ("{}", "not a column"),
        ("{a b}", "not a column"),
        ("{a.b.c}", "not a column"),
        ("{1a}", "not a column"),
        ("{a-b}", "not a column"),
        ("{``}", "not a column"),
        ("{lowr(a)}", "unknown function lowr.*escape, literal, lower"),
        ("{lower()}", "not a column"),
        ("{lower(a):5}", "only a plain column can be padded"),
        ("{a:0}", "1 … 19 digits"),
        ("{a:20}", "1 … 19 digits"),
        ("{a:999999999}", "1 … 19 digits"),
        ("{a:x}", "not a column"),
        ("{shard(a)}", "number of shards from 2 to 1000"),
        ("{shard(a, 1)}", "number of shards from 2 to 1000"),
        ("{shard(a, 1001)}", "number of shards from 2 to 1000"),
        ("{shard(a, ²)}", "number of shards from 2 to 1000"),
        ("{shard(lower(a), 4)}", "not a column"),
        ("{shard(, 4)}", "not a column"),
        ("{lower(shard(a, 4))}", "stands alone"),
        ("{shard(a, 4)}{shard(b, 4)}", "at most one shard"),
        ("{shard(4)}#{shard(8)}", "at most one shard"),
        ("{shard(a, 4):3}", "only a plain column"),
    ],
)
def test_what_is_no_template(template: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse(template)


@pytest.mark.parametrize(
    ("template", "value", "rule"),
    [
        ("{x:4}", -1, "does_not_fit"),
        ("{x:4}", 10_000, "does_not_fit"),
        ("{x:19}", -(2**63), "does_not_fit"),
        ("{x:4}", "5", "not_an_integer"),
        ("{x:4}", 5.0, "not_an_integer"),
        ("{x:4}", b"5", "not_an_integer"),
        ("{x}", b"5", "blob_in_text"),
        ("{x}", float("inf"), "number_not_finite"),
        ("{lower(x)}", b"5", "blob_in_text"),
        ("{shard(x, 4)}", b"5", "blob_in_text"),
        ("{year(x)}", "soon", "not_a_date"),
    ],
)
def test_values_that_cannot_stand_there(template: str, value: Any, rule: str) -> None:
    assert rule_of(template, x=value) == rule


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (1, 9),
        (2, 3),
        (3505, 3),
        ("abc", 11),
        ("é", 7),
        (0.5, 9),
        ("1", 9),
        (-5, 6),
        ("-5", 6),
        (2**63 - 1, 14),
    ],
)
def test_shards_never_change(value: Any, number: int) -> None:
    """Golden values: another hash would leave every loaded item in a partition that nobody asks."""
    assert row("{shard(x, 16)}", x=value) == str(number)


@given(st.integers(-(2**63), 2**63 - 1), st.integers(2, 1000))
def test_sqlite_finds_the_same_shard(value: int, shards: int) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        found = connection.execute(f"SELECT {SPREAD.format('?1', shards)}", (value,)).fetchone()
    assert found == (shard(value, shards),)
    assert row(f"{{shard(x, {shards})}}", x=value) == str(shard(value, shards))


def test_every_shard_is_used() -> None:
    for step in (1, 8, 1000):
        assert {row("{shard(x, 8)}", x=step * n) for n in range(200)} == {str(n) for n in range(8)}


def test_how_many_partitions_a_template_stands_for() -> None:
    assert parse("A#{shard(8)}").shards() == 8
    assert parse("A#{shard(x, 8)}").shards() == 0, "a known value has one shard"
    assert parse("A#{x}").shards() == 0
    assert render(parse("A#{shard(8)}"), {}, 5) == "A#5"


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_padded_text_order_is_number_order(one: int, other: int) -> None:
    assert (row("{x:7}", x=one) < row("{x:7}", x=other)) == (one < other)


@given(st.lists(st.tuples(TEXTS, st.integers(0, 9999)), max_size=8))
def test_low_keeps_names_before_their_continuations(rows: list[tuple[str, int]]) -> None:
    rows = [(name, id) for name, id in rows if not {"\x00", LOW} & set(name)]
    keys = {(name, id): row("{lower(n)}{low}{id:4}", n=name, id=id).encode() for name, id in rows}
    by_key = [(name.lower(), id) for name, id in sorted(rows, key=keys.__getitem__)]
    assert by_key == sorted(by_key, key=lambda pair: (pair[0].encode(), pair[1]))


@given(TEXTS)
def test_escaped_text_holds_no_separator_and_can_be_read_back(text: str) -> None:
    escaped = row("{escape(x)}", x=text)
    assert "#" not in escaped
    assert escaped.replace("%23", "#").replace("%25", "%") == text


@given(TEXTS)
def test_literal_text_stands_as_it_is(text: str) -> None:
    source = text.replace("{", "{{").replace("}", "}}")
    template = parse(source)
    assert row(source) == text
    assert template == Template(source, (text,) if text else ())


@given(TEXTS.filter(bool))
def test_any_name_can_be_written(name: str) -> None:
    quoted = name.replace("`", "``")
    assert parse("{`" + quoted + "`}").references() == (Reference(None, name),)
    assert parse("{`" + quoted + "`.`" + quoted + "`:3}").references() == (Reference(name, name),)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("A#{x}", "A#{y}", True),
        ("A#{x}", "A#{lower(y)}", False),
        ("A#{x:5}", "A#{y:6}", False),
        ("A#{x}", "B#{x}", False),
        ("A#{shard(x, 8)}", "A#{shard(8)}", True),
        ("A#{shard(x, 8)}", "A#{shard(4)}", False),
        ("A{low}{x}", "A\x01{y}", True),
    ],
)
def test_shapes(one: str, other: str, same: bool) -> None:
    assert (parse(one).shape() == parse(other).shape()) is same


_ANYTHING = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.binary(),
)


@given(_ANYTHING, _ANYTHING)
@example(1, 1.0)
@example(1, "1")
@example("1", b"1")
@example(2**53 + 1, float(2**53))
@example("x" * 300, "x" * 299 + "y")
@example("x" * 300, literal("x" * 300)[1:])
def test_literal_text_is_equal_only_where_sqlite_calls_the_values_equal(one: Any, other: Any) -> None:
    texts = literal(one), literal(other)
    assert all(text.isascii() and text.isprintable() and "#" not in text for text in texts)
    assert all(len(text) <= 120 for text in texts)
    with closing(sqlite3.connect(":memory:")) as connection:
        (same,) = connection.execute("SELECT ? = ?", (one, other)).fetchone()
    assert (texts[0] == texts[1]) == bool(same)
