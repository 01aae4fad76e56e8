"""The mutants apply to the code as it is, and trying them tells the killed from the living.

All of them are tried by scripts/mutants, which takes some minutes.
"""

from __future__ import annotations

import ast
from dataclasses import replace

import pytest

from tests.mutants.__main__ import judge, main
from tests.mutants.catalogue import MUTANTS
from tests.mutants.mutant import ROOT, Mutant, StaleError

pytestmark = pytest.mark.row(26)
every_mutant = pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
QUICK = next(mutant for mutant in MUTANTS if mutant.name == "checksum-of-answer")


@every_mutant
def test_a_mutant_applies_and_its_tests_exist(mutant: Mutant) -> None:
    text = (ROOT / mutant.file).read_text(encoding="utf-8")
    assert mutant.applied(text) != text
    for test in mutant.tests:
        path, _, name = test.partition("::")
        functions = ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        assert name in {node.name for node in functions if isinstance(node, ast.FunctionDef)}
    assert mutant.tests


def test_mutants_have_names_of_their_own() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


@pytest.mark.parametrize(
    ("old", "new"), [("nowhere", "x"), ("a", "b"), ("x = a", "x = a"), ("x = a", "x = (")], ids=str
)
def test_a_change_that_does_not_fit_is_stale(old: str, new: str) -> None:
    with pytest.raises(StaleError):
        replace(QUICK, old=old, new=new).applied("x = a\ny = a\n")


def test_the_killed_and_the_living_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    harmless = replace(QUICK, name="harmless", new="    if not bool(answer.crc_ok):\n")
    stale = replace(QUICK, name="stale", old="nowhere")
    assert judge([QUICK, harmless, stale]) == 1
    none, killed, alive, not_tried, said = capsys.readouterr().out.split("\n", 4)
    assert none.startswith("none") and "1 tests pass" in none
    assert "killed by tests/target/test_answers.py::test_a_damaged_answer_proves_nothing" in killed
    assert "SURVIVED" in alive
    assert "NOT TRIED: migration_tool/target/answers.py" in not_tried
    assert said.endswith("1 of 3 were killed. harmless stale\n")


def test_the_list_names_all_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [mutant.name for mutant in MUTANTS]
    assert (main([]), main(["nothing"])) == (2, 2)
