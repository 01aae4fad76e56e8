"""Row 10 on both engines: one row of every batch is refused, and with it the others until it is found."""

from __future__ import annotations

import pytest

from tests.faults.conftest import Loading
from tests.faults.faults import Poison
from tests.faults.proxy import Key
from tests.target.fake import Reply, fault

pytestmark = pytest.mark.engine

BATCH, RETRIES = 25, 2
REFUSALS = {
    "ValidationException": (fault("ValidationException", message="bad item"), 1),
    "413": (Reply(413, b""), 1),
    "500": (fault("InternalServerError", 500), 1 + RETRIES),
}
"""The answer, and how often a request is sent before it is believed."""


@pytest.mark.parametrize("name", REFUSALS)
def test_row_10_a_poison_row_in_every_batch(loading: Loading, name: str) -> None:
    """All others are written, the poison is rejected with its key, in a bounded number of requests."""
    refusal, sends = REFUSALS[name]
    poison = Poison(refusal, BATCH)
    load = loading(poison, batch=BATCH, max_rejects=100, max_retries=RETRIES, retry_delay=0.05)
    assert load.migrate() == 0
    load.check_complete(rejected=poison.keys)
    assert len(poison.keys) >= 502 // BATCH - 8
    halvings, alone = 2 * 5, 2
    bound = (502 // BATCH + 1) + len(poison.keys) * (halvings + alone) * sends + BATCH
    assert load.proxy.numbered <= bound
    assert {(row["PlaylistId"], row.get("TrackId")) for row in load.rejected_rows()} == set(
        map(row_of, poison.keys)
    )


def row_of(key: Key) -> tuple[int, int | None]:
    """The playlist and the track, if it is one, of an item's key."""
    _, playlist, sort = key
    kind, _, number = sort.partition("#")
    return int(playlist.removeprefix("PLAYLIST#")), int(number) if kind == "TRACK" else None


def test_row_10_a_poison_row_over_the_budget(loading: Loading) -> None:
    poison = Poison(REFUSALS["ValidationException"][0], BATCH)
    load = loading(poison, batch=BATCH, max_rejects=0)
    assert load.migrate() == 8
    load.check_resumable()
