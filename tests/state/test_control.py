"""The wish file: what is written is read back, what is damaged is named, and looking at it is cheap."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migration_tool.errors import StateError
from migration_tool.rates import OFF, MaxWcu
from migration_tool.state import control
from migration_tool.state.checkpoint import Tuning
from migration_tool.state.control import (
    LOOK_SECONDS,
    Wish,
    Wishes,
    in_force,
    read_wish,
    withdraw_limit,
    write_wish,
)
from migration_tool.state.store import StateStore

from .samples import LATER_RUN, RUN, Time, checkpoint, names, put

LIMIT = MaxWcu(500.0)
wishes = st.builds(
    Wish,
    st.just(RUN),
    st.integers(0, 2**53),
    st.none() | st.sampled_from([OFF, LIMIT, MaxWcu(auto=True, share=0.8)]),
    st.booleans(),
)


@pytest.fixture
def path(store: StateStore) -> Path:
    store.save(checkpoint())
    return store.control_path(RUN)


@settings(max_examples=40)
@given(wishes)
def test_a_wish_is_read_back(path: Path, wish: Wish) -> None:
    write_wish(path, wish)
    assert read_wish(path) == wish


def test_no_file_is_no_wish(path: Path) -> None:
    assert read_wish(path) is None


def test_the_file_is_whole_and_for_the_owner_alone(path: Path) -> None:
    write_wish(path, Wish(RUN, 2, LIMIT, True))
    assert json.loads(path.read_text()) == {"run_id": RUN, "number": 2, "max_wcu": "500", "paused": True}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {p.name for p in path.parent.iterdir()} == {f"{RUN}.json", f"{RUN}.control.json"}


def test_a_wish_that_cannot_be_written_leaves_the_earlier_one(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_wish(path, Wish(RUN, 1))

    def fail(fd: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(StateError, match=r"control\.json.*No space left"):
            write_wish(path, Wish(RUN, 2))
    assert read_wish(path) == Wish(RUN, 1)


DAMAGED: list[dict[str, Any]] = [
    {"run_id": LATER_RUN},
    {"number": -1},
    {"number": "1"},
    {"number": True},
    {"max_wcu": 500},
    {"max_wcu": "fast"},
    {"max_wcu": "0"},
    {"paused": 1},
    {"more": 1},
]


def damage(path: Path, **changes: Any) -> None:
    wish = {"run_id": RUN, "number": 1, "max_wcu": None, "paused": False}
    path.write_text(json.dumps(wish | changes))


@pytest.mark.parametrize("changes", DAMAGED, ids=str)
def test_a_damaged_wish_is_named(path: Path, changes: dict[str, Any]) -> None:
    damage(path, **changes)
    with pytest.raises(StateError) as raised:
        read_wish(path)
    assert (raised.value.obj, "delete it" in raised.value.hint) == (str(path), True)
    assert next(iter(changes)) in raised.value.cause


@pytest.mark.parametrize("data", [b"", b"{", b"null", b"[]", b"\xff", b"[" * 5000, b"{}" + b" " * 5000])
def test_a_file_that_is_no_wish_is_named(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    with pytest.raises(StateError, match=r"control\.json"):
        read_wish(path)


@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_what_is_no_regular_file_is_refused(path: Path, kind: str, tmp_path: Path) -> None:
    put(path, kind, tmp_path / "elsewhere")
    for use in (lambda: read_wish(path), lambda: write_wish(path, Wish(RUN, 1))):
        with pytest.raises(StateError, match=r"control\.json"):
            use()


def test_what_a_wish_puts_in_force() -> None:
    assert in_force(None, LIMIT) == Tuning(0, "500", False)
    assert in_force(Wish(RUN, 2, None, True), LIMIT) == Tuning(2, "500", True)
    assert in_force(Wish(RUN, 3, OFF), LIMIT) == Tuning(3, "off", False)


def test_a_newer_flag_withdraws_the_limit_and_nothing_else(path: Path) -> None:
    withdraw_limit(path)
    assert read_wish(path) is None
    write_wish(path, Wish(RUN, 4, LIMIT, True))
    withdraw_limit(path)
    withdraw_limit(path)
    assert read_wish(path) == Wish(RUN, 5, None, True)


def test_a_wish_is_followed_when_it_changes(path: Path, clock: Time) -> None:
    found = Wishes(path, clock)
    assert found.current() is None
    for number in (1, 2):
        write_wish(path, Wish(RUN, number, LIMIT))
        clock.now += LOOK_SECONDS
        assert found.current() == Wish(RUN, number, LIMIT)
        assert found.current() is found.current()
    path.unlink()
    clock.now += LOOK_SECONDS
    assert found.current() is None
    assert found.warnings == []


def test_a_wish_that_was_there_before_is_followed_at_once(path: Path, clock: Time) -> None:
    write_wish(path, Wish(RUN, 7, paused=True))
    assert Wishes(path, clock).current() == Wish(RUN, 7, paused=True)


def test_looking_costs_one_stat_and_that_seldom(
    path: Path, clock: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_wish(path, Wish(RUN, 1))
    looks: list[str] = []
    real_stat, real_read = Path.lstat, control.read_wish

    def lstat(self: Path) -> os.stat_result:
        looks.append("stat")
        return real_stat(self)

    def read(path: Path) -> Wish | None:
        looks[-1] = "read"
        return real_read(path)

    monkeypatch.setattr(control, "read_wish", read)
    monkeypatch.setattr(Path, "lstat", lstat)
    found = Wishes(path, clock)
    for _ in range(11):
        found.current()
        clock.now += LOOK_SECONDS / 4
    assert looks.count("read") == 1
    assert looks.count("stat") == 2 + 1  # read_wish looks once more what kind of file it is


@pytest.mark.parametrize("changes", [{"run_id": LATER_RUN}, {"paused": None}], ids=["foreign", "damaged"])
def test_what_cannot_be_followed_is_told_once_and_changes_nothing(
    path: Path, clock: Time, changes: dict[str, Any]
) -> None:
    write_wish(path, Wish(RUN, 1, LIMIT))
    found = Wishes(path, clock)
    found.current()
    damage(path, **changes)
    for _ in range(3):
        clock.now += LOOK_SECONDS
        assert found.current() == Wish(RUN, 1, LIMIT)
    (warning,) = found.warnings
    assert str(path) in warning and "stays in force" in warning


def test_the_wish_belongs_to_its_run(store: StateStore, path: Path) -> None:
    write_wish(path, Wish(RUN, 1, paused=True))
    store.save(checkpoint(LATER_RUN))
    assert read_wish(store.control_path(LATER_RUN)) is None
    assert store.runs() == [LATER_RUN, RUN]
    assert path in store.remove(RUN)
    assert names(store) == {f"{LATER_RUN}.json"}
