"""The copy loop against a DynamoDB with a ledger: window, budget, stop, and what a save promises."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from migration_tool.batches import Supply
from migration_tool.budget import Budget
from migration_tool.config import Config, load_config, write_config
from migration_tool.copying import Copy, read_ahead
from migration_tool.design.compile import compile_design
from migration_tool.design.load import load_design
from migration_tool.design.model import Attribute
from migration_tool.design.template import Reference
from migration_tool.errors import (
    Interrupted,
    MigrationError,
    SourceError,
    StateError,
    Stopped,
    TooManyRejects,
)
from migration_tool.job import Bound, open_wire
from migration_tool.ledger import Ledger
from migration_tool.model import EncodedItem, Reject, Row
from migration_tool.rates import MaxWcu
from migration_tool.source.sqlite import SqliteSource
from migration_tool.state.checkpoint import Checkpoint, EntityProgress, Pace
from migration_tool.state.control import Wish, Wishes, write_wish
from migration_tool.state.rejects import RejectLog, read_rejects
from migration_tool.state.store import StateStore
from migration_tool.steering import Steering
from migration_tool.supplies import share
from migration_tool.target.facts import Capacity
from migration_tool.target.loader import Loader
from migration_tool.target.session import Target
from tests.loading.ledger_server import LANE, key_of
from tests.loading.ledger_server import Ledger as Server
from tests.target.fake import FakeServer, fault

DESIGN = """
version: 1
table: Things
entities:
  Thing:
    from: Thing
    keys: {PK: "THING#{ThingId}", SK: "{Name}"}
"""
ROWS = 400


@dataclass
class Watch:
    """Keeps every saved checkpoint; asks to stop after `stop_after` of them."""

    stop_after: int = 10**9
    saved: list[Checkpoint] = field(default_factory=list)
    look: Callable[[Checkpoint], None] = lambda checkpoint: None

    def progress(self, checkpoint: Checkpoint) -> None:
        self.saved.append(checkpoint)
        self.look(checkpoint)

    def stopping(self) -> bool:
        return len(self.saved) >= self.stop_after


@dataclass
class Setting:
    config: Config
    bound: Bound
    source: SqliteSource
    store: StateStore
    server: Server
    target: Target
    checkpoint: Checkpoint
    warnings: list[str] = field(default_factory=list)

    def copy(self, watch: Watch, hold: Callable[[], float | None] = lambda: None) -> Checkpoint:
        """One process's share; what it saved is where the next one begins."""
        with open_wire(self.config, self.target) as wire:
            loader = Loader(wire)
            settings = self.config.settings
            log, most = self.store.reject_log(self.checkpoint), settings.max_rejects.of(ROWS)
            book, supplies = share(self.source, self.checkpoint, [self.bound], log, most)
            ledger = Ledger(self.checkpoint, self.store, loader, watch, book, hold)
            wishes = Wishes(self.store.control_path(self.checkpoint.run_id))
            steering = Steering(wishes, settings.max_wcu, loader, dict, self.warnings.append)
            copy = Copy(self.config, loader, ledger, watch, steering)
            try:
                watch.look = watch.look or (lambda checkpoint: None)
                copy.run(supplies)
            finally:
                self.checkpoint = ledger.saved
        return self.checkpoint


@pytest.fixture
def setting(tmp_path: Path) -> Iterator[Setting]:
    database = tmp_path / "things.sqlite"
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE Thing (ThingId INTEGER PRIMARY KEY, Name TEXT)")
        connection.executemany("INSERT INTO Thing VALUES (?, ?)", [(n, f"n{n}") for n in range(1, ROWS + 1)])
    connection.close()
    (tmp_path / "things.yaml").write_text(DESIGN)
    path = tmp_path / "config/migration.json"
    settings = {"connections": 4, "in_flight": 8, "retry_delay": 0.01, "max_retries": 3}
    tables = {"things": "Things"}
    write_config(
        path,
        {
            "source_db": str(database),
            "batch_size": 10,
            "migration_settings": settings,
            "dynamodb_tables": tables,
        },
    )
    config = load_config(path, {}, {})
    server = Server()
    store = StateStore(config.state_dir)
    with SqliteSource(database) as source, FakeServer(server) as web:
        compiled = compile_design(load_design(tmp_path / "things.yaml"), source.schema)
        entity = EntityProgress("things", "Thing", rows_total=ROWS)
        run_id = store.new_run_id(1_800_000_000)
        checkpoint = Checkpoint(run_id, 0.0, web.url, "us-east-1", {"things": "t_MusicCatalog"}, (entity,))
        checkpoint = store.save(checkpoint.with_status("in_progress"))
        bound = Bound(compiled, "t_MusicCatalog")
        yield Setting(config, bound, source, store, server, Target(web.url, "us-east-1", 5, 4), checkpoint)


