"""Two hosts, one table: two real processes with state folders of their own, on every engine.

Exactly one loads at a time; whoever comes second is told who it is, and whoever lost it stops.
"""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from migration_tool.state.checkpoint import Checkpoint
from migration_tool.state.store import StateStore
from migration_tool.target.lease import KEY
from tests.cli.shell import Proxy, Shell, Started
from tests.cli.test_signals import LIMIT, Gate
from tests.engines import Engine
from tests.resume.world import World
from tests.target.fake import Reply, Seen, fault

pytestmark = pytest.mark.row(17)

DESIGN, TABLE = "customer_data", "CustomerData"
SHORT, LONG = 1.5, 60


@dataclass
class Line(Proxy):
    """Knows what it has not answered yet, by operation."""

    open: list[str] = field(default_factory=list)

    def _reply(self, seen: Seen) -> Reply:
        self.open.append(seen.operation)
        reply = super()._reply(seen)
        self.open.remove(seen.operation)
        return reply

    def wait_for(self, operation: str) -> None:
        """Until none of them is open: what was sent before a process stood still has landed."""
        deadline = time.monotonic() + LIMIT
        while operation in self.open:
            assert time.monotonic() < deadline, f"{operation} was not answered"
            time.sleep(0.02)


@dataclass
class Host:
    """A machine with a folder of its own; its requests pass a gate that can hold them back."""

    world: World
    shell: Shell
    line: Line
    gate: Gate
    engine: Engine

    @property
    def table(self) -> str:
        return self.world.prefix + TABLE

    @property
    def name(self) -> str:
        """What a message calls its run."""
        return f"run {self.state().run_id}, host "

    @property
    def folder(self) -> str:
        return f"folder {self.shell.folder / 'state'},"

    def state(self) -> Checkpoint:
        found = StateStore(self.shell.folder / "state").latest()
        assert found is not None
        return found

    def migrate(self, *words: str) -> Started:
        return self.shell.begin("migrate", "-t", DESIGN, *words)

    def lease(self) -> dict[str, Any] | None:
        """The item, asked of the engine itself."""
        key = {"PK": {"S": KEY}, "SK": {"S": KEY}}
        asked = {"TableName": self.table, "Key": key, "ConsistentRead": True}
        return self.engine.call("GetItem", asked).get("Item")

    def check_finished(self) -> None:
        """A plain scan finds every item and nothing else, no lease either."""
        assert self.world.actual(DESIGN) == self.world.expected(DESIGN)


Hosts = Callable[..., Host]


@contextmanager
def network(tmp_path: Path, database: Path, prefix: str, engine: Engine) -> Iterator[Hosts]:
    """Makes hosts: `first` batches pass the gate at once, a lease lasts so many `seconds`."""
    with ExitStack() as stack:

        def make(name: str, first: int = 10**9, seconds: float = LONG, proxy: type[Line] = Line) -> Host:
            gate = Gate(first)
            own = stack.enter_context(proxy(engine.url, gate))
            stack.callback(gate.open)
            folder = tmp_path / name
            extra = {"migration_settings.lease": seconds, "migration_settings.enable_validation": False}
            world = World(folder, database, Engine(engine.name, own.own), prefix, 10, 8, extra)
            return Host(world, Shell(folder), own, gate, engine)

        yield make


@pytest.fixture
def hosts(tmp_path: Path, small_db: Path, table_prefix: str, engine: Engine) -> Iterator[Hosts]:
    with network(tmp_path, small_db, table_prefix, engine) as made:
        yield made


@pytest.fixture
def moto_hosts(tmp_path: Path, small_db: Path, table_prefix: str, moto_server: str) -> Iterator[Hosts]:
    with network(tmp_path, small_db, table_prefix, Engine("moto", moto_server)) as made:
        yield made


