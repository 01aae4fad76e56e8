"""One deliberate fault, and the copy of the tree in which the tests have to notice it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[2]
TIME_LIMIT = 120
"""Seconds for the tests of one mutant."""
_LEFT_OUT = (".git", ".venv", ".engines", ".fuzz", "__pycache__", ".*_cache", ".hypothesis", ".cache")
_LINKED = (".venv", ".engines")
_FAILED = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", re.MULTILINE)
_ALL_PASSED, _SOME_FAILED = 0, 1


class StaleError(Exception):
    """The text that a mutant changes does not stand in its file exactly once, or is no Python any more."""


@dataclass(frozen=True)
class Mutant:
    """`old` becomes `new` in `file`, which breaks the guarantee; one of `tests` has to fail."""

    name: str
    guarantee: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def applied(self, text: str) -> str:
        """The file's text with the fault in it. Raises StaleError."""
        found = text.count(self.old)
        if found != 1 or self.old == self.new:
            raise StaleError(f"{self.file} has the text {found} times, not once:\n{self.old}")
        changed = text.replace(self.old, self.new)
        try:
            compile(changed, self.file, "exec")
        except SyntaxError as error:
            raise StaleError(f"{self.file} is no Python after the change: {error}") from error
        return changed


@dataclass(frozen=True)
class Outcome:
    """What a test run came to. `failed`: the test that did, or "time limit"; "" where all passed."""

    failed: str
    seconds: float
    words: str


class Tree:
    """A copy of the project's files in which one mutant at a time lives."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def run(self, mutant: Mutant) -> Outcome:
        """Its tests with the fault in place. Raises StaleError."""
        path = self._folder / mutant.file
        sound = path.read_text(encoding="utf-8")
        path.write_text(mutant.applied(sound), encoding="utf-8")
        try:
            return self.test(mutant.tests)
        finally:
            path.write_text(sound, encoding="utf-8")

    def test(self, tests: Iterable[str], limit: float = TIME_LIMIT) -> Outcome:
        """These tests, until one fails. Raises RuntimeError where they cannot be run, or are skipped."""
        began = time.monotonic()
        line = [sys.executable, "-m", "pytest", "-x", "-q", "-rfEs", "--tb=short", "-p", "no:cacheprovider"]
        process = subprocess.Popen(
            [*line, *tests],
            cwd=self._folder,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            words, _ = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return Outcome("time limit", time.monotonic() - began, "")
        failed = _FAILED.search(words)
        if process.returncode not in (_ALL_PASSED, _SOME_FAILED) or "SKIPPED" in words:
            raise RuntimeError(words)
        return Outcome(failed[1] if failed else "", time.monotonic() - began, words)


@contextmanager
def copied(root: Path = ROOT) -> Iterator[Tree]:
    """A copy of the project, gone when the block ends; what was installed is linked, not copied."""
    with TemporaryDirectory() as name:
        folder = Path(name) / "tree"
        shutil.copytree(root, folder, ignore=shutil.ignore_patterns(*_LEFT_OUT))
        for linked in _LINKED:
            if (root / linked).exists():
                (folder / linked).symlink_to((root / linked).resolve())
        yield Tree(folder)
