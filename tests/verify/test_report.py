from __future__ import annotations

import json
import re
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration_tool.verify.html import to_html
from migration_tool.verify.html_parts import text
from migration_tool.verify.json_form import json_text, to_json
from migration_tool.verify.mended import Mended, Repair
from migration_tool.verify.report import (
    AttributeDifference,
    Difference,
    EntityCounts,
    Failure,
    IndexCount,
    PatternResult,
    Rejection,
    Report,
    Sample,
    TableDifference,
    TableReport,
)

EVIL = "<script>alert('x')</script>&\"\u202e\x1b[31m\x00\ufeff"


def table(**counts: int) -> TableReport:
    entity = EntityCounts("Track", expected=3, actual=3, **counts)
    patterns = (PatternResult("track", "GetItem", 3, 3, 3, rows=3),)
    return TableReport(TableDifference("music", "p_Music", (entity,)), patterns, ("All.",), ("Little.",))


def broken() -> TableReport:
    key = {"PK": EVIL, "SK": "b"}
    attributes = (
        AttributeDifference("Price", Decimal("0.99"), "0.99"),
        AttributeDifference("Data", b"\x00\xff", None),
        AttributeDifference(EVIL, 10**40, [EVIL]),
    )
    difference = TableDifference(
        "music",
        "p_Music",
        (EntityCounts("Track", 3, 2, 1, 2, 1, 1), EntityCounts("", actual=2, extra=2)),
        missing=(Difference(key, "Track"),),
        extra=(Difference({"PK": 5}, EVIL),),
        different=(Difference(key, "Track", attributes), Difference({"PK": "again", "SK": "x"}, "Track")),
        rejections=(Rejection("Track", EVIL, (b"\xff", None, 1), "null_key", EVIL),),
    )
    failure = Failure(
        {"name": EVIL}, "row 1: " + EVIL, 2, 1, 0, ({"a": EVIL}, {"a": 1}), ({"a": Decimal("1.5")},)
    )
    result = PatternResult("track", "Query", 20, 30, 18, 1, 7, 8, (failure,), EVIL)
    indexes = (IndexCount("GSI1", 4, 4), IndexCount(EVIL, 4_000, 3_999))
    return TableReport(difference, (result,), (EVIL,), (EVIL,), indexes)


def report(*tables: TableReport) -> Report:
    return Report("run-1", 1_800_000_000.5, "/data/db.sqlite", "http://127.0.0.1:8000", tables)


def test_json_of_equal_tables() -> None:
    found = to_json(report(table()))
    assert list(found) == [
        "ok", "run_id", "checked_at", "source", "endpoint", "repair", "tables", "access_patterns",
    ]  # fmt: skip
    assert (found["ok"], found["run_id"], found["checked_at"]) == (True, "run-1", "2027-01-15T08:00:00Z")
    (music,) = found["tables"]
    assert (music["name"], music["table"]) == ("music", "p_Music")
    assert (music["expected"], music["actual"]) == (3, 3)
    assert [music[kind] for kind in ("missing", "extra", "different")] == [[], [], []]
    assert [music[f"{kind}_count"] for kind in ("missing", "extra", "different")] == [0, 0, 0]
    assert (music["rejected"], music["checked"], music["not_checked"]) == (0, ["All."], ["Little."])
    pattern = {"name": "track", "operation": "GetItem", "calls": 3, "possible": 3, "passed": 3, "skipped": 0,
               "short": 0, "partial": 0, "rows": 3, "requests": 1, "failures": []}  # fmt: skip
    assert music["access_patterns"] == [pattern]
    assert found["access_patterns"] == [{"table": "music", **pattern}]


def test_json_of_differences() -> None:
    written = json_text(to_json(report(broken())))
    found = json.loads(written, parse_float=Decimal)
    (music,) = found["tables"]
    assert found["ok"] is False
    assert music["missing"] == [{"key": {"PK": EVIL, "SK": "b"}, "entity": "Track"}]
    assert music["extra"] == [{"key": {"PK": 5}, "entity": EVIL}]
    assert music["different"][0]["attributes"] == [
        {"name": "Price", "expected": Decimal("0.99"), "actual": "0.99"},
        {"name": "Data", "expected": "AP8=", "actual": None},
        {"name": EVIL, "expected": 10**40, "actual": [EVIL]},
    ]
    assert (music["missing_count"], music["extra_count"], music["different_count"]) == (1, 4, 1)
    assert music["indexes"][1] == {"name": EVIL, "expected": 4_000, "actual": 3_999}
    assert music["rejections"][0]["source_key"] == ["/w==", None, 1]
    (failure,) = found["access_patterns"][0]["failures"]
    assert failure["arguments"] == {"name": EVIL}
    assert failure["actual"] == [{"a": Decimal("1.5")}]


@pytest.mark.parametrize("counts", [{"missing": 1}, {"extra": 1}, {"different": 1}])
def test_any_difference_is_not_ok(counts: dict[str, int]) -> None:
    assert report(table()).ok
    assert not report(table(), table(**counts)).ok


