"""The published schema and the documented example agree with what the store writes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import orjson
import pytest
from hypothesis import given, settings

from migration_tool.errors import StateError
from migration_tool.state.checkpoint import Checkpoint, Counters, EntityProgress, Flow, Lease, Pace, Tuning
from migration_tool.state.envelope import seal, unseal
from migration_tool.state.proofs import KeyRange, TableProof
from migration_tool.state.validation import TableSums

from .samples import checkpoint, checkpoints, finished

SCHEMA = json.loads(resources.files("migration_tool.state").joinpath("state.schema.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
DOCS = Path(__file__).parents[2] / "docs" / "state.md"


def document(state: Checkpoint) -> Any:
    return orjson.loads(seal(state))


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@settings(deadline=None)
@given(checkpoints())
def test_everything_written_is_valid(state: Checkpoint) -> None:
    VALIDATOR.validate(document(state))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("version",), 7),
        (("version",), 5),
        (("version",), 4),
        (("version",), 3),
        (("version",), 2),
        (("version",), 1),
        (("payload", "version"), 5),
        (("payload", "entities", 0, "skipped"), -1),
        (("payload", "rejects_rewrites"), None),
        (("generation",), 0),
        (("more",), 1),
        (("payload", "status"), "done"),
        (("payload", "status"), "completed"),
        (("payload", "counters", "requests"), -1),
        (("payload", "entities", 0, "position"), [5]),
        (("payload", "entities", 0, "done"), 0),
        (("payload", "tuning", "max_wcu"), "fast"),
        (("payload", "tuning", "number"), -1),
        (("payload", "pace", "trend"), "up"),
        (("payload", "pace", "seconds_left"), -1),
        (("payload", "flow", "reasons"), {"x": 0.5}),
        (("payload", "flow", "note"), None),
        (("payload", "lease", "generations"), {"music_catalog": -1}),
        (("payload", "lease", "until"), "now"),
        (("payload", "fingerprints", "targets", "music_catalog"), {}),
        (("payload", "fingerprints", "objects", "music_catalog"), None),
        (("payload", "proofs"), []),
        (("payload", "proofs", "music_catalog", "made_by"), None),
        (("payload", "proofs", "music_catalog", "ranges", "Artist", 0, "digest"), "0" * 127),
        (("payload", "proofs", "music_catalog", "ranges", "Artist", 0, "until"), None),
        (("payload", "proofs", "music_catalog", "ranges", "Artist", 0, "rows"), 0),
        (("payload", "proofs", "music_catalog", "ranges", "Artist", 0, "chunks"), -1),
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(path: tuple[str | int, ...], value: object) -> None:
    proof = TableProof("91ab", "77c0", 1, 2.5, {"Artist": (KeyRange((5,), 5, 4, 2, 17),)})
    envelope = document(checkpoint(generation=1, proofs={"music_catalog": proof}))
    VALIDATOR.validate(envelope)
    part = envelope
    for step in path[:-1]:
        part = part[step]
    part[path[-1]] = value
    assert not VALIDATOR.is_valid(envelope)
    with pytest.raises(StateError):
        unseal(orjson.dumps(envelope, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE))


def test_the_documented_example_is_a_state_file() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", DOCS.read_text("utf-8"), re.S)
    envelope = json.loads(example)
    VALIDATOR.validate(envelope)
    canonical = orjson.dumps(envelope, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
    assert unseal(canonical).status == "paused"


def test_every_field_is_documented() -> None:
    parts = (Checkpoint, EntityProgress, Counters, Tuning, Pace, Flow, Lease, TableProof, KeyRange, TableSums)
    names = {name for part in parts for name in part.__slots__}
    text = DOCS.read_text("utf-8")
    assert [name for name in sorted(names) if not re.search(rf"`{name}(`|\.|\[)", text)] == []


def test_the_documented_check_of_the_checksum_works(tmp_path: Path) -> None:
    (script,) = re.findall(r"```python\n(.*?)```", DOCS.read_text("utf-8"), re.S)
    path = tmp_path / "x.json"
    path.write_bytes(seal(finished()))
    command = [sys.executable, "-W", "ignore", "-c", script, str(path)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "True\n"
