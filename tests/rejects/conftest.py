from __future__ import annotations

from pathlib import Path

import pytest

from tests.engines import Engine
from tests.rejects.shop import Shop


@pytest.fixture
def shop(tmp_path: Path, dynoxide: str, table_prefix: str) -> Shop:
    return Shop(tmp_path, Engine("dynoxide", dynoxide), table_prefix)
