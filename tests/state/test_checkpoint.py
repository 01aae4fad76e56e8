from __future__ import annotations

from dataclasses import replace

import pytest

from migration_tool.errors import StateError
from migration_tool.model import TableIdentity
from migration_tool.state.checkpoint import Checkpoint, Counters, EntityProgress, PhaseTime

from .samples import advanced, checkpoint, finished


def test_sums_are_over_all_entities() -> None:
    state = checkpoint()
    assert (state.items_total, state.items_written, state.rejected) == (275 + 3503 + 8, 5, 1)


def artist(state: Checkpoint) -> EntityProgress:
    return state.entity("music_catalog", "Artist")


def test_new_figures_of_one_entity_leave_the_others_and_the_old_value() -> None:
    state = checkpoint()
    later = state.with_entities([artist(state).advance((9,), 4)])
    assert artist(later) == EntityProgress("music_catalog", "Artist", (9,), 275, 9, 8, 1)
    assert artist(state).rows_read == 5
    assert later.entities[1:] == state.entities[1:]


def test_what_is_neither_rejected_nor_skipped_is_written() -> None:
    later = artist(checkpoint()).advance((15,), 10, 3, 2)
    assert (later.rows_read, later.items_written, later.rejected, later.skipped) == (15, 9, 4, 2)


def test_no_row_more_changes_nothing() -> None:
    state = checkpoint()
    assert state.with_entities([artist(state).advance((5,), 0)]) == state


@pytest.mark.parametrize(
    ("position", "rows", "rejected", "skipped", "cause"),
    [
        ((4,), -1, 0, 0, "rows_read would go back from 5 to 4"),
        ((6,), 1, 2, 0, "items_written would go back"),
        ((6,), 1, 1, 1, "items_written would go back"),
        ((6,), 1, -1, 0, "rejected would go back"),
        ((6,), 1, 0, -1, "skipped would go back"),
        ((4,), 1, 0, 0, "the cursor would go back"),
        (None, 1, 0, 0, "there is no cursor"),
        ((6,), 0, 0, 0, "no row was read"),
    ],
)
def test_a_checkpoint_never_goes_backwards(
    position: tuple[int] | None, rows: int, rejected: int, skipped: int, cause: str
) -> None:
    with pytest.raises(StateError, match=rf"music_catalog\.Artist\): .*{cause}"):
        artist(checkpoint()).advance(position, rows, rejected, skipped)


@pytest.mark.parametrize("change", [{"rows_read": 6}, {"items_written": 3}, {"rejected": 2}, {"skipped": 1}])
def test_an_account_that_does_not_add_up_goes_no_further(change: dict[str, int]) -> None:
    with pytest.raises(StateError, match="do not add up to the rows read"):
        replace(artist(checkpoint()), **change).advance((9,), 4)  # type: ignore[arg-type]


def test_a_done_entity_stays_as_it_is() -> None:
    done = artist(checkpoint()).finish()
    assert done.advance((5,), 0) == done
    with pytest.raises(StateError, match="the entity is done"):
        done.advance((6,), 1)


@pytest.mark.parametrize("name", [("music_catalog", "Album"), ("other", "Artist")])
def test_an_entity_that_the_run_does_not_have_is_an_error(name: tuple[str, str]) -> None:
    with pytest.raises(StateError, match="has no such entity"):
        checkpoint().entity(*name)


def test_rewind_takes_one_table_to_its_beginning() -> None:
    state = finished().rewind("music_catalog")
    assert state.entity("music_catalog", "Artist") == EntityProgress(
        "music_catalog", "Artist", rows_total=275
    )
    assert state.entity("employee_data", "Employee").done
    assert state.status == "in_progress"
    assert checkpoint(status="paused").rewind("music_catalog").status == "paused"


def test_retried_rows_move_within_the_account_of_a_done_entity() -> None:
    entity = artist(checkpoint()).finish().retried(items=1)
    assert (entity.rows_read, entity.items_written, entity.rejected, entity.skipped) == (5, 5, 0, 0)
    assert (entity.position, entity.done) == ((5,), True)
    gone = artist(checkpoint()).retried(skipped=1)
    assert (gone.items_written, gone.rejected, gone.skipped) == (4, 0, 1)
    assert checkpoint().with_entities([gone]).rewind("music_catalog").skipped == 0
    with pytest.raises(StateError, match="there are more than rejected"):
        artist(checkpoint()).retried(items=1, skipped=1)


def test_a_retry_is_known_by_its_phase_and_waits_until_all_rows_are_read() -> None:
    begun = finished().with_phase("retry", started=1.0)
    assert begun.retrying and begun.loaded
    assert not finished().retrying
    assert not begun.with_phase("retry", finished=2.0).retrying
    assert not begun.rewind("music_catalog").retrying


def test_completed_needs_every_entity_done() -> None:
    with pytest.raises(StateError, match="although an entity is not done"):
        checkpoint().with_status("completed")
    with pytest.raises(StateError, match="although an entity is not done"):
        checkpoint().with_entities([artist(checkpoint()).finish()]).with_status("completed")
    with pytest.raises(StateError, match="although an entity is not done"):
        checkpoint(entities=()).with_status("completed")
    assert finished().status == "completed"


