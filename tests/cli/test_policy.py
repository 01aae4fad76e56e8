"""`info --iam-policy` against the calls that each command really makes, as AWS would see them."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from migration_tool.cli.group import COMMANDS as CLI_COMMANDS
from migration_tool.config import Config, load_config
from migration_tool.design.model import AccessPattern
from migration_tool.errors import UsageError
from migration_tool.job import find_design
from migration_tool.permissions import COMMANDS, policy
from tests.cli.conftest import Project
from tests.cli.pretend import PretendAws
from tests.cli.shell import ROOT, Shell
from tests.engines import request
from tests.target.fake import Reply, Seen, fault

ACCOUNT = "123456789012"
Call = tuple[str, str]


def called(seen: Seen) -> Iterator[Call]:
    """The action on each resource that IAM would look at for this request."""
    arn = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/"
    body = seen.json
    index = f"/index/{body['IndexName']}" if "IndexName" in body else ""
    if "TableName" in body:
        tables = [body["TableName"]]
    else:
        tables = list(body.get("RequestItems", ())) or [body["ResourceArn"].rpartition("/")[2]]
    for table in tables:
        yield f"dynamodb:{seen.operation}", f"{arn}{table}{index}"
        if seen.operation == "CreateTable" and "Tags" in body:
            yield "dynamodb:TagResource", f"{arn}{table}"


def allowed(document: Mapping[str, Any]) -> set[Call]:
    assert document["Version"] == "2012-10-17"
    assert all(statement["Effect"] == "Allow" for statement in document["Statement"])
    return {
        (action, resource)
        for statement in document["Statement"]
        for action in statement["Action"]
        for resource in statement["Resource"]
    }


@dataclass
class Recorded:
    """A project on the pretended AWS, where every table gets one item that differs from its row."""

    shell: Shell
    aws: PretendAws
    deny: str = ""
    spoils: bool = True

    def __post_init__(self) -> None:
        self.spoilt: set[str] = set()
        self.aws.on_request = self.on_request

    @property
    def config(self) -> Config:
        return load_config(self.shell.folder / "config/migration.json", {}, {})

    def configure(self, tables: Sequence[str] = (), **settings: bool) -> Recorded:
        """With other settings, and with these tables alone."""
        path = self.shell.folder / "config/migration.json"
        document = json.loads(path.read_text())
        kept = {n: t for n, t in document["dynamodb_tables"].items() if not tables or n in tables}
        document["migration_settings"] |= settings
        path.write_text(json.dumps(document | {"dynamodb_tables": kept}))
        return self

    def calls(self, *words: str, code: int = 0) -> set[Call]:
        self.aws.seen.clear()
        self.spoilt.clear()
        done = self.shell(*words)
        assert done.returncode == code, done.stderr
        return {call for seen in self.aws.seen for call in called(seen)}

    def on_request(self, seen: Seen, body: dict[str, Any]) -> Reply | None:
        for table, requests in body.get("RequestItems", {}).items():
            if seen.operation == "BatchWriteItem" and table not in self.spoilt and self.spoils:
                requests[0]["PutRequest"]["Item"]["Spoilt"] = {"BOOL": True}
            self.spoilt.add(table)
        return fault("AccessDeniedException") if seen.operation == self.deny else None


@pytest.fixture(scope="module")
def aws(moto_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PretendAws]:
    with PretendAws(moto_server, tmp_path_factory.mktemp("aws")) as found:
        yield found


@pytest.fixture
def recorded(project: Project, aws: PretendAws, tmp_path: Path) -> Recorded:
    folder = project(tmp_path, endpoint="aws", connections=4).folder
    return Recorded(Shell(folder, aws.environment), aws).configure(["employee_data", "playlist_data"])


@pytest.fixture(scope="module")
def loaded(project: Project, aws: PretendAws, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """Tables that are there, with a difference in each. Only for tests that change neither."""
    folder = tmp_path_factory.mktemp("loaded")
    found = Recorded(Shell(project(folder, endpoint="aws", connections=4).folder, aws.environment), aws)
    found.configure(["employee_data", "playlist_data"])
    assert found.calls("migrate", "--yes", code=7) == unfinished(policy(found.config, "migrate", ACCOUNT))
    return found


def unfinished(document: dict[str, Any]) -> set[Call]:
    """What a run calls that ends with differences: its leases are given back, not deleted."""
    return {call for call in allowed(document) if call[0] != "dynamodb:DeleteItem"}


def alone(calls: set[Call]) -> set[Call]:
    """Without a validation: a lease is read only where another one stands there."""
    return {call for call in calls if call[0] != "dynamodb:GetItem"}


def questions(config: Config, source: Path) -> Iterator[tuple[str, ...]]:
    """The words of `query` for one access pattern of each kind and index."""
    for design in (find_design(config, name) for name in config.dynamodb_tables):
        kinds: dict[object, AccessPattern] = {}
        for pattern in design.patterns:
            kinds.setdefault((pattern.operation, pattern.index), pattern)
        for pattern in kinds.values():
            yield "query", design.name, pattern.name, *parameters(pattern, source)


def parameters(pattern: AccessPattern, source: Path) -> list[str]:
    if pattern.cases is None:
        return []
    with closing(sqlite3.connect(source)) as connection:
        cursor = connection.execute(pattern.cases)
        names = [column[0] for column in cursor.description]
        return [f"{name}={value}" for name, value in zip(names, cursor.fetchone(), strict=True)]


def test_every_command_has_its_permissions() -> None:
    assert {name.partition(" ")[0] for name in COMMANDS} == set(CLI_COMMANDS)


@pytest.mark.parametrize(
    "words",
    [
        ["plan"], ["validate"], ["validate", "--no-indexes"], ["validate", "--items-only"],
        ["validate", "--resume"], ["validate", "--while-running"], ["validate", "--sample"],
        ["validate", "--repair", "--dry-run"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_what_reads(loaded: Recorded, words: list[str]) -> None:
    calls = loaded.calls(*words, code=7 if words[0] == "validate" else 0)
    assert calls == allowed(policy(loaded.config, " ".join(words), ACCOUNT))


@pytest.mark.parametrize("more", [[], ["--delete-extra"]], ids=" ".join)
def test_what_repairs(recorded: Recorded, moto_server: str, more: list[str]) -> None:
    recorded.spoils = False
    recorded.calls("migrate", "--yes")
    for name in recorded.config.dynamodb_tables:
        table = recorded.config.table_name(name)
        for item in json.loads(request(moto_server, "Scan", {"TableName": table})[1])["Items"][:2]:
            ghost = {**item, "SK": {"S": "ghost"}}
            for changed in ({**item, "Spoilt": {"BOOL": True}}, ghost):
                request(moto_server, "PutItem", {"TableName": table, "Item": changed})
    words = ["validate", "--repair", *more]
    calls = recorded.calls(*words, "--yes", code=0 if more else 7)
    assert calls == allowed(policy(recorded.config, " ".join(words), ACCOUNT))


def test_a_look_back_reads_what_a_look_at_all_does() -> None:
    assert COMMANDS["validate --since"] == COMMANDS["validate --while-running"]


def test_query(loaded: Recorded, tiny_db: Path) -> None:
    calls = {call for words in questions(loaded.config, tiny_db) for call in loaded.calls(*words, "--json")}
    assert calls == allowed(policy(loaded.config, "query", ACCOUNT))


def test_resume_of_a_run_without_tables(recorded: Recorded) -> None:
    recorded.deny = "CreateTable"
    recorded.calls("migrate", "--yes", code=5)
    recorded.deny = ""
    assert recorded.calls("resume", code=7) == unfinished(policy(recorded.config, "resume", ACCOUNT))


def test_retry_rejects(project: Project, aws: PretendAws, tmp_path: Path, tiny_db: Path) -> None:
    source = tmp_path / "own.sqlite"
    shutil.copyfile(tiny_db, source)
    title(source, "x" * 410_000)
    folder = project(tmp_path, source, endpoint="aws", connections=4).folder
    recorded = Recorded(Shell(folder, aws.environment), aws).configure(["employee_data"])
    recorded.calls("migrate", "--yes", "--max-rejects", "1", code=7)
    title(source, "mended")
    calls = recorded.calls("retry-rejects", code=7)
    assert calls == unfinished(policy(recorded.config, "retry-rejects", ACCOUNT))


def title(source: Path, text: str) -> None:
    with closing(sqlite3.connect(source)) as connection, connection:
        connection.execute("UPDATE Employee SET Title = ? WHERE EmployeeId = 3", [text])


def test_migrate_force_and_settings(recorded: Recorded) -> None:
    recorded.configure(enable_validation=False).calls("migrate", "--yes")
    recorded.configure(create_tables=False)
    less = allowed(policy(recorded.config, "migrate", ACCOUNT))
    lease = {"dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem"}
    assert {action for action, _ in less} == {"dynamodb:BatchWriteItem", "dynamodb:DescribeTable"} | lease
    assert recorded.calls("migrate") == alone(less)
    recorded.configure(create_tables=True, delete_existing_tables=True)
    assert recorded.calls("migrate", "--yes") == alone(allowed(policy(recorded.config, "migrate", ACCOUNT)))
    recorded.configure(enable_validation=True, delete_existing_tables=False)
    forced = unfinished(policy(recorded.config, "migrate --force", ACCOUNT))
    assert recorded.calls("migrate", "--force", "--yes", code=7) == forced


def test_settings_of_a_design(recorded: Recorded) -> None:
    """What a table is set to when it is made, and what is asked of one that is there."""
    own = recorded.shell.folder / "config/designs/employee_data.yaml"
    own.parent.mkdir()
    settings = "settings: {ttl: Ends, point_in_time_recovery: true, tags: {Team: people}}\n"
    extra = '      "*": Employee\n      Ends: {column: HireDate, as: timestamp}\n'
    text = (ROOT / "config/designs/employee_data.yaml").read_text()
    assert '      "*": Employee\n' in text
    own.write_text(settings + text.replace('      "*": Employee\n', extra))
    recorded.configure(["employee_data"])
    made = recorded.calls("migrate", "--yes", code=7)
    (recorded.shell.folder / "state").rename(recorded.shell.folder / "old-state")
    found = recorded.calls("migrate", "--yes", "--take-over", code=7)
    assert made | found == unfinished(policy(recorded.config, "migrate", ACCOUNT))
    assert {action.removeprefix("dynamodb:") for action, _ in made - found} == {
        "CreateTable", "TagResource", "UpdateTimeToLive", "UpdateContinuousBackups",
    }  # fmt: skip
    assert {action.removeprefix("dynamodb:") for action, _ in found - made} >= {
        "ListTagsOfResource", "DescribeTimeToLive", "DescribeContinuousBackups",
    }  # fmt: skip


@pytest.mark.parametrize(
    "words", [["status"], ["rejects"], ["info"], ["reset", "--dry-run"], ["init", "-b", "5"]],
    ids=" ".join,
)  # fmt: skip
def test_the_others_call_nothing(recorded: Recorded, words: list[str]) -> None:
    assert recorded.calls(*words) == set() == allowed(policy(recorded.config, words[0], ACCOUNT))


def test_the_account_is_that_of_the_credentials_or_the_one_given(recorded: Recorded) -> None:
    printed = recorded.shell.ok("info", "--iam-policy", "migrate")
    assert json.loads(printed) == policy(recorded.config, "migrate", ACCOUNT)
    other = "210987654321"
    printed = recorded.shell.ok("info", "--account", other, "--iam-policy", "migrate")
    assert json.loads(printed) == policy(recorded.config, "migrate", other)
    config = load_config(recorded.config.path, {"endpoint": "embedded"}, {})
    with pytest.raises(UsageError, match="no account") as caught:
        policy(config, "plan", None)
    assert "--account" in caught.value.hint


def test_a_command_without_calls_says_so(migrated: Shell) -> None:
    done = migrated("info", "--iam-policy", "status", "--account", ACCOUNT)
    assert (json.loads(done.stdout)["Statement"], "needs no permission" in done.stderr) == ([], True)


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        (["--iam-policy", "migrat"], "Did you mean migrate?"),
        (["--iam-policy", "plan", "--account", "1234"], "12 digits"),
        (["--account", ACCOUNT], "--iam-policy"),
    ],
)
def test_a_wrong_question_is_a_usage_error(migrated: Shell, words: list[str], cause: str) -> None:
    done = migrated("info", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert cause in done.stderr


@pytest.mark.parametrize(("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")])
def test_other_parts_of_aws(recorded: Recorded, region: str, partition: str) -> None:
    config = load_config(recorded.config.path, {"aws_region": region}, {})
    for _, resource in allowed(policy(config, "migrate", ACCOUNT)):
        assert resource.startswith(f"arn:{partition}:dynamodb:{region}:{ACCOUNT}:table/")


def test_an_unknown_command_names_the_known() -> None:
    with pytest.raises(UsageError, match="no such command") as caught:
        policy(None, "x", ACCOUNT)  # type: ignore[arg-type]
    assert "validate --items-only" in caught.value.hint
