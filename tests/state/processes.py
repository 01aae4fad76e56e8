"""Python processes that work on a state folder until they end or are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

TESTS = Path(__file__).parents[1]


def process(folder: Path, code: str) -> subprocess.Popen[str]:
    """A Python process with a store on `folder`, whose backups rotate without waiting."""
    program = f"""
    import itertools, os, resource, sys
    from pathlib import Path
    from migration_tool.state.store import StateStore
    from state.samples import advanced, checkpoint
    store = StateStore(Path({str(folder)!r}), monotonic=itertools.count(step=5).__next__)
    """
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program) + textwrap.dedent(code)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)])},
    )


def kill(child: subprocess.Popen[str]) -> str:
    """Kills the process and returns what it had printed after the lines that were read.

    `communicate` alone would lose what reading a line had taken from the pipe beyond that line.
    """
    child.send_signal(signal.SIGKILL)
    assert child.stdout is not None
    printed = child.stdout.read()
    child.communicate()
    return printed


def run(folder: Path, code: str) -> tuple[int, str, str]:
    with process(folder, code) as child:
        out, err = child.communicate()
    return child.returncode, out, err
