"""The one place where DynamoDB's and botocore's errors become ours, each with its next step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from migration_tool.errors import MigrationError, Stopped, TargetError, Unanswered
from migration_tool.redaction import redacted

LOGIN_HINT = (
    "give credentials (aws configure, aws sso login, or the AWS_* environment), then run the command again"
)
EXPIRED_HINT = (
    "renew the credentials (aws configure or aws sso login), check this machine's clock, "
    "then run the command again"
)
NO_DYNAMODB_HINT = "check that the endpoint is one of AWS or a DynamoDB, then run the command again"

_LONGEST_CAUSE = 500

_NO_TABLE_HINT = "check endpoint, aws_region, table_prefix; `python migrate.py migrate` makes the tables"
_NO_BUCKET_HINT = "create it, or name another one: --bucket for an import, --oversize-bucket for large values"

_HINTS = {
    "403": "allow {action} on it in the IAM policy of these credentials",
    "404": _NO_BUCKET_HINT,
    "NoSuchBucket": _NO_BUCKET_HINT,
    "AccessDenied": "allow {action} on it in the IAM policy of these credentials",
    "ResourceNotFound": _NO_TABLE_HINT,
    "TableNotFound": _NO_TABLE_HINT,
    "ResourceInUse": "wait until the table's present change is over, then run the command again",
    "LimitExceeded": "wait for the other table changes, or ask AWS for a higher quota, then run it again",
    "ExpiredToken": EXPIRED_HINT,
    "RequestExpired": EXPIRED_HINT,
    "UnrecognizedClient": EXPIRED_HINT,
    "InvalidClientTokenId": EXPIRED_HINT,
    "InvalidSignature": EXPIRED_HINT,
    "SignatureDoesNotMatch": EXPIRED_HINT,
    "MissingAuthenticationToken": LOGIN_HINT,
    "IncompleteSignature": EXPIRED_HINT,
}


_ALLOWING = {
    "GetCallerIdentity": "sts:GetCallerIdentity",
    "HeadBucket": "s3:ListBucket",
    "ListObjectsV2": "s3:ListBucket",
    "GetObject": "s3:GetObject",
    "HeadObject": "s3:GetObject",
    "PutObject": "s3:PutObject",
    "CreateMultipartUpload": "s3:PutObject",
    "UploadPart": "s3:PutObject",
    "CompleteMultipartUpload": "s3:PutObject",
    "AbortMultipartUpload": "s3:AbortMultipartUpload",
}
"""The action of a policy that allows a call, for calls that are not DynamoDB's."""


def stem(code: str) -> str:
    """An error code without its namespace and its "Exception": "a.b#XException" becomes "X"."""
    return bare(code).removesuffix("Exception")


def bare(code: str) -> str:
    """An error code without its namespace: "com.amazonaws.dynamodb.v20120810#X" becomes "X"."""
    return code.rpartition("#")[2].partition(":")[0]


def from_code(
    operation: str, obj: object, code: str, message: str, action: str = "", otherwise: str = ""
) -> TargetError:
    """The error for DynamoDB's answer `code`.

    action     the API call ("Scan"), named in the hint when access is denied
    otherwise  the hint for codes that have none of their own
    """
    cause = f"{bare(code)}: {message}" if message else bare(code)
    allowing = _ALLOWING.get(action, f"dynamodb:{action}") if action else "the call"
    hint = _HINTS.get(stem(code), otherwise).format(action=allowing)
    return TargetError(operation, obj, _short(cause), hint)


def from_botocore(error: Exception, operation: str, obj: object) -> TargetError:
    """The error for an exception of botocore (`BotoCoreError` or `ClientError`)."""
    response: Any = getattr(error, "response", None)
    if isinstance(response, dict) and "Error" in response:
        fault = response["Error"]
        action = str(getattr(error, "operation_name", ""))
        return from_code(operation, obj, code_of(error), str(fault.get("Message", "")), action)
    return TargetError(operation, obj, _short(str(error)), _botocore_hint(error))


def code_of(error: Exception) -> str:
    """The error code in a botocore `ClientError`, without namespace; "" for any other exception."""
    response: Any = getattr(error, "response", None)
    fault = response.get("Error", {}) if isinstance(response, dict) else {}
    return bare(str(fault.get("Code", "")))


def code_behind(error: TargetError) -> str:
    """The error code in the exception that became `error`; "" where there was none."""
    return code_of(error.__cause__) if isinstance(error.__cause__, Exception) else ""


@contextmanager
def translated(operation: str, obj: object) -> Iterator[None]:
    """Turns every botocore exception of the block into a TargetError about `operation` on `obj`."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise from_botocore(error, operation, obj) from error


@contextmanager
def answered(operation: str, obj: object) -> Iterator[None]:
    """Like `translated`, around one call: what is no answer makes botocore fail in any way there is."""
    try:
        with translated(operation, obj):
            yield
    except MigrationError:
        raise
    except Exception as error:
        cause = f"the answer cannot be read ({type(error).__name__}: {error})"
        raise TargetError(operation, obj, _short(cause), NO_DYNAMODB_HINT) from error


@contextmanager
def resumable() -> Iterator[None]:
    """In a run that goes on from here when it is resumed: what nobody answered stops it, no more."""
    try:
        yield
    except Unanswered as error:
        hint = f"{error.hint}: `migrate.py resume`"
        raise Stopped(error.operation, error.obj, error.cause, hint) from error


def _botocore_hint(error: Exception) -> str:
    from botocore import exceptions as known

    hints: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
        ((known.ProfileNotFound,), "set AWS_PROFILE to a profile that `aws configure list-profiles` names"),
        ((known.NoRegionError, known.InvalidRegionError), "set aws_region in the configuration file"),
        ((known.SSLError,), "check the endpoint's certificate; AWS_CA_BUNDLE names a file of trusted roots"),
        ((known.ParamValidationError,), "check the table names and table_prefix in the configuration file"),
        (
            (known.NoCredentialsError, known.PartialCredentialsError, known.CredentialRetrievalError),
            LOGIN_HINT,
        ),
        ((known.SSOError, known.TokenRetrievalError, known.UnauthorizedSSOTokenError), EXPIRED_HINT),
        (
            (known.HTTPClientError, known.ConnectionError),
            "check the endpoint and the network, then run it again",
        ),
    )
    return next((hint for types, hint in hints if isinstance(error, types)), "")


def _short(text: str) -> str:
    """Secrets are hidden first: half a key is one, too."""
    text = redacted(text)
    return text if len(text) <= _LONGEST_CAUSE else text[:_LONGEST_CAUSE] + "…"
