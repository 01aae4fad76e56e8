"""A machine that is awake: each of its processors works all the time, for nobody.

After a virtual machine has idled, two threads that only calculate take a quarter longer at times, both alike,
for 60 to 200 ms: as if the host had put both processors on one core. A load of a seventh of a second can pass
in that time.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from bench.plan import ROOT

_LOOPS = 100_000


@contextmanager
def awake() -> Iterator[None]:
    """Meanwhile no processor idles; what works there gives way to anything else. Only on Linux."""
    with ExitStack() as stack:
        if sys.platform == "linux":
            for processor in os.sched_getaffinity(0):
                command = [sys.executable, "-m", "bench.awake", str(processor), str(os.getpid())]
                process = stack.enter_context(subprocess.Popen(command, cwd=ROOT))
                stack.callback(process.terminate)
        yield


def main() -> None:
    """Until whoever started it is gone."""
    processor, parent = map(int, sys.argv[1:])
    os.sched_setaffinity(0, [processor])
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    while os.getppid() == parent:
        for _ in range(_LOOPS):
            pass


if __name__ == "__main__":
    main()
