"""What the size of the source does to the product: memory, time per item, time to the first batch."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median

from bench.awake import awake
from bench.child import Child, Ended, environment
from bench.figures import Must, Result, alone, compared
from bench.plan import Plan, measure
from bench.product import MIGRATE, MUSIC, Product, product, wait_for, work_folder
from bench.samples import music, rows, sample
from bench.servers import Server, sink

_LIBRARIES = ("boto3", "botocore", "pycurl")
_KILLED = -9
_KILLED_AT = 0.9
_GROWTH_ROUNDS = 3
"""For each of the others: loads of less than a second vary more than anything else that is measured."""
_PARTS = (1, *(10, 100, 100, 100) * 3)
"""What share of the source each load of a round is of: all sizes in the same minute."""


def _loaded(server: Server, source: Path) -> tuple[int, Ended, float]:
    """Items, process and loading seconds of one whole run."""
    server.reset()
    with product(source, server.url) as tool:
        ended = tool.migrate(MUSIC)
        server.require_items(tool.written)
        return tool.written, ended, tool.loading_seconds


def _peak(server: Server, source: Path) -> float:
    """Megabytes."""
    return _loaded(server, source)[1].peak_bytes / 1e6


@measure("memory")
def memory(plan: Plan) -> Iterator[Result]:
    """Greatest memory of a load of the large source, against a source of a tenth."""
    with sink() as server:
        pairs = [
            (_peak(server, music(plan.large)), _peak(server, music(plan.large // 10)))
            for _ in range(plan.rounds)
        ]
    yield compared("memory-growth", "MB", pairs, "a tenth of the source", Must("ratio", most=1.1))
    yield alone("memory-peak", "MB", [large for large, _ in pairs], Must("product", most=150))


@measure("growth")
def growth(plan: Plan) -> Iterator[Result]:
    """Loading time per item: the whole of the large source, a tenth and a hundredth.

    By the medians of all loads so far, after each round: where another guest of the machine is busy, all
    loads of the next five or ten seconds take up to half as long again.
    """
    taken: dict[int, list[float]] = {part: [] for part in (1, 10, 100)}
    grown = []
    with awake(), sink() as server:
        for _ in range(_GROWTH_ROUNDS * plan.rounds):
            for part in _PARTS:
                taken[part].append(_per_item(server, music(plan.large // part)))
            costs = [median(found) for found in taken.values()]
            grown.append((max(costs) / min(costs) - 1) * 100)
    result = alone("growth", "%", grown, Must("product", most=15), us_per_item=costs, loads=taken)
    yield replace(result, product=grown[-1])


def _per_item(server: Server, source: Path) -> float:
    """Microseconds of loading."""
    items, _, loading = _loaded(server, source)
    return loading / items * 1e6


@measure("first-batch")
def first_batch(plan: Plan) -> Iterator[Result]:
    """Time from the start to the first batch of a source with so many rows, live and by private copy."""
    source = rows(plan.large)
    with sink() as server:
        live = [_first_batch(server, source, "live") for _ in range(plan.rounds)]
        pairs = [(_first_batch(server, source, "copy"), _plain_copy(source)) for _ in range(plan.rounds)]
    yield alone("first-batch", "s", live, Must("product", most=1))
    yield compared(
        "first-batch-copy", "s", pairs, "plain copy of the file", source_bytes=source.stat().st_size
    )


def _first_batch(server: Server, source: Path, snapshot: str) -> float:
    server.reset()
    with product(source, server.url, source_snapshot=snapshot) as tool:
        return _until_first(server, tool.begin(MUSIC))


def _until_first(server: Server, child: Child) -> float:
    """Seconds from its start to the first BatchWriteItem; then it is killed."""
    wait_for(lambda: server.stats()["first_batch"] is not None, child)
    child.kill()
    child.wait(None)
    return float(server.stats()["first_batch"] - child.started)


def _plain_copy(source: Path) -> float:
    with work_folder() as folder:
        began = time.perf_counter()
        shutil.copyfile(source, folder / "copy")
        return time.perf_counter() - began


@measure("resume")
def resume(plan: Plan) -> Iterator[Result]:
    """Time to the first batch of `resume`, after a kill -9 at 90 % of the large source."""
    source = music(plan.large)
    with sink() as server:
        yield alone(
            "resume", "s", [_resumed(server, source) for _ in range(plan.rounds)], Must("product", most=2)
        )


def _resumed(server: Server, source: Path) -> float:
    with product(source, server.url) as tool:
        child = tool.begin(MUSIC)
        wait_for(partial(_nearly_done, tool), child)
        child.kill()
        child.wait(_KILLED)
        server.reset()
        return _until_first(server, tool.start("resume"))


def _nearly_done(tool: Product) -> bool:
    total = sum(entity["rows_total"] for entity in tool.state().get("entities", ()))
    return bool(total) and tool.written >= _KILLED_AT * total


@measure("start-up")
def start_up(plan: Plan) -> Iterator[Result]:
    """Modules of the cloud libraries that `status` and `--help` import."""
    with product(sample(1), "http://127.0.0.1:9") as tool:
        for words in ("status", "--help"):
            seconds = [tool.run(words).seconds for _ in range(plan.rounds)]
            name = f"start-up-{words.strip('-')}"
            found = _imported(tool.folder, words)
            yield alone(name, "modules", [found], Must("product", most=0), seconds=seconds)


def _imported(folder: Path, words: str) -> int:
    command = [sys.executable, "-X", "importtime", str(MIGRATE), words]
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=True)
    names = (line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if "import time:" in line)
    return sum(name.partition(".")[0] in _LIBRARIES for name in names)