def all_keys(count: int = ROWS) -> set[tuple[str, str]]:
    return {(f"THING#{n}", f"n{n}") for n in range(1, count + 1)}


def poison(setting: Setting, *numbers: int) -> None:
    """Rows that cannot be items: their sort key is NULL."""
    path = setting.config.source_db
    setting.source.close()
    with sqlite3.connect(path) as connection:
        connection.executemany("UPDATE Thing SET Name = NULL WHERE ThingId = ?", [(n,) for n in numbers])
    connection.close()
    setting.source = SqliteSource(path)


def test_what_is_in_force_is_saved_before_anything_is_sent_unless_it_is_no_news(setting: Setting) -> None:
    seen: list[tuple[str, int]] = []

    def look(checkpoint: Checkpoint) -> None:
        seen.append((checkpoint.tuning.max_wcu, setting.server.requests))

    setting.config = replace(
        setting.config, settings=replace(setting.config.settings, max_wcu=MaxWcu(90_000.0))
    )
    with pytest.raises(Interrupted):
        setting.copy(Watch(stop_after=1, look=look))
    assert seen[0] == ("90000", 0)
    seen.clear()
    before = setting.server.requests
    setting.copy(Watch(look=look))
    assert seen[0][1] > before


def test_all_rows_arrive_and_the_last_save_says_so(setting: Setting) -> None:
    final = setting.copy(watch := Watch())
    assert set(setting.server.stored) == all_keys()
    assert set(setting.server.sent.values()) == {1}
    assert final == setting.store.load(final.run_id)
    assert (final.items_written, final.entities[0].done) == (ROWS, True)
    written = [checkpoint.items_written for checkpoint in watch.saved]
    assert written == sorted(written)


def test_a_save_never_speaks_of_an_item_that_is_not_stored(setting: Setting) -> None:
    setting.server.always = setting.server.partly(0.3, 5)

    def look(checkpoint: Checkpoint) -> None:
        position = checkpoint.entities[0].position
        assert all_keys(position[0] if position else 0) <= setting.server.acknowledged

    setting.copy(watch := Watch(look=look))
    assert len(watch.saved) > 3


def test_the_window_bounds_what_is_sent_and_not_yet_saved(setting: Setting) -> None:
    """At every moment: keys sent minus rows that the state file covers ≤ in_flight * batch_size."""
    worst = 0
    accept = setting.server.accept

    def watched(items: list, left: list | None = None) -> object:
        nonlocal worst
        known = setting.store.__class__(setting.store.folder).load(setting.checkpoint.run_id)
        worst = max(worst, len(setting.server.sent) - known.items_written)
        return accept(items, left)

    setting.server.accept = watched  # type: ignore[method-assign,assignment]
    setting.copy(Watch())
    assert 0 < worst <= 8 * 10


def test_a_stop_drains_saves_and_resumes_without_sending_anything_twice(setting: Setting) -> None:
    with pytest.raises(Interrupted) as caught:
        setting.copy(Watch(stop_after=3))
    assert caught.value.exit_code == 130
    assert 0 < setting.checkpoint.items_written < ROWS
    assert setting.checkpoint.items_written == len(setting.server.acknowledged)
    setting.copy(Watch())
    assert set(setting.server.stored) == all_keys()
    assert not setting.server.resent


def test_a_breakdown_saves_what_was_acknowledged(setting: Setting) -> None:
    setting.server.faults = [None] * 12
    setting.server.always = lambda items: fault("InternalServerError", 500)
    with pytest.raises(Stopped):
        setting.copy(Watch())
    written = setting.store.load(setting.checkpoint.run_id).items_written
    assert written >= 120 - 4 * 10
    assert all_keys(written) <= setting.server.acknowledged
    setting.server.always = None
    setting.copy(Watch())
    assert set(setting.server.stored) == all_keys()
    assert len(setting.server.resent) <= 120 - written


