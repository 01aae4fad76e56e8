"""A whole life of a migration with planted credentials, on an AWS that quotes them in its errors, umask 0.

Nothing that it prints or leaves behind may hold one of them, and all that it leaves is for the owner alone.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.cli.pretend import PretendAws
from tests.cli.shell import MIGRATE, Shell
from tests.target.fake import Reply, Seen, fault

NAMES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
PRIVATE = ("state", "logs", "reports")
TABLE = ("-t", "employee_data")


def quoting(seen: Seen) -> Reply:
    """What AWS answers to a wrong signature: all that it got."""
    names = sorted(seen.headers, key=str.lower)
    lines = "\n".join(f"{name.lower()}:{seen.headers[name]}" for name in names)
    message = (
        "The request signature we calculated does not match the signature you provided. The Canonical String "
        f"for this request should have been\n'POST\n/\n\n{lines}\n'"
    )
    return fault("InvalidSignatureException", 400, message)


@dataclass
class Life:
    """A project, all that its commands said, and which of its files others could open."""

    shell: Shell
    aws: PretendAws
    said: list[str] = field(default_factory=list)
    open_to_others: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)

    def run(self, *words: str, code: int = 0, refuse: str = "") -> None:
        self.aws.on_request = lambda seen, body: quoting(seen) if seen.operation == refuse else None
        done = self.shell(*words)
        assert done.returncode == code, done.stderr
        self.said += [done.stdout, done.stderr]
        self.look()

    def look(self) -> None:
        for name in PRIVATE:
            folder = self.shell.folder / name
            for path in [folder, *folder.rglob("*")] if folder.exists() else []:
                self.files.add(re.sub("^20[^.]*", "RUN", path.name))
                if stat.S_IMODE(path.stat().st_mode) != (0o700 if path.is_dir() else 0o600):
                    self.open_to_others.add(str(path))

    def artefacts(self) -> Iterator[tuple[str, bytes]]:
        """Everything that was printed or is left, with its place."""
        yield from ((f"output {n}", text.encode()) for n, text in enumerate(self.said))
        for path in self.shell.folder.rglob("*"):
            if path.is_file() and path.suffix != ".sqlite":
                yield str(path), path.read_bytes()


@pytest.fixture(scope="module")
def life(tiny_db: Path, moto_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    folder = tmp_path_factory.mktemp("life")
    source = shutil.copyfile(tiny_db, folder / "own.sqlite")
    connection = sqlite3.connect(source)
    with connection:
        connection.execute("UPDATE Employee SET Title = ? WHERE EmployeeId = 3", ["x" * 410_000])
    connection.close()
    before = os.umask(0)
    try:
        with PretendAws(moto_server, tmp_path_factory.mktemp("aws")) as aws:
            yield lived(Life(Shell(folder, aws.environment), aws))
    finally:
        os.umask(before)


def lived(life: Life) -> Life:
    """Five refusals on the way: of boto3, of the load, of the comparison, of a query, and a defect."""
    (life.shell.folder / "reports").mkdir(mode=0o700)
    life.run("init", "-s", "own.sqlite", "-p", f"s{os.getpid()}_")
    config = life.shell.folder / "config/migration.json"
    document = json.loads(config.read_text())
    document["migration_settings"] |= {"max_rejects": 1, "connections": 4}
    document["logging"]["level"] = "DEBUG"
    config.write_text(json.dumps(document))
    life.run("info")
    life.run("-v", "migrate", "--yes", *TABLE, refuse="DescribeTable", code=5)
    life.run("-v", "resume", refuse="BatchWriteItem", code=9)
    life.run("tune", "--max-wcu", "5000")
    life.run("-v", "resume", refuse="Scan", code=9)
    life.run("status", "--json")
    life.run("-v", "resume")
    life.run("-v", "validate", *TABLE, "--report", "reports/r.html")
    life.run("validate", *TABLE, "--json", refuse="Query", code=5)
    life.run("-v", "query", "employee_data", "employee", "employee_id=1", refuse="GetItem", code=5)
    life.said += defect(life.shell)
    life.run("status")
    life.run("reset", "--dry-run")
    return life


def defect(shell: Shell) -> list[str]:
    """Both outputs of a command that meets a bug, whose exception holds the token."""
    words = [str(MIGRATE), "query", "employee_data", "employee", "employee_id=1", "-v"]
    program = (
        "import os, sys; import migration_tool.ask as part\n"
        "def bug(*args): raise ValueError('X-Amz-Security-Token: ' + os.environ['AWS_SESSION_TOKEN'])\n"
        f"part.ask = bug; sys.argv = {words!r}\n"
        "from migration_tool.cli import main; main()"
    )
    environment = {**shell.variables({}), "PYTHONPATH": str(MIGRATE.parent)}
    line = [sys.executable, "-c", program]
    done = subprocess.run(line, cwd=shell.folder, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "Traceback" in done.stderr
    return [done.stdout, done.stderr]


def test_no_credential_token_or_signature_is_left_anywhere(life: Life) -> None:
    secrets = [life.shell.environment[name] for name in NAMES] + ["Signature="]
    secrets += {seen.headers["Authorization"].rpartition("Signature=")[2] for seen in life.aws.seen}
    assert len(secrets) > 30
    found = {
        (place, secret) for place, data in life.artefacts() for secret in secrets if secret.encode() in data
    }
    assert found == set()


def test_the_quotes_were_there_to_be_hidden(life: Life) -> None:
    said = "".join(life.said)
    assert said.count("Traceback") >= 5
    assert said.count("The request signature we calculated does not match") >= 5
    assert "***" in said and "***" in (life.shell.folder / "logs/migration.log").read_text()


def test_what_a_run_leaves_is_for_its_owner_alone(life: Life) -> None:
    kept = {"RUN.json", "RUN.json.1", "RUN.rejects.jsonl", "RUN.snapshot.sqlite", "RUN.control.json"}
    assert life.files >= kept | {"targets.json", ".lock", "migration.log", "r.html", *PRIVATE}
    assert life.open_to_others == set()


def test_the_embedded_server_leaves_none_either(shell: Shell) -> None:
    shell.environment |= {"AWS_ACCESS_KEY_ID": "ASIAPLANTEDKEYID0002", "AWS_SECRET_ACCESS_KEY": "PlantedToo"}
    before = os.umask(0)
    try:
        shell.ok("embedded", "start")
        shell("query", "nothing")
    finally:
        os.umask(before)
        shell.ok("embedded", "stop")
    state = shell.folder / "state"
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    for path in state.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
        assert b"PLANTED" not in path.read_bytes() and b"Planted" not in path.read_bytes()
