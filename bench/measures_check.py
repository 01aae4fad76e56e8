"""How fast the product proves a table equal, and in how much memory.

The pages of Scan are those of a sink that the product itself has filled. It has no indexes to ask, so the
access patterns are left out (--items-only).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.child import Ended, report
from bench.figures import Must, Result, alone, compared
from bench.plan import Plan, measure
from bench.product import MUSIC, Product, design_file, product, table_name, work_folder
from bench.samples import music, sample
from bench.servers import Server, sink

PEER = "boto3 scan, TypeDeserializer, compare"
_ALL = 10**9


@contextmanager
def _filled(source: Path) -> Iterator[tuple[Server, Product]]:
    """A sink that holds what the product has written, and that product."""
    with sink("--keep") as server, product(source, server.url) as tool:
        tool.migrate(MUSIC)
        server.require_items(tool.written)
        server.prepare()
        yield server, tool


def _checked(tool: Product, workers: int) -> Ended:
    return tool.run("validate", "--tables", MUSIC, "--items-only", "--workers", workers)


@measure("validate")
def validate(plan: Plan) -> Iterator[Result]:
    """The whole of `validate` for MusicCatalog, in one process and with one per core, against boto3."""
    part = music(plan.peers)
    bounds = {"validate": (1, 5.0), "validate-cores": (_cores(), 9.0)}
    pairs: dict[str, list[tuple[float, float]]] = {name: [] for name in bounds}
    with _filled(sample(plan.scale)) as (_, tool), _filled(part) as (server, _), work_folder() as folder:
        expected = folder / "items"
        report("bench.items", part, design_file(MUSIC), _ALL, expected)
        for _ in range(plan.rounds):
            peer = report("bench.reading", server.url, table_name(MUSIC), expected)
            for name, (workers, _) in bounds.items():
                rate = tool.written / _checked(tool, workers).seconds
                pairs[name].append((rate, peer["items"] / peer["seconds"]))
        items = tool.written
    for name, (workers, least) in bounds.items():
        must = Must("ratio", least=least)
        yield compared(name, "items/s", pairs[name], PEER, must, items=items, workers=workers)


@measure("validate-memory")
def validate_memory(plan: Plan) -> Iterator[Result]:
    """Greatest memory of any process of `validate`, of the large source."""
    with _filled(music(plan.large)) as (_, tool):
        for name, workers in (("validate-memory", 1), ("validate-memory-cores", _cores())):
            peaks = [_checked(tool, workers).peak_bytes / 1e6 for _ in range(plan.rounds)]
            yield alone(name, "MB", peaks, Must("product", most=200), items=tool.written, workers=workers)


def _cores() -> int:
    return os.cpu_count() or 1