def test_a_failed_pattern_is_not_ok_and_a_rejected_row_is() -> None:
    failed = TableReport(table().difference, (PatternResult("track", "Query", 3, 3, 2),))
    assert not report(failed).ok
    assert report(table(rejected=1)).ok
    assert report(failed).summary() == "music: 1 access pattern not equal to the SQL (track)"


def test_an_index_with_another_number_is_not_ok() -> None:
    short = replace(table(), indexes=(IndexCount("GSI1", 4, 4), IndexCount("GSI2", 4_000, 1)))
    assert not report(short).ok
    assert report(short).summary() == "music: GSI2 holds 1 item, not 4,000"


def test_a_sample_is_called_one() -> None:
    sample = Sample(0.99, 0.001, 5, 9_000, 4_603, 4_603, 0, 0.000_999)
    whole = table()
    found = report(replace(whole, difference=replace(whole.difference, sample=sample)))
    assert found.sampled and not report(table()).sampled
    assert to_json(found)["tables"][0]["sample"] == {
        "confidence": 0.99, "at_most": 0.001, "seed": 5, "rows": 9_000, "drawn": 4_603, "looked_at": 4_603,
        "wrong": 0, "bound": 0.000_999,
    }  # fmt: skip
    assert to_json(report(table()))["tables"][0]["sample"] is None
    page = Page(to_html(found)).text
    assert "No differences in the sample" in page and "3 sampled items in 1 table" in page


def test_a_repair_is_ok_where_nothing_is_left() -> None:
    items = [
        Mended("music", {"PK": EVIL, "SK": "b"}, "Track", "put", outcome, reason)
        for outcome, reason in (("repaired", ""), ("left", EVIL))
    ]
    before = table(missing=1, extra=1, different=1)
    half = replace(report(before), repair=Repair(3, 1, tuple(items), "/state/r.jsonl"))
    assert half.repair and (half.repair.repaired, half.repair.left) == (1, 1)
    assert not half.ok and half.summary() == "1 of 3 differences is left"
    assert to_json(half)["repair"]["items"][1]["reason"] == EVIL
    page = Page(to_html(half))
    assert "3 differences found, 1 of them gone when looked at again, 1 repaired, 1 left." in page.text
    assert "/state/r.jsonl" in page.text and "script" not in page.tags
    whole = replace(report(replace(before, access_patterns=())), repair=Repair(2, 1, tuple(items[:1])))
    assert whole.ok and whole.summary() == "" and to_json(whole)["repair"]["journal"] is None
    page = Page(to_html(whole))
    assert "No differences left" in page.text and "Items before the repair" in page.text
    assert "in 1 table are what the source says." in page.text
    assert to_json(report(before))["repair"] is None


def test_the_summary_says_what_is_wrong_where() -> None:
    assert report(table()).summary() == ""
    assert report(table(), table(missing=1, different=2_000)).summary() == (
        "music: 1 item missing, 2,000 items different"
    )


PLAIN = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-(10**60), 10**60), st.text(),
        st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=8,
)  # fmt: skip


@given(PLAIN, st.booleans())
def test_json_text_loses_no_digit(value: Any, indent: bool) -> None:
    assert json.loads(json_text(value, indent=indent), parse_float=Decimal) == value


class Page(HTMLParser):
    """What a browser would make of it: the tags, and the text outside of style."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def test_html_escapes_everything() -> None:
    page = Page(html := to_html(report(broken())))
    assert "script" not in page.tags
    assert "<script>alert('x')</script>&\"U+202EU+001B[31mU+0000U+FEFF" in page.text
    assert not set(html) & {"\x00", "\x1b", "\u202e", "\ufeff"}


def test_html_needs_nothing_else() -> None:
    for found in (report(table()), report(broken())):
        page = Page(to_html(found))
        assert not {"script", "link", "img", "iframe", "base", "form"} & set(page.tags)
        assert not any(name.startswith("on") or name in ("src", "href") for name, _ in page.attributes)
        assert not any("//" in (value or "") for _, value in page.attributes)
        assert not re.search(r"url\(|@import|@font-face", to_html(found))
        assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes


def test_html_of_equal_tables() -> None:
    page = Page(to_html(report(table(), table())))
    assert "No differences" in page.text and "Differences found" not in page.text
    assert "6 items in 2 tables and 6 calls of 2 access patterns are what the source says." in page.text
    assert "svg" in page.tags and page.tags.count("rect") == 6
    assert "All." in page.text and "Little." in page.text


def test_html_of_differences() -> None:
    page = Page(to_html(report(broken())))
    for words in (
        "Differences found", "1 item missing", "4 items extra", "1 item different",
        "the first 1 of them", "absent", "0.99", "AP8=", "equal when looked at again", "18 of 20",
        "8 shards", "null_key", "no row", "(unknown)", "2 calls not equal to the SQL", "✗ 3,999",
    ):  # fmt: skip
        assert words in page.text, words


def test_html_of_an_empty_report() -> None:
    assert "0 items in 0 tables" in Page(to_html(report())).text


@given(st.text())
def test_text_is_inert(value: str) -> None:
    page = Page(escaped := text(value))
    assert set(page.tags) <= {"i"}
    assert all(character >= " " for character in escaped)