def held(host: Host, run: Started) -> None:
    """Waits until its gate holds a batch and its first ones are in its state."""
    run.wait_until(host.gate.holds.is_set, "no batch was held")
    run.wait_until(lambda: host.state().items_written > 0, "nothing was saved")


def settled(host: Host, run: Started) -> Checkpoint:
    """Its state when all that was acknowledged is saved: two saves with the same account, a second apart."""
    held(host, run)
    states = [host.state()]

    def same() -> bool:
        if host.state().generation > states[-1].generation:
            states.append(host.state())
        return len(states) > 1 and states[-1].entities == states[-2].entities

    run.wait_until(same, "the state did not settle")
    return states[-1]


def test_while_one_loads_the_other_is_refused_and_told_who_it_is(hosts: Hosts) -> None:
    a, b = hosts("a", first=4, seconds=4 * SHORT), hosts("b")
    with a.migrate() as run:
        held(a, run)
        assert a.lease() is not None
        refused = b.shell("migrate", "-t", DESIGN)
        assert refused.returncode == 6, refused.stderr
        assert f"another run holds it: {a.name}" in refused.stderr
        assert a.folder in refused.stderr and "--take-over" in refused.stderr
        assert b.state().items_written == 0
        a.gate.open()
        assert run.end() == 0, run.said()
    a.check_finished()
    assert b.shell("resume").returncode == 0, "its turn now"
    b.check_finished()


def test_a_table_that_another_run_loads_is_not_deleted(moto_hosts: Hosts) -> None:
    a, b = moto_hosts("a", first=4, seconds=4 * SHORT), moto_hosts("b")
    with a.migrate() as run:
        held(a, run)
        refused = b.shell("migrate", "-f", "-y", "-t", DESIGN)
        assert (refused.returncode, a.name in refused.stderr) == (6, True), refused.stderr
        assert a.world.durable() > 0
        assert "lease held (generation 1)" in " ".join(a.shell.ok("status").split())
        a.gate.open()
        assert run.end() == 0
    assert json.loads(a.shell.ok("status", "--json"))["lease"] is None
    assert b.shell("migrate", "-f", "-y", "-t", DESIGN).returncode == 0
    b.check_finished()


def test_after_a_kill_the_other_waits_for_the_end_of_the_lease_and_goes_on_alone(hosts: Hosts) -> None:
    a, b = hosts("a", first=4, seconds=SHORT), hosts("b")
    with a.migrate() as run:
        held(a, run)
        run.signal(signal.SIGKILL)
        run.process.wait()
        a.line.wait_for("PutItem")
        assert "left behind" in a.shell.ok("status")
        a.shell("validate", "-t", DESIGN, "--items-only", "--report", "left.json")
        (found,) = json.loads((a.shell.folder / "left.json").read_text())["tables"]
        assert (a.lease() is not None, found["extra_count"]) == (True, 0)
        second = b.shell("migrate", "-t", DESIGN)
        assert second.returncode == 0, second.stderr
        assert f"Looking for up to {SHORT:g} s" in second.stderr
        assert f"is taken over from {a.name}" in second.stderr
        a.gate.open()
    b.check_finished()
    b.shell.ok("validate", "-t", DESIGN, "--items-only")
    refused = a.shell("resume")
    assert refused.returncode == 6
    assert "another run had it, and has ended" in refused.stderr
    assert "--accept-changed target" in " ".join(refused.stderr.split())
    accepted = a.shell("resume", "--accept-changed", "target")
    assert accepted.returncode == 0, accepted.stderr
    a.check_finished()


