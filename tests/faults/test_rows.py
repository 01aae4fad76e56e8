"""The faults that a migration has to stand, and that each has a test.

A test belongs to a row by its name, test_row_NN_…, or by the marker row(NN).
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
NAMED = re.compile(r"def test_row_([0-9]{2})_|mark\.row\(([0-9]+)\)")
ROWS = {
    1: "SIGKILL at every write, fsync and rename of the state path",
    2: "SIGKILL at any request, at 1 to 64 requests at a time",
    3: "kills during resume, ten in a row",
    4: "items left unprocessed: some, all, always",
    5: "hundreds of throttles of each kind, bursts of 500, 503 and 429",
    6: "connections cut before the request, after it was applied, in the middle of the answer",
    7: "answers with 200 that are empty, HTML, {}, null, or of another checksum",
    8: "requests that arrive after their timeout",
    9: "requests delivered twice, unprocessed items that were never sent",
    10: "a poison row in every batch, a row that is always answered with 500",
    11: "no space for state, log and rejects, a limit of the file size, short writes, a failing disk",
    12: "a state path that is read-only, a link, a folder, a pipe",
    13: "a state cut off, changed, older, newer, another run's, 1 GB large, nested deep",
    14: "a source that is empty, encrypted, cut off, zeroed, half committed, without its log",
    15: "a source that changed between two processes of a run",
    16: "a source that is written all the time",
    17: "two runs on one state, two hosts on one table",
    18: "a design, region or table that changed between two processes of a run",
    19: "rows that share a key, rows without one, keys that differ in case",
    20: "values of every kind, items and keys at their limits",
    21: "hostile names, views without an end",
    22: "credentials that expire, with and without fresh ones",
    23: "clocks that jump",
    24: "signals, once and twice; an stdout that is closed",
    25: "a million rows, and rows of 400 KB, in little memory",
    26: "the tool without one of its safeguards: some test fails",
}


def rows_of(text: str) -> set[int]:
    return {int(by_name or by_mark) for by_name, by_mark in NAMED.findall(text)}


@pytest.mark.parametrize("number", ROWS)
def test_a_row_has_a_test(number: int) -> None:
    others = [path for path in TESTS.rglob("test_*.py") if path != Path(__file__)]
    assert [path for path in others if number in rows_of(path.read_text("utf-8"))], ROWS[number]
