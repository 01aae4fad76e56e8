from __future__ import annotations

import os
from pathlib import Path

import pytest

from migration_tool.errors import StateError
from migration_tool.state.lock import is_held
from migration_tool.state.store import StateStore

from .processes import kill, process
from .samples import checkpoint

pytestmark = pytest.mark.row(17)

HOLD = """
    with store.lock():
        print("held", flush=True)
        sys.stdin.read()
"""


def test_a_second_process_is_refused_with_the_name_of_the_first(tmp_path: Path) -> None:
    store = StateStore(tmp_path)
    with process(tmp_path, HOLD) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        with pytest.raises(StateError) as raised, store.lock():
            pytest.fail("the lock was taken twice")
        message = str(raised.value)
        assert f"pid {child.pid}" in message
        assert f"host {os.uname().nodename}" in message
        assert "command" in message
        assert "resume" in raised.value.hint
        child.communicate("")
    with store.lock():
        assert (tmp_path / ".lock").exists()


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    with process(tmp_path, HOLD) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        kill(child)
    with StateStore(tmp_path).lock():
        assert f'"pid":{os.getpid()},' in (tmp_path / ".lock").read_text()
    assert (tmp_path / ".lock").read_text() == ""


def test_the_lock_holds_while_the_state_is_replaced_and_in_one_process_too(tmp_path: Path) -> None:
    store = StateStore(tmp_path)
    with store.lock():
        store.save(checkpoint())
        with pytest.raises(StateError, match=f"pid {os.getpid()}"), StateStore(tmp_path).lock():
            pytest.fail("the lock was taken twice")


def test_the_lock_is_free_after_an_error(tmp_path: Path) -> None:
    store = StateStore(tmp_path)
    with pytest.raises(ValueError, match="x"), store.lock():
        raise ValueError("x")
    with store.lock():
        assert store.runs() == []


@pytest.mark.parametrize("text", [b"", b"\xff", b"[]", b'{"pid": 1}', b"[" * 5000])
def test_a_holder_that_does_not_say_who_it_is(tmp_path: Path, text: bytes) -> None:
    store = StateStore(tmp_path)
    with store.lock():
        (tmp_path / ".lock").write_bytes(text)
        with pytest.raises(StateError, match="has not said who it is"), StateStore(tmp_path).lock():
            pytest.fail("the lock was taken twice")


def test_the_name_of_the_holder_cannot_steer_the_terminal(tmp_path: Path) -> None:
    store = StateStore(tmp_path)
    with store.lock():
        (tmp_path / ".lock").write_text(
            '{"pid":1,"host":"\\u001b[2J","command":"a\\u202eb\\n","since":"x"}', encoding="ascii"
        )
        with pytest.raises(StateError) as raised, StateStore(tmp_path).lock():
            pytest.fail("the lock was taken twice")
    assert "host ?[2J, command a?b?" in str(raised.value)


def test_whether_the_lock_is_held_can_be_seen_without_touching_it(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    assert not is_held(path)
    assert not path.exists()
    with process(tmp_path, HOLD) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        text = path.read_text()
        assert is_held(path)
        assert path.read_text() == text
        kill(child)
    assert not is_held(path)
    with StateStore(tmp_path).lock():
        assert is_held(path)
