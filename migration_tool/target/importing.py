"""ImportTable: a new table out of objects in S3 (AWS: "DynamoDB data import from Amazon S3")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from migration_tool.errors import DifferencesFound, TargetError
from migration_tool.target.faults import answered

if TYPE_CHECKING:
    from migration_tool.target.session import Target

T = TypeVar("T")

BEGIN_ANEW = "`migrate.py migrate --force` begins anew"
AT_ONCE = 50
"""Imports that run side by side (AWS: "Import quotas")."""
MOST_OBJECTS = 50_000
"""Of one import (the same)."""


@dataclass(frozen=True)
class ImportFacts:
    """An import as it is.

    status  IN_PROGRESS, COMPLETED, CANCELLING, CANCELLED or FAILED
    logs    the ARN of the log group with an event for each error
    cause   why it failed
    """

    status: str
    processed: int
    imported: int
    errors: int
    logs: str
    cause: str

    @property
    def ended(self) -> bool:
        return self.status not in ("IN_PROGRESS", "CANCELLING")


def require_whole(name: str, facts: ImportFacts, expected: int) -> None:
    """Imported = processed = expected, without an error; for an import that has ended.

    Raises TargetError where it did not complete, DifferencesFound where the counts are others.
    """
    counts = f"{expected:,} items were sent, {facts.processed:,} processed, {facts.imported:,} imported"
    counts += f", with {facts.errors:,} errors" if facts.errors else ""
    logs = f"the CloudWatch log group {facts.logs} names each error; " if facts.logs else ""
    if facts.status != "COMPLETED":
        cause = f"it is {facts.status}" + (f": {facts.cause}" if facts.cause else "")
        raise TargetError("import the table", name, cause, f"{logs}{BEGIN_ANEW}", [counts])
    if not facts.processed == facts.imported == expected or facts.errors:
        raise DifferencesFound("import the table", name, counts, f"{logs}{BEGIN_ANEW}")


def begin_import(
    target: Target, token: str, bucket: str, prefix: str, compression: str, definition: Mapping[str, Any]
) -> str:
    """The ARN of the import. The same token, within 8 hours, gives the import that it began.

    prefix       of the objects; all of them are imported
    compression  gzip, zstd or none
    Raises TargetError.
    """
    client = target.client
    with answered("import the table", definition["TableName"]):
        answer = client.import_table(
            ClientToken=token,
            S3BucketSource={"S3Bucket": bucket, "S3KeyPrefix": prefix},
            InputFormat="DYNAMODB_JSON",
            InputCompressionType=compression.upper(),
            TableCreationParameters=definition,
        )
        return _told(answer["ImportTableDescription"], "ImportArn", str)


def describe_import(target: Target, arn: str) -> ImportFacts:
    """How far it is. Raises TargetError."""
    client = target.client
    with answered("look at the import", arn):
        found = client.describe_import(ImportArn=arn)["ImportTableDescription"]
        cause = ": ".join(str(found[name]) for name in ("FailureCode", "FailureMessage") if found.get(name))
        return ImportFacts(
            status=_told(found, "ImportStatus", str),
            processed=_told(found, "ProcessedItemCount", int, 0),
            imported=_told(found, "ImportedItemCount", int, 0),
            errors=_told(found, "ErrorCount", int, 0),
            logs=_told(found, "CloudWatchLogGroupArn", str, ""),
            cause=cause,
        )


def _told(found: Mapping[str, Any], name: str, kind: type[T], default: T | None = None) -> T:
    """Raises ValueError for what is of another kind, which botocore lets pass."""
    value = found.get(name, default)
    if type(value) is not kind:
        raise ValueError(f"{name} is {value!r:.60}")
    return value
