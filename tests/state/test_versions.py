"""A state file of format version 1, byte for byte as its tool wrote it."""

from __future__ import annotations

from pathlib import Path

import pytest

from migration_tool.errors import StateError
from migration_tool.state.checkpoint import Flow, Pace, Tuning
from migration_tool.state.envelope import seal, unseal
from migration_tool.state.store import StateStore

from .samples import RUN

OLD = (Path(__file__).parent / "version1.json").read_bytes()


def test_it_is_read_with_nothing_wished_and_nothing_known() -> None:
    state = unseal(OLD)
    assert (state.generation, state.items_written, state.status) == (7, 4, "paused")
    assert (state.tuning, state.pace, state.flow) == (Tuning(), Pace(), Flow())


def test_the_next_save_makes_it_the_newest_version(tmp_path: Path) -> None:
    path = tmp_path / f"{RUN}.json"
    path.write_bytes(OLD)
    store = StateStore(tmp_path)
    saved = store.save(store.load(RUN).with_tuning(Tuning(1, "500", True)))
    assert path.read_bytes().endswith(b'"version":2}\n')
    assert StateStore(tmp_path).load(RUN) == saved
    assert (saved.generation, saved.tuning.paused, store.warnings) == (8, True, [])


def test_its_damage_is_found() -> None:
    for place in range(len(OLD)):
        for mask in (0x01, 0x10, 0xFF):
            with pytest.raises(StateError):
                unseal(OLD[:place] + bytes([OLD[place] ^ mask]) + OLD[place + 1 :])


def test_a_version_does_not_pass_for_the_other() -> None:
    new = seal(unseal(OLD))
    for data in (
        OLD.replace(b'"version":1}', b'"version":2}'),
        new.replace(b'"version":2}', b'"version":1}'),
    ):
        with pytest.raises(StateError):
            unseal(data)
