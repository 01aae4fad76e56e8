"""Functions of the user's own, in rows and in attributes."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from migration_tool.design.compile import CompiledDesign, compile_design
from migration_tool.design.load import load_design
from migration_tool.design.own_code import LOOKED_AT_TWICE
from migration_tool.design.uniqueness import proof
from migration_tool.errors import DesignError, RowSkipped
from migration_tool.source.fragments import Beyond
from migration_tool.source.item_sql import item_expression
from migration_tool.source.sqlite import SqliteSource

from ..conftest import ROOT
from .conftest import HEAD, Make
from .helpers import KEYS, THING, items, rejects, rules

ROWS = "INSERT INTO Thing VALUES (1, 'ab', 1.5, 7, x'00', NULL), (2, NULL, 2, NULL, NULL, 'x');"
Bound = tuple[SqliteSource, CompiledDesign]
With = Callable[..., Bound]


@pytest.fixture
def having(make: Make, tmp_path: Path) -> Iterator[With]:
    """A source and a design over it, with the files of its own code."""
    before = set(sys.modules)

    def having(design: str, allow: bool = True, rows: str = ROWS, **files: str) -> Bound:
        for name, content in files.items():
            (tmp_path / f"{name}.py").write_text(content)
        (tmp_path / "shop.yaml").write_text(HEAD + design)
        source = make(THING + rows)
        return source, compile_design(load_design(tmp_path / "shop.yaml"), source.schema, allow)

    yield having
    for name in set(sys.modules) - before:
        if name.startswith("own_code_"):
            del sys.modules[name]


def of_rows(body: str) -> dict[str, str]:
    return {"shop": f"def row(row):\n    {body}\n"}


ENTITY = f"entities: {{Thing: {{transform: 'shop:row', {KEYS}, attributes: {{'*': Thing}}}}}}"
WHOLE = {"length": 2, "of": ["ab", None, Decimal("1.5"), b"x"]}
VALUE = f"entities: {{Thing: {{{KEYS}, attributes: {{Name: {{transform: 'shop:value'}}}}}}}}"


def test_a_row_goes_through_the_function_before_everything_else(having: With) -> None:
    bound = having(
        ENTITY, **of_rows("return {**row, 'Id': row['Id'] + 10, 'Name': (row['Name'] or '-') * 2}")
    )
    first, second = items(bound)
    assert (first["PK"], first["Id"], first["Name"]) == ("T#11", 11, "abab")
    assert (first["Price"], first["Data"]) == (Decimal("1.5"), b"\x00")
    assert (second["PK"], second["Name"]) == ("T#12", "--")


def test_what_the_function_leaves_out_is_null_and_none_leaves_the_row_out(having: With) -> None:
    bound = having(ENTITY, **of_rows("return {'Id': 5, 'Any': True} if row['Name'] else None"))
    source, design = bound
    entity = design.entity("Thing")
    (_, first), (_, second) = source.rows(entity.read)
    assert entity.item(first)[0] == "T#5" and '"Name"' not in entity.item(first)[2]
    assert '"Any":{"N":"1"}' in entity.item(first)[2]
    with pytest.raises(RowSkipped, match="shop:row"):
        entity.item(second)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("return row['Name'].upper()", "a str, not a row"),
        ("return {**row, 'Other': 1}", "'Other', which is no column"),
        ("return {**row, 'Name': [1]}", "which SQLite does not store"),
        ("return {**row, 'Price': 2**63}", "which SQLite does not store"),
        ("return {**row, 'Name': '\\ud800'}", "which SQLite does not store"),
        ("raise ValueError('not this one')", "ValueError: not this one"),
        ("return {**row, 'Price': 10**5000}", "the value a int, which SQLite does not store"),
        ("raise SystemExit(0)", "SystemExit: 0"),
        ("raise type('Odd', (BaseException,), {'__str__': lambda self: 1 / 0})", "shop:row: Odd"),
        ("return type('Odd', (dict,), {'__iter__': lambda self: 1 / 0, 'keys': 1})(x=1)", "TypeError"),
        ("raise ValueError('\\ud800')", "ValueError: \\ud800"),
    ],
)
def test_what_cannot_be_a_row_is_rejected(having: With, body: str, reason: str) -> None:
    bound = having(ENTITY, **of_rows(body))
    found = rejects(bound)[0]
    assert (
        found and found.rule == "transform" and found.reason.startswith("shop:row") and reason in found.reason
    )


def test_nothing_is_taken_for_sure_of_a_row_that_own_code_has_made(having: With) -> None:
    """The rowid alias, which is otherwise written without a look at it."""
    assert rules(having(ENTITY, **of_rows("return {**row, 'Id': None}"))) == ["null_key", "null_key"]
    bound = having(ENTITY, **of_rows("return {**row, 'Id': 'x\"y' if row['Name'] else 2.5}"))
    assert [item["Id"] for item in items(bound)] == ['x"y', Decimal("2.5")]


def test_text_that_is_not_utf8_arrives_as_bytes_and_stays_what_it_is(having: With) -> None:
    rows = "INSERT INTO Thing (Id, Name) VALUES (1, CAST(x'ff' AS TEXT));"
    body = "assert isinstance(row['Name'], bytes); return row"
    assert rules(having(ENTITY, rows=rows, **of_rows(body))) == ["invalid_utf8"]
    value = "def value(value): return 'no'"
    assert rules(having(VALUE, rows=rows, shop=value)) == ["invalid_utf8"]


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("value.upper()", "AB"),
        ("list(value)", ["a", "b"]),
        ("{'length': len(value), 'of': (value, None, 1.5, b'x')}", WHOLE),
        ("value == 'ab'", True),
        ("10**30", 10**30),
    ],
)  # fmt: skip
def test_a_value_goes_through_the_function_of_its_attribute(having: With, code: str, wanted: Any) -> None:
    first, second = items(having(VALUE, shop=f"def value(value): return {code}"))
    assert first["Name"] == wanted
    assert "Name" not in second


def test_none_leaves_the_attribute_out(having: With) -> None:
    assert "Name" not in items(having(VALUE, shop="def value(value): return None"))[0]


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("{1, 2}", "transform"),
        ("{1: 2}", "transform"),
        ("'\\ud800'", "transform"),
        ("value + 1", "transform"),
        ("float('nan')", "number_not_finite"),
        ("10**40 + 1", "number_too_precise"),
        ("10**5000", "transform"),
        ("(lambda found: found.extend([found, found]) or found)([])", "transform"),
        ("[type('Odd', (), {'__repr__': lambda self: 1 / 0})()]", "transform"),
    ],
)
def test_what_no_attribute_holds_is_rejected(having: With, code: str, rule: str) -> None:
    assert rules(having(VALUE, shop=f"def value(value): return {code}")) == [rule, ""]


def test_attributes_of_embedded_rows_have_functions_too(having: With) -> None:
    design = f"""
