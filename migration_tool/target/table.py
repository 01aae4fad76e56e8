"""Tables: made, described, compared with their design, deleted. Not hot, so all through boto3."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING, Any, TypeVar

from migration_tool.errors import TargetError
from migration_tool.model import TableIdentity
from migration_tool.target.faults import answered, code_of

if TYPE_CHECKING:
    from migration_tool.design.model import Design
    from migration_tool.target.session import Target

_GRACE_SECONDS = 30.0
_FIRST_POLL_SECONDS = 0.1
_LONGEST_POLL_SECONDS = 3.0
_DEAD_STATUSES = frozenset({"INACCESSIBLE_ENCRYPTION_CREDENTIALS", "ARCHIVING", "ARCHIVED"})

T = TypeVar("T")


@dataclass(frozen=True)
class Patience:
    """How long to wait for a table to change, in seconds, and by which clock."""

    seconds: float = 900.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class IndexFacts:
    """A global secondary index as it is. `keys`: partition key, then sort key if any."""

    name: str
    keys: tuple[str, ...]
    projection: str
    status: str


@dataclass(frozen=True)
class Capacity:
    """Write units per second that a table and its indexes have; on demand: None and no index.

    A maximum that is set for on demand is a capacity too.
    """

    table: float | None = None
    indexes: Mapping[str, float] = field(default_factory=dict)

    def share(self, part: float) -> Capacity:
        """So much of it, above 0 and up to 1."""
        table = None if self.table is None else self.table * part
        return Capacity(table, {name: units * part for name, units in self.indexes.items()})


@dataclass(frozen=True)
class TableFacts:
    """A table as it is.

    keys        partition key, then sort key if any
    types       the type letter of every key attribute
    item_count  as DescribeTable says: up to six hours old on AWS, so never a proof
    """

    name: str
    status: str
    identity: TableIdentity
    keys: tuple[str, ...]
    types: Mapping[str, str]
    indexes: Mapping[str, IndexFacts]
    item_count: int
    size_bytes: int
    capacity: Capacity = Capacity()

    @property
    def active(self) -> bool:
        """The table and every index of it can be used."""
        return self.status == "ACTIVE" and all(i.status == "ACTIVE" for i in self.indexes.values())


def create_table(target: Target, name: str, design: Design, patience: Patience | None = None) -> None:
    """Asks for the table; `wait_active` sees it through. One that exists is left as it is.

    A table of that name that is being deleted is waited for. Raises TargetError.
    """
    request = _definition(name, design)

    def accepted() -> bool | None:
        try:
            _control(target, "create_table", "create the table", name, request)
        except TargetError as error:
            code = _code(error)
            if code == "LimitExceededException":
                return None
            if code != "ResourceInUseException":
                raise
            there = describe(target, name)
            return True if there and there.status != "DELETING" else None
        return True

    _poll(accepted, patience, "create the table", name)


def describe(target: Target, name: str) -> TableFacts | None:
    """The table as it is, None if there is none. Raises TargetError."""
    try:
        with answered("describe the table", name):
            return _facts(target.client.describe_table(TableName=name)["Table"])
    except TargetError as error:
        if _code(error) == "ResourceNotFoundException":
            return None
        raise


def capacity(target: Target, name: str) -> Capacity:
    """What the table and its indexes can write; nothing is known of a table that is not there.

    Raises TargetError.
    """
    facts = describe(target, name)
    return facts.capacity if facts else Capacity()


def delete_table(target: Target, name: str, patience: Patience | None = None) -> None:
    """Asks for the table to go; `wait_gone` sees it through. None there is as good. Raises TargetError."""

    def accepted() -> bool | None:
        try:
            _control(target, "delete_table", "delete the table", name, {"TableName": name})
        except TargetError as error:
            code = _code(error)
            if code not in ("ResourceNotFoundException", "ResourceInUseException", "LimitExceededException"):
                raise
            there = describe(target, name)
            return True if there is None or there.status == "DELETING" else None
        return True

    _poll(accepted, patience, "delete the table", name)


def wait_active(target: Target, name: str, patience: Patience | None = None) -> TableFacts:
    """The table, once it and all its indexes can be used.

    Not to be found is not yet an error: right after CreateTable it may not be seen. Raises TargetError.
    """
    patience = patience or Patience()
    began = patience.clock()

    def ready() -> TableFacts | None:
        facts = describe(target, name)
        if facts is None and patience.clock() - began >= _GRACE_SECONDS:
            raise TargetError("wait for the table", name, "there is no such table", _MAKE_HINT)
        if facts is not None and facts.status in _DEAD_STATUSES:
            raise TargetError("wait for the table", name, f"its status is {facts.status}", _DEAD_HINT)
        return facts if facts is not None and facts.active else None

    return _poll(ready, patience, "wait for the table", name)


def wait_gone(target: Target, name: str, patience: Patience | None = None) -> None:
    """Returns when there is no table of that name any more. Raises TargetError."""
    _poll(lambda: True if describe(target, name) is None else None, patience, "wait for the deletion", name)


def schema_faults(facts: TableFacts, design: Design) -> list[str]:
    """In which ways the table is not one for `design`, one sentence each; [] if it is.

    Indexes that the design does not know are no fault.
    """
    faults = _key_faults("the table", facts.keys, tuple(design.keys), facts.types)
    for index in design.indexes:
        there = facts.indexes.get(index.name)
        if there is None:
            faults.append(f"index {index.name} is missing")
            continue
        wanted = _index_keys(index)
        faults += _key_faults(f"index {index.name}", there.keys, wanted, facts.types)
        if there.projection != "ALL":
            faults.append(f"index {index.name} projects {there.projection}, not ALL attributes")
    return faults


_MAKE_HINT = "run `python migrate.py migrate`, or check endpoint, aws_region and table_prefix"
_DEAD_HINT = "make the table usable again in AWS, or choose another table_prefix"


def _key_faults(
    what: str, there: tuple[str, ...], wanted: tuple[str, ...], types: Mapping[str, str]
) -> list[str]:
    if there != wanted:
        return [f"{what} has the key ({', '.join(there)}), not ({', '.join(wanted)})"]
    return [
        f"{what} has the key {name} of type {types[name]}, not S" for name in wanted if types.get(name) != "S"
    ]


def _index_keys(index: Any) -> tuple[str, ...]:
    return (index.partition_key, index.sort_key) if index.sort_key else (index.partition_key,)


def _definition(name: str, design: Design) -> dict[str, Any]:
    indexes = [
        {
            "IndexName": index.name,
            "KeySchema": _key_schema(_index_keys(index)),
            "Projection": {"ProjectionType": "ALL"},
        }
        for index in design.indexes
    ]
    attributes = dict.fromkeys([*design.keys, *(key for i in design.indexes for key in _index_keys(i))])
    definition: dict[str, Any] = {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": _key_schema(tuple(design.keys)),
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"} for key in attributes],
    }
    return {**definition, "GlobalSecondaryIndexes": indexes} if indexes else definition


def _key_schema(keys: tuple[str, ...]) -> list[dict[str, str]]:
    return [
        {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
    ]


def _facts(table: Mapping[str, Any]) -> TableFacts:
    indexes = [
        IndexFacts(
            index["IndexName"],
            _keys_of(index["KeySchema"]),
            index.get("Projection", {}).get("ProjectionType", "ALL"),
            index.get("IndexStatus", "ACTIVE"),
        )
        for index in table.get("GlobalSecondaryIndexes", ())
    ]
    return TableFacts(
        name=table["TableName"],
        status=table["TableStatus"],
        identity=_identity(table),
        keys=_keys_of(table["KeySchema"]),
        types={d["AttributeName"]: d["AttributeType"] for d in table.get("AttributeDefinitions", ())},
        indexes={index.name: index for index in indexes},
        item_count=table.get("ItemCount", 0),
        size_bytes=table.get("TableSizeBytes", 0),
        capacity=_capacity(table),
    )


def _capacity(table: Mapping[str, Any]) -> Capacity:
    indexes = {index["IndexName"]: _units(index) for index in table.get("GlobalSecondaryIndexes", ())}
    return Capacity(_units(table), {name: units for name, units in indexes.items() if units is not None})


def _units(resource: Mapping[str, Any]) -> float | None:
    """Of a table or an index; on demand shows as 0 provisioned units, no maximum as -1."""
    provisioned = resource.get("ProvisionedThroughput", {}).get("WriteCapacityUnits", 0)
    most = resource.get("OnDemandThroughput", {}).get("MaxWriteRequestUnits", -1)
    return next((float(units) for units in (provisioned, most) if units > 0), None)


def _identity(table: Mapping[str, Any]) -> TableIdentity:
    created = table.get("CreationDateTime")
    table_id = table.get("TableId") or (f"created:{created.astimezone(UTC).isoformat()}" if created else "")
    return TableIdentity(table["TableName"], table.get("TableArn", ""), table_id)


def _keys_of(schema: list[dict[str, str]]) -> tuple[str, ...]:
    return tuple(key["AttributeName"] for key in sorted(schema, key=lambda key: key["KeyType"] != "HASH"))


def _control(target: Target, method: str, operation: str, name: str, request: Mapping[str, Any]) -> Any:
    client = target.client
    with answered(operation, name):
        return getattr(client, method)(**request)


def _code(error: TargetError) -> str:
    return code_of(error.__cause__) if isinstance(error.__cause__, Exception) else ""


def _poll(question: Callable[[], T | None], patience: Patience | None, operation: str, name: str) -> T:
    """Asks until the answer is not None, at growing intervals. Raises TargetError when patience ends."""
    patience = patience or Patience()
    until = patience.clock() + patience.seconds
    pause = _FIRST_POLL_SECONDS
    while (answer := question()) is None:
        if patience.clock() >= until:
            raise TargetError(
                operation, name, f"it is still changing after {patience.seconds:g} s",
                "look at its status with `aws dynamodb describe-table`, then run the command again",
            )  # fmt: skip
        patience.sleep(pause)
        pause = min(pause * 2, _LONGEST_POLL_SECONDS)
    return answer
