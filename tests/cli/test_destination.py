"""Before the first write: where it goes is said, and a target that is new has to be agreed to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from migration_tool.state.targets import NAME, known_targets
from tests.cli.conftest import Project
from tests.cli.pretend import PretendAws
from tests.cli.shell import Proxy, Shell
from tests.cli.test_output import on_terminal
from tests.target.fake import fault

TOLD = "Target: https://dynamodb.us-east-1.amazonaws.com, account 123456789012, region us-east-1"
WORDS = ("migrate", "-t", "employee_data")


@pytest.fixture
def aws(moto_server: str, tmp_path: Path) -> Iterator[PretendAws]:
    with PretendAws(moto_server, tmp_path) as found:
        yield found


@pytest.fixture
def shell(project: Project, aws: PretendAws, tmp_path: Path) -> Shell:
    """A configuration for AWS, and an environment that leads to the pretended one."""
    made = project(tmp_path / "project", endpoint="aws", enable_validation=False)
    return Shell(made.folder, aws.environment)


def test_a_new_target_needs_a_yes_once(shell: Shell, aws: PretendAws) -> None:
    refused = shell(*WORDS)
    assert refused.returncode == 2
    assert TOLD in refused.stderr and "--yes" in refused.stderr
    assert (aws.seen, aws.asked_who) == ([], 1)
    assert not list((shell.folder / "state").glob("*.json"))
    assert TOLD in shell(*WORDS, "--yes").stderr
    again = shell(*WORDS)
    assert (again.returncode, TOLD in again.stderr) == (0, True)
    (known,) = known_targets(shell.folder / "state")
    assert (known.configuration, known.account) == ("config/migration.json", "123456789012")


def test_another_account_or_configuration_is_asked_about_again(shell: Shell, aws: PretendAws) -> None:
    shell.ok(*WORDS, "--yes")
    aws.account = "210987654321"
    refused = shell(*WORDS)
    assert (refused.returncode, "account 210987654321" in refused.stderr) == (2, True)
    aws.account = "123456789012"
    text = (shell.folder / "config/migration.json").read_text()
    (shell.folder / "config/other.json").write_text(text)
    assert shell("-c", "config/other.json", *WORDS).returncode == 2


@pytest.mark.parametrize(("answer", "code"), [(b"y\n", 0), (b"n\n", 2)])
def test_the_question_on_a_terminal(shell: Shell, aws: PretendAws, answer: bytes, code: int) -> None:
    ended, seen = on_terminal(shell, *WORDS, answer=answer)
    assert ended == code
    assert "has never written to this target" in seen and "Write to it?" in seen
    assert bool(aws.seen) is (code == 0)


def test_a_resume_asks_too(shell: Shell, aws: PretendAws) -> None:
    down = fault("AccessDeniedException")
    aws.on_request = lambda seen, body: down if seen.operation == "BatchWriteItem" else None
    assert shell(*WORDS, "--yes").returncode == 5
    (shell.folder / "state" / NAME).unlink()
    aws.on_request = lambda seen, body: None
    refused = shell("resume")
    assert (refused.returncode, TOLD in refused.stderr) == (2, True)
    shell.ok("resume", "--yes")


def test_an_aws_that_cannot_prove_who_it_is_gets_nothing(shell: Shell, aws: PretendAws) -> None:
    del shell.environment["AWS_CA_BUNDLE"]
    done = shell(*WORDS, "--yes")
    assert (done.returncode, "CERTIFICATE_VERIFY_FAILED" in done.stderr) == (5, True)
    assert (aws.seen, aws.asked_who) == ([], 0)


def test_plain_http_leaves_this_machine_only_when_told(
    project: Project, tmp_path: Path, moto_server: str
) -> None:
    """0.0.0.0 is no address of this machine by its form, and leads to it all the same."""
    keys = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret"}
    with Proxy(moto_server) as proxy:
        url = proxy.own.replace("127.0.0.1", "0.0.0.0")
        shell = Shell(project(tmp_path, endpoint=url, enable_validation=False).folder, keys)
        refused = shell(*WORDS, "--yes")
        assert (refused.returncode, "--allow-http" in refused.stderr) == (5, True)
        assert shell("--allow-http", *WORDS).returncode == 2
        assert proxy.batches == 0
        done = shell(*WORDS, "--yes", MIGRATION_ALLOW_HTTP="true")
        assert done.returncode == 0
        assert f"Target: {url}, not AWS, so without an account, region us-east-1" in done.stderr


def test_an_endpoint_on_this_machine_needs_no_yes(migrated: Shell) -> None:
    assert not (migrated.folder / "state" / NAME).exists()
