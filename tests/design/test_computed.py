"""Computed attributes, and keys under a condition, in whole designs."""

from __future__ import annotations

from decimal import Decimal

import pytest

from migration_tool.design.compile import compile_design
from migration_tool.errors import DesignError
from migration_tool.model import Made

from .conftest import HEAD, Bind, Load, Make
from .helpers import KEYS, THING, items, rejects

LINES = """
CREATE TABLE Line (LineId INTEGER PRIMARY KEY, Quantity INTEGER, UnitPrice NUMERIC, PaidAt TEXT, Name TEXT);
INSERT INTO Line VALUES (1, 3, 0.99, NULL, ' Ada '), (2, 2, 10, '2021-03-04', ''), (3, NULL, 5, NULL, NULL);
"""
DESIGN = """
indexes: {Open: [OpenKey, OpenSort]}
entities:
  Line:
    keys:
      PK: "LINE#{LineId}"
      SK: "YEAR#{Year}"
      OpenKey: {template: "OPEN#{shard(LineId, 4)}", when: "PaidAt is null and Total > 0"}
      OpenSort: "{Cents:8}"
    attributes:
      "*": {of: Line, omit: [PaidAt, Quantity, UnitPrice]}
      Total: {expr: "Quantity * UnitPrice"}
      Cents: {expr: "Total * 100"}
      Year: {expr: "coalesce(year(PaidAt), 'open')"}
      Paid: {expr: "PaidAt is not null"}
      Name: {expr: "nullif(trim(Name), '')"}
      Shown: "{Name}: {Total} ({Paid})"
"""


def test_computed_attributes_are_columns_of_keys_and_templates(bind: Bind) -> None:
    """A column keeps its name: {Name} is what the row holds, the attribute what is computed."""
    assert items(bind(LINES, DESIGN), "Line") == [
        {"PK": "LINE#1", "SK": "YEAR#open", "EntityType": "Line", "OpenKey": "OPEN#2", "OpenSort": "00000297",
         "LineId": 1, "Total": Decimal("2.97"), "Cents": 297, "Year": "open", "Paid": False, "Name": "Ada",
         "Shown": " Ada : 2.97 (false)"},
        {"PK": "LINE#2", "SK": "YEAR#2021", "EntityType": "Line", "OpenSort": "00002000",
         "LineId": 2, "Total": 20, "Cents": 2000, "Year": "2021", "Paid": True, "Shown": ": 20 (true)"},
        {"PK": "LINE#3", "SK": "YEAR#open", "EntityType": "Line", "LineId": 3, "Year": "open", "Paid": False},
    ]  # fmt: skip


def test_a_key_that_is_left_out_is_not_made(bind: Bind) -> None:
    """What cannot stand in a key rejects only the rows that have the key."""
    design = """
indexes: {Open: [OpenKey, OpenSort]}
entities:
  Thing:
    keys: {PK: "T#{Id}", SK: x, OpenKey: {template: "{Any:4}", when: "Name = 'in'"}, OpenSort: "{Id:4}"}
    attributes: {Id: Id}
"""
    rows = (
        "INSERT INTO Thing(Id, Name, Any) VALUES (1, 'in', 7), (2, 'out', -1), (3, NULL, -1), (4, 'in', -1);"
    )
    found = rejects(bind(THING + rows, design))
    assert [rejected and rejected.rule for rejected in found] == [None, None, None, "does_not_fit"]


def test_a_rejection_names_what_was_computed(bind: Bind) -> None:
    rows = THING + "INSERT INTO Thing(Id, Name) VALUES (1, 'x');"
    design = "entities: {Thing: {" + KEYS + ', attributes: {Twice: {expr: "Name * 2"}}}}'
    (rejected,) = rejects(bind(rows, design))
    assert rejected is not None
    assert (rejected.rule, rejected.reason) == (
        "not_a_number",
        "Twice: 'x' is not a number; number() makes one of text",
    )


def test_embedded_rows_compute_too(bind: Bind) -> None:
    design = """
entities:
  Thing:
    KEYS
    embed:
      Sums:
        from: Line
        match: {LineId: Id}
        attributes: {Total: {expr: "Quantity * UnitPrice"}, Label: "{Total} EUR"}
    attributes: {Id: Id}
""".replace("KEYS", KEYS)
    rows = THING + LINES + "INSERT INTO Thing(Id) VALUES (1);"
    (item,) = items(bind(rows, design))
    assert item["Sums"] == [{"Total": Decimal("2.97"), "Label": "2.97 EUR"}]


def test_such_items_are_not_written_by_sqlite(bind: Bind) -> None:
    source, design = bind(LINES, DESIGN)
    (entity,) = design.entities
    window, _ = source.windows(entity.read, None, entity.item, entity.shape).take(5)
    assert not isinstance(window, Made)


@pytest.mark.parametrize(
    ("entity", "fault"),
    [
        (
            'attributes: {a: {expr: "b"}, b: {expr: "1"}}',
            "entities.Thing.attributes.a.expr: unknown column of Thing 'b'",
        ),
        ('attributes: {a: {expr: "a"}}', "Thing.attributes.a.expr: unknown column of Thing 'a'"),
        ('attributes: {a: {expr: "M.Id"}}', "a.expr: unknown alias 'M'; there are Thing"),
        ('attributes: {a: {expr: "Nmae = 1"}}', "unknown column of Thing 'Nmae'; did you mean"),
    ],
)
def test_a_name_that_an_expression_cannot_mean(make: Make, load: Load, entity: str, fault: str) -> None:
    source = make(THING)
    with pytest.raises(DesignError) as raised:
        compile_design(load(HEAD + "entities: {Thing: {" + KEYS + ", " + entity + "}}"), source.schema)
    assert any(fault in line for line in raised.value.faults), raised.value.faults


@pytest.mark.parametrize(
    ("entity", "fault"),
    [
        ('attributes: {a: {expr: "1 +"}}', "entities.Thing.attributes.a.expr: at 4: expected a column"),
        ("attributes: {a: {expr: 5}}", "entities.Thing.attributes.a.expr: expected text, found 5"),
        ('attributes: {a: {expr: "1", as: text}}', "a: an expression has no column and no other"),
        ('keys: {PK: {template: "T", when: "Id"}, SK: x}', "PK.when: an item needs both keys of its table"),
        ('keys: {PK: p, SK: x, G: {template: g, when: "1 + 1"}, H: h}', "keys.G.when: expected a condition"),
        ('keys: {PK: p, SK: x, G: {when: "Id"}, H: h}', "keys.G.template: expected text, found nothing"),
        ('keys: {PK: p, SK: x, G: {template: g, wen: "Id"}, H: h}', "G.wen: unknown key; did you mean"),
    ],
)  # fmt: skip
def test_an_expression_or_a_condition_that_is_none(load: Load, entity: str, fault: str) -> None:
    keys = "" if entity.startswith("keys") else KEYS + ", "
    with pytest.raises(DesignError) as raised:
        load(HEAD + "indexes: {GSI1: [G, H]}\nentities: {Thing: {" + keys + entity + "}}")
    assert any(fault in line for line in raised.value.faults), raised.value.faults
