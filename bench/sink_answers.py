"""Answers as DynamoDB gives them over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

_STATUSES = {200: "OK", 400: "Bad Request", 404: "Not Found"}
_TYPES = "com.amazonaws.dynamodb.v20120810#"
_THROTTLING = "com.amazon.coral.availability#ThrottlingException"


def http(body: bytes, status: int = 200) -> bytes:
    """The whole answer with this JSON; the connection stays open."""
    head = (
        f"HTTP/1.1 {status} {_STATUSES[status]}\r\n"
        "Content-Type: application/x-amz-json-1.0\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def json(value: Any, status: int = 200) -> bytes:
    return http(orjson.dumps(value), status)


def error(code: str, message: str) -> bytes:
    """A refusal by DynamoDB; `code` without its namespace."""
    return json({"__type": _TYPES + code, "message": message}, 400)


def no_table(name: str) -> bytes:
    return error("ResourceNotFoundException", f"Requested resource not found: Table: {name} not found")


def throttled(provisioned: bool, reasons: Sequence[dict[str, str]]) -> bytes:
    """Nothing of a request was taken; the exception is another one in each capacity mode."""
    if provisioned:
        kind, listed = _TYPES + "ProvisionedThroughputExceededException", "ThrottlingReasons"
    else:
        kind, listed = _THROTTLING, "throttlingReasons"
    message = f"Throughput exceeds the current capacity for one or more resources: {reasons[0]['reason']}"
    return json({"__type": kind, "message": message, listed: list(reasons)}, 400)
