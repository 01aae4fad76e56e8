"""The pages of Scan: every item once, the last put, whatever the number of segments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import orjson
import pytest

from bench.sink_pages import BETWEEN, Pages

MEGABYTE = 1024 * 1024
Filled = Callable[[list[dict[str, Any]]], Pages]


def made(number: int, text: str = "", **more: Any) -> dict[str, Any]:
    return {"Before": {"S": text}, "PK": {"S": f"P#{number}"}, "SK": {"S": "S"}, **more}


@pytest.fixture
def filled() -> Iterator[Filled]:
    """Makes pages of these items."""
    with ExitStack() as stack:

        def filled(items: list[dict[str, Any]]) -> Pages:
            pages = stack.enter_context(closing(Pages(("PK", "SK"))))
            for start in range(0, len(items), 25):
                pages.add(BETWEEN.join(map(orjson.dumps, items[start : start + 25])))
            return pages

        yield filled


def scanned(pages: Pages, segments: int) -> list[dict[str, Any]]:
    found = []
    for segment in range(segments):
        start = None
        while True:
            page = pages.page(segment, segments, start)
            assert len(page.items) < MEGABYTE
            items = orjson.loads(b"[" + page.items + b"]")
            assert len(items) == page.count
            found += items
            if not page.more:
                break
            start = {name: items[-1][name] for name in ("PK", "SK")}
            assert orjson.loads(page.last) == start
    return found


@pytest.mark.parametrize("segments", [1, 2, 7, 50])
def test_every_item_once_for_any_number_of_segments(filled: Filled, segments: int) -> None:
    items = [made(n, "x" * 5000) for n in range(1000)]
    found = scanned(filled(items), segments)
    assert Counter(item["PK"]["S"] for item in found) == Counter(item["PK"]["S"] for item in items)


def test_of_the_same_key_the_last_one_counts(filled: Filled) -> None:
    pages = filled([made(n % 60, str(n)) for n in range(200)])
    found = {item["PK"]["S"]: item["Before"]["S"] for item in scanned(pages, 1)}
    assert found == {f"P#{n % 60}": str(n) for n in range(140, 200)}


def test_what_is_put_or_removed_after_a_scan_is_seen_by_the_next(filled: Filled) -> None:
    pages = filled([made(1), made(2)])
    scanned(pages, 1)
    pages.add(orjson.dumps(made(3)))
    pages.remove({"PK": {"S": "P#1"}, "SK": {"S": "S"}})
    assert {item["PK"]["S"] for item in scanned(pages, 2)} == {"P#2", "P#3"}


def test_an_inner_attribute_with_a_keys_name_is_not_the_key(filled: Filled) -> None:
    inner = {"M": {"PK": {"S": "inner"}, "SK": {"S": "inner"}}}
    items = [made(n, Data=inner) for n in range(3)]
    pages = filled([{"Data": item["Data"], **item} for item in items])
    assert len(scanned(pages, 1)) == 3


@pytest.mark.parametrize("key", ['a"b', "back\\slash", "é\n", '"PK":{"S":"x"}', BETWEEN.decode()])
def test_keys_of_any_text(filled: Filled, key: str) -> None:
    pages = filled([{"A": {"S": key}, "PK": {"S": key}, "SK": {"S": "1"}}, made(1)])
    page = pages.page(0, 1, None)
    assert page.count == 2
    assert orjson.loads(page.last)["PK"] == {"S": key} or orjson.loads(page.last)["PK"] == {"S": "P#1"}
    assert {item["PK"]["S"] for item in scanned(pages, 1)} == {key, "P#1"}


def test_an_empty_table_has_one_empty_page(filled: Filled) -> None:
    assert scanned(filled([]), 3) == []


def test_a_key_that_ends_no_page_is_refused(filled: Filled) -> None:
    with pytest.raises(KeyError):
        filled([made(1)]).page(0, 1, {"PK": {"S": "other"}, "SK": {"S": "S"}})


def test_prepare_cuts_everything(filled: Filled) -> None:
    pages = filled([made(n, "x" * 100_000) for n in range(30)])
    assert pages.prepare() == 3
    assert len(scanned(pages, 2)) == 30
