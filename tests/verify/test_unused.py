"""What items point to, collected where they are read."""

from __future__ import annotations

import hashlib
import pickle
from typing import Any

import pytest

from migration_tool.oversize import ATTRIBUTE, S3
from migration_tool.state.validation import TableSums
from migration_tool.verify import unused
from migration_tool.verify.tallies import Sums
from migration_tool.verify.unused import Pointers

DIGESTS = [hashlib.sha256(bytes([n])).digest() for n in range(3)]


def pointing(digest: bytes) -> dict[str, Any]:
    packed = {"Encoding": {"S": S3}, "Sha256": {"S": digest.hex()}, "Bytes": {"N": "5"}}
    return {"PK": {"S": digest.hex()[:4]}, "SK": {"S": "x"}, ATTRIBUTE: {"M": packed}}


PLAIN = {"PK": {"S": "a"}, "SK": {"S": "x"}}


def test_pointers_of_all_pages_are_kept_once_and_the_tally_gets_its_own() -> None:
    sums, alone = Sums([]), Sums([])
    pointers = Pointers(sums)
    look = pickle.loads(pickle.dumps(pointers.look))
    for page in ([pointing(DIGESTS[0]), PLAIN, pointing(DIGESTS[1])], [pointing(DIGESTS[0])], []):
        pointers.take(0, look(page))
        alone.take(0, alone.look(page))
    for tally in (pointers, alone):
        tally.end(0)
    assert pointers.found == {*DIGESTS[:2]}
    assert sums.actual == alone.actual and pointers.whole == {0}


def test_what_was_read_before_and_too_many_are_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Pointers(Sums([], TableSums(shares=2, actual={1: 7}))).found is None
    monkeypatch.setattr(unused, "MOST_POINTERS", 2)
    pointers = Pointers(Sums([]))
    for digest in (*DIGESTS, DIGESTS[0]):
        pointers.take(0, pointers.look([pointing(digest)]))
    assert pointers.found is None