entities:
  Thing:
    embed:
      Same: {{from: Thing, match: {{Id: Id}}, attributes: {{Big: {{column: Name, transform: "shop:value"}}}}}}
    {KEYS}
    attributes: {{Id: Id}}
"""
    first, second = items(having(design, shop="def value(value): return value.upper()"))
    assert (first["Same"], second["Same"]) == ([{"Big": "AB"}], [{}])


def test_own_code_is_not_run_unless_it_is_allowed(having: With, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    code = f"import pathlib\npathlib.Path({str(ran)!r}).touch()\ndef value(value): return value"
    with pytest.raises(DesignError, match="was not allowed") as caught:
        having(VALUE, allow=False, shop=code)
    assert f"Read {tmp_path / 'shop.py'}" in caught.value.hint and "--allow-code" in caught.value.hint
    assert not ran.exists()
    having(VALUE, shop=code)
    assert ran.exists()


def test_the_fingerprint_holds_the_source_and_changed_source_is_loaded_anew(having: With) -> None:
    found = [having(VALUE, shop=f"def value(value): return {text!r}") for text in ("one", "one", "two")]
    one, same, other = (design.design.fingerprint for _, design in found)
    assert one == same != other
    assert [items(bound)[0]["Name"] for bound in found[1:]] == ["one", "two"]


def test_a_package_counts_as_a_whole(having: With, tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts/__init__.py").touch()
    (tmp_path / "parts/clean.py").write_text("from .words import WORD\ndef value(value): return WORD")
    prints = []
    for word in ("a", "b"):
        (tmp_path / "parts/words.py").write_text(f"WORD = {word!r} * 1")
        bound = having(VALUE.replace("shop:value", "parts.clean:value"))
        assert items(bound)[0]["Name"] == word
        prints.append(bound[1].design.fingerprint)
    assert prints[0] != prints[1]


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("shop", 'expected "module:function"'),
        ("../shop:value", 'expected "module:function"'),
        ("os:system", "there is no "),
        ("shop.inner:value", "there is no "),
    ],
)
def test_only_what_is_beside_the_design_can_be_named(having: With, name: str, fault: str) -> None:
    with pytest.raises(DesignError) as caught:
        having(VALUE.replace("shop:value", name), shop="def value(value): return value")
    (found,) = caught.value.faults
    assert "entities.Thing.attributes.Name.transform: " in found and fault in found


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("raise SystemExit(1)", "SystemExit"),
        ("def other(value): ...", "AttributeError"),
        ("value = 3", "no function"),
        ("def value(", "SyntaxError"),
    ],
)
def test_code_that_cannot_be_loaded_is_an_error_of_the_design(having: With, code: str, cause: str) -> None:
    with pytest.raises(DesignError, match=cause):
        having(VALUE, shop=code)


def test_a_type_and_a_function_do_not_go_together(having: With) -> None:
    with pytest.raises(DesignError, match="leave one of as and transform out"):
        having(VALUE.replace("transform:", "as: text, transform:"), shop="def value(value): return value")


def test_functions_that_are_not_pure_are_found_in_the_first_rows(having: With) -> None:
    counting = "import itertools\ncount = itertools.count()\ndef value(value): return next(count)"
    with pytest.raises(DesignError, match="two different items"):
        items(having(VALUE, shop=counting))


def test_only_the_first_rows_are_made_twice(having: With) -> None:
    many = "".join(f"INSERT INTO Thing (Id, Name) VALUES ({n}, 'x');" for n in range(9))
    code = "calls = []\ndef value(value):\n    calls.append(value)\n    return value"
    items(having(VALUE, rows=many, shop=code))
    (module,) = [m for name, m in sys.modules.items() if name.startswith("own_code_")]
    assert len(module.calls) == 9 + LOOKED_AT_TWICE


def test_rows_that_own_code_has_made_may_share_a_key(having: With) -> None:
    (doubt,) = proof(having(ENTITY, **of_rows("return row"))[1])
    assert doubt.entities == ("Thing",) and "shop:row" in doubt.reason


@pytest.mark.parametrize("name", ["music_catalog", "customer_data", "playlist_data", "employee_data"])
def test_a_function_that_changes_nothing_changes_no_item(name: str, tmp_path: Path, small_db: Path) -> None:
    """Although nothing is sure of the rows any more: other source is generated for them."""
    document = yaml.safe_load((ROOT / f"config/designs/{name}.yaml").read_text("utf-8"))
    for entity in document["entities"].values():
        entity["transform"] = "same:row"
    (tmp_path / "same.py").write_text("def row(row): return row")
    (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    with SqliteSource(small_db) as source:
        texts = []
        for folder in (ROOT / "config/designs", tmp_path):
            compiled = compile_design(load_design(folder / f"{name}.yaml"), source.schema, allow_code=True)
            rows = [(entity, row) for entity in compiled.entities for _, row in source.rows(entity.read)]
            texts.append([entity.item(row) for entity, row in rows])
    assert texts[0] == texts[1] != []


def test_sqlite_writes_no_items_with_own_code(having: With) -> None:
    source, design = having(VALUE, shop="def value(value): return value")
    (entity,) = design.entities
    with pytest.raises(Beyond):
        item_expression(entity.read, entity.shape, source._moment.cursors)


def test_an_ordinary_design_is_compiled_as_before(having: With) -> None:
    plain = having(f"entities: {{Thing: {{{KEYS}}}}}", allow=False)[1].entities[0]
    assert plain.item.__name__ == "item" and "own" not in plain.source
    assert list(itertools.islice(plain.labels, 1)) == ["Id"]
