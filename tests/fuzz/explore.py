"""One target, for so many seconds, led by coverage: `python -m tests.fuzz.explore TARGET SECONDS`.

libFuzzer (through atheris) keeps each input that reaches something new and goes on from it. A bad end leaves
the input in the target's folder and its exit code is not 0.
"""

from __future__ import annotations

import logging
import sys
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

from tests.fuzz.mutation import MAX_BYTES
from tests.fuzz.target import INPUT_SECONDS

FOLDER = Path(__file__).resolve().parents[2] / ".fuzz"
MEMORY_MB = 1024
_OURS = 0.7
"""The share of changes that are made by `Target.changed`; libFuzzer makes the others."""


def explore(name: str, seconds: int) -> None:
    """Does not return."""
    atheris: Any = import_module("atheris")
    with atheris.instrument_imports(include=["migration_tool"]):
        target = import_module("tests.fuzz.targets").TARGETS[name]
    logging.disable()

    def change(data: bytes, most: int, seed: int) -> bytes:
        chance = Random(seed)
        ours = chance.random() < _OURS
        changed = target.changed(data, chance) if ours else target.mended(atheris.Mutate(data, most), chance)
        return bytes(changed[:most])

    atheris.Setup(
        [sys.argv[0], *_options(name, seconds, target.seeds())], target.check, custom_mutator=change
    )
    atheris.Fuzz()


def _options(name: str, seconds: int, seeds: list[bytes]) -> list[str]:
    corpus = FOLDER / name / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    values = {
        "max_total_time": seconds,
        "timeout": INPUT_SECONDS,
        "rss_limit_mb": MEMORY_MB,
        "max_len": MAX_BYTES,
        "artifact_prefix": f"{corpus.parent}/",
        "print_final_stats": 1,
    }
    return [*(f"-{option}={value}" for option, value in values.items()), str(corpus)]


if __name__ == "__main__":
    explore(sys.argv[1], int(sys.argv[2]))
