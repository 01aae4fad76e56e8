"""All fuzz targets by name."""

from __future__ import annotations

from collections.abc import Mapping

from tests.fuzz import (
    calls,
    database,
    documents,
    exported,
    oversize,
    own_code,
    reading,
    state_files,
    workload,
    writing,
)
from tests.fuzz.target import Target

TARGETS: Mapping[str, Target] = {
    target.name: target
    for module in (
        state_files,
        documents,
        workload,
        own_code,
        writing,
        reading,
        oversize,
        calls,
        exported,
        database,
    )
    for target in module.TARGETS
}
