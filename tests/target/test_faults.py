from __future__ import annotations

import inspect

import pytest
from botocore import exceptions as known
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from migration_tool.errors import TargetError
from migration_tool.target.faults import answered, bare, code_of, from_botocore, from_code, stem, translated

EVERY = [
    error
    for _, error in inspect.getmembers(known, inspect.isclass)
    if issubclass(error, BotoCoreError) and error.__module__ == "botocore.exceptions"
]


class Fields(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return name


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.__name__)
def test_every_exception_of_botocore_becomes_ours(kind: type[BotoCoreError]) -> None:
    error = kind.__new__(kind)
    Exception.__init__(error, "the cause")
    with pytest.raises(TargetError) as caught, translated("describe the table", "music"):
        raise error
    assert (caught.value.operation, caught.value.obj) == ("describe the table", "music")
    assert caught.value.cause == "the cause"
    assert caught.value.__cause__ is error


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (known.NoCredentialsError(), "aws configure"),
        (known.PartialCredentialsError(provider="env", cred_var="X"), "aws configure"),
        (known.ProfileNotFound(profile="x"), "AWS_PROFILE"),
        (known.NoRegionError(), "aws_region"),
        (known.UnauthorizedSSOTokenError(), "aws sso login"),
        (known.SSLError(endpoint_url="u", error=ValueError("e")), "AWS_CA_BUNDLE"),
        (known.EndpointConnectionError(endpoint_url="u"), "endpoint"),
        (known.ConnectTimeoutError(endpoint_url="u"), "endpoint"),
        (known.ReadTimeoutError(endpoint_url="u"), "endpoint"),
        (known.ConnectionClosedError(endpoint_url="u"), "endpoint"),
        (known.ParamValidationError(report="bad"), "table_prefix"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_kind_has_its_next_step(error: Exception, hint: str) -> None:
    assert hint in from_botocore(error, "do", "it").hint


def test_a_client_error_keeps_code_message_and_action() -> None:
    response = {"Error": {"Code": "AccessDeniedException", "Message": "not you"}}
    error = ClientError(response, "CreateTable")  # type: ignore[arg-type]
    ours = from_botocore(error, "create the table", "music")
    assert ours.cause == "AccessDeniedException: not you"
    assert "dynamodb:CreateTable" in ours.hint
    assert code_of(error) == "AccessDeniedException"
    assert code_of(ValueError()) == ""


def test_other_exceptions_pass() -> None:
    with pytest.raises(KeyError), translated("do", "it"):
        raise KeyError("ours")


def test_a_long_cause_is_cut() -> None:
    assert len(from_code("do", "it", "X", "y" * 10_000).cause) < 600


def test_codes_lose_their_namespace() -> None:
    assert bare("com.amazonaws.dynamodb.v20120810#X:http://internal") == "X"
    assert stem("com.amazon.coral.service#AccessDeniedException") == "AccessDenied"
    assert stem("InternalServerError") == "InternalServerError"


@pytest.mark.parametrize(
    "error", [ResponseParserError("<html>"), KeyError("Table"), AttributeError("update")]
)
def test_an_answer_that_is_none_of_dynamodbs_is_told(error: Exception) -> None:
    with pytest.raises(TargetError, match="none of DynamoDB's") as caught, answered("describe", "music"):
        raise error
    assert "endpoint" in caught.value.hint


def test_a_refusal_keeps_its_code_where_answers_are_read() -> None:
    refused = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "DescribeTable")
    with pytest.raises(TargetError, match="AccessDenied"), answered("describe", "music"):
        raise refused
