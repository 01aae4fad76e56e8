"""Migrations through a network that fails, killed and resumed, each from a seed; see scripts/soak.

A seed decides the designs, the sizes, the faults, the rows that DynamoDB refuses and the kills. It does not
decide in which order requests of the same time arrive: a replay meets the same faults, not the same race.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest

from tests import surroundings
from tests.engines import Engine, running_dynamodb_local, running_dynoxide
from tests.faults import faults
from tests.faults.load import QUICK
from tests.faults.oracle import check_claims, check_complete, checkpoint_of, source
from tests.faults.proxy import Key, Passage, Proxy
from tests.resume.killer import POINTS
from tests.resume.world import TABLES, World
from tests.target.fake import Reply

_ROW = "{:>12}  {:<15}{:>9}{:>7}{:>9}{:>8}{:>9}"
_NEVER = 1_000_000


@dataclass
class Weather:
    """A fault for each request, with the chance `share`. `met` names those that came."""

    seed: int
    names: Sequence[str]
    share: float
    met: list[str] = field(default_factory=list)

    def __call__(self, passage: Passage) -> Reply:
        chance = Random(f"{self.seed} {passage.number}")
        if chance.random() >= self.share:
            return passage.deliver()
        name = chance.choice(self.names)
        self.met.append(name)
        return faults.SURVIVED[name](passage)


@dataclass(frozen=True)
class Play:
    """What became of a seed."""

    kills: int
    requests: int
    faults: int
    rejects: int


def play(seed: int, engine: Engine, database: Path, folder: Path) -> Play:
    """One migration, in as many pieces as its kills make. AssertionError: the judge found it wrong."""
    chance = Random(seed)
    weather = Weather(seed, chance.sample(sorted(faults.SURVIVED), 4), chance.uniform(0.0, 0.2))
    designs = chance.sample(sorted(TABLES), chance.randint(1, 3))
    with Proxy(engine, weather) as proxy:
        world = _world(chance, engine, database, folder, proxy.url)
        bad = _bad_rows(chance, world, designs)
        proxy.script = faults.spoiled(bad, weather)
        try:
            kills = _killed_again_and_again(chance, world, proxy, designs)
            proxy.script = faults.spoiled(bad, Passage.deliver)
            code, said = world.run_until("request_sent", _NEVER, *_next(world, designs))
            assert code == 0, said
            check_complete(world, proxy.ledger, bad)
            return Play(kills, proxy.numbered, len(weather.met), len(bad))
        finally:
            _clear(world)


def _world(chance: Random, engine: Engine, database: Path, folder: Path, url: str) -> World:
    connections = chance.choice((1, 4, 16, 64))
    settings = {**QUICK, "connections": connections, "timeout": 0.5, "max_rejects": 100}
    extra = {**{f"migration_settings.{name}": value for name, value in settings.items()}, "endpoint": url}
    in_flight = connections * chance.randint(1, 4)
    prefix = f"s{uuid.uuid4().hex[:12]}_"
    return World(folder, database, engine, prefix, chance.randint(1, 25), in_flight, extra)


def _bad_rows(chance: Random, world: World, designs: Sequence[str]) -> set[Key]:
    """Items that DynamoDB will refuse, of half of the seeds."""
    keys = [key for design in designs for key in source(world, design)]
    return set(chance.sample(keys, chance.choice((0, 0, 1, 5))))


def _killed_again_and_again(chance: Random, world: World, proxy: Proxy, designs: Sequence[str]) -> int:
    """How often it was. What the state claims holds after every kill, and is never less than before."""
    kills = done = 0
    for _ in range(chance.choice((0, 1, 2, 3, 10))):
        point, number = chance.choice(sorted(POINTS)), int(2 ** chance.uniform(0, 6.5))
        code, said = world.run_until(point, number, *_next(world, designs))
        assert code in (-9, 0, 9), said
        kills += code == -9
        if not world.has_state():
            continue
        check_claims(world, proxy.ledger)
        before, done = done, sum(entity.rows_read for entity in checkpoint_of(world).entities)
        assert done >= before
        if code == 0:
            break
    return kills


def _next(world: World, designs: Sequence[str]) -> Sequence[str]:
    """The command that goes on."""
    if world.has_state():
        return ["resume"]
    return ["migrate", *(word for name in designs for word in ("-t", name))]


def _clear(world: World) -> None:
    present = world.engine.call("ListTables", {})["TableNames"]
    for name in [name for name in present if name.startswith(world.prefix)]:
        world.engine.call("DeleteTable", {"TableName": name})


@contextmanager
def _engines(folder: Path) -> Iterator[tuple[Engine, Engine]]:
    with (
        running_dynoxide(folder / "dynoxide.log") as dynoxide,
        running_dynamodb_local(folder / "dynamodb-local.log") as dynamodb_local,
    ):
        yield Engine("dynoxide", dynoxide), Engine("dynamodb_local", dynamodb_local)


def soak(seconds: float, first: int | None, engines: Sequence[Engine], database: Path) -> int:
    """0: every seed played in this time, one at least, came to its end; 1: one did not, and it is shown."""
    seeds = Random() if first is None else None
    until = time.monotonic() + seconds
    print(_ROW.format("seed", "engine", "seconds", "kills", "requests", "faults", "rejects"), flush=True)
    for number in count(first or 0):
        seed = seeds.randrange(10**9) if seeds else number
        if not _show(seed, engines[seed % len(engines)], database):
            print(f"Seed {seed} failed. To play it again: scripts/soak 0 --seed {seed}", file=sys.stderr)
            return 1
        if time.monotonic() >= until:
            return 0
    raise AssertionError("there is always another seed")


def _show(seed: int, engine: Engine, database: Path) -> bool:
    """Whether it came to its end; prints its figures, or what was wrong."""
    began = time.monotonic()
    with TemporaryDirectory() as folder:
        try:
            end = play(seed, engine, database, Path(folder))
        except Exception:
            traceback.print_exc()
            return False
    figures = f"{time.monotonic() - began:.1f}", end.kills, end.requests, end.faults, end.rejects
    print(_ROW.format(seed, engine.name, *figures), flush=True)
    return True


def main(words: Sequence[str]) -> int:
    """As `soak`; 2: wrong words; 3: an engine is missing."""
    parser = argparse.ArgumentParser(prog="scripts/soak", allow_abbrev=False)
    parser.add_argument("seconds", type=float, metavar="SECONDS")
    parser.add_argument("--seed", type=int, metavar="N")
    chosen = parser.parse_args(words)
    with surroundings.clean(), TemporaryDirectory() as folder:
        database = surroundings.write_small(Path(folder) / "small.sqlite")
        try:
            with _engines(Path(folder)) as engines:
                return soak(chosen.seconds, chosen.seed, engines, database)
        except (pytest.skip.Exception, pytest.fail.Exception) as missing:
            print(f"soak: {missing}", file=sys.stderr)
            return 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
