"""SIGKILL in the midst of a retry, and of anything else: no rejected row is lost, and the account adds up."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable

import pytest

from tests.engines import Engine
from tests.rejects.shop import BREAKS, MENDED, ROWS, Shop
from tests.resume.killer import POINTS

pytestmark = pytest.mark.engine

LAST = {"fsync": 44, "rename": 24, "save": 20, "sent": 4, "answer": 3}
"""How often a retry passes the points with these words in their names, about."""
SEEDS, WALKS, STEPS = 8, 2, 7
MIGRATE = ("migrate", "--max-rejects", "3%")
RESUME = ("resume", "--accept-changed", "source", "--max-rejects", "3%")


@pytest.fixture(scope="module")
def mended(tmp_path_factory: pytest.TempPathFactory, dynoxide: str) -> Callable[[], Shop]:
    """Gives the same shop again and again: loaded, its broken rows rejected, and mended since."""
    folder = tmp_path_factory.mktemp("mended")
    shop = Shop(folder, Engine("dynoxide", dynoxide), "killed_")
    shop.loaded()
    before = shop.actual()
    shutil.copytree(folder / "state", folder / "kept")
    shop.sql(MENDED)

    def again() -> Shop:
        shutil.rmtree(folder / "state")
        shutil.copytree(folder / "kept", folder / "state")
        for text in shop.actual() - before:
            shop.delete(text)
        assert shop.actual() == before
        return shop

    return again


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_killed_retry_loses_no_row(mended: Callable[[], Shop], seed: int) -> None:
    shop, chance = mended(), random.Random(seed)
    point = sorted(POINTS)[seed % len(POINTS)]
    last = next(number for word, number in LAST.items() if word in point)
    died = shop.killed(point, chance.randint(1, last), "retry-rejects")
    checkpoint, rejects = shop.state()
    assert checkpoint.items_written + len(rejects) == ROWS
    assert sum(shop.actual().values()) >= checkpoint.items_written
    if died:
        shop.run(chance.choice(["retry-rejects", "resume"]) if checkpoint.retrying else "retry-rejects")
    assert shop.account() == (ROWS, ROWS, 0, 0)
    assert shop.actual() == shop.expected()


@pytest.mark.parametrize("seed", range(WALKS))
def test_the_account_adds_up_whatever_happens(shop: Shop, seed: int) -> None:
    """A random walk over kills, resumes, retries, mended and deleted rows; each step is looked at."""
    chance = random.Random(seed)
    left = list(BREAKS)
    for _ in range(STEPS):
        command = next_command(shop, chance, left)
        if chance.random() < 0.5:
            shop.killed(chance.choice(sorted(POINTS)), chance.randint(1, 40), *command)
        else:
            shop.run(*command)
        if shop.saved() and (written := shop.state()[0].items_written):
            assert sum(shop.actual().values()) >= written
    shop.run(*(RESUME if shop.saved() else MIGRATE))
    shop.sql(MENDED)
    shop.run("retry-rejects")
    _, items, rejected, _ = shop.account()
    assert (items, rejected) == (sum(shop.expected().values()), 0)
    assert shop.actual() == shop.expected()


def next_command(shop: Shop, chance: random.Random, left: list[tuple[str, str, str]]) -> tuple[str, ...]:
    """What a user may do now; once all rows are read some are mended, or taken away."""
    checkpoint = shop.saved()
    if checkpoint is None:
        return MIGRATE
    if not checkpoint.loaded or chance.random() < 0.3:
        return RESUME
    if left and chance.random() < 0.6:
        _, mend, delete = left.pop(chance.randrange(len(left)))
        shop.sql(chance.choice([mend, delete]))
    return ("retry-rejects", "--max-rejects", "3%")
