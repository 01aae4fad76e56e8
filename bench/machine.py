"""What the figures were measured on and with."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.child import environment
from bench.plan import CACHE
from bench.product import MIGRATE

_PEERS = ("pynamodb", "awswrangler")


def machine() -> dict[str, Any]:
    """`cpus`: those that we may use. `memory_bytes`: all that is there, not what is free."""
    return {
        "cpus": len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count(),
        "cpu_model": _cpu_model(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "platform": platform.platform(),
    }


def versions() -> dict[str, str]:
    """Of the product and its libraries, as its `info` tells them, and of the peers."""
    command = [sys.executable, str(MIGRATE), "-c", str(CACHE / "no-such-file.json"), "info", "--json"]
    done = subprocess.run(command, env=environment(), capture_output=True, check=True)
    return {**json.loads(done.stdout)["versions"], **{name: version(name) for name in _PEERS}}


def _cpu_model() -> str:
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text().splitlines() if facts.exists() else []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor() or platform.machine())
