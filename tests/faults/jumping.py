"""The command line on a machine whose clock jumps: each look at it is an hour off, this way or that."""

from __future__ import annotations

import sys
import time
from itertools import cycle
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

if __name__ == "__main__":
    real, hours = time.time, cycle((0, 1, -1, 1))
    time.time = lambda: real() + 3600 * next(hours)
    sys.argv[0] = "migrate.py"
    from migration_tool.cli import main

    main()
