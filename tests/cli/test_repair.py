"""`validate --repair` as its users have it: shown first, never on other tables, and safe to kill."""

from __future__ import annotations

import json
import os
import pty
import signal
import stat
import subprocess
import threading
import zlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from migration_tool.config import load_config
from migration_tool.errors import StateError
from migration_tool.mending import Plan
from migration_tool.repairing import repair
from migration_tool.state.store import StateStore
from migration_tool.target import lease
from tests.engines import request
from tests.target.fake import FakeServer, Reply, Seen

from .conftest import Project
from .shell import SECONDS, Shell
from .test_json_docs import check

TABLE = "employee_data"
ONLY = ("-t", TABLE)
KEYS = {n: {"PK": {"S": f"EMPLOYEE#{n}"}, "SK": {"S": "#EMPLOYEE"}} for n in (1, 2, 99)}


class Spoilt:
    """A migration of one table of which an item is missing, one different, one extra."""

    def __init__(self, shell: Shell, url: str) -> None:
        self.shell, self.url = shell, url
        self.config = load_config(shell.folder / "config/migration.json", {}, {})
        self.table = self.config.table_name(TABLE)
        self.call("DeleteItem", Key=KEYS[2])
        self.call("PutItem", Item={**KEYS[1], "Title": {"S": "\x1b[31mBoss"}})
        self.call("PutItem", Item=KEYS[99])

    def call(self, operation: str, **body: Any) -> dict[str, Any]:
        status, answer = request(self.url, operation, {"TableName": self.table, **body})
        assert status == 200
        found: dict[str, Any] = json.loads(answer)
        return found

    def make_anew(self) -> None:
        """Another table of the same name, with nothing in it."""
        made = self.call("DescribeTable")["Table"]
        indexes = [
            {name: index[name] for name in ("IndexName", "KeySchema", "Projection")}
            for index in made["GlobalSecondaryIndexes"]
        ]
        keys = {name: made[name] for name in ("AttributeDefinitions", "KeySchema")}
        self.call("DeleteTable")
        self.call("CreateTable", BillingMode="PAY_PER_REQUEST", GlobalSecondaryIndexes=indexes, **keys)

    def items(self) -> str:
        """All but the lease, which a process that was killed leaves behind."""
        items = [item for item in self.call("Scan")["Items"] if item["PK"]["S"] != lease.KEY]
        return json.dumps(sorted(items, key=str), sort_keys=True)

    def journal(self) -> Path:
        store = StateStore(self.config.state_dir)
        return store.repairs_path(store.runs()[0])

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.journal().read_text("utf-8").splitlines()]


@pytest.fixture
def spoilt(project: Project, tmp_path: Path, moto_server: str) -> Spoilt:
    shell = project(tmp_path)
    shell.ok("migrate", *ONLY)
    return Spoilt(shell, moto_server)


def test_a_dry_run_shows_it_all_and_does_nothing(spoilt: Spoilt) -> None:
    before = spoilt.items()
    done = spoilt.shell("validate", "--repair", "--delete-extra", "--dry-run", "--yes", *ONLY)
    assert done.returncode == 7
    for words in ("put", "delete", "EMPLOYEE#1", "EMPLOYEE#2", "EMPLOYEE#99", "Title: expected", "2 items"):
        assert words in done.stdout, words
    assert "\x1b" not in done.stdout
    assert "3 of 3 differences are left" in done.stderr and "would be kept in" in done.stdout
    assert "validate --repair does what was shown" in " ".join(done.stderr.split())
    done = spoilt.shell("validate", "--repair", "--dry-run", "--json", *ONLY)
    found = check("validate", done.stdout)
    assert [item["outcome"] for item in found["repair"]["items"]] == ["planned", "planned"]
    assert (found["ok"], found["repair"]["left"], found["repair"]["journal"]) == (False, 3, None)
    assert spoilt.items() == before and not spoilt.journal().exists()


def test_without_a_terminal_it_has_to_be_told(spoilt: Spoilt) -> None:
    before = spoilt.items()
    done = spoilt.shell("validate", "--repair", *ONLY)
    assert done.returncode == 2
    assert "EMPLOYEE#1" in done.stdout and "with --yes" in done.stderr
    assert spoilt.items() == before and not spoilt.journal().exists()


