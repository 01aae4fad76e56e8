"""A short run of the soak, always the same seeds; scripts/soak is the long one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engines import Engine
from tests.faults import soak
from tests.faults.proxy import Passage
from tests.faults.soak import main, play
from tests.target.fake import Reply

SEEDS = (4, 17)


@pytest.mark.engine
@pytest.mark.row(3)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_migration_of_a_seed_ends_complete(
    tmp_path: Path, small_db: Path, real_engine: Engine, seed: int
) -> None:
    assert play(seed, real_engine, small_db, tmp_path).requests > 0


@pytest.mark.engine
def test_a_lost_item_is_found_and_its_seed_is_shown(
    small_db: Path, dynoxide: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def lossy(passage: Passage) -> Reply:
        """Takes nothing, and says that it took all."""
        return Reply() if passage.puts else passage.proxy.forward(passage.seen)

    monkeypatch.setattr(Passage, "deliver", lossy)
    assert soak.soak(0, 4, [Engine("dynoxide", dynoxide)], small_db) == 1
    said = capsys.readouterr().err
    assert "AssertionError" in said and "scripts/soak 0 --seed 4" in said


def test_words_that_are_none_end_with_2() -> None:
    for words in ([], ["long"], ["1", "--seed"], ["1", "2"]):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 2
