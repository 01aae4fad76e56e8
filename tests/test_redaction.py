"""What others say of our requests comes without what they were signed with."""

from __future__ import annotations

import traceback

import pytest

from migration_tool.errors import ConfigError, TargetError
from migration_tool.redaction import redacted
from migration_tool.target.faults import from_code

SIGNATURE = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
CANONICAL = (
    "The request signature we calculated does not match the signature you provided.\n\n"
    "The Canonical String for this request should have been\n"
    "'POST\n/\n\nhost:dynamodb.us-east-1.amazonaws.com\nx-amz-date:20261121T000000Z\nx-amz-security-token:FwoGZXIvYXdzEPlanted/+=\n"
    "x-amz-target:DynamoDB_20120810.Scan\n\nhost;x-amz-date;x-amz-security-token;x-amz-target\nabc'"
)
HEADER = (
    "Authorization header requires 'Credential' parameter. Authorization=AWS4-HMAC-SHA256 "
    f"Credential=ASIAPLANTEDKEYID0001/20261121/us-east-1/dynamodb/aws4_request, Signature={SIGNATURE}"
)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (CANONICAL, "x-amz-target:DynamoDB_20120810.Scan"),
        (HEADER, "Authorization header requires 'Credential' parameter. ***"),
        ("the key ASIAPLANTEDKEYID0001 is unknown", "the key *** is unknown"),
        ("https://ada:Planted@proxy.example:3128/x", "https://***@proxy.example:3128/x"),
        ("{'X-Amz-Security-Token': b'Planted', 'a': 1}", "{'***"),
    ],
)
def test_secrets_go_and_the_rest_stays(text: str, kept: str) -> None:
    shown = redacted(text)
    assert kept in shown
    assert not any(secret in shown for secret in ("Planted", "PLANTED", SIGNATURE))


@pytest.mark.parametrize(
    "text",
    [
        "User: arn:aws:iam::123456789012:user/ada is not authorized to perform: dynamodb:Scan on resource: x",
        "the security token included in the request is invalid",
        "file:///data/a@b.sqlite",
        "http://127.0.0.1:8000 and ada@example.com",
    ],
)
def test_harmless_words_stay(text: str) -> None:
    assert redacted(text) == text


def test_every_error_of_ours_is_without_them() -> None:
    error = from_code("read the table", "music", "InvalidSignatureException", CANONICAL, "Scan")
    for told in (error.cause, str(error), repr(error), "".join(traceback.format_exception(error))):
        assert "Planted" not in told
    fault = ConfigError("use it", "https://u:Planted@h", "wrong", "", ["found https://u:Planted@h"])
    assert "Planted" not in f"{fault} {fault.obj} {fault!r}"


@pytest.mark.parametrize("cut", range(470, 500))
def test_a_long_message_is_not_cut_within_a_secret(cut: int) -> None:
    error = from_code("read", "music", "X", "y" * cut + " ASIAPLANTEDKEYID0001 " + "z" * 100)
    assert isinstance(error, TargetError) and "PLANTED" not in error.cause
