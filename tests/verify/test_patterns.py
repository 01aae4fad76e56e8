from __future__ import annotations

from itertools import pairwise
from typing import Any, cast

import pytest

from migration_tool.design.compile import CompiledDesign
from migration_tool.errors import DesignError, SourceError
from migration_tool.model import Row
from migration_tool.source.sqlite import SqliteSource
from migration_tool.target.wire import Wire
from migration_tool.verify import patterns as room
from migration_tool.verify.cases import cases, check_sql, possible
from migration_tool.verify.patterns import FAILURES, check_patterns
from migration_tool.verify.report import PatternResult

from .conftest import Bind
from .fakes import FakeWire
from .helpers import expected_items
from .shop import DESIGN, ROWS, SCHEMA

Shop = tuple[SqliteSource, CompiledDesign]


@pytest.fixture
def shop(bind: Bind) -> Shop:
    return bind(SCHEMA + ROWS, DESIGN)


@pytest.fixture
def wire(shop: Shop) -> FakeWire:
    return FakeWire(expected_items(*shop))


def run(shop: Shop, wire: FakeWire, limit: int | None = None, **options: Any) -> dict[str, PatternResult]:
    options = {"pauses": (), **options}
    check_sql(shop[0], shop[1].design)
    return {found.name: found for found in check_patterns(*shop, cast(Wire, wire), "Shop", limit, **options)}


def test_every_call_of_every_pattern(shop: Shop, wire: FakeWire) -> None:
    found = run(shop, wire)
    assert all(result.ok for result in found.values())
    assert [(r.name, r.operation, r.calls, r.possible, r.rows, r.requests) for r in found.values()] == [
        ("maker", "GetItem", 3, 3, 3, 1), ("things_of", "Query", 3, 3, 4, 1), ("things", "Query", 5, 5, 8, 3),
    ]  # fmt: skip
    assert set(wire.asked) == {"GetItem", "Query"}


