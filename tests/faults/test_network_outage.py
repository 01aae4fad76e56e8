"""Rows 6 and 7 on both engines where it lasts: nobody listens, or somebody else answers every request."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.faults import faults
from tests.faults.conftest import Loading
from tests.faults.faults import burst, in_threes, in_turn

pytestmark = pytest.mark.engine


def test_row_06_refused_for_a_minute_and_patient_enough(loading: Loading) -> None:
    """A minute, 200 times as fast: the port refuses for 0.3 s, the first pause is 0.005 s, not 1 s."""
    load = loading(burst(faults.refused_for(0.3), 12, 1), retry_delay=0.005, max_retries=20)
    assert load.migrate() == 0
    load.check_complete()


def test_row_06_refused_for_longer_than_the_retries_last(loading: Loading) -> None:
    load = loading(burst(faults.refused, 12, 1), retry_delay=0.01, max_retries=3)
    assert load.migrate() == 9
    assert "no answer" in str(load.error)
    load.check_resumable()
    load.proxy.accept()
    assert load.resume() == 0
    load.check_complete()


@pytest.mark.parametrize("names", in_threes(faults.FALSE_ANSWERS), ids=", ".join)
def test_row_07_nothing_but_false_answers(loading: Loading, names: Sequence[str]) -> None:
    load = loading(in_turn(faults.FALSE_ANSWERS, names), "employee_data", max_retries=2)
    assert load.migrate() == 9
    load.check_resumable()
    assert load.proxy.numbered == 3
    assert not load.proxy.ledger.applied


@pytest.mark.parametrize("name", ["HTML", "wrong CRC"])
def test_row_07_false_answers_about_the_tables(loading: Loading, name: str) -> None:
    """The run does not begin on them, and is no crash either."""
    load = loading(faults.FALSE_ANSWERS[name], "employee_data")
    load.proxy.operations = frozenset({"DescribeTable"})
    assert load.migrate() == 5
    assert "the answer describes no table" in str(load.error)
    load.proxy.script = faults.deliver
    assert load.resume() == 0
    load.check_complete()
