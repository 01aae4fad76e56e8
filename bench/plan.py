"""How large and how often to measure, and the names of the measures."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Result

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / "bench" / ".cache"
"""Sample databases, kept; and the folders of the runs, on the disk of the project so that fsync is real."""


@dataclass(frozen=True)
class Plan:
    """The size of a bench.

    scale   of the sample database that the rates are measured with
    large   items that MusicCatalog and EmployeeData are loaded with; for growth a tenth and a hundredth, too
    rounds  product and peers in turn, so many times
    peers   items that a peer is given: an even choice of all, as peers are slow
    engine  scale of the sample on real engines, which are slow
    wcu     write units per second of the simulated table
    seconds how long a load takes at the limit
    """

    scale: int = 100
    large: int = 3_000_000
    rounds: int = 3
    peers: int = 20_000
    engine: int = 2
    wcu: int = 40_000
    seconds: int = 30


QUICK = Plan(scale=2, large=60_000, rounds=1, peers=2_000, engine=1, wcu=4_000, seconds=12)
"""To see that everything works; its figures mean nothing."""

Measure = Callable[[Plan], Iterable[Result]]
MEASURES: dict[str, Measure] = {}
"""Every measure by its name, in the order of their definition."""


def measure(name: str) -> Callable[[Measure], Measure]:
    """Registers a function under `name`. The first line of its docstring is what --list says."""

    def register(function: Measure) -> Measure:
        MEASURES[name] = function
        return function

    return register
