from __future__ import annotations

from pathlib import Path

import pytest

from migration_tool.state.store import StateStore

from .samples import Time


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def store(tmp_path: Path, clock: Time) -> StateStore:
    return StateStore(tmp_path / "state", clock=clock, monotonic=clock)
