"""The long run of the fuzz targets; see scripts/fuzz."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from tests.fuzz.explore import FOLDER
from tests.fuzz.targets import TARGETS

_USAGE = "usage: scripts/fuzz list | TARGET|all SECONDS | TARGET FILE"
_FIGURES = {"inputs": "number_of_executed_units", "a second": "average_exec_per_sec", "MB": "peak_rss_mb"}
_COVERAGE = re.compile(r"cov: (\d+) ft: \d+ corp: (\d+)")
_ROW = "{:<18}{:>8}{:>12}{:>10}{:>8}{:>10}{:>8}  {}"


def main(words: Sequence[str]) -> int:
    """0: every input came to a good end; 1: one did not; 2: wrong words; 3: atheris is missing."""
    match words:
        case ["list"]:
            print(*TARGETS, sep="\n")
            return 0
        case [name, again] if name in TARGETS and Path(again).is_file():
            TARGETS[name].check(Path(again).read_bytes())
            return 0
        case [name, seconds] if (name in TARGETS or name == "all") and seconds.isdigit():
            return _run(list(TARGETS) if name == "all" else [name], int(seconds))
    print(_USAGE, file=sys.stderr)
    return 2


def _run(names: Sequence[str], seconds: int) -> int:
    if not find_spec("atheris"):
        print("fuzz: atheris is missing; scripts/setup fuzz installs it", file=sys.stderr)
        return 3
    print(_ROW.format("target", "seconds", *_FIGURES, "branches", "corpus", "end"), flush=True)
    return max([_explore(name, seconds) for name in names])


def _explore(name: str, seconds: int) -> int:
    """Prints one row of figures; after a bad end also what libFuzzer said last, and where the input is."""
    line = [sys.executable, "-m", "tests.fuzz.explore", name, str(seconds)]
    done = subprocess.run(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    figures = [re.search(rf"stat::{stat}:\s+(\d+)", done.stdout) for stat in _FIGURES.values()]
    coverage = (_COVERAGE.findall(done.stdout) or [("", "")])[-1]
    end = "bad" if done.returncode else "good"
    print(
        _ROW.format(name, seconds, *(found[1] if found else "" for found in figures), *coverage, end),
        flush=True,
    )
    if done.returncode:
        print(*done.stdout.splitlines()[-40:], f"The input is in {FOLDER / name}.", sep="\n", flush=True)
    return min(done.returncode, 1) if done.returncode >= 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
