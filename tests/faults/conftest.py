"""A migration behind a proxy, in front of a real engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.engines import Engine
from tests.faults.load import QUICK, Load
from tests.faults.proxy import Fault, Proxy
from tests.resume.world import World

Loading = Callable[..., Load]


@pytest.fixture
def loading(
    tmp_path: Path, small_db: Path, real_engine: Engine, table_prefix: str
) -> Iterator[Callable[..., Load]]:
    """Makes a load whose write requests meet `script`: 502 items of playlists, ten a request."""
    with ExitStack() as stack:

        def make(
            script: Fault, *names: str, batch: int = 10, in_flight: int = 64, **settings: object
        ) -> Load:
            proxy = stack.enter_context(Proxy(real_engine, script))
            values = {f"migration_settings.{name}": value for name, value in {**QUICK, **settings}.items()}
            extra = {**values, "endpoint": proxy.url}
            world = World(tmp_path, small_db, real_engine, table_prefix, batch, in_flight, extra)
            return Load(world, proxy, names or ("playlist_data",))

        yield make