def test_the_first_reject_stops_the_run_by_default(setting: Setting) -> None:
    poison(setting, 57)
    with pytest.raises(TooManyRejects) as caught:
        setting.copy(Watch())
    assert caught.value.exit_code == 8
    (reject,) = read_rejects(setting.store.rejects_path(setting.checkpoint.run_id))
    assert (reject.source_table, reject.source_key, reject.rule) == ("Thing", (57,), "null_key")
    assert reject.row == {"ThingId": 57, "Name": None}
    sent_before = setting.server.requests
    with pytest.raises(TooManyRejects):
        setting.copy(Watch())
    assert setting.server.requests == sent_before


def test_within_the_budget_rejects_are_counted_and_the_account_adds_up(setting: Setting) -> None:
    poison(setting, 1, 57, 58, ROWS)
    object.__setattr__(setting.config.settings, "max_rejects", Budget(4))
    final = setting.copy(Watch())
    (entity,) = final.entities
    assert (entity.rows_read, entity.items_written, entity.rejected) == (ROWS, ROWS - 4, 4)
    rejects = list(read_rejects(setting.store.rejects_path(final.run_id), final.rejects_bytes))
    assert sorted(reject.source_key for reject in rejects) == [(1,), (57,), (58,), (ROWS,)]


def test_where_a_reject_cannot_be_written_the_saved_place_is_before_its_row(setting: Setting) -> None:
    """What holds is what is on the disk, whatever the process has counted meanwhile."""
    poison(setting, 57)
    object.__setattr__(setting.config.settings, "max_rejects", Budget(9))
    path = setting.store.rejects_path(setting.checkpoint.run_id)
    path.touch(0o600)
    append = RejectLog.append

    def full(log: RejectLog, rejects: Sequence[Reject]) -> int:
        if rejects:
            raise StateError("write the reject file", log.path, "No space left on device")
        return append(log, rejects)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(StateError, match="No space left"):
        patch.setattr(RejectLog, "append", full)
        setting.copy(Watch())
    (entity,) = setting.checkpoint.entities
    assert (entity.rows_read < 57, entity.rejected) == (True, 0)
    assert setting.checkpoint == setting.store.load(setting.checkpoint.run_id)
    setting.store.save(setting.checkpoint.with_status("failed"))
    setting.checkpoint = setting.store.load(setting.checkpoint.run_id)
    final = setting.copy(Watch())
    assert [reject.source_key for reject in setting.store.rejects(final)] == [(57,)]
    assert final.entities[0].items_written == ROWS - 1


def test_rejects_written_after_the_last_checkpoint_are_not_doubled(setting: Setting) -> None:
    poison(setting, 5, 200)
    object.__setattr__(setting.config.settings, "max_rejects", Budget(9))
    with pytest.raises(Interrupted):
        setting.copy(Watch(stop_after=2))
    path = setting.store.rejects_path(setting.checkpoint.run_id)
    with path.open("ab") as file:
        file.write(b'{"half a line that no checkpoint knows')
    final = setting.copy(Watch())
    rejects = [reject.source_key for reject in read_rejects(path, final.rejects_bytes)]
    assert rejects == [(5,), (200,)]
    assert path.stat().st_size == final.rejects_bytes


def test_fewer_rows_than_counted_is_never_done(setting: Setting) -> None:
    """End of data must be a positive signal: a table that ends early is an error, not completion."""
    setting.source.close()
    with sqlite3.connect(setting.config.source_db) as connection:
        connection.execute("DELETE FROM Thing WHERE ThingId > 390")
    connection.close()
    setting.source = SqliteSource(setting.config.source_db)
    with pytest.raises(SourceError, match="390 rows were read, 400 were counted"):
        setting.copy(Watch())
    assert not setting.store.load(setting.checkpoint.run_id).entities[0].done


