"""Rows 4 to 9 on both engines: answers that are partial, refused, cut, false, late, doubled or very slow."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults import faults
from tests.faults.conftest import Loading
from tests.faults.faults import burst, in_threes, in_turn, sometimes
from tests.faults.proxy import Passage
from tests.target.fake import Reply

pytestmark = pytest.mark.engine


def test_row_04_a_random_part_unprocessed(loading: Loading) -> None:
    load = loading(faults.partly(0.3, 4), "customer_data")
    assert load.migrate() == 0
    load.check_complete()
    assert not load.proxy.ledger.again, "only what was left is sent again"


def test_row_04_all_unprocessed_for_a_while(loading: Loading) -> None:
    load = loading(burst(faults.none_taken, 3, 40), "customer_data")
    assert load.migrate() == 0
    load.check_complete()
    assert not load.proxy.ledger.again


def test_row_04_always_unprocessed(loading: Loading) -> None:
    """Ends within its budget, after tries of each item that come further and further apart."""
    load = loading(faults.none_taken, "customer_data", max_retry_seconds=1)
    assert load.migrate() == 9
    assert "UnprocessedItems" in str(load.error)
    load.check_resumable()
    assert not load.proxy.ledger.applied
    assert 1 < max(load.proxy.ledger.sent.values()) < 25
    load.proxy.script = faults.deliver
    assert load.resume() == 0
    load.check_complete()


@pytest.mark.parametrize("names", in_threes(faults.THROTTLES), ids=", ".join)
def test_row_05_throttles_of_every_kind(loading: Loading, names: Sequence[str]) -> None:
    load = loading(burst(in_turn(faults.THROTTLES, names), 9, 6), connections=16)
    assert load.migrate() == 0
    load.check_complete()
    assert load.proxy.numbered > 9 + 6
    assert not load.proxy.ledger.again


@pytest.mark.parametrize("names", in_threes(faults.SERVER_FAULTS), ids=", ".join)
def test_row_05_a_burst_of_server_faults(loading: Loading, names: Sequence[str]) -> None:
    load = loading(burst(in_turn(faults.SERVER_FAULTS, names), 9, 12), connections=16)
    assert load.migrate() == 0
    load.check_complete()


@pytest.mark.parametrize("name", ["TableWriteAccountLimitExceeded", "500"])
def test_row_05_concurrency_falls_and_recovers(loading: Loading, name: str) -> None:
    """Each request takes long enough that the loader can fill the width, on a busy machine too."""
    width, first = 16, 60
    trouble = burst({**faults.THROTTLES, **faults.SERVER_FAULTS}[name], first, width)
    load = loading(faults.slowly(0.02, trouble), batch=1, connections=width)
    assert load.migrate() == 0
    flights, calm = load.proxy.flights, first + 2 * width
    before, after, end = max(flights[:first]), max(flights[calm : calm + width]), max(flights[-200:])
    assert before > after < end


@pytest.mark.parametrize("name", faults.CUTS)
def test_row_06_cut(loading: Loading, name: str) -> None:
    load = loading(sometimes([faults.CUTS[name]], 0.3, 6))
    assert load.migrate() == 0
    load.check_complete()


@pytest.mark.parametrize("name", faults.SLOW)
def test_row_06_an_answer_that_takes_for_ever(loading: Loading, name: str) -> None:
    load = loading(sometimes([faults.SLOW[name]], 0.1, 6), timeout=0.3)
    assert load.migrate() == 0
    load.check_complete()


def test_row_07_false_answers(loading: Loading) -> None:
    load = loading(sometimes(list(faults.FALSE_ANSWERS.values()), 0.5, 7), max_retries=24)
    assert load.migrate() == 0
    load.check_complete()
    assert not load.proxy.ledger.again


def test_row_08_late_delivery(loading: Loading) -> None:
    """The loader gave it up and sent it again; the first one arrives after the second was acknowledged."""
    load = loading(sometimes([faults.late], 0.1, 8), timeout=0.3)
    assert load.migrate() == 0
    load.check_complete()
    assert max(map(len, load.proxy.ledger.applied.values())) > 1, "some did arrive late"


def test_row_08_delivery_after_the_end_of_the_run(loading: Loading) -> None:
    load = loading(sometimes([faults.held], 0.1, 8), timeout=0.3)
    assert load.migrate() == 0
    assert load.proxy.held
    for passage in load.proxy.held:
        passage.deliver()
    load.check_complete()


def test_row_08_delivery_into_the_next_run_is_reported(loading: Loading, tmp_path: Path) -> None:
    """The source has changed, the tables are new, and an old value lands in them: not complete, exit 7."""
    load = loading(sometimes([faults.held], 0.1, 8), timeout=0.3, enable_validation=True)
    own = Path(shutil.copyfile(load.world.database, tmp_path / "own.sqlite"))
    load.world = replace(load.world, database=own)
    assert load.migrate() == 0
    with closing(sqlite3.connect(own)) as connection:
        connection.execute("DELETE FROM PlaylistTrack WHERE TrackId % 2 = 0")
        connection.commit()

    def script(passage: Passage) -> Reply:
        if passage.seen.operation == "Scan":
            while load.proxy.held:
                load.proxy.held.pop().deliver()
        return passage.deliver()

    load.proxy.script, load.proxy.operations = script, frozenset({"Scan"})
    assert load.proxy.held
    assert load.migrate(force=True) == 7
    assert "extra" in str(load.error)


@pytest.mark.parametrize("names", in_threes(faults.DOUBLED), ids=", ".join)
def test_row_09_doubled(loading: Loading, names: Sequence[str]) -> None:
    load = loading(sometimes([faults.DOUBLED[name] for name in names], 0.2, 9))
    assert load.migrate() == 0
    load.check_complete()
    assert not load.proxy.ledger.again
