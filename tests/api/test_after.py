"""From Python: what a run has done, its tables asked and repaired, and files in place of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest

from migration_tool import (
    Claim,
    Config,
    Form,
    MigrationError,
    Observer,
    look,
    query,
    rejects,
    repair,
    retry_rejects,
    run,
    status,
    to_html,
    to_json,
    tune,
    validate,
    write_files,
)
from migration_tool.errors import Interrupted, StateError, UsageError
from migration_tool.state.checkpoint import Checkpoint
from migration_tool.state.store import StateStore
from tests.api.conftest import change


class Stopping(Observer):
    def stopping(self) -> bool:
        return True


def test_how_far_a_run_is(config: Callable[..., Config]) -> None:
    assert status(config()).status == "not_started"
    with pytest.raises(Interrupted):
        run(config(), observer=Stopping())
    assert (status(config()).status, status(config()).next) == ("paused", "migrate.py resume")
    tuned = tune(config(), max_wcu="50", paused=False)
    assert not tuned.in_force and json.loads(to_json(tuned))["max_wcu"] == "50"
    wish = status(config()).wish
    assert wish and wish.max_wcu == "50"


def test_what_is_no_wish_is_refused(config: Callable[..., Config]) -> None:
    with pytest.raises(UsageError, match="nothing is wished"):
        tune(config())
    with pytest.raises(UsageError, match="no limit"):
        tune(config(), max_wcu="fast")
    with pytest.raises(StateError):
        tune(config(), paused=True)


def test_rejected_rows_are_mended_and_sent_again(config: Callable[..., Config], database: Path) -> None:
    change(database, "UPDATE Customer SET Paid = 'much'")
    run(config(max_rejects=2))
    found = rejects(config())
    assert (found.rows, found.groups[0].rule) == (2, "not_a_number")
    assert [len(rejects(config(), examples=n).groups[0].examples) for n in (1, 5)] == [1, 2]
    assert json.loads(to_json(found))["rejected"] == 2
    change(database, "UPDATE Customer SET Paid = 7")
    summary = retry_rejects(config())
    assert summary and summary.checkpoint.rejected == 0 and rejects(config()).rows == 0
    assert retry_rejects(config()) is None


def test_what_of_the_state_cannot_be_used_is_told(config: Callable[..., Config]) -> None:
    class Hearing(Observer):
        def __init__(self) -> None:
            self.heard: list[str] = []

        def notice(self, text: str) -> None:
            self.heard.append(text)

    summary = run(config())
    store = StateStore(config().state_dir)
    store.control_path(summary.run_id).write_text("{")
    hearing = Hearing()
    assert status(config(), observer=hearing).status == "completed" and len(hearing.heard) == 1
    (config().state_dir / f"{summary.run_id}.json").write_text("{")
    hearing = Hearing()
    assert rejects(config(), observer=hearing).rows == 0 and hearing.heard


def test_the_table_answers(config: Callable[..., Config]) -> None:
    run(config())
    found = list(query(config(), "shop", "purchases", customer=1))
    assert [item["PurchaseId"] for item in found] == [1, 3]
    assert list(query(config(), "shop", "purchases", customer="1")) == found
    for wrong in ({"customer": 1.5}, {"customer": True}, {"customer": None}, {}, {"customer": 1, "x": 1}):
        with pytest.raises(UsageError):
            query(config(), "shop", "purchases", **wrong)
    with pytest.raises(UsageError, match="no such pattern"):
        query(config(), "shop", "purchase", customer=1)


def test_differences_are_looked_for_and_repaired(config: Callable[..., Config], moto_server: str) -> None:
    run(config())
    assert look(config()).ok and validate(config(), claim=Claim(0.9, 0.5), calls=0).sampled
    table = config().table_name("shop")
    client = boto3.client(
        "dynamodb", endpoint_url=moto_server, region_name="us-east-1",
        aws_access_key_id="any", aws_secret_access_key="any",
    )  # fmt: skip
    client.delete_item(TableName=table, Key={"PK": {"S": "C#2"}, "SK": {"S": "#"}})
    found = look(config())
    assert not found.ok and json.loads(to_json(found))["ok"] is False
    planned = repair(config(), dry_run=True)
    assert planned.repair and [item.outcome for item in planned.repair.items] == ["planned"]
    with pytest.raises(UsageError, match="nobody has agreed"):
        repair(config())
    report = repair(config(), confirm=lambda question: question.operation == "repair the tables")
    assert report.ok and report.repair and report.repair.repaired == 1
    assert validate(config()).ok and "no differences left" in to_html(report)
    assert json.loads(to_json(report))["repair"]["repaired"] == 1


@pytest.mark.parametrize("shares", [(0, 0.1), (0.9, 1), (1.5, 0.1)])
def test_a_claim_is_of_shares(shares: tuple[float, float]) -> None:
    with pytest.raises(UsageError, match="no shares"):
        Claim(*shares)


def test_files_in_place_of_tables(config: Callable[..., Config], tmp_path: Path) -> None:
    found = write_files(config(), tmp_path / "files", form=Form("none"))
    assert found.manifest["tables"][0]["items"] == 5 and found.rejects is None
    lines = [json.loads(line) for path in found.folder.rglob("*.json*") for line in _lines(path)]
    assert len([line for line in lines if "Item" in line]) == 5
    with pytest.raises(UsageError, match="nobody has agreed"):
        write_files(config(), tmp_path / "files", form=Form("none"), force=True)
    with pytest.raises(UsageError, match="bz2"):
        Form("bz2")
    with pytest.raises(UsageError):
        Form(part_bytes=0)


def test_the_files_are_heard_of_to_the_end(config: Callable[..., Config], tmp_path: Path) -> None:
    heard: list[Checkpoint] = []

    class Hearing(Observer):
        def progress(self, checkpoint: Checkpoint) -> None:
            heard.append(checkpoint)

    write_files(config(), tmp_path / "files", observer=Hearing())
    assert heard[-1].items_written == 5 and all(entity.done for entity in heard[-1].entities)


def _lines(path: Path) -> list[str]:
    text = path.read_text()
    return text.splitlines() if text.startswith('{"Item"') else []


def test_an_import_needs_a_bucket(config: Callable[..., Config]) -> None:
    with pytest.raises(MigrationError, match="no bucket"):
        run(config(), importing=Form())
