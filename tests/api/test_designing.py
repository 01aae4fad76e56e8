"""From Python: designs proposed, checked, shown, priced and exported, without a target."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from migration_tool import Config, Design, check, export, plan, propose, show, to_html, to_json
from migration_tool.budget import NO_REJECTS
from migration_tool.errors import ConfigError, DesignError, SourceError, TooManyRejects, UsageError
from tests.api.conftest import DESIGN, change


@pytest.fixture
def config(database: Path, design: Design, tmp_path: Path) -> Config:
    return Config.of(database, [design], folder=tmp_path / "work", endpoint="embedded")


def test_a_proposal_becomes_designs(database: Path, tmp_path: Path) -> None:
    found = propose(database)
    assert [proposal.rank for proposal in found.ranked] == [1, 2, 3, 4]
    assert found.best is found.ranked[0] and found.best.monthly
    written = found.best.save(tmp_path / "proposed")
    designs = [Design(path) for path in written]
    assert {design.name: design.table for design in designs} == found.best.tables
    assert check(Config.of(database, designs, folder=tmp_path)).ok
    assert found.best.save(tmp_path / "proposed") == written
    written[0].write_text("version: 1\n")
    with pytest.raises(UsageError, match="other designs"):
        found.best.save(tmp_path / "proposed")
    found.best.save(tmp_path / "proposed", replace=True)
    assert written[0].read_text() == found.best.files[0].text


def test_what_is_wished_of_proposals(database: Path, tmp_path: Path) -> None:
    asked = tmp_path / "asked.sql"
    asked.write_text("SELECT * FROM Purchase WHERE PurchaseId = ?;\nSELECT * FROM Customer WHERE Name = ?;\n")
    found = propose(database, kinds=["relations", "aggregate"], queries=asked, aws_region="xx-nowhere-1")
    assert {proposal.kind for proposal in found.ranked} == {"aggregate", "relations"}
    assert found.best.answered == 0.5 and "Name" in found.best.unanswered[0] and found.best.monthly is None
    with pytest.raises(UsageError, match="relation"):
        propose(database, kinds=["relation"])
    with pytest.raises(SourceError):
        propose(tmp_path / "none.sqlite")
    with pytest.raises(ConfigError):
        propose(database, prices=tmp_path / "none.yaml")


def test_what_the_rows_do_to_a_design_is_found(config: Config, database: Path) -> None:
    sound = check(config)
    assert sound.ok and sound.designs[0].figures and sound.designs[0].figures.items == 5
    assert check(config, data=False).designs[0].figures is None
    change(database, "UPDATE Customer SET Paid = 'much' WHERE CustomerId = 2")
    found = check(config)
    assert not found.ok and "not_a_number" in found.designs[0].faults[0]
    with pytest.raises(TooManyRejects):
        found.require_sound(NO_REJECTS)


def test_what_does_not_fit_the_schema_is_raised(database: Path, design: Design) -> None:
    path = Path(design.path)
    path.write_text(DESIGN.replace("PurchaseId:8", "PurchaseNo:8"))
    with pytest.raises(DesignError, match="PurchaseNo"):
        check(Config.of(database, [Design(path)]))


def test_the_plan_is_that_of_the_items(config: Config) -> None:
    found = plan(config, wcu=1, reads_per_second=0, writes_per_second=2, current_monthly=40)
    assert (found.items, found.write_units, found.refused) == (5, 5, 0)
    assert [way.seconds for way in found.ways if way.name == "provisioned"] == [5]
    assert found.months[0].reads == 0 < found.months[0].writes
    assert found.tables[0].exists is False and found.wishes.current == 40
    assert 2 * plan(config).months[0].writes == found.months[0].writes


@pytest.mark.parametrize(
    "wishes",
    [{"wcu": 0}, {"reads_per_second": -1}, {"writes_per_second": float("nan")}, {"current_monthly": 1e10}],
)
def test_what_is_no_amount_is_refused(config: Config, wishes: dict[str, float]) -> None:
    with pytest.raises(UsageError) as caught:
        plan(config, **wishes)  # type: ignore[arg-type]  # one of them is an int
    assert len(caught.value.faults) == 1


def test_every_format_is_exported(config: Config) -> None:
    texts = {form: export(config, form).text for form in ("cloudformation", "terraform", "cdk-json", "json")}
    assert all("Shop" in json.dumps(json.loads(text)) for text in texts.values())
    assert "C#1" in export(config, "nosql-workbench", items=1).text
    assert "C#1" not in export(config, "nosql-workbench", items=0).text
    with pytest.raises(UsageError, match="pulumi"):
        export(config, "pulumi")
    with pytest.raises(UsageError, match="no items"):
        export(config, "terraform", items=1)


def test_results_in_the_forms_of_the_commands(config: Config, database: Path) -> None:
    shown = show(config)
    assert [entity.rows for entity in shown.tables[0].entities] == [2, 3]
    assert "C#1" in to_html(shown) and json.loads(to_json(shown))["tables"][0]["name"] == "shop"
    assert json.loads(to_json(plan(config)))["items"] == 5
    assert json.loads(to_json(check(config)))["designs"][0]["data_faults"] == []
    assert len(json.loads(to_json(propose(database)))["proposals"]) == 4