def test_every_failure_can_be_resumed_in_pieces(setting: Setting) -> None:
    """Ten breakdowns at different requests, one after the other: monotonic, and complete in the end."""
    heights = [0]
    for seed in range(10):
        setting.server.faults = [None] * (seed // 3 + 1) + [lambda items: fault("AccessDeniedException")] * 50
        with pytest.raises(MigrationError):
            setting.copy(Watch())
        heights.append(setting.checkpoint.items_written)
    setting.server.faults = []
    setting.copy(Watch())
    assert heights == sorted(heights)
    assert set(setting.server.stored) == all_keys() == {key_of(i) for i in setting.server.stored.values()}


def wish(setting: Setting, number: int, paused: bool = False, max_wcu: str = "off") -> None:
    run_id = setting.checkpoint.run_id
    write_wish(setting.store.control_path(run_id), Wish(run_id, number, MaxWcu.parse(max_wcu), paused))


def test_a_run_that_was_paused_waits_until_it_may_go_on(setting: Setting) -> None:
    wish(setting, 1, paused=True)
    seen: list[tuple[int, bool, int]] = []

    def look(checkpoint: Checkpoint) -> None:
        tuning = checkpoint.tuning
        seen.append((tuning.number, tuning.paused, setting.server.requests))
        if tuning.paused:
            wish(setting, 2)

    final = setting.copy(Watch(look=look))
    assert seen[0] == (1, True, 0), "paused, and nothing is sent"
    assert (final.tuning.number, final.tuning.paused) == (2, False)
    assert set(setting.server.stored) == all_keys()


def test_a_paused_run_can_be_stopped_and_stays_paused(setting: Setting) -> None:
    wish(setting, 1, paused=True)
    with pytest.raises(Interrupted):
        setting.copy(Watch(stop_after=1))
    saved = setting.store.load(setting.checkpoint.run_id)
    assert (saved.tuning.paused, saved.items_written, setting.server.requests) == (True, 0, 0)


def test_a_run_stopped_in_a_pause_sends_nothing_more(setting: Setting) -> None:
    sent: list[int] = []

    def look(checkpoint: Checkpoint) -> None:
        if checkpoint.tuning.paused:
            sent.append(setting.server.requests)
            watch.stop_after = 0

    pausing = setting.server.accept

    def accept(items: list, left: list | None = None) -> object:
        wish(setting, 1, paused=True)
        time.sleep(0.05)
        return pausing(items, left)

    setting.server.accept = accept  # type: ignore[method-assign,assignment]
    watch = Watch(look=look)
    with pytest.raises(Interrupted):
        setting.copy(watch)
    assert setting.server.requests == sent[0] < ROWS / 10


def test_a_limit_is_taken_over_and_told(setting: Setting) -> None:
    object.__setattr__(setting.config.settings, "max_wcu", MaxWcu.parse("900"))
    wish(setting, 1, max_wcu="800")
    final = setting.copy(Watch())
    assert (final.tuning.max_wcu, final.flow.limit_wcu) == ("800", 800.0)
    assert "800" in final.flow.note
    assert final.counters.wcu == ROWS


def test_throttles_are_told_by_reason(setting: Setting) -> None:
    reasons = [{"reason": "IndexWriteKeyRangeThroughputExceeded", "resource": "arn:aws:x:table/T/index/GSI2"}]
    throttled = fault("ProvisionedThroughputExceededException", ThrottlingReasons=reasons)
    setting.server.faults = [lambda items: throttled] * 2
    final = setting.copy(Watch())
    assert final.flow.reasons == {"IndexWriteKeyRangeThroughputExceeded": 2}
    assert any("GSI2" in place for place in final.flow.indexes)
    assert set(setting.server.stored) == all_keys()


def test_a_damaged_wish_is_told_and_changes_nothing(setting: Setting) -> None:
    setting.store.control_path(setting.checkpoint.run_id).write_text("{")
    final = setting.copy(Watch())
    assert any("before stays in force" in warning for warning in setting.warnings)
    assert final.tuning.number == 0
    assert set(setting.server.stored) == all_keys()


def test_auto_keeps_to_a_share_of_what_the_tables_have(setting: Setting) -> None:
    kept: list[tuple[float | None, object]] = []

    class Kept(Loader):
        def keep_to(self, max_wcu: float | None, capacities: Mapping[str, Capacity]) -> None:
            kept.append((max_wcu, dict(capacities)))

    with open_wire(setting.config, setting.target) as wire:
        wishes = Wishes(setting.store.control_path(setting.checkpoint.run_id))
        tables = {"T": Capacity(100.0, {"GSI1": 50.0})}
        steering = Steering(wishes, MaxWcu.parse("auto:80%"), Kept(wire), lambda: tables, print)
        assert steering.news() is not None
        assert steering.news() is None
    assert kept == [(None, {"T": Capacity(80.0, {"GSI1": 40.0})})]


class Lost:
    """A lease that another host takes after so many looks at it."""

    def __init__(self, after: int) -> None:
        self.left = after

    def __call__(self) -> float:
        self.left -= 1
        if self.left < 0:
            raise StateError("keep the lease of the table", "T", "another run has taken it over: run x")
        return 1_800_000_060.0


def test_a_run_that_lost_its_lease_saves_nothing_more(setting: Setting) -> None:
    """What was acknowledged since is true, but maybe no longer of what the table holds: it is sent again."""
    watch = Watch()
    with pytest.raises(StateError, match="taken it over"):
        setting.copy(watch, Lost(4))
    saved = setting.store.load(setting.checkpoint.run_id)
    assert saved == setting.checkpoint == watch.saved[-1]
    assert len(watch.saved) == 4
    assert saved.lease.until == 1_800_000_060.0
    assert saved.items_written < len(setting.server.acknowledged)
    assert setting.copy(Watch()).items_written == ROWS


def test_a_run_that_lost_its_lease_counts_no_reject_that_is_not_on_disk(setting: Setting) -> None:
    poison(setting, 5, 6, 7)
    object.__setattr__(setting.config.settings, "max_rejects", Budget(9))
    with pytest.raises(StateError):
        setting.copy(Watch(), Lost(0))
    assert setting.checkpoint.rejected == 0
    assert setting.copy(Watch()).rejected == 3
    rejects = read_rejects(setting.store.rejects_path(setting.checkpoint.run_id))
    assert [reject.source_key for reject in rejects] == [(5,), (6,), (7,)]


@pytest.mark.parametrize("by_rows", [True, False])
def test_a_row_becomes_an_item_once_however_often_it_is_sent(setting: Setting, by_rows: bool) -> None:
    """By the function, or by SQLite: then the function sees the first row of each window, to compare."""
    (entity,) = setting.bound.compiled.entities
    encoded: Counter[object] = Counter()

    def counted(row: Row) -> EncodedItem:
        encoded[row] += 1
        return entity.item(row)

    beyond = replace(
        entity.shape, attributes={"Name": Attribute("Name", Reference(None, "Name"), convert="text")}
    )
    counting = replace(entity, item=counted, shape=beyond if by_rows else entity.shape)
    setting.bound = replace(setting.bound, compiled=replace(setting.bound.compiled, entities=(counting,)))
    setting.server.always = setting.server.partly(0.3, 5)
    final = setting.copy(Watch())
    assert set(encoded.values()) == {1}
    assert len(encoded) == ROWS if by_rows else 0 < len(encoded) < ROWS / 5
    assert final.counters.resent_items > 0


def test_no_more_requests_than_full_batches_need(setting: Setting) -> None:
    """But for the first rounds, which are small, and the last one."""
    setting.copy(Watch())
    assert ROWS / 10 <= setting.server.requests <= ROWS / 10 + 4


@pytest.mark.parametrize(("most", "longest"), [(8 << 20, 80), (3_000, 20)])
def test_a_round_has_as_many_rows_as_memory_is_to_hold(
    setting: Setting, monkeypatch: pytest.MonkeyPatch, most: int, longest: int
) -> None:
    """Requests of ten items have some 1,400 bytes here. The first rounds are small in any case."""
    rounds: list[int] = []
    batches = Supply.batches
    monkeypatch.setattr("migration_tool.copying._ROUND_BYTES", most)
    monkeypatch.setattr(
        Supply, "batches", lambda self, n, size: rounds.append(n * size) or batches(self, n, size)
    )
    config = setting.config
    setting.config = replace(config, settings=replace(config.settings, in_flight=256))
    assert setting.copy(Watch()).items_written == ROWS
    assert max(rounds[4:]) == longest


class Asked:
    """Windows of an entity, of which nothing is taken."""

    def __init__(self) -> None:
        self.counts: list[int] = []

    def ask(self, count: int) -> None:
        self.counts.append(count)


@pytest.mark.parametrize(
    ("in_flight", "rate", "rows"), [(2048, 0, 40), (64, 0, 20), (8, 0, 10), (2048, 25, 20), (2048, 3, 10)]
)
def test_no_more_is_read_ahead_than_may_be_in_flight_and_is_taken_in_a_second(
    setting: Setting, in_flight: int, rate: float, rows: int
) -> None:
    """In batches of ten; at least one of them."""
    config = replace(setting.config, settings=replace(setting.config.settings, in_flight=in_flight))
    windows = Asked()
    supply = Supply(LANE, windows, str, 1_000)  # type: ignore[arg-type]  # nothing is taken of it
    read_ahead([supply], config, setting.checkpoint.with_pace(Pace(rate)))
    assert windows.counts == [rows]
