"""Sinks as real processes, and boto3 clients that send to them without repeating anything."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from bench.loadgen import call

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Sink:
    """A running sink."""

    url: str
    process: subprocess.Popen[str]

    def __post_init__(self) -> None:
        self.client: Any = boto3.client(
            "dynamodb", endpoint_url=self.url, region_name="us-east-1", aws_access_key_id="x",
            aws_secret_access_key="x", config=Config(retries={"total_max_attempts": 1}),
        )  # fmt: skip

    def create(self, name: str = "T", **more: Any) -> dict[str, Any]:
        """A table with the keys PK and SK and the index GSI1 on GSI1PK and GSI1SK."""
        request = {"BillingMode": "PAY_PER_REQUEST", **definition(name), **more}
        return dict(self.client.create_table(**request)["TableDescription"])

    def put(self, numbers: range, table: str = "T", **item: Any) -> dict[str, Any]:
        """A BatchWriteItem of these items."""
        requests = [{"PutRequest": {"Item": {**keys(n), **item}}} for n in numbers]
        return dict(
            self.client.batch_write_item(RequestItems={table: requests}, ReturnConsumedCapacity="INDEXES")
        )

    def stats(self) -> dict[str, Any]:
        return dict(json.loads(call(self.url, "GET", "/stats")))

    def post(self, path: str, body: Any = None) -> Any:
        return json.loads(call(self.url, "POST", path, body))


def keys(number: int) -> dict[str, dict[str, str]]:
    return {"PK": {"S": f"P#{number}"}, "SK": {"S": f"S#{number}"}}


def definition(name: str) -> dict[str, Any]:
    names = ("PK", "SK", "GSI1PK", "GSI1SK")
    index = {
        "IndexName": "GSI1",
        "KeySchema": _schema("GSI1PK", "GSI1SK"),
        "Projection": {"ProjectionType": "ALL"},
    }
    return {
        "TableName": name,
        "KeySchema": _schema("PK", "SK"),
        "AttributeDefinitions": [{"AttributeName": n, "AttributeType": "S"} for n in names],
        "GlobalSecondaryIndexes": [index],
    }


def _schema(partition: str, sort: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": partition, "KeyType": "HASH"},
        {"AttributeName": sort, "KeyType": "RANGE"},
    ]


Start = Callable[..., Sink]


@contextmanager
def running(options: tuple[object, ...]) -> Iterator[Sink]:
    command = [sys.executable, "-m", "bench.sink", *map(str, options)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield Sink(process.stdout.readline().strip(), process)
        process.terminate()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a sink with these options; `capacity` is the model that it is given as a file."""
    with ExitStack() as stack:

        def start(*options: object, capacity: Mapping[str, Any] | None = None) -> Sink:
            if capacity:
                file = tmp_path / "capacity.json"
                file.write_text(json.dumps(capacity))
                options = (*options, "--capacity", file)
            return stack.enter_context(running(options))

        yield start


@pytest.fixture(scope="session")
def sink() -> Iterator[Sink]:
    """One that only counts, shared: each test has tables of its own."""
    with running(()) as one:
        yield one


@pytest.fixture(scope="session")
def keeping() -> Iterator[Sink]:
    """One that keeps the items, shared: each test has tables of its own."""
    with running(("--keep",)) as one:
        yield one
