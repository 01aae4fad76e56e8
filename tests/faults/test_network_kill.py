"""Row 2 on both engines: the process is gone at some request, with few and with many of them on their way."""

from __future__ import annotations

from random import Random

import pytest

from tests.faults import faults
from tests.faults.conftest import Loading

pytestmark = pytest.mark.engine

BATCH = 2


@pytest.mark.parametrize("connections", [1, 4, 16, 64])
def test_row_02_killed_at_a_random_request(loading: Loading, connections: int) -> None:
    """What is sent again fits into the window of batches that no checkpoint covers."""
    in_flight = max(connections, 4)
    load = loading(faults.deliver, batch=BATCH, in_flight=in_flight, connections=connections)
    number = Random(connections).randint(100, 200)
    assert load.world.killed("request_sent", number, "migrate", "-t", *load.names)
    load.check_claims()
    assert load.resume() == 0
    load.check_complete()
    assert sum(times - 1 for times in load.proxy.ledger.sent.values()) <= in_flight * BATCH
