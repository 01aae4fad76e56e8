"""The least IAM policy for a command: exactly the calls it can make to DynamoDB, on exactly its resources.

`COMMANDS` is the one place that says which command calls what; the tests hold it against recorded calls.
sts:GetCallerIdentity stands nowhere: it needs no permission (AWS: "No permissions are required").
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from migration_tool.config import Config
from migration_tool.errors import UsageError
from migration_tool.job import EMBEDDED, find_designs, open_target, pointing, require_bucket
from migration_tool.target import lease
from migration_tool.target.session import partition_of

_LOGGING = (
    "logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogGroups", "logs:DescribeLogStreams",
    "logs:PutLogEvents", "logs:PutRetentionPolicy",
)  # fmt: skip
VERSION = "2012-10-17"
"""Of the policy language."""


@dataclass(frozen=True)
class Calls:
    """Calls that are made together.

    actions   on every configured table
    indexes   on every index of those
    patterns  and those that the access patterns make, on what they read
    when      the setting of migration_settings without which none of them is made; "": always
    setting   the setting of a design without which none of them is made on its table; "": always
    key       the one partition key that they touch; "": any
    imports   on every import of those
    s3        and those that make an import of files in the configured bucket
    objects   and those on the objects of tables whose items point to some
    """

    actions: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()
    patterns: bool = False
    when: str = ""
    setting: str = ""
    key: str = ""
    imports: tuple[str, ...] = ()
    s3: bool = False
    objects: tuple[str, ...] = ()


_LOOK = Calls(("DescribeTable",))
_CREATE = Calls(("CreateTable",), when="create_tables")
_SETTLE = (
    Calls(("TagResource",), when="create_tables", setting="tags"),
    Calls(("UpdateTimeToLive",), when="create_tables", setting="ttl"),
    Calls(("UpdateContinuousBackups",), when="create_tables", setting="point_in_time_recovery"),
    Calls(("ListTagsOfResource",), setting="tags"),
    Calls(("DescribeTimeToLive",), setting="ttl"),
    Calls(("DescribeContinuousBackups",), setting="point_in_time_recovery"),
)
"""Of a new table, or of one that is there. Tags come with CreateTable, which needs TagResource for them."""
_DELETE = Calls(("DeleteTable",))
_RECREATE = Calls(("DeleteTable",), when="delete_existing_tables")
_UPDATED = ("stream", "table_class", "warm_throughput", "deletion_protection")
"""The settings that UpdateTable gives to a table which an import has made."""
_IMPORT = (
    Calls(("ImportTable",), imports=("DescribeImport",), s3=True),
    *(Calls(("UpdateTable",), setting=setting) for setting in _UPDATED),
)
_LOAD = Calls(("BatchWriteItem",), objects=("PutObject",))
_LEASE = Calls(("DeleteItem", "GetItem", "PutItem"), when="lease", key=lease.KEY)
_ASK = Calls(patterns=True, objects=("GetObject",))
_COMPARE = Calls(("GetItem", "Scan"), objects=("GetObject",))
_COUNT = Calls(indexes=("Scan",))
_FETCH = Calls(("BatchGetItem",), objects=("GetObject",))
_PROVE = Calls(
    ("GetItem", "Scan"), indexes=("Scan",), patterns=True, when="enable_validation", objects=("GetObject",)
)
_REPAIR = (_LOOK, _COMPARE, _FETCH, _LEASE, Calls(("PutItem",), objects=("PutObject",)))

COMMANDS: Mapping[str, tuple[Calls, ...]] = {
    "init": (),
    "plan": (_LOOK,),
    "design": (),
    "migrate": (_LOOK, _CREATE, *_SETTLE, _RECREATE, _LOAD, _LEASE, _PROVE),
    "migrate --force": (_LOOK, _CREATE, *_SETTLE, _DELETE, _LOAD, _LEASE, _PROVE),
    "migrate --via files": (),
    "migrate --via s3-import": (_LOOK, _CREATE, *_SETTLE, _RECREATE, *_IMPORT, _LOAD, _LEASE, _PROVE),
    "resume": (_LOOK, _CREATE, *_SETTLE, _LOAD, _LEASE, _PROVE),
    "rejects": (),
    "retry-rejects": (_LOOK, _LOAD, _LEASE, _PROVE),
    "tune": (),
    "status": (),
    "validate": (_COMPARE, _COUNT, _ASK),
    "validate --no-indexes": (_COMPARE, _ASK),
    "validate --items-only": (_COMPARE,),
    "validate --resume": (_LOOK, _COMPARE, _COUNT, _ASK),
    "validate --while-running": (_FETCH,),
    "validate --since": (_FETCH,),
    "validate --sample": (_FETCH, _ASK),
    "validate --repair": _REPAIR,
    "validate --repair --delete-extra": (*_REPAIR, Calls(("DeleteItem",))),
    "validate --repair --dry-run": (_LOOK, _COMPARE, _FETCH),
    "query": (_ASK,),
    "reset": (),
    "info": (),
    "sample": (),
    "embedded": (),
}
"""Every command, also with those of its options that change what it calls."""


def policy(config: Config, command: str, account: str | None) -> dict[str, Any]:
    """The policy document for `command` on the configured tables.

    account  12 digits; None: that of the present credentials, by STS
    Raises UsageError for an unknown command and where the account cannot be known, DesignError, TargetError.
    """
    calls = [each for each in _calls(command) if not each.when or getattr(config.settings, each.when)]
    place = f"{config.aws_region}:{account or _account(config)}"
    tables = f"arn:{partition_of(config.aws_region)}:dynamodb:{place}:table/"
    actions: dict[tuple[str, str], set[str]] = defaultdict(set)
    for each in calls:
        for resource, action in _allowed(config, each):
            actions[each.key, tables + resource].add(f"dynamodb:{action}")
    resources: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for (key, resource), allowed in actions.items():
        resources[key, tuple(sorted(allowed))].append(resource)
    statements = [_statement(*found) for found in sorted(resources.items())]
    if any(each.s3 for each in calls):
        statements += _around_import(config, place)
    if objects := sorted({action for each in calls for action in each.objects}):
        statements += _of_objects(config, objects)
    return {"Version": VERSION, "Statement": statements}


def _around_import(config: Config, place: str) -> list[dict[str, Any]]:
    """S3 and the log of errors (AWS: "Requesting a table import in DynamoDB"). Raises UsageError."""
    bucket, prefix = config.settings.s3_bucket, config.settings.s3_prefix.strip("/")
    if not bucket:
        hint = "Set migration_settings.s3_bucket, or MIGRATION_S3_BUCKET."
        raise UsageError("write the policy", "--via s3-import", "no bucket is configured", hint)
    partition = partition_of(config.aws_region)
    objects = f"arn:{partition}:s3:::{bucket}/{prefix}/*" if prefix else f"arn:{partition}:s3:::{bucket}/*"
    return [
        {"Effect": "Allow", "Action": list(actions), "Resource": [resource]}
        for actions, resource in (
            (("s3:ListBucket",), f"arn:{partition}:s3:::{bucket}"),
            (("s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"), objects),
            (_LOGGING, f"arn:{partition}:logs:{place}:log-group:/aws-dynamodb/*"),
        )
    ]


def _of_objects(config: Config, actions: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Of tables whose items point to some. S3 says that one is missing only to who may list the bucket.

    Raises ConfigError where there are such tables and no bucket.
    """
    designs = find_designs(config, config.dynamodb_tables)
    require_bucket(config, designs)
    tables = sorted(config.table_name(design.name) for design in designs if pointing([design]))
    bucket, prefix = config.settings.oversize_bucket, config.settings.oversize_prefix.strip("/")
    if tables:
        own = f"arn:{partition_of(config.aws_region)}:s3:::{bucket}"
        folder = f"{own}/{prefix}" if prefix else own
        yield {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": [own]}
        yield {
            "Effect": "Allow",
            "Action": [f"s3:{action}" for action in actions],
            "Resource": [f"{folder}/{table}/*" for table in tables],
        }


def _statement(allowed: tuple[str, tuple[str, ...]], resources: list[str]) -> dict[str, Any]:
    key, actions = allowed
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": sorted(resources)}
    only = {"Condition": {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [key]}}}
    return statement | only if key else statement