def answered(shell: Shell, answer: bytes, *words: str) -> tuple[int, str]:
    """The exit code of a command on a terminal where that is typed, and what the terminal shows."""
    ours, theirs = pty.openpty()
    command = subprocess.Popen(
        shell.line(*words), cwd=shell.folder, env=shell.variables({}), stdin=theirs, stderr=theirs,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(theirs)
    os.write(ours, answer)
    shown = b""
    with suppress(OSError):
        while part := os.read(ours, 65536):
            shown += part
    os.close(ours)
    return command.wait(SECONDS), shown.decode("utf-8", "replace")


def test_on_a_terminal_it_asks(spoilt: Spoilt) -> None:
    before = spoilt.items()
    code, shown = answered(spoilt.shell, b"n\n", "validate", "--repair", "--delete-extra", *ONLY)
    assert (code, spoilt.items()) == (2, before)
    assert "Do it? [y/N]" in shown and "Nothing was changed." in shown
    code, shown = answered(spoilt.shell, b"y\n", "validate", "--repair", "--delete-extra", *ONLY)
    assert code == 0 and spoilt.items() != before


def test_it_puts_and_deletes_and_says_what_is_left(spoilt: Spoilt) -> None:
    done = spoilt.shell("validate", "--repair", "--yes", *ONLY, "--report", "r.html")
    assert done.returncode == 7
    assert "leave" in done.stdout and "--delete-extra deletes it" in done.stdout
    assert "1 of 3 differences is left" in done.stderr
    assert "shows what is left; --repair --delete-extra" in " ".join(done.stderr.split())
    assert "before the repair" in done.stdout and "DIFFERENCES FOUND" in done.stdout
    assert "2 repaired, 1 left." in (spoilt.shell.folder / "r.html").read_text("utf-8")
    done = spoilt.shell("validate", "--repair", "--delete-extra", "--yes", "--json", *ONLY)
    assert done.returncode == 0
    found = check("validate", done.stdout)
    assert (found["ok"], found["repair"]["repaired"], found["repair"]["left"]) == (True, 1, 0)
    assert found["repair"]["items"][0]["action"] == "delete" and "EMPLOYEE#99" in done.stderr
    assert found["repair"]["journal"] == str(spoilt.journal())
    assert stat.S_IMODE(spoilt.journal().stat().st_mode) == 0o600
    assert [line.get("action", line.get("outcome")) for line in spoilt.lines()] == [
        "put", "put", "repaired", "repaired", "delete", "repaired",
    ]  # fmt: skip
    assert len(spoilt.call("Scan")["Items"]) == 8
    assert spoilt.shell("validate", *ONLY).returncode == 0
    done = spoilt.shell("validate", "--repair", *ONLY)
    assert done.returncode == 0 and "no item is missing, extra or different" in done.stdout
    assert "validate counts the items of the indexes" in " ".join(done.stderr.split())
    assert str(spoilt.journal()) in spoilt.shell.ok("reset", "--dry-run")


def test_a_run_whose_validation_has_failed_can_be_completed(spoilt: Spoilt) -> None:
    done = spoilt.shell("migrate", *ONLY)
    assert done.returncode == 7 and "validate --repair" in done.stderr
    assert spoilt.shell("validate", "--repair", "--delete-extra", "--yes", *ONLY).returncode == 0
    spoilt.shell.ok("resume")
    assert json.loads(spoilt.shell.ok("status", "--json"))["status"] == "completed"


def test_what_was_replaced_can_be_put_back_from_the_journal(spoilt: Spoilt) -> None:
    before = spoilt.items()
    spoilt.shell.ok("validate", "--repair", "--delete-extra", "--yes", *ONLY)
    for line in spoilt.lines():
        if "action" in line and line["before"]:
            spoilt.call("PutItem", Item=line["before"])
        elif "action" in line:
            spoilt.call("DeleteItem", Key=line["key"])
    assert spoilt.items() == before


def test_another_table_of_the_same_name_is_not_touched(spoilt: Spoilt) -> None:
    spoilt.make_anew()
    for way in (["--yes"], ["--dry-run"]):
        done = spoilt.shell("validate", "--repair", "--delete-extra", *way, *ONLY)
        assert done.returncode == 6
        assert "is another one" in done.stderr and "migrate --force" in done.stderr
    assert spoilt.call("Scan")["Items"] == []


class Silent:
    def checked(self, table: str, done: int, total: int) -> None: ...

    def notice(self, text: str) -> None: ...

    def stopping(self) -> bool:
        return False


def test_a_table_that_becomes_another_one_while_the_question_stands(spoilt: Spoilt) -> None:
    def confirm(plans: Sequence[Plan], journal: Path) -> bool:
        assert len(plans[0].changes) == 3
        spoilt.make_anew()
        return True

    with pytest.raises(StateError, match="not what the run has loaded"):
        repair(spoilt.config, [TABLE], 1, True, confirm, lambda question: True, Silent())
    assert spoilt.call("Scan")["Items"] == [] and not spoilt.journal().exists()


def test_only_what_a_run_has_loaded_is_repaired(spoilt: Spoilt, project: Project, tmp_path: Path) -> None:
    done = spoilt.shell("validate", "--repair", "--yes", "-t", "playlist_data")
    assert done.returncode == 6 and "not of the run" in done.stderr
    done = project(tmp_path / "new")("validate", "--repair", "--yes")
    assert done.returncode == 6 and "no run is saved" in done.stderr
    with StateStore(spoilt.config.state_dir).lock():
        done = spoilt.shell("validate", "--repair", "--yes", *ONLY)
    assert done.returncode == 6 and "another run holds it" in done.stderr


def test_a_run_that_has_not_loaded_everything_is_resumed_first(
    project: Project, tmp_path: Path, moto_server: str
) -> None:
    def reply(seen: Seen) -> Reply:
        if seen.operation == "BatchWriteItem":
            return Reply(400, b'{"__type":"AccessDeniedException","message":"no"}')
        status, body = request(moto_server, seen.operation, seen.json)
        return Reply(status, body, zlib.crc32(body))

    with FakeServer(reply) as server:
        shell = project(tmp_path, endpoint=server.url)
        assert shell("migrate", *ONLY).returncode == 5
        done = shell("validate", "--repair", "--yes", *ONLY)
    assert done.returncode == 6
    assert "has not loaded everything" in done.stderr and "resume" in done.stderr


def test_an_index_that_lacks_items_is_nothing_to_repair(migrated: Shell, moto_server: str) -> None:
    def reply(seen: Seen) -> Reply:
        status, body = request(moto_server, seen.operation, seen.json)
        if seen.json.get("Select") == "COUNT":
            body = b'{"Count":0}'
        return Reply(status, body, zlib.crc32(body))

    with FakeServer(reply) as between:
        done = migrated("validate", *ONLY, "--endpoint", between.url)
    assert done.returncode == 7
    assert "GSI1 holds 0 items, not 7" in done.stdout
    assert "The items are equal" in done.stderr and "--repair" not in done.stderr


@pytest.mark.parametrize("way", ["--repair", "--sample"])
def test_each_way_follows_its_own_options_only(migrated: Shell, way: str) -> None:
    others = ["--no-indexes", "--fresh", "--resume", "--while-running"]
    others += ["--sample-parameters", "--items-only"] if way == "--repair" else ["--workers", "--repair"]
    values = {"--sample-parameters": ["3"], "--workers": ["2"]}
    given = [word for other in others for word in (other, *values.get(other, []))]
    done = migrated("validate", way, "--since", "3", *given)
    assert (done.returncode, done.stdout) == (2, "")
    (named,) = [line for line in done.stderr.splitlines() if line.startswith("  object:")]
    assert set(named.split()[1:]) == {"--since", *others}
    assert f"leave {way} out" in done.stderr


@pytest.mark.parametrize("words", [("--delete-extra", "--dry-run", "--yes"), ("--seed", "1")])
def test_what_is_about_a_way_needs_it(migrated: Shell, words: tuple[str, ...]) -> None:
    done = migrated("validate", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert words[0] in done.stderr


class Held:
    """A DynamoDB in front of another one; single writes wait until they are let go, or are never answered."""

    def __init__(self, url: str) -> None:
        self.arrived, self._release = threading.Event(), threading.Event()

        def reply(seen: Seen) -> Reply:
            item = seen.json.get("Item") or seen.json.get("Key", {})
            if seen.operation in ("PutItem", "DeleteItem") and item["PK"]["S"] != lease.KEY:
                self.arrived.set()
                self._release.wait(60)
                return Reply(cut="before")
            status, body = request(url, seen.operation, seen.json)
            return Reply(status, body, zlib.crc32(body))

        self.server = FakeServer(reply)

    def __enter__(self) -> Held:
        self.server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._release.set()
        self.server.__exit__()


def test_a_kill_at_the_moment_of_the_write_leaves_the_old_items_in_the_journal(
    project: Project, tmp_path: Path, moto_server: str
) -> None:
    with Held(moto_server) as held:
        shell = project(tmp_path, endpoint=held.server.url)
        shell.ok("migrate", *ONLY)
        spoilt = Spoilt(shell, moto_server)
        before = spoilt.items()
        with shell.begin("validate", "--repair", "--delete-extra", "--yes", *ONLY) as started:
            started.wait_until(held.arrived.is_set, "nothing was written")
            started.signal(signal.SIGKILL)
            assert started.end() == -signal.SIGKILL
    assert spoilt.items() == before
    kept = {line["key"]["PK"]["S"]: line["before"] for line in spoilt.lines()}
    assert kept == {
        "EMPLOYEE#1": {**KEYS[1], "Title": {"S": "\x1b[31mBoss"}},
        "EMPLOYEE#2": None,
        "EMPLOYEE#99": KEYS[99],
    }
