"""A DynamoDB endpoint in a process of its own, for measuring what writes to it.

    python -m bench.sink [--port N] [--latency-ms N] [--keep] [--capacity FILE.json]

prints its URL and serves until it gets SIGTERM, or until its standard input, if that is a pipe, is closed.
By default it takes everything at once and looks at as little as it can: it must not be what is measured.

--latency-ms  each answer leaves so long after its request arrived
--keep        keeps the items, so that Scan gives them back
--capacity    takes no more than a model of DynamoDB's limits lets through; see bench.capacity

Requests of its own, beside those of DynamoDB, all of JSON:

GET /stats      what it has seen since the start or the last reset; see bench.sink_stats
POST /reset     all statistics begin anew
POST /capacity  from now on these limits, in the form of --capacity; null for none
POST /prepare   cuts the kept items into the pages of Scan now, not at the first Scan
"""

from __future__ import annotations

import argparse
import gc
import os
import select
import signal
import stat
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from bench.sink_dynamodb import Sink, model_of
from bench.sink_http import Server

_STDIN = 0


def main(arguments: Sequence[str] | None = None) -> None:
    given = _parser().parse_args(arguments)
    model = model_of(given.capacity.read_bytes()) if given.capacity else None
    server = Server(Sink(given.keep, model), given.port, given.latency_ms / 1000)
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    if _is_open_pipe(_STDIN):
        server.watch(_STDIN, _end_with_input)
    print(server.url, flush=True)
    gc.freeze()
    server.run()


def _is_open_pipe(fd: int) -> bool:
    """A pipe whose other side is there. One that is closed from the start says nothing about our end."""
    try:
        mode = os.fstat(fd).st_mode
    except OSError:
        return False
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        return False
    return not select.select([fd], [], [], 0)[0] or bool(os.read(fd, 1))


def _end_with_input() -> None:
    if not os.read(_STDIN, 4096):
        sys.exit(0)


def _end(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.sink", description="A DynamoDB endpoint to measure."
    )
    parser.add_argument("--port", type=int, default=0, help="0: one that is free")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="between a request and its answer")
    parser.add_argument("--keep", action="store_true", help="keep the items for Scan")
    parser.add_argument("--capacity", type=Path, metavar="FILE.json", help="limits, see bench.capacity")
    return parser


if __name__ == "__main__":
    main()