def test_a_run_that_stood_still_notices_before_its_next_checkpoint(hosts: Hosts) -> None:
    """Though the answers to what it had sent are there when it goes on: they are true, and not saved."""
    a, b = hosts("a", first=4, seconds=SHORT), hosts("b", first=1)
    with a.migrate() as loser:
        before = settled(a, loser)
        loser.signal(signal.SIGSTOP)
        a.line.wait_for("PutItem")
        with b.migrate() as winner:
            winner.wait_until(b.gate.holds.is_set, "no batch was held")
            a.gate.open()
            a.line.wait_for("BatchWriteItem")
            loser.signal(signal.SIGCONT)
            assert loser.end() == 6, loser.said()
            assert f"has taken it over: {b.name}" in loser.said() and b.folder in loser.said()
            after = a.state()
            assert (after.status, after.entities) == ("failed", before.entities)
            resumed = a.shell("resume")
            assert (resumed.returncode, b.name in resumed.stderr) == (6, True)
            b.gate.open()
            assert winner.end() == 0, winner.said()
    b.check_finished()


def test_its_own_next_process_takes_it_at_once(moto_hosts: Hosts) -> None:
    """A killed run has a lease of a minute left, and does not wait for it."""
    a = moto_hosts("a", first=4)
    with a.migrate() as run:
        held(a, run)
        run.signal(signal.SIGKILL)
        run.process.wait()
        a.gate.open()
    resumed = a.shell("resume")
    assert resumed.returncode == 0, resumed.stderr
    assert "Looking" not in resumed.stderr
    a.check_finished()


def test_an_orderly_stop_gives_the_tables_back(moto_hosts: Hosts) -> None:
    a, b = moto_hosts("a", first=4), moto_hosts("b")
    with a.migrate() as run:
        held(a, run)
        run.signal(signal.SIGINT)
        run.wait_for("stopping: ")
        a.gate.open()
        assert run.end() == 130
    assert "given back" in a.shell.ok("status")
    second = b.shell("migrate", "-t", DESIGN)
    assert (second.returncode, "Looking" in second.stderr) == (0, False), second.stderr
    b.check_finished()
    assert "another run had it" in a.shell("resume").stderr


def test_told_to_it_takes_the_table_from_a_run_that_is_alive(moto_hosts: Hosts) -> None:
    a, b = moto_hosts("a", first=4, seconds=2 * SHORT), moto_hosts("b")
    with a.migrate() as run:
        before = settled(a, run)
        second = b.shell("migrate", "-t", DESIGN, "--take-over")
        assert second.returncode == 0, second.stderr
        assert f"is taken over from {a.name}" in second.stderr
        a.gate.open()
        assert run.end() == 6, run.said()
        assert f"has taken it over: {b.name}" in run.said()
        assert (a.state().status, a.state().entities) == ("failed", before.entities)
    b.check_finished()


def log(host: Host) -> str:
    return (host.shell.folder / "logs/migration.log").read_text()


def test_without_a_lease_both_load_and_the_log_says_so(moto_hosts: Hosts) -> None:
    a, b = moto_hosts("a", first=4), moto_hosts("b")
    with a.migrate("--no-lease") as run:
        held(a, run)
        assert a.lease() is None
        assert b.shell("migrate", "-t", DESIGN, MIGRATION_LEASE="off").returncode == 0
        a.gate.open()
        assert run.end() == 0
    a.check_finished()
    for host in (a, b):
        lines = [json.loads(line) for line in log(host).splitlines()]
        (said,) = [line for line in lines if line["event"] == "no lease"]
        assert said["level"] == "WARNING"
    assert "nothing keeps another host from loading" in run.said()


class NoPut(Line):
    """A role that may write batches, and no single item."""

    def _reply(self, seen: Seen) -> Reply:
        return fault("AccessDeniedException") if seen.operation == "PutItem" else super()._reply(seen)


def test_a_role_that_may_not_lease_is_told_how_to_do_without(moto_hosts: Hosts) -> None:
    a = moto_hosts("a", proxy=NoPut)
    refused = a.shell("migrate", "-t", DESIGN)
    assert refused.returncode == 5
    assert "allow dynamodb:PutItem" in refused.stderr and "--no-lease" in refused.stderr
    assert a.state().items_written == 0
    assert a.shell("resume", "--no-lease").returncode == 0
    a.check_finished()
