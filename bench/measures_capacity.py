"""How much of a limited table's capacity the product uses, and how well it keeps a limit of its own.

The table is a sink with the model of bench.capacity: its own limit, and 1,000 units per second of each
partition. The designs here have no index, and their items are of one unit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

from bench.child import report
from bench.figures import Must, Result, alone, compared
from bench.plan import Plan, measure
from bench.product import product, table_name, work_folder
from bench.samples import music
from bench.servers import Server, sink

UNIT = "WCU/s"
PARTITION_WCU = 1_000
WINDOW_SECONDS = 10
_DESIGN = """
version: 1
table: {table}
entities:
  Track:
    from: Track
    where: TrackId <= {items}
    keys: {{PK: "{partition_key}", SK: "{{TrackId:10}}"}}
    attributes: {{"*": Track}}
"""


@dataclass(frozen=True)
class Data:
    """Tracks under a partition key of our choice; `key` gives that of a track's number."""

    name: str
    partition_key: str
    key: Callable[[int], str]

    def design(self, items: int) -> str:
        table = table_name(self.name)
        return _DESIGN.format(table=table, items=items, partition_key=self.partition_key)

    def possible(self, items: int, wcu: int) -> float:
        """Units per second that the limits let through: the table's, or what the fullest partition leaves."""
        partitions = -(-wcu // PARTITION_WCU)
        load = Counter(crc32(self.key(number).encode()) % partitions for number in range(1, items + 1))
        return items / max(items / wcu, max(load.values()) / PARTITION_WCU)


SPREAD = Data("spread", "TRACK#{TrackId}", lambda number: f"TRACK#{number}")
COLLECTION = Data("collection", "TRACKS", lambda number: "TRACKS")


@measure("capacity-spread")
def capacity_spread(plan: Plan) -> Iterator[Result]:
    """Share of a simulated table's capacity that is used: every item with a partition key of its own."""
    yield from _used(plan, SPREAD, plan.wcu * plan.seconds, Must("ratio", least=0.95))


@measure("capacity-collection")
def capacity_collection(plan: Plan) -> Iterator[Result]:
    """The same where all items are one item collection, which takes 1,000 units per second."""
    yield from _used(plan, COLLECTION, PARTITION_WCU * plan.seconds, Must("ratio", least=0.9))


@dataclass(frozen=True)
class Load:
    """What a limited sink saw of one load.

    steps             units consumed in each step of time, from the first unit on
    each              steps in a second
    refused           items that were not taken, each as often as it was offered
    sink_cpu_seconds  what the sink itself needed: near the time of the load, it was the limit
    """

    steps: list[float]
    each: int
    requests: int
    refused: int
    sink_cpu_seconds: float

    @classmethod
    def seen(cls, server: Server, data: Data) -> Load:
        stats: dict[str, Any] = server.stats()
        steps = stats["units"][table_name(data.name)]
        first = next(number for number, units in enumerate(steps) if units)
        each = round(1 / stats["step_seconds"])
        return cls(steps[first:], each, stats["requests"], stats["throttled_items"], stats["cpu_seconds"])

    @property
    def line(self) -> list[float]:
        """Units in each second; the last one may be a part."""
        return [sum(self.steps[at : at + self.each]) for at in range(0, len(self.steps), self.each)]

    @property
    def rate(self) -> float:
        """Units per second over all whole seconds."""
        whole = self.line[:-1] or self.line
        return sum(whole) / len(whole)

    def distance(self, limit: float) -> float:
        """Greatest distance of any ten seconds from `limit` units per second, as a share of it."""
        width = WINDOW_SECONDS * self.each
        starts = range(len(self.steps) - width)
        if not starts:
            raise RuntimeError(f"the load took less than {WINDOW_SECONDS} seconds: {self.line}")
        means = (sum(self.steps[at : at + width]) / WINDOW_SECONDS for at in starts)
        return max(abs(mean / limit - 1) for mean in means)


def _used(plan: Plan, data: Data, items: int, must: Must) -> Iterator[Result]:
    source, limit = _tracks(plan, items), data.possible(items, plan.wcu)
    peer_items = min(items, 4 * plan.peers)
    with sink() as server, work_folder() as folder:
        design, chosen = folder / "design.yaml", folder / "items"
        design.write_text(data.design(items))
        report("bench.items", source, design, peer_items, chosen)
        server.limit({"mode": "provisioned", "wcu": plan.wcu})
        taken = [
            (_loaded(server, source, data, items), _written(server, data, chosen)) for _ in range(plan.rounds)
        ]
    ours, theirs = taken[-1]
    name = f"capacity-{data.name}"
    yield compared(
        name, UNIT, [(load.rate, limit) for load, _ in taken], "what the limits let through", must,
        items=items, limit=limit, product_line=ours.line, peer_line=theirs.line,
        sink_cpu_seconds=ours.sink_cpu_seconds,
    )  # fmt: skip
    yield compared(
        f"{name}-peer", UNIT, [(load.rate, peer.rate) for load, peer in taken], "boto3 batch_writer",
        requests=[ours.requests, theirs.requests], refused_items=[ours.refused, theirs.refused],
        peer_items=peer_items,
    )  # fmt: skip


def _tracks(plan: Plan, items: int) -> Path:
    """A sample with so many tracks; the large one where that is enough, as it is there already."""
    return music(max(plan.large, 5 * items // 4))


def _loaded(server: Server, source: Path, data: Data, items: int, *options: object) -> Load:
    server.reset()
    with product(source, server.url) as tool:
        tool.use(data.name, data.design(items))
        tool.migrate(data.name, *options)
        server.require_items(items)
    return Load.seen(server, data)


def _written(server: Server, data: Data, chosen: Path) -> Load:
    server.reset()
    figures = report("bench.peers", "batch_writer", server.url, table_name(data.name), chosen)
    server.require_items(figures["items"])
    return Load.seen(server, data)


@measure("max-wcu")
def max_wcu(plan: Plan) -> Iterator[Result]:
    """How far any ten seconds of a run with --max-wcu are from that limit."""
    limit = plan.wcu // 4
    items = limit * plan.seconds
    with sink() as server:
        loads = [
            _loaded(server, _tracks(plan, items), SPREAD, items, "--max-wcu", limit)
            for _ in range(plan.rounds)
        ]
    distances = [load.distance(limit) * 100 for load in loads]
    yield alone("max-wcu", "%", distances, Must("product", most=5), limit=limit, line=loads[-1].line)
