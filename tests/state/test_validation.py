"""The file of an interrupted validation: what is written is read back, what is damaged is never followed."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migration_tool.errors import StateError
from migration_tool.state.proofs import KeyRange
from migration_tool.state.store import StateStore
from migration_tool.state.validation import TableSums, Validation, read_validation, write_validation

from .samples import LATER_RUN, RUN, checkpoint, counts, names, put, ranges, texts, times

SUMS = TableSums(
    {"source": "91ab"}, 5.5, 3, 64, {0: 7, 2: 9}, {"Artist": (KeyRange((5,), 5, 4, 2, 17),)},
    members={0: {"GSI1": 4}, 2: {}},
)  # fmt: skip
VALIDATION = Validation(RUN, 12, 4.5, {"music_catalog": SUMS})
digests = st.integers(0, 2**512 - 1)


@st.composite
def sums(draw: st.DrawFn) -> TableSums:
    actual = draw(st.dictionaries(st.integers(0, 8), digests, max_size=3))
    facts = draw(st.dictionaries(texts, texts, max_size=3))
    proved_at = draw(st.none() | times)
    members = {share: draw(st.dictionaries(texts, counts, max_size=2)) for share in actual}
    counted = draw(st.sampled_from([members, {}]))
    return TableSums(facts, draw(times), 9, draw(counts), actual, draw(ranges), proved_at, counted)


@pytest.fixture
def path(store: StateStore) -> Path:
    store.save(checkpoint())
    return store.validation_path(RUN)


@settings(max_examples=40)
@given(st.builds(Validation, st.just(RUN), counts, times, st.dictionaries(texts, sums(), max_size=3)))
def test_what_is_known_is_read_back(path: Path, validation: Validation) -> None:
    write_validation(path, validation)
    assert read_validation(path, RUN) == validation


def test_no_file_is_no_validation(path: Path) -> None:
    assert read_validation(path, RUN) is None


def test_the_file_is_whole_for_the_owner_alone_and_goes_with_its_run(path: Path, store: StateStore) -> None:
    write_validation(path, VALIDATION)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert names(store) == {f"{RUN}.json", f"{RUN}.validate.json"}
    assert path in store.files(RUN)
    assert store.runs() == [RUN]
    store.remove(RUN)
    assert names(store) == set()


def test_every_flipped_byte_is_noticed(path: Path) -> None:
    write_validation(path, VALIDATION)
    data = path.read_bytes()
    for at in range(len(data)):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        with pytest.raises(StateError):
            read_validation(path, RUN)
    for at in range(0, len(data), 7):
        path.write_bytes(data[:at])
        with pytest.raises(StateError):
            read_validation(path, RUN)


@pytest.mark.parametrize("share", [-1, 3])
def test_a_share_that_there_is_not_is_damage(path: Path, share: int) -> None:
    write_validation(path, Validation(RUN, 1, 1.0, {"t": replace(SUMS, actual={share: 7})}))
    with pytest.raises(StateError, match="names a share that there is not"):
        read_validation(path, RUN)


@pytest.mark.parametrize("shares", [[0], [0, 1, 2], [0, 1]])
def test_members_of_other_shares_than_were_read_are_damage(path: Path, shares: list[int]) -> None:
    sums = replace(SUMS, members={share: {"GSI1": 1} for share in shares})
    write_validation(path, Validation(RUN, 1, 1.0, {"t": sums}))
    with pytest.raises(StateError, match="is not of the shares that were read"):
        read_validation(path, RUN)


def test_that_of_another_run_is_refused(path: Path, store: StateStore) -> None:
    write_validation(path, Validation(LATER_RUN, 1, 1.0))
    with pytest.raises(StateError, match=f"another run, {LATER_RUN}"):
        read_validation(path, RUN)


def test_a_state_file_is_none(path: Path, store: StateStore) -> None:
    path.write_bytes((store.folder / f"{RUN}.json").read_bytes())
    with pytest.raises(StateError, match="format"):
        read_validation(path, RUN)


@pytest.mark.parametrize("kind", ["folder", "pipe", "link"])
def test_what_is_no_regular_file_is_neither_read_nor_written_through(
    path: Path, tmp_path: Path, kind: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    put(path, kind, elsewhere)
    for use in (lambda: read_validation(path, RUN), lambda: write_validation(path, VALIDATION)):
        with pytest.raises(StateError, match="does not write through"):
            use()
    assert not elsewhere.exists() or elsewhere.read_bytes() == b"theirs"
