"""All fuzz targets by name."""

from __future__ import annotations

from collections.abc import Mapping

from tests.fuzz import (
    calls,
    database,
    documents,
    exported,
    mending,
    oversize,
    own_code,
    reading,
    state_files,
    workload,
    writing,
)
from tests.fuzz.target import Target

_FILES = (state_files, documents, workload, own_code, database)
_ANSWERS = (writing, reading, oversize, mending, calls, exported)
TARGETS: Mapping[str, Target] = {
    target.name: target for module in (*_FILES, *_ANSWERS) for target in module.TARGETS
}
