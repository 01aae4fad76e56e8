from __future__ import annotations

import gc
import sys
from collections.abc import Iterator

import pytest

from migration_tool.interpreter import no_search_for_cycles, quick_handover


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    interval = sys.getswitchinterval()
    yield
    gc.enable()
    sys.setswitchinterval(interval)


@pytest.mark.parametrize("before", [True, False])
def test_the_search_for_cycles_is_left_as_it_was_found(before: bool) -> None:
    gc.enable() if before else gc.disable()
    with no_search_for_cycles():
        assert not gc.isenabled()
    assert gc.isenabled() == before


@pytest.mark.parametrize(("before", "within"), [(0.005, 1e-4), (1e-5, 1e-5)])
def test_the_handover_is_quick_meanwhile_and_then_as_it_was_found(before: float, within: float) -> None:
    sys.setswitchinterval(before)
    with pytest.raises(KeyError), quick_handover():
        assert sys.getswitchinterval() == pytest.approx(within)
        raise KeyError
    assert sys.getswitchinterval() == pytest.approx(before)