def _calls(command: str) -> tuple[Calls, ...]:
    words = " ".join(command.split())
    if words not in COMMANDS:
        near = get_close_matches(words, COMMANDS, 1)
        hint = f"Did you mean {near[0]}?" if near else f"Choose from: {', '.join(COMMANDS)}."
        raise UsageError("write the policy", command, "no such command is known", hint)
    return COMMANDS[words]


def _account(config: Config) -> str:
    found = "" if config.endpoint == EMBEDDED else open_target(config, start=False).target.account()
    if not found:
        cause = "it is not AWS, so it has no account"
        hint = "migrate.py info --iam-policy COMMAND --account 123456789012"
        raise UsageError("write the policy", config.endpoint, cause, hint)
    return found


def _allowed(config: Config, calls: Calls) -> Iterator[tuple[str, str]]:
    """Each resource, without what stands before the name of the table, with an action on it."""
    for design in find_designs(config, config.dynamodb_tables):
        table = config.table_name(design.name)
        if calls.setting and not getattr(design.settings, calls.setting):
            continue
        for action in calls.actions:
            yield table, action
        for action in calls.imports:
            yield f"{table}/import/*", action
        for index in design.indexes:
            for action in calls.indexes:
                yield f"{table}/index/{index.name}", action
        for pattern in design.patterns if calls.patterns else ():
            yield f"{table}/index/{pattern.index}" if pattern.index else table, pattern.operation
