"""What `rejects` prints about rows that hold anything."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from migration_tool.config import write_config
from migration_tool.model import InvalidText, Reject
from migration_tool.rejected import grouped
from migration_tool.rules import RULES
from migration_tool.state.checkpoint import Checkpoint, EntityProgress
from migration_tool.state.store import StateStore
from tests.cli.shell import Shell
from tests.cli.test_json_docs import check

HOSTILE = "a\x1b]0;own\x07\x9b31mb\u202ec\r\n\x00d\u2028e"


def reject(number: int, rule: str = "null_key", **more: object) -> Reject:
    return Reject("shop", "Person", "Person", (number,), rule, f"reason {number}", dict(more), number)


def project(folder: Path, rejects: Iterable[Reject]) -> Shell:
    """A folder whose newest run has these rows in its reject file."""
    write_config(folder / "config/migration.json", {"source_db": "x.sqlite"})
    store, found = StateStore(folder / "state"), list(rejects)
    entity = EntityProgress("shop", "Person", (9,), 99, len(found), 0, len(found))
    checkpoint = Checkpoint(store.new_run_id(1.8e9), 1.8e9, "aws", "us-east-1", {"shop": "Shop"}, (entity,))
    size = store.reject_log(checkpoint).append(found)
    store.save(checkpoint.with_rejects(size, 0))
    return Shell(folder)


def test_groups_have_cause_remedy_and_a_few_examples(tmp_path: Path) -> None:
    shell = project(tmp_path, [*map(reject, range(1, 6)), reject(7, "ValidationException")])
    shown = shell("rejects")
    assert shown.returncode == 0
    assert "rejected  6 rows of run" in shown.stdout
    assert shown.stdout.index("null_key: 5 rows") < shown.stdout.index("ValidationException: 1 row")
    words = " ".join(shown.stdout.split())
    for rule in ("null_key", "ValidationException"):
        assert RULES[rule].cause in words and RULES[rule].remedy in words
    assert "reason 3" in words and "reason 4" not in words
    assert "and 2 more: --all lists them" in words
    assert "retry-rejects" in shown.stderr
    whole = shell.ok("rejects", "--all")
    assert "reason 5" in whole and "more:" not in whole
    found = check("rejects", shell.ok("rejects", "--json"))
    assert [(len(group["examples"]), group["rows"]) for group in found["groups"]] == [(3, 5), (1, 1)]
    found = check("rejects", shell.ok("rejects", "--json", "--all"))
    assert [len(group["examples"]) for group in found["groups"]] == [5, 1]
    assert found["rejected"] == 6


def test_hostile_rows_reach_the_terminal_without_their_controls(tmp_path: Path) -> None:
    key = (HOSTILE, b"\x00\xff", InvalidText(b"\x1b[31m\xff"), 2**62, 0.99, None)
    row = {HOSTILE: HOSTILE, "Blob": b"\x00\xff", "Pets": [("Rex", 1), ("Tom", None)]}
    hostile = Reject("shop", HOSTILE, HOSTILE, key, HOSTILE, HOSTILE, row)
    shell = project(tmp_path, [hostile])
    human, data = shell.ok("rejects"), shell.ok("rejects", "--json")
    bad = {chr(n) for n in (*range(32), *range(127, 160)) if n != 10} | set("\u202e\u2066\u2028")
    assert not bad & set(human) and not bad & set(data)
    assert "x'00ff'" in human and "a]0;own31mbc" in human
    (group,) = check("rejects", data)["groups"]
    (example,) = group["examples"]
    assert (group["rule"], group["entity"], example["source_table"]) == (HOSTILE,) * 3
    assert example["source_key"] == [HOSTILE, "AP8=", "G1szMW3/", 2**62, 0.99, None]
    assert example["row"] == {HOSTILE: HOSTILE, "Blob": "AP8=", "Pets": [["Rex", 1], ["Tom", None]]}


def test_a_damaged_reject_file_is_named(tmp_path: Path) -> None:
    shell = project(tmp_path, [reject(1)])
    (path,) = (tmp_path / "state").glob("*.rejects.jsonl")
    path.write_bytes(path.read_bytes().replace(b'"rule"', b'"rulf"'))
    done = shell("rejects", "--json")
    assert (done.returncode, done.stdout) == (6, "")
    assert path.name in done.stderr and "line 1 is damaged" in done.stderr


@pytest.mark.parametrize("examples", [0, 1, 3, None])
def test_counts_do_not_depend_on_the_examples(examples: int | None) -> None:
    groups = grouped([reject(n, rule) for n in range(4) for rule in ("null_key", "not_json")], examples)
    assert [(group.rule, group.rows) for group in groups] == [("null_key", 4), ("not_json", 4)]
    assert {len(group.examples) for group in groups} == {4 if examples is None else examples}
    assert json.dumps([group.to_json() for group in groups])
