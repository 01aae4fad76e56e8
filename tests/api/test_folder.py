"""From Python: a configuration as a file, what it says, and the state of its runs cleared."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from migration_tool import Config, Design, info, policy, reset, run, status, to_json, write_sample
from migration_tool.errors import ConfigError, UsageError
from tests.api.conftest import DESIGN
from tests.cli.shell import Shell
from tests.cli.test_json_docs import check


@pytest.fixture
def own(tmp_path: Path) -> Design:
    """A design where a configuration file finds it."""
    path = tmp_path / "work/config/designs/shop.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(DESIGN)
    return Design(path)


def test_a_configuration_becomes_a_file_for_the_commands(
    database: Path, own: Design, tmp_path: Path, moto_server: str, table_prefix: str
) -> None:
    config = Config.of(
        database, [own], folder=tmp_path / "work", endpoint=moto_server, table_prefix=table_prefix,
        max_rejects="1%", max_wcu="auto:80%", timeout=7.5, lease="off", prices=tmp_path / "own.yaml",
    )  # fmt: skip
    path = config.save()
    assert path == tmp_path / "work/config/migration.json"
    loaded = Config.load(path)
    assert (loaded.settings, loaded.logging, loaded.prices) == (
        config.settings,
        config.logging,
        config.prices,
    )
    assert loaded.leaves == config.leaves and loaded.origins["migration_settings.timeout"] == "file"
    run(config)
    assert json.loads(Shell(tmp_path / "work").ok("status", "--json"))["status"] == "completed"
    with pytest.raises(ConfigError) as refused:
        config.save()
    assert refused.value.faults == (f"{path}: exists",)
    assert config.save(replace=True) == path


def test_a_design_that_a_file_would_not_find_is_named(config: Callable[..., Config]) -> None:
    with pytest.raises(ConfigError) as refused:
        config().save()
    assert "anywhere/shop.yaml: a file finds it as " in refused.value.faults[0]
    assert not (config().base / "config").exists()


def test_what_a_run_would_use(config: Callable[..., Config]) -> None:
    found = info(config(timeout=7))
    origins = {setting.name: (setting.value, setting.origin) for setting in found.settings}
    assert origins["migration_settings.timeout"] == (7, "argument")
    assert (origins["prices"], origins["migration_settings.max_wcu"]) == (("", "default"), ("off", "default"))
    assert found.source and found.source.rows == {"Customer": 2, "Purchase": 3}
    assert [(design.name, design.packaged) for design in found.designs] == [("shop", False)]
    check("info", to_json(found))


def test_the_least_policy(config: Callable[..., Config]) -> None:
    (statement, *_) = policy(config(), "query", account="123456789012")["Statement"]
    assert statement["Resource"] == [
        f"arn:aws:dynamodb:us-east-1:123456789012:table/{config().table_name('shop')}"
    ]
    with pytest.raises(UsageError, match="no such command"):
        policy(config(), "querry")


def test_the_state_is_named_and_cleared(config: Callable[..., Config]) -> None:
    summary = run(config())
    (saved,) = reset(config(), dry_run=True).runs
    assert (saved.run_id, saved.account) == (summary.run_id, "completed, 5 of 5 items written")
    assert saved.files and all(path.exists() for path in saved.files)
    with pytest.raises(UsageError, match="nobody has agreed"):
        reset(config())
    assert not reset(config(), confirm=lambda question: False).removed
    assert status(config()).status == "completed"
    found = reset(config(), confirm=lambda question: str(saved.files[0]) in question.facts[1])
    assert found.removed and found.runs == (saved,)
    assert not any(path.exists() for path in saved.files) and status(config()).status == "not_started"
    assert reset(config()).runs == ()


def test_a_sample_to_try_it_on(tmp_path: Path, sample_db: Path) -> None:
    path = write_sample(tmp_path / "sample.sqlite")
    assert path.read_bytes() == sample_db.read_bytes()
    with pytest.raises(UsageError):
        write_sample(path)
    assert write_sample(path, force=True) == path
