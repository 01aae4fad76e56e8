"""State files of earlier format versions, byte for byte as their tools wrote them."""

from __future__ import annotations

from pathlib import Path

import pytest

from migration_tool.errors import StateError
from migration_tool.state.checkpoint import Flow, Lease, Pace, Tuning
from migration_tool.state.envelope import VERSION, seal, unseal
from migration_tool.state.proofs import KeyRange
from migration_tool.state.store import StateStore

from .samples import RUN

pytestmark = pytest.mark.row(13)

OLD = {n: (Path(__file__).parent / f"version{n}.json").read_bytes() for n in range(1, VERSION)}


@pytest.fixture(params=OLD)
def old(request: pytest.FixtureRequest) -> bytes:
    return OLD[request.param]


def test_version_1_is_read_with_nothing_wished_and_nothing_known() -> None:
    state = unseal(OLD[1])
    assert (state.generation, state.items_written, state.status) == (7, 4, "paused")
    assert (state.tuning, state.pace, state.flow, state.lease) == (Tuning(), Pace(), Flow(), Lease())


def test_version_2_is_read_without_a_lease() -> None:
    state = unseal(OLD[2])
    assert (state.generation, state.items_written, state.status) == (7, 5, "paused")
    assert (state.tuning, state.pace) == (Tuning(2, "500", True), Pace(10.5, 7.5, "steady"))
    assert (state.flow.reasons, state.lease) == ({"X": 3}, Lease())


def test_version_3_is_read_with_nothing_skipped_and_nothing_rewritten() -> None:
    state = unseal(OLD[3])
    assert (state.items_written, state.rejected, state.skipped, state.rejects_rewrites) == (5, 1, 0, 0)
    assert (state.rejects_bytes, state.lease) == (412, Lease({"music_catalog": 2}, 1795210260.5))


def test_version_4_is_read_with_proofs_of_no_chunk_items() -> None:
    ranges = unseal(OLD[4]).proofs["music_catalog"].ranges
    assert ranges == {
        "Artist": (KeyRange((3,), 3, 3, 0, 17), KeyRange((5,), 2, 1, 0, 2**500)),
        "Track": (),
    }


def test_version_5_is_read_with_objects_nowhere() -> None:
    state = unseal(OLD[5])
    assert state.proofs["music_catalog"].ranges["Artist"][0] == KeyRange((3,), 3, 3, 2, 17)
    assert (state.fingerprints.designs, state.fingerprints.objects) == ({"music_catalog": "c04d"}, {})


def test_the_next_save_makes_it_the_newest_version(tmp_path: Path, old: bytes) -> None:
    path = tmp_path / f"{RUN}.json"
    path.write_bytes(old)
    store = StateStore(tmp_path)
    lease = Lease({"music_catalog": 3}, 1795210260.5)
    changed = store.load(RUN).with_tuning(Tuning(3, "500", True)).with_lease(lease)
    saved = store.save(changed.with_entities([changed.entities[0].retried(skipped=1)]))
    assert path.read_bytes().endswith(b'"version":%d}\n' % VERSION)
    assert StateStore(tmp_path).load(RUN) == saved
    assert (saved.generation, saved.tuning.number, saved.lease, saved.skipped) == (8, 3, lease, 1)
    assert store.warnings == []


def test_its_damage_is_found(old: bytes) -> None:
    for place in range(len(old)):
        for mask in (0x01, 0x10, 0xFF):
            with pytest.raises(StateError):
                unseal(old[:place] + bytes([old[place] ^ mask]) + old[place + 1 :])


@pytest.mark.parametrize("wrong", range(1, VERSION + 1))
def test_a_version_does_not_pass_for_another(wrong: int) -> None:
    states = {**OLD, VERSION: seal(unseal(OLD[2]))}
    for version, data in states.items():
        if version != wrong:
            with pytest.raises(StateError):
                unseal(data.replace(b'"version":%d}' % version, b'"version":%d}' % wrong))


@pytest.mark.parametrize("proofs", [b"null", b"[5]", b'{"a":1}', b'{"a":{"ranges":[[5]]}}'])
def test_proofs_that_are_none_are_damage(proofs: bytes) -> None:
    start, end = OLD[4].index(b'"proofs":') + 9, OLD[4].index(b',"region"')
    with pytest.raises(StateError):
        unseal(OLD[4][:start] + proofs + OLD[4][end:])


@pytest.mark.parametrize("entities", [b"null", b"[5]", b'{"a":1}'])
def test_entities_that_are_none_are_damage(entities: bytes) -> None:
    start, end = OLD[1].index(b'"entities":') + 11, OLD[1].index(b',"errors"')
    with pytest.raises(StateError):
        unseal(OLD[1][:start] + entities + OLD[1][end:])
