"""How fast the product loads, against what else there is.

The product is charged for everything: the rate is items by the wall time of the whole process, from its start
to its end. A peer is charged for its writing alone (bench/peers.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench.child import Ended, report
from bench.figures import Must, Result, compared
from bench.plan import Plan, measure
from bench.product import MUSIC, Product, design_file, product, table_name, work_folder
from bench.samples import MUSIC_ITEMS, customers, employees, music, sample
from bench.servers import Server, engine, sink

RATE = "items/s"
BATCH_WRITER = "batch_writer"
PEERS = {
    BATCH_WRITER: "boto3 batch_writer",
    "client_threads": "boto3 client, 8 threads",
    "pynamodb": "PynamoDB batch_write",
    "awswrangler": "awswrangler put_items",
}
_PAIRS = 45
"""For each round of the others: single pairs differ by a tenth and more, what is sought is a hundredth.

Resampled from 90 pairs, the median of 45 has a standard error of 1.3 %, that of 135 of 0.8.
"""


@dataclass(frozen=True)
class Round:
    """The product once, then each peer once. `peers`: what bench.peers reports, by kind."""

    items: int
    ended: Ended
    loading_seconds: float
    sink_cpu_seconds: float
    peers: Mapping[str, Mapping[str, Any]]

    @property
    def rate(self) -> float:
        return self.items / self.ended.seconds

    def pair(self, kind: str) -> tuple[float, float]:
        peer = self.peers[kind]
        return self.rate, peer["items"] / peer["seconds"]

    def cpu_pair(self, kind: str) -> tuple[float, float]:
        """Processor time per item, in microseconds."""
        peer = self.peers[kind]
        return self.ended.cpu_seconds / self.items * 1e6, peer["cpu_seconds"] / peer["items"] * 1e6


def rounds(
    plan: Plan, server: Server, source: Path, design: str, kinds: Sequence[str] = (BATCH_WRITER,)
) -> list[Round]:
    """Product and peers in turn, `plan.rounds` times, on the same rows into the same server."""
    with work_folder() as folder:
        chosen = folder / "items"
        report("bench.items", source, design_file(design), plan.peers, chosen)
        return [_round(server, source, design, kinds, chosen) for _ in range(plan.rounds)]


def _round(server: Server, source: Path, design: str, kinds: Sequence[str], chosen: Path) -> Round:
    server.reset()
    _into_memory(source)
    with product(source, server.url) as tool:
        ended = tool.migrate(design)
        items, loading = tool.written, tool.loading_seconds
    server.require_items(items)
    busy = server.stats()["cpu_seconds"] if server.counts else 0.0
    return Round(items, ended, loading, busy, {kind: _peer(server, design, kind, chosen) for kind in kinds})


def _into_memory(path: Path) -> None:
    """So that no disk is measured."""
    with path.open("rb") as file:
        while file.read(1 << 20):
            pass


def _peer(server: Server, design: str, kind: str, chosen: Path) -> dict[str, Any]:
    server.reset()
    table = table_name(design)
    figures = report("bench.peers", kind, server.url, f"peer_{table}", chosen, "--like", table)
    server.require_items(figures["items"])
    return figures


def _loads(name: str, done: Sequence[Round], kind: str = BATCH_WRITER, must: Must | None = None) -> Result:
    return compared(
        name, RATE, [one.pair(kind) for one in done], PEERS[kind], must,
        items=done[0].items,
        wall_seconds=median(one.ended.seconds for one in done),
        loading_items_per_second=median(one.items / one.loading_seconds for one in done),
        peer_items=done[0].peers[kind]["items"],
        cpu_us_per_item=median(one.cpu_pair(kind)[0] for one in done),
        peer_cpu_us_per_item=median(one.cpu_pair(kind)[1] for one in done),
        sink_cpu_seconds=median(one.sink_cpu_seconds for one in done),
    )  # fmt: skip


def _load(
    name: str,
    plan: Plan,
    server: AbstractContextManager[Server],
    source: Path,
    design: str,
    must: Must | None,
) -> Iterator[Result]:
    with server as started:
        yield _loads(name, rounds(plan, started, source, design), must=must)


@measure("load")
def load(plan: Plan) -> Iterator[Result]:
    """MusicCatalog into a sink, against boto3 (batch_writer; 8 threads), PynamoDB and awswrangler."""
    with sink() as server:
        done = rounds(plan, server, music(plan.large), MUSIC, tuple(PEERS))
    yield _loads("load", done, must=Must("ratio", least=30))
    for kind in list(PEERS)[1:]:
        yield _loads(f"load-{kind.replace('_', '-')}", done, kind)


@measure("load-latency")
def load_latency(plan: Plan) -> Iterator[Result]:
    """The same with an answer after 10 ms, as over a network."""
    yield from _load(
        "load-latency", plan, sink("--latency-ms", 10), music(plan.large), MUSIC, Must("ratio", least=60)
    )


@measure("load-customer")
def load_customer(plan: Plan) -> Iterator[Result]:
    """CustomerData: lookups and embedded invoice lines."""
    source = customers(plan.scale * MUSIC_ITEMS)
    yield from _load("load-customer", plan, sink(), source, "customer_data", Must("ratio", least=20))


@measure("load-playlist")
def load_playlist(plan: Plan) -> Iterator[Result]:
    """PlaylistData: narrow rows with four lookups."""
    source = sample(plan.scale)
    yield from _load("load-playlist", plan, sink(), source, "playlist_data", Must("ratio", least=20))


@measure("load-employee")
def load_employee(plan: Plan) -> Iterator[Result]:
    """EmployeeData: a hierarchy of managers."""
    source = employees(plan.large)
    yield from _load("load-employee", plan, sink(), source, "employee_data", Must("ratio", least=20))


@measure("cpu-per-item")
def cpu_per_item(plan: Plan) -> Iterator[Result]:
    """Processor time, user and system, of the whole product process per item of MusicCatalog.

    Beside what batch_writer takes in the same minutes: where the host is busy, both take up to half as much
    again.
    """
    with sink() as server:
        done = rounds(plan, server, music(plan.large), MUSIC)
    pairs = [one.cpu_pair(BATCH_WRITER) for one in done]
    yield compared(
        "cpu-per-item", "us", pairs, PEERS[BATCH_WRITER], Must("product", most=7),
        items=done[0].items, us_per_item=[own for own, _ in pairs],
    )  # fmt: skip


@measure("encoder")
def encoder(plan: Plan) -> Iterator[Result]:
    """A design's function from row to item, for tracks, against one written by hand."""
    figures = report("bench.encoder", sample(plan.scale), plan.rounds)
    yield compared(
        "encoder", "rows/s", figures["pairs"], "encoder written by hand", Must("ratio", least=0.9),
        rows=figures["rows"], rows_equal=figures["rows_equal"],
    )  # fmt: skip


@measure("overhead")
def overhead(plan: Plan) -> Iterator[Result]:
    """What checkpoints, log, progress and limiter cost: the loading phase with and without them."""
    source = sample(plan.scale)
    with sink() as server, product(source, server.url) as tool:
        pairs = [_with_and_without(tool, number) for number in range(plan.rounds * _PAIRS)]
    yield compared(
        "overhead", "s", pairs, "the same loop without them", Must("ratio", most=1.03), seconds=pairs
    )


def _with_and_without(tool: Product, number: int) -> tuple[float, float]:
    """Seconds of the loading phase; either goes first every other time."""
    modes = ("on", "off") if number % 2 else ("off", "on")
    seconds = {mode: report("bench.bare", mode, "-c", tool.config)["seconds"] for mode in modes}
    return seconds["on"], seconds["off"]


@measure("engines")
def engines(plan: Plan) -> Iterator[Result]:
    """Real engines, which are the limit themselves: dynoxide and DynamoDB Local."""
    for name in ("dynoxide", "dynamodb_local"):
        label = f"engine-{name.replace('_', '-')}"
        yield from _load(label, plan, engine(name), sample(plan.engine), MUSIC, None)
