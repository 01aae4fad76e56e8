"""A short run of every fuzz target, always the same inputs; scripts/fuzz is the long one."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz import __main__
from tests.fuzz.__main__ import main
from tests.fuzz.mutation import MAX_BYTES, mutate
from tests.fuzz.target import INPUT_SECONDS, Target, time_limit
from tests.fuzz.targets import TARGETS

INPUTS = 200
every_target = pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)


@every_target
def test_good_inputs_come_to_a_good_end(target: Target) -> None:
    for seed in target.seeds():
        target.check(seed)


@every_target
def test_changed_inputs_come_to_a_good_end(target: Target) -> None:
    @settings(derandomize=True, max_examples=INPUTS, deadline=None, database=None)
    @given(st.sampled_from(list(target.seeds())), st.randoms(use_true_random=True))
    def run(seed: bytes, chance: Random) -> None:
        with time_limit(INPUT_SECONDS):
            target.check(target.changed(seed, chance))

    run()


@every_target
def test_changes_are_many(target: Target) -> None:
    seeds = list(target.seeds())
    changed = {target.changed(seed, Random(number)) for seed in seeds for number in range(100)}
    assert len(changed.difference(seeds)) > 40 * len(seeds)
    assert max(map(len, changed)) <= MAX_BYTES


def test_a_change_is_the_same_for_the_same_chance() -> None:
    seeds = (b"", b"\xff", b"[", b'{"a": [1, 2.5, "x", null, {"b": true}]}', b'x\n{"a": 1}\ny')
    for seed in seeds:
        assert [mutate(seed, Random(n)) for n in range(50)] == [mutate(seed, Random(n)) for n in range(50)]


def test_an_endless_loop_is_a_failure() -> None:
    with pytest.raises(AssertionError, match="no end after 1 s"), time_limit(1):
        while True:
            pass


def test_the_long_run_says_what_there_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    assert capsys.readouterr().out.split() == list(TARGETS)
    assert (main([]), main(["nothing", "5"]), main(["wish", "x"])) == (2, 2, 2)
    (tmp_path / "input").write_bytes(b"{")
    assert main(["wish", str(tmp_path / "input")]) == 0


def test_the_long_run_needs_atheris(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(__main__, "find_spec", lambda name: None)
    assert main(["all", "1"]) == 3
    assert "scripts/setup fuzz" in capsys.readouterr().err
