"""`tune` from another terminal, against a process that holds the lock and follows wishes; and `status`."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from migration_tool.config import write_config
from migration_tool.rates import MaxWcu
from migration_tool.state.checkpoint import Checkpoint, Counters, Flow, Pace, Tuning
from migration_tool.state.control import Wish, read_wish, write_wish
from migration_tool.state.store import StateStore
from tests.cli.shell import ROOT, Shell
from tests.cli.test_imports import CLOUD, imported
from tests.cli.test_json_docs import check
from tests.test_overview import RUN

FOLLOWER = """
import sys, time
from pathlib import Path
from migration_tool.rates import OFF
from migration_tool.state.control import Wishes, in_force
from migration_tool.state.store import StateStore

store = StateStore(Path("state"))
with store.lock():
    checkpoint = store.latest()
    wishes = Wishes(store.control_path(checkpoint.run_id))
    print("ready", flush=True)
    while {follows}:
        tuning = in_force(wishes.current(), OFF)
        if tuning != checkpoint.tuning:
            checkpoint = store.save(checkpoint.with_tuning(tuning))
        time.sleep(0.01)
    sys.stdin.read()
"""


class Folder(Shell):
    """A project with one unfinished run and no process."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        write_config(folder / "config/migration.json", {"source_db": "x.sqlite", "endpoint": "aws"})
        self.store = StateStore(folder / "state")
        self.path = self.store.control_path(RUN.run_id)

    def save(self, checkpoint: Checkpoint) -> None:
        self.store.remove(RUN.run_id)
        self.store.save(checkpoint)

    @contextmanager
    def running(self, follows: bool = True) -> Iterator[None]:
        """While another process works on the run, which follows wishes or does not."""
        code = textwrap.dedent(FOLLOWER.format(follows=follows))
        process = subprocess.Popen(
            [sys.executable, "-c", code], cwd=self.folder, env=self.variables({"PYTHONPATH": str(ROOT)}),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        try:
            assert process.stdout is not None and process.stdout.readline() == b"ready\n"
            yield
        finally:
            process.kill()
            process.communicate()

    def status(self) -> dict[str, object]:
        found: dict[str, object] = check("status", self.ok("status", "--json"))
        return found


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path)
    made.store.save(RUN)
    return made


def test_a_running_process_is_paused_limited_and_goes_on(folder: Folder) -> None:
    run = f"run {RUN.run_id}:"
    with folder.running():
        assert folder.ok("tune", "--pause") == f"{run} paused at 5 items\n"
        found = folder.status()
        assert found["tuning"] == {"number": 1, "max_wcu": "off", "paused": True}
        assert (found["wish"], found["running"]) == (None, True)
        assert str(found["next"]).endswith("migrate.py tune --continue")
        assert "in_progress, running now, paused by tune, as of wish 1" in folder.ok("status")
        limited = folder.ok("tune", "--max-wcu", "1500")
        assert limited == f"{run} paused at 5 items, limit 1,500 WCU/s in force\n"
        assert "1,500 WCU/s, as of wish 2" in folder.ok("status")
        assert folder.ok("tune", "--continue", "--max-wcu", "off") == (
            f"{run} goes on from 5 items, no limit in force\n"
        )
        found = check("tune", folder.ok("tune", "--max-wcu", "auto:80%", "--json"))
        assert found == {
            "run_id": RUN.run_id, "number": 4, "in_force": True, "max_wcu": "auto:80%", "paused": False,
            "items_written": 5,
        }  # fmt: skip


def test_a_pause_survives_the_process_and_is_ended_without_one(folder: Folder) -> None:
    with folder.running():
        folder.ok("tune", "--pause", "--max-wcu", "7")
    assert "waits for" in str(folder.status()["note"])
    with folder.running():
        assert (
            folder.ok("tune", "--max-wcu", "8")
            == f"run {RUN.run_id}: paused at 5 items, limit 8 WCU/s in force\n"
        )
    done = folder("tune", "--continue")
    assert done.returncode == 0
    assert "no process works on it; the wish is kept, and takes effect with the next" in done.stdout
    assert done.stdout.endswith("migrate.py resume\n")
    assert read_wish(folder.path) == Wish(RUN.run_id, 3, MaxWcu(8.0), False)
    found = folder.status()
    assert found["wish"] == {"number": 3, "max_wcu": "8", "paused": False}
    assert "waits" not in str(found["note"])
    assert "not paused, limit 8 WCU/s, wish 3 is not in force yet" in folder.ok("status")
    with folder.running():
        assert folder.ok("tune", "--continue").startswith(f"run {RUN.run_id}: goes on from 5 items")


def test_a_kept_wish_as_json(folder: Folder) -> None:
    found = check("tune", folder.ok("tune", "--pause", "--json"))
    assert (found["in_force"], found["number"], found["max_wcu"], found["paused"]) == (False, 1, None, True)


