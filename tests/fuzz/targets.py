"""All fuzz targets by name."""

from __future__ import annotations

from collections.abc import Mapping

from tests.fuzz import calls, database, documents, reading, state_files, writing
from tests.fuzz.target import Target

TARGETS: Mapping[str, Target] = {
    target.name: target
    for module in (state_files, documents, writing, reading, calls, database)
    for target in module.TARGETS
}
