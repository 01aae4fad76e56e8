from __future__ import annotations

from typing import Any

import pytest

from migration_tool.errors import StateError
from migration_tool.state.checkpoint import Flow, Pace, Tuning
from migration_tool.state.envelope import seal, unseal
from migration_tool.state.store import StateStore

from .samples import checkpoint


def test_what_goes_on_at_the_moment_is_saved(store: StateStore) -> None:
    tuning, pace = Tuning(3, "auto:80%", True), Pace(12.5, 60.0, "falling")
    flow = Flow(8, 640.0, {"UnprocessedItems": 3}, {"t/index/GSI1": 2}, "slower")
    store.save(checkpoint().with_tuning(tuning).with_pace(pace).with_flow(flow))
    found = StateStore(store.folder).latest()
    assert found is not None
    assert (found.tuning, found.pace, found.flow) == (tuning, pace, flow)


@pytest.mark.parametrize(
    "parts",
    [
        {"tuning": Tuning(max_wcu="fast")},
        {"tuning": Tuning(max_wcu="1e3")},
        {"tuning": Tuning(number=-1)},
        {"pace": Pace(-1.0)},
        {"pace": Pace(float("nan"))},
        {"pace": Pace(1.0, 1.0, "up")},  # type: ignore[arg-type]  # what the test is about
        {"flow": Flow(limit_wcu=-1.0)},
        {"flow": Flow(reasons={"x": -1})},
        {"flow": Flow(indexes={"x": 0.5})},  # type: ignore[dict-item]  # what the test is about
    ],
    ids=str,
)
def test_what_makes_no_sense_is_not_saved(store: StateStore, parts: dict[str, Any]) -> None:
    with pytest.raises(StateError):
        store.save(checkpoint(**parts))
    assert store.latest() is None


def test_names_that_are_no_text_do_not_stop_a_save() -> None:
    flow = Flow(reasons={"a\ud800": 1}, indexes={"\udfff": 2}, note="é\udc80")
    found = unseal(seal(checkpoint(generation=1).with_flow(flow))).flow
    assert (found.reasons, found.indexes) == ({"a\\ud800": 1}, {"\\udfff": 2})
    assert found.note == "é\\udc80"
