"""Tables: made, described, compared with their design, deleted. Not hot, so all through boto3."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from migration_tool.design.definition import projection, table_definition
from migration_tool.errors import TargetError
from migration_tool.target.facts import Capacity, TableFacts, facts_of, projected
from migration_tool.target.faults import NO_DYNAMODB_HINT, answered, code_behind

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


def create_table(target: Target, name: str, design: Design, patience: Patience | None = None) -> None:
    """Asks for the table; `wait_active` sees it through. One that exists is left as it is.

    A table of that name that is being deleted is waited for. Raises TargetError.
    """
    request = table_definition(name, design)

    def accepted() -> bool | None:
        try:
            control(target, "create_table", "create the table", name, request)
        except TargetError as error:
            code = code_behind(error)
            if code == "LimitExceededException":
                return None
            if code != "ResourceInUseException":
                raise
            there = describe(target, name)
            return True if there and there.status != "DELETING" else None
        return True

    poll(accepted, patience, "create the table", name)


def describe(target: Target, name: str) -> TableFacts | None:
    """The table as it is, None if there is none. Raises TargetError, also for an answer of another kind."""
    try:
        answer = control(target, "describe_table", "describe the table", name, {"TableName": name})
    except TargetError as error:
        if code_behind(error) == "ResourceNotFoundException":
            return None
        raise
    try:
        return facts_of(answer, name)
    except ValueError as error:
        raise TargetError("describe the table", name, error, NO_DYNAMODB_HINT) from error


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
            control(target, "delete_table", "delete the table", name, {"TableName": name})
        except TargetError as error:
            code = code_behind(error)
            if code not in ("ResourceNotFoundException", "ResourceInUseException", "LimitExceededException"):
                raise
            there = describe(target, name)
            return True if there is None or there.status == "DELETING" else None
        return True

    poll(accepted, patience, "delete the table", name)


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

    return poll(ready, patience, "wait for the table", name)


def wait_gone(target: Target, name: str, patience: Patience | None = None) -> None:
    """Returns when there is no table of that name any more. Raises TargetError."""
    poll(lambda: True if describe(target, name) is None else None, patience, "wait for the deletion", name)


def schema_faults(facts: TableFacts, design: Design) -> list[str]:
    """In which ways the table is not one for `design`, one sentence each; [] if it is.

    Indexes that the design does not know are no fault.
    """
    faults = _key_faults("the table", facts.keys, design.keys, facts.types)
    for index in design.indexes:
        there = facts.indexes.get(index.name)
        if there is None:
            faults.append(f"index {index.name} is missing")
            continue
        faults += _key_faults(f"index {index.name}", there.keys, index.keys, facts.types)
        if there.local != index.local:
            faults.append(f"index {index.name} is {'not ' if index.local else ''}a local one")
        if there.projection != (wanted := projected(projection(index))):
            faults.append(f"index {index.name} projects {there.projection}, not {wanted}")
    return faults


_MAKE_HINT = "run `python migrate.py migrate`, or check endpoint, aws_region and table_prefix"
_DEAD_HINT = "make the table usable again in AWS, or choose another table_prefix"


def _key_faults(
    what: str, there: tuple[str, ...], wanted: tuple[str, ...], types: Mapping[str, str]
) -> list[str]:
    if there != wanted:
        return [f"{what} has the key ({', '.join(there)}), not ({', '.join(wanted)})"]
    return [
        f"{what} has the key {name} of type {types.get(name, 'unknown')}, not S"
        for name in wanted
        if types.get(name) != "S"
    ]


def control(target: Target, method: str, operation: str, name: str, request: Mapping[str, Any]) -> Any:
    """The answer to one call of the control plane. Raises TargetError."""
    client = target.client
    with answered(operation, name):
        return getattr(client, method)(**request)


def poll(question: Callable[[], T | None], patience: Patience | None, operation: str, name: str) -> T:
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