def test_sql_is_checked_without_reading_its_answers(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer may be a whole table."""
    source, compiled = shop
    query, read = source.query, list[int]()

    def told(*given: Any, **named: Any) -> tuple[list[str], list[Row]]:
        columns, rows = query(*given, **named)
        read.append(len(rows))
        return columns, rows

    monkeypatch.setattr(source, "query", told)
    check_sql(source, compiled.design)
    assert read and max(read) == 1


@pytest.mark.parametrize(
    ("change", "failing"),
    [
        ({"Price": {"N": "0.98"}}, {"things_of"}),
        ({"Price": {"S": "0.99"}}, {"things_of"}),
        ({"GSI1SK": {"S": "zz\x01000001"}}, {"things"}),
        ({"GSI1PK": {"S": "elsewhere"}}, {"things"}),
        ({"Name": {"S": "ANVIL"}}, {"things_of", "things"}),
        ({"SK": {"S": "THING#999999"}}, {"things_of"}),
        ({"Unasked": {"S": "x"}}, set()),
    ],
)
def test_each_kind_of_mismatch_is_found(
    shop: Shop, wire: FakeWire, change: dict[str, Any], failing: set[str]
) -> None:
    wire.find("MAKER#1", "THING#000001").update(change)
    found = run(shop, wire)
    assert {name for name, result in found.items() if not result.ok} == failing
    assert all(bool(result.failures) == (not result.ok) for result in found.values())


def test_an_embedded_list_is_compared(shop: Shop, wire: FakeWire) -> None:
    wire.find("MAKER#1", "#MAKER")["Things"]["L"].reverse()
    found = run(shop, wire)["maker"]
    assert (found.calls, found.passed) == (3, 2)
    assert found.failures[0].arguments == {"maker_id": 1}
    assert "Things" in found.failures[0].reason


def test_a_missing_item(shop: Shop, wire: FakeWire) -> None:
    wire.items.remove(wire.find("MAKER#2", "#MAKER"))
    (failure,) = run(shop, wire)["maker"].failures
    assert failure.reason == "the SQL gives 1 row, the table 0 items"


def test_failures_are_counted_all_and_kept_in_part(bind: Bind) -> None:
    rows = ", ".join(f"({n}, 'm')" for n in range(50))
    shop = bind(f"{SCHEMA} INSERT INTO Maker VALUES {rows};", DESIGN)
    found = run(shop, FakeWire([]))["maker"]
    assert (found.calls, found.passed, len(found.failures)) == (50, 0, FAILURES)


@pytest.mark.parametrize("limit", [1, 2, 7, 49, 50, 51, 1_000])
def test_samples_are_spread_evenly(bind: Bind, limit: int) -> None:
    rows = ", ".join(f"({n}, 'm')" for n in range(50))
    source, compiled = bind(f"{SCHEMA} INSERT INTO Maker VALUES {rows};", DESIGN)
    pattern = compiled.design.patterns[0]
    chosen = [case["maker_id"] for case in cases(source, pattern, limit)]
    assert possible(source, pattern) == 50
    assert len(chosen) == len(set(chosen)) == min(limit, 50)
    assert chosen[0] == 0
    steps = {int(str(b)) - int(str(a)) for a, b in pairwise(chosen)}
    assert not steps or max(steps) - min(steps) <= 1


def test_a_sample_is_stated(shop: Shop, wire: FakeWire) -> None:
    found = run(shop, wire, limit=2)["things"]
    assert (found.calls, found.possible, found.passed) == (2, 5, 2)


def test_answers_that_are_too_long_are_left_out_and_counted(
    shop: Shop, wire: FakeWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "LONGEST_ANSWER", 3)
    found = run(shop, wire)["things"]
    assert (found.calls, found.skipped, found.possible) == (4, 1, 5)
    assert found.ok


def test_an_index_that_lags_is_asked_again(shop: Shop, wire: FakeWire) -> None:
    late = wire.find("MAKER#1", "THING#000001")
    key = late.pop("GSI1SK")
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            late["GSI1SK"] = key

    found = run(shop, wire, pauses=(1, 2), sleep=sleep)["things"]
    assert found.ok and found.failures == ()
    assert (found.calls, pauses) == (5, [1, 2])


def test_a_table_is_not_asked_again(shop: Shop, wire: FakeWire) -> None:
    wire.items.remove(wire.find("MAKER#2", "#MAKER"))
    pauses: list[float] = []
    assert not run(shop, wire, pauses=(1,), sleep=pauses.append)["maker"].ok
    assert pauses == []


def test_arguments_that_cannot_stand_in_a_key_are_failures(bind: Bind) -> None:
    design = DESIGN.replace("SELECT MakerId AS maker_id FROM Maker ORDER BY 1", "SELECT x'00' AS maker_id")
    shop = bind(SCHEMA + ROWS, design)
    found = run(shop, FakeWire(expected_items(*shop)))["maker"]
    assert (found.calls, found.passed) == (1, 0)
    assert found.failures[0].reason.startswith("it cannot be asked: ")


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("SELECT ThingId, Name FROM", "SELECT ThingId, Name, Name FROM", "gives the column 'Name' 2 times"),
        ("SELECT ThingId, Name FROM", 'SELECT 1 AS "-x" FROM', "no column to compare"),
        (
            "SELECT '' AS prefix",
            "SELECT '' AS prefx",
            "cases: gives the columns prefx; the parameters are prefix",
        ),
        (
            "SELECT '' AS prefix UNION SELECT substr(Name, 1, 2)",
            "SELECT 1 AS prefix, 2 AS more",
            "prefix, more",
        ),
    ],
)
def test_sql_that_cannot_be_compared_is_a_fault_of_the_design(
    bind: Bind, old: str, new: str, fault: str
) -> None:
    assert old in DESIGN
    shop = bind(SCHEMA + ROWS, DESIGN.replace(old, new))
    with pytest.raises(DesignError, match="things") as caught:
        run(shop, FakeWire([]))
    assert fault in str(caught.value)


def test_sql_that_does_not_run(bind: Bind) -> None:
    shop = bind(SCHEMA + ROWS, DESIGN.replace("FROM Maker WHERE", "FROM Nobody WHERE"))
    with pytest.raises(SourceError, match="Nobody"):
        run(shop, FakeWire([]))


def test_progress_counts_the_calls(shop: Shop, wire: FakeWire) -> None:
    steps: list[int] = []
    run(shop, wire, advance=steps.append)
    assert sum(steps) == 11


def test_answers_may_lack_rows_that_were_rejected_and_no_more(shop: Shop) -> None:
    """A rejected row is in the SQL's answer and not in the table."""
    items = expected_items(*shop)
    one_less = FakeWire([item for item in items if item["SK"]["S"] != "THING#000001"])
    assert not all(result.ok for result in run(shop, one_less).values())
    found = run(shop, one_less, rejected=1)
    assert all(result.ok for result in found.values())
    assert sum(result.short for result in found.values()) > 0
    things = [item for item in items if "THING#" in item["SK"]["S"]]
    none = FakeWire([item for item in items if item not in things])
    assert not all(result.ok for result in run(shop, none, rejected=1).values())


def test_a_wrong_item_is_not_excused_by_a_rejected_row(shop: Shop) -> None:
    items = expected_items(*shop)
    for item in items:
        if item["SK"]["S"] == "THING#000001":
            item["Name"] = {"S": "changed"}
    assert not all(result.ok for result in run(shop, FakeWire(items), rejected=3).values())
