"""Migrations, proofs and items from Python, without a configuration file."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from migration_tool import (
    Config,
    Design,
    MigrationError,
    Observer,
    Question,
    Reject,
    Source,
    resume,
    run,
    validate,
)
from migration_tool.errors import (
    ConfigError,
    DesignError,
    Interrupted,
    SourceError,
    StateError,
    TooManyRejects,
    UsageError,
)
from migration_tool.state.checkpoint import Checkpoint
from tests.api.conftest import DESIGN, change
from tests.conftest import ROOT


class Hearing(Observer):
    def __init__(self) -> None:
        self.phases: list[str] = []
        self.notices: list[str] = []
        self.written = 0
        self.tables: set[str] = set()

    def phase(self, name: str) -> None:
        self.phases.append(name)

    def notice(self, text: str) -> None:
        self.notices.append(text)

    def progress(self, checkpoint: Checkpoint) -> None:
        self.written = checkpoint.items_written

    def checked(self, table: str, done: int, total: int) -> None:
        self.tables.add(table)


def test_a_run_and_its_proof(config: Callable[..., Config], capfd: pytest.CaptureFixture[str]) -> None:
    hearing = Hearing()
    summary = run(config(), observer=hearing)
    assert summary.report and summary.report.ok and summary.rejects is None
    assert (summary.checkpoint.items_written, hearing.written) == (5, 5)
    assert hearing.phases == ["analysis", "preparation", "transformation", "loading", "validation"]
    assert hearing.tables and any(text.startswith("Target: http://127") for text in hearing.notices)
    assert resume(config()) is None
    report = validate(config(), calls=None)
    assert report.ok and [p.passed for t in report.tables for p in t.access_patterns] == [2]
    assert capfd.readouterr() == ("", "")


def test_differences_are_in_the_report(config: Callable[..., Config], database: Path) -> None:
    run(config())
    change(database, "UPDATE Customer SET Name = 'Eve' WHERE CustomerId = 2")
    report = validate(config(), fresh=True, calls=0)
    assert not report.ok and report.tables[0].difference.different[0].key == {"PK": "C#2", "SK": "#"}


def test_what_was_stopped_goes_on(config: Callable[..., Config]) -> None:
    class Stopping(Observer):
        def stopping(self) -> bool:
            return True

    with pytest.raises(Interrupted):
        run(config(), observer=Stopping())
    with pytest.raises(StateError):
        run(config())
    summary = resume(config())
    assert summary and summary.checkpoint.items_written == 5


def test_a_change_has_to_be_accepted(config: Callable[..., Config], database: Path) -> None:
    change(database, "INSERT INTO Purchase VALUES (4, 2)")
    change(database, "UPDATE Customer SET Paid = 'much' WHERE CustomerId = 2")
    with pytest.raises(TooManyRejects):
        run(config())
    change(database, "UPDATE Customer SET Paid = 7 WHERE CustomerId = 2")
    with pytest.raises(StateError, match="source"):
        resume(config(source_snapshot="live"))


def test_rejected_rows_are_within_the_budget_of_the_arguments(
    config: Callable[..., Config], database: Path
) -> None:
    change(database, "UPDATE Customer SET Paid = 'much' WHERE CustomerId = 2")
    summary = run(config(max_rejects="50%"))
    assert summary.checkpoint.rejected == 1 and summary.rejects and summary.rejects.exists()


def test_nobody_agrees_to_delete_tables_unless_asked(config: Callable[..., Config]) -> None:
    run(config())
    with pytest.raises(UsageError) as caught:
        run(config(), force=True)
    assert "confirm=" in caught.value.hint
    asked: list[Question] = []
    summary = run(config(), force=True, confirm=lambda question: not asked.append(question))  # type: ignore[func-returns-value]  # always None
    assert summary.report and asked[0].operation == "delete the tables"


def test_faults_of_arguments_are_told_together(database: Path, design: Design) -> None:
    with pytest.raises(ConfigError) as caught:
        Config.of(database, [], endpoint="nowhere", max_reject=1, batch_size=99)
    assert [fault.partition(":")[0] for fault in caught.value.faults] == [
        "max_reject",
        "designs",
        "batch_size",
        "endpoint",
    ]
    assert "did you mean max_rejects?" in caught.value.faults[0]
    with pytest.raises(ConfigError):
        Config.of(database, [design, design])
    with pytest.raises(MigrationError):
        Config.load(database.with_name("none.json"))


def test_arguments_are_what_they_are(
    database: Path, design: Design, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIGRATION_BATCH_SIZE", "7")
    monkeypatch.chdir(tmp_path)
    config = Config.of("shop.sqlite", [design], folder="work", max_wcu="auto", lease="off")
    assert (config.source_db, config.state_dir) == (database, tmp_path / "work/state")
    assert (config.batch_size, config.table_name("shop"), config.endpoint) == (25, "Shop", "aws")
    assert (config.settings.lease, str(config.settings.max_wcu)) == (None, "auto")
    assert config.origins["batch_size"] == "default" and config.origins["source_db"] == "argument"


def test_items_without_a_target(database: Path, design: Design) -> None:
    with Source(database) as source:
        assert source.tables["Purchase"] == ("PurchaseId", "CustomerId")
        assert source.count() == {"Customer": 2, "Purchase": 3}
        items = list(design.items(source))
        assert [item.key for item in design.items(source, ["Purchase"])] == [item.key for item in items[2:]]
    first = items[0]
    assert (first.entity, first.key, first.size) == ("Customer", ("C#1", "#"), 58)
    assert first.attributes["Paid"] == Decimal("1.5") and first.attributes["Face"] == b"\x00\xff"
    assert first.wire["Name"] == {"S": "Ada"} and first.json.startswith('{"CustomerId":{"N":"1"}')


@pytest.mark.parametrize("policy", ["split", "s3"])
def test_items_that_are_partly_elsewhere(database: Path, design: Design, policy: str) -> None:
    change(database, "UPDATE Customer SET Face = zeroblob(500000) WHERE CustomerId = 1")
    other = Path(design.path).with_name("other.yaml")
    other.write_text(DESIGN.replace("Customer: {keys", f"Customer: {{oversize: {policy}, keys"))
    with Source(database) as source:
        first, *_ = Design(other).items(source)
    assert first.size < 1_000 and first.attributes["Name"] == "Ada" and "Face" not in first.wire


def test_rows_without_an_item(database: Path, design: Design) -> None:
    change(database, "UPDATE Customer SET Paid = 'much' WHERE CustomerId = 1")
    with Source(database) as source:
        with pytest.raises(TooManyRejects, match=r"Customer \(1,\)"):
            list(design.items(source))
        rejects: list[Reject] = []
        assert len(list(design.items(source, rejected=rejects.append))) == 4
    assert (rejects[0].rule, rejects[0].row["Paid"]) == ("not_a_number", "much")


def test_what_does_not_fit_is_told_before_the_first_item(database: Path, design: Design) -> None:
    with Source(database) as source:
        with pytest.raises(UsageError, match="Custmer"):
            design.items(source, ["Custmer"])
        other = Path(design.path).with_name("other.yaml")
        other.write_text(DESIGN.replace("PurchaseId:8", "PurchaseNo:8"))
        with pytest.raises(DesignError, match="PurchaseNo"):
            Design(other).items(source)
    with pytest.raises(DesignError):
        Design("nowhere.yaml")
    with pytest.raises(SourceError):
        Source("nowhere.sqlite")


def test_what_a_design_says_of_itself(design: Design) -> None:
    assert (design.name, design.table, design.entities) == ("shop", "Shop", ("Customer", "Purchase"))
    assert design.access_patterns == ("purchases",) and len(design.fingerprint) == 64


def test_a_configuration_file_serves_too(small_db: Path, tmp_path: Path, moto_server: str) -> None:
    file = tmp_path / "migration.json"
    shutil.copytree(ROOT / "config/designs", tmp_path / "config/designs")
    file.write_text(f'{{"source_db": "{small_db}", "endpoint": "{moto_server}", "table_prefix": "api_"}}')
    config = Config.load(file)
    assert config.state_dir == tmp_path / "state" and config.table_name("employee_data") == "api_EmployeeData"
