"""SIGKILL at every kind of moment, then `resume`: nothing lost, nothing doubled, and little sent again.

The oracle is independent of the run: the tables must hold exactly the items that the source transforms to.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from migration_tool.state.store import StateStore
from tests.engines import Engine
from tests.resume.killer import POINTS
from tests.resume.world import World

SEEDS = 200
WIDTHS = (1, 4, 16, 64)
BATCH, IN_FLIGHT = 5, 12


def made(folder: Path, database: Path, engine: Engine, prefix: str, connections: int = 4) -> World:
    """Without the tool's own validation: `World.check_equal` is the judge here, and a stricter one."""
    more = {"migration_settings.enable_validation": False, "migration_settings.connections": connections}
    return World(folder, database, engine, prefix, BATCH, max(IN_FLIGHT, connections), more)


@pytest.mark.engine
@pytest.mark.row(2)
@pytest.mark.parametrize("seed", range(SEEDS))
def test_kill_then_resume(
    tmp_path: Path, small_db: Path, request: pytest.FixtureRequest, table_prefix: str, seed: int
) -> None:
    """The engines take turns, for each of them all kinds of moment, with few and many requests at a time."""
    name = ("dynoxide", "dynamodb_local")[seed // len(POINTS) % 2]
    engine = Engine(name, request.getfixturevalue(name))
    chance = random.Random(seed)
    world = made(tmp_path, small_db, engine, table_prefix, chance.choice(WIDTHS))
    point = sorted(POINTS)[seed % len(POINTS)]
    number = int(2 ** chance.uniform(0, 6.5))
    died = world.killed(point, number, "migrate")
    before = world.durable()
    if died:
        finished = world.run("resume")
        assert finished.returncode == 0, finished.stderr
        if "nothing to resume" in finished.stderr + finished.stdout:
            finished = world.run("migrate")
            assert finished.returncode == 0, finished.stderr
    world.check_equal()
    checkpoint = StateStore(world.folder / "state").latest()
    assert checkpoint and checkpoint.status == "completed"
    assert checkpoint.items_written == checkpoint.items_total == world.expected_count >= before


@pytest.mark.engine
@pytest.mark.row(3)
def test_ten_kills_in_a_row_still_end(
    tmp_path: Path, small_db: Path, real_engine: Engine, table_prefix: str
) -> None:
    """Killed in migrate, then in resume again and again: the watermark only rises, and it terminates."""
    world = made(tmp_path, small_db, real_engine, table_prefix)
    chance = random.Random(1000)
    command, heights = "migrate", [0]
    for _ in range(10):
        point = chance.choice(sorted(POINTS))
        died = world.killed(point, chance.randint(8, 40), command)
        heights.append(world.durable())
        if not died:
            break
        command = "resume" if world.has_state() else "migrate"
    assert heights == sorted(heights)
    finished = world.run(command if not world.has_state() else "resume")
    assert finished.returncode == 0, finished.stderr
    world.check_equal()