def test_phases_keep_their_order_and_the_times_they_had() -> None:
    state = checkpoint(phases=()).with_phase("analysis", started=1.0).with_phase("loading", started=2.0)
    state = state.with_phase("analysis", finished=1.5)
    assert state.phases == (PhaseTime("analysis", 1.0, 1.5), PhaseTime("loading", 2.0))


def test_the_last_twenty_errors_are_kept_short() -> None:
    state = checkpoint(errors=())
    for number in range(25):
        state = state.with_error(f"{number} " + "x" * 5000, float(number))
    assert [e.at for e in state.errors] == [float(n) for n in range(5, 25)]
    assert all(len(str(e)) == 2000 for e in state.errors)
    assert str(state.with_error("cut \ud800 off", 1.0).errors[-1]) == "cut \\ud800 off"


def test_the_small_changes() -> None:
    identity = TableIdentity("n", "a", "t")
    state = checkpoint().with_counters(Counters(1)).with_rejects(7, 2).with_snapshot(None)
    state = state.with_target("employee_data", identity)
    assert (state.counters, state.rejects_bytes, state.snapshot) == (Counters(1), 7, None)
    assert state.rejects_rewrites == 2
    assert state.fingerprints.targets["employee_data"] == identity
    assert "music_catalog" in state.fingerprints.targets


def test_what_is_no_way_back_is_known() -> None:
    state = checkpoint()
    assert state.continues(state)
    assert advanced(state, 9).continues(state)
    assert finished().continues(state)
    for other in (
        state.rewind("music_catalog"),
        state.with_target("music_catalog", TableIdentity("n", "a", "other")),
        state.with_snapshot("another"),
        state.with_rejects(412, 1),
        state.with_entities([artist(state).retried(items=1)]),
        replace(state, entities=state.entities[:2]),
    ):
        assert not other.continues(state)
    assert not replace(finished(), status="in_progress").continues(finished())


def test_the_payload_comes_back_equal() -> None:
    assert Checkpoint.from_json(checkpoint().to_json()) == checkpoint()


WRONG = [
    ("run_id", 5),
    ("created_at", "1"),
    ("created_at", True),
    ("created_at", -1),
    ("updated_at", float("inf")),
    ("endpoint", None),
    ("snapshot", 5),
    ("status", "done"),
    ("status", []),
    ("status", "completed"),
    ("tables", []),
    ("tables", {"music_catalog": 1}),
    ("tables", {"music_catalog": "x"}),
    ("phases", {}),
    ("phases", [5]),
    ("entities", [{}]),
    ("fingerprints", {}),
    ("counters", {"requests": 1}),
    ("rejects_bytes", -1),
    ("rejects_bytes", 1.0),
    ("rejects_bytes", True),
    ("rejects_rewrites", -1),
    ("errors", [{"at": 1.0, "message": None}]),
    ("generation", "1"),
]


@pytest.mark.parametrize(("key", "value"), WRONG)
def test_a_wrong_field_is_named(key: str, value: object) -> None:
    payload = checkpoint().to_json() | {key: value}
    with pytest.raises(StateError) as raised:
        Checkpoint.from_json(payload)
    assert raised.value.obj.startswith("payload")


ENTITY = {
    "table": "music_catalog",
    "entity": "Artist",
    "position": [{"t": "int", "v": "5"}],
    "rows_total": 9,
    "rows_read": 5,
    "items_written": 4,
    "rejected": 1,
    "skipped": 0,
    "done": False,
}


@pytest.mark.parametrize(
    "change",
    [
        {"items_written": 5},
        {"items_written": 3},
        {"skipped": 1},
        {"skipped": -1},
        {"position": None},
        {"position": []},
        {"position": 5},
        {"position": [5]},
        {"position": [{"t": "int", "v": 5}]},
        {"position": [{"t": "int", "v": "05"}]},
        {"position": [{"t": "int"}]},
        {"position": [{"t": "date", "v": "1"}]},
        {"position": [{"t": "real", "v": "1"}]},
        {"position": [{"t": "blob", "v": "?"}]},
        {"position": [True]},
        {"position": [["x"]]},
        {"done": 0},
        {"rows_read": None},
        {"more": 1},
    ],
)
def test_a_wrong_entity_is_refused(change: dict[str, object]) -> None:
    assert EntityProgress.from_json(dict(ENTITY), "entities[0]").position == (5,)
    with pytest.raises(StateError, match=r"entities\[0\]"):
        EntityProgress.from_json(ENTITY | change, "entities[0]")


@pytest.mark.parametrize("value", [None, [], "x", 5, {}])
def test_a_payload_that_is_none_is_refused(value: object) -> None:
    with pytest.raises(StateError):
        Checkpoint.from_json(value)


def test_an_entity_that_stands_twice_is_refused() -> None:
    payload = checkpoint().to_json()
    payload["entities"] = [ENTITY, ENTITY]
    with pytest.raises(StateError, match="twice"):
        Checkpoint.from_json(payload)


def test_a_phase_that_starts_again_has_not_finished() -> None:
    state = checkpoint(phases=()).with_phase("loading", started=1.0).with_phase("loading", finished=2.0)
    (again,) = state.with_phase("loading", started=5.0).phases
    assert (again.started_at, again.finished_at) == (5.0, None)
