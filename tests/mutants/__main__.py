"""Applies each mutant to a copy and runs its tests; see scripts/mutants."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tests.mutants.catalogue import MUTANTS
from tests.mutants.mutant import Mutant, StaleError, Tree, copied

_USAGE = "usage: scripts/mutants list | all | NAME ..."
_ROW = "{:<30} {:>6}  {}"


def main(words: Sequence[str]) -> int:
    """0: each mutant was killed; 1: one was not, or could not be tried; 2: wrong words."""
    known = {mutant.name: mutant for mutant in MUTANTS}
    if list(words) == ["list"]:
        for mutant in MUTANTS:
            print(_ROW.format(mutant.name, "", f"{mutant.file}: {mutant.guarantee}"))
        return 0
    names = list(known) if list(words) == ["all"] else words
    if not names or not set(names) <= known.keys():
        print(_USAGE, file=sys.stderr)
        return 2
    return judge([known[name] for name in names])


def judge(mutants: Sequence[Mutant]) -> int:
    """Prints which test kills which mutant. The tests have to pass without one."""
    with copied() as tree:
        tests = dict.fromkeys(test for mutant in mutants for test in mutant.tests)
        sound = tree.test(tests, 60 * len(tests))
        if sound.failed:
            print(sound.words, f"without any mutant this fails: {sound.failed}", sep="\n", file=sys.stderr)
            return 1
        print(_ROW.format("none", f"{sound.seconds:.1f}", f"{len(tests)} tests pass"), flush=True)
        alive = [mutant.name for mutant in mutants if not _killed(tree, mutant)]
    print(f"{len(mutants) - len(alive)} of {len(mutants)} were killed.", *alive)
    return 1 if alive else 0


def _killed(tree: Tree, mutant: Mutant) -> bool:
    try:
        outcome = tree.run(mutant)
    except (StaleError, RuntimeError) as error:
        print(_ROW.format(mutant.name, "", f"NOT TRIED: {error}"), flush=True)
        return False
    end = f"killed by {outcome.failed}" if outcome.failed else f"SURVIVED: {mutant.guarantee}"
    print(_ROW.format(mutant.name, f"{outcome.seconds:.1f}", end), flush=True)
    return bool(outcome.failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