def test_a_process_that_does_not_answer_is_an_error_and_the_wish_stays(folder: Folder) -> None:
    with folder.running(follows=False):
        done = folder("tune", "--pause", "--json", "--timeout", "0.3")
        assert (done.returncode, done.stdout) == (6, "")
        assert "has not taken wish 1 over in time; its phase is loading" in done.stderr
        assert "The wish stays" in done.stderr and "migrate.py status" in done.stderr
        assert folder.status()["wish"] == {"number": 1, "max_wcu": None, "paused": True}
    assert read_wish(folder.path) == Wish(RUN.run_id, 1, None, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "nothing is wished of it"),
        (["--json"], "nothing is wished of it"),
        (["--pause", "--continue"], "only one of them can be meant"),
        (["--max-wcu", "fast"], "off, auto, auto:80%, or a number"),
        (["--max-wcu", "0"], "off, auto, auto:80%, or a number"),
        (["--pause", "--timeout", "-1"], "--timeout"),
    ],
    ids=" ".join,
)
def test_a_wish_that_cannot_be_meant_is_a_usage_error(folder: Folder, words: list[str], said: str) -> None:
    done = folder("tune", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr and "next:" in done.stderr
    assert not folder.path.exists()


def test_no_run_and_a_complete_one_are_clear_errors(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    done = folder("tune", "--pause")
    assert (done.returncode, "no run is saved here" in done.stderr) == (6, True)
    entities = tuple(replace(e, done=True) for e in RUN.entities)
    folder.store.save(replace(RUN, entities=entities, status="completed"))
    done = folder("tune", "--pause")
    assert (done.returncode, "it is complete" in done.stderr) == (6, True)
    assert not folder.path.exists()


def test_a_damaged_wish_is_named_by_tune_and_does_not_hide_the_status(folder: Folder) -> None:
    folder.path.write_text("{")
    done = folder("tune", "--pause")
    assert (done.returncode, str(folder.path.name) in done.stderr, "delete it" in done.stderr) == (
        6,
        True,
        True,
    )
    done = folder("status", "--json")
    assert (done.returncode, check("status", done.stdout)["wish"]) == (0, None)
    assert "warning: " in done.stderr and folder.path.name in done.stderr


def test_reset_names_and_removes_the_wish(folder: Folder) -> None:
    write_wish(folder.path, Wish(RUN.run_id, 1, paused=True))
    assert folder.path.name in folder.ok("reset", "--confirm")
    assert not folder.path.exists()


def test_the_log_keeps_the_wish(folder: Folder) -> None:
    folder.ok("tune", "--pause", "--max-wcu", "9")
    lines = (folder.folder / "logs/migration.log").read_text().splitlines()
    (saved,) = [line for line in map(json.loads, lines) if line["event"] == "wish saved"]
    assert (saved["run_id"], saved["wish"], saved["max_wcu"], saved["paused"]) == (RUN.run_id, 1, "9", True)


def test_the_status_says_what_throttles_and_what_is_done_about_it(folder: Folder) -> None:
    flow = Flow(
        8, 640.0, {"UnprocessedItems": 3, "IndexWriteKeyRangeThroughputExceeded": 1200},
        {"p_B/index/GSI1": 7}, "8 requests at a time until it takes more",
    )  # fmt: skip
    state = RUN.with_flow(flow).with_pace(Pace(1234.4, 200.0, "falling")).with_tuning(Tuning(2, "auto:80%"))
    folder.save(replace(state, counters=Counters(throttles=1203)))
    with folder.running(follows=False):
        text = " ".join(folder.ok("status", COLUMNS="200").split())
        found = folder.status()
    for part in (
        "throttled 1,203, IndexWriteKeyRangeThroughputExceeded 1,200, UnprocessedItems 3",
        "throttled by p_B/index/GSI1 7",
        "in flight at most 8 requests; 8 requests at a time until it takes more",
        "limit auto:80% (640 WCU/s), as of wish 2",
        "pace 1,234 items/s, falling ↓",
        "time left 3 min 20 s",
    ):
        assert part in text
    assert (found["rate_now"], found["trend"], found["eta_seconds"]) == (1234.4, "falling", 200.0)
    flow_found = found["flow"]
    assert isinstance(flow_found, dict) and flow_found["indexes"] == {"p_B/index/GSI1": 7}


@pytest.mark.parametrize("command", ["migrate", "resume"])
def test_the_flag_is_read_like_every_other(folder: Folder, command: str) -> None:
    done = folder(command, "--max-wcu", "fast")
    assert done.returncode == 3
    assert "flag migration_settings.max_wcu: must be off, auto" in done.stderr
    done = folder(command, MIGRATION_MAX_WCU="fast")
    assert (done.returncode, "environment MIGRATION_MAX_WCU" in done.stderr) == (3, True)


def test_info_shows_the_limit_as_text(folder: Folder) -> None:
    found = json.loads(folder.ok("info", "--json", MIGRATION_MAX_WCU="auto:50%"))
    (setting,) = [s for s in found["settings"] if s["name"] == "migration_settings.max_wcu"]
    assert (setting["value"], setting["origin"]) == ("auto:50%", "environment MIGRATION_MAX_WCU")


def test_it_imports_no_cloud_library(folder: Folder) -> None:
    assert not imported(folder, "tune", "--pause") & CLOUD
