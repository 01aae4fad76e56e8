"""The lease of one table: an item in it that says who loads it, changed only by who saw what stands there.

    {PK: "migration-lease", SK: "migration-lease", MigrationLease: {run_id, host, folder, generation, ...}}

It is in no index but those of the table's own key attributes. `reader` leaves it out. Why it lives there:
docs/decisions/0006-one-writer.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from migration_tool.errors import TargetError
from migration_tool.model import LONGEST_LEASE
from migration_tool.target.faults import answered, code_behind, stem

if TYPE_CHECKING:
    from migration_tool.target.session import Target

KEY = "migration-lease"
"""The value of each key attribute of the item."""
ATTRIBUTE = "MigrationLease"
"""The attribute that makes an item the lease, a map; nothing else may be called so."""

_NAMES = {"#lease": ATTRIBUTE, "#token": "token", "#renewals": "renewals"}
_KINDS = {"str": str, "int": int, "float": float}
_SAME = "#lease.#token = :token AND #lease.#renewals = :renewals"


@dataclass(frozen=True)
class Place:
    """A table and the names of its key attributes, all of type S."""

    table: str
    keys: tuple[str, ...]

    @property
    def key(self) -> dict[str, Any]:
        return {name: {"S": KEY} for name in self.keys}


@dataclass(frozen=True)
class Record:
    """What the item says.

    folder      the state folder of the run, absolute
    token       new with every process that takes a lease
    generation  grows whenever the lease changes hands
    renewals    grows while the holder lives
    seconds     after so long without a renewal it is over; 0: it was given back
    until       when that will be by the holder's clock, ISO 8601; for people
    """

    run_id: str
    host: str
    folder: str
    pid: int
    token: str
    generation: int
    renewals: int
    seconds: float
    until: str

    @property
    def free(self) -> bool:
        return self.seconds == 0

    def __str__(self) -> str:
        return (
            f"run {self.run_id}, host {self.host}, folder {self.folder}, pid {self.pid}, "
            f"generation {self.generation}, until {self.until}"
        )


def without_lease(keys: Sequence[str]) -> dict[str, Any]:
    """The part of a Scan that leaves the lease out, by the table's key attributes: every index has these."""
    names = {f"#key{number}": name for number, name in enumerate(keys)}
    is_lease = " AND ".join(f"{name} = :lease" for name in names)
    return {
        "FilterExpression": f"NOT ({is_lease})",
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": {":lease": {"S": KEY}},
    }


def read(target: Target, place: Place) -> Record | None:
    """The lease of the table, None where it has none. Raises TargetError."""
    answer = _asked(target, "get_item", place, {"Key": place.key, "ConsistentRead": True})
    if answer is None:
        cause, hint = "the answer does not say whether it is there", "do the same again, or see what answers"
        raise TargetError("read the lease of the table", place.table, cause, hint)
    return _record(answer["Item"], place) if "Item" in answer else None


def replace(target: Target, place: Place, new: Record, old: Record | None) -> Record | None:
    """Puts `new` where `old` stands, or where nothing does, and gives what stands there then.

    That has the token of `new` if it is ours, also where the answer to an earlier try got lost.
    Raises TargetError.
    """
    item = {**place.key, ATTRIBUTE: {"M": {name: _value(value) for name, value in asdict(new).items()}}}
    done = _asked(target, "put_item", place, {"Item": item, **_condition(place, old)})
    return read(target, place) if done is None else new


def remove(target: Target, place: Place, old: Record) -> Record | None:
    """Deletes `old`, and gives what stands there then. Raises TargetError."""
    done = _asked(target, "delete_item", place, {"Key": place.key, **_condition(place, old)})
    return read(target, place) if done is None else None


def _condition(place: Place, old: Record | None) -> dict[str, Any]:
    if old is None:
        return {
            "ConditionExpression": "attribute_not_exists(#key)",
            "ExpressionAttributeNames": {"#key": place.keys[0]},
        }
    return {
        "ConditionExpression": _SAME,
        "ExpressionAttributeNames": _NAMES,
        "ExpressionAttributeValues": {":token": _value(old.token), ":renewals": _value(old.renewals)},
    }


def _asked(target: Target, method: str, place: Place, request: Mapping[str, Any]) -> dict[str, Any] | None:
    """The answer; None where the condition did not hold, and for a 200 that proves nothing."""
    request = {"TableName": place.table, "ReturnConsumedCapacity": "TOTAL", **request}
    call = getattr(target.client, method)
    try:
        with answered("lease the table", place.table):
            answer: dict[str, Any] = call(**request)
    except TargetError as error:
        code = stem(code_behind(error))
        if code == "ConditionalCheckFailed":
            return None
        if code == "AccessDenied":
            hint = f"{error.hint}; or go without a lease, if nothing else loads the table: --no-lease"
            raise TargetError(error.operation, error.obj, error.cause, hint) from error
        raise
    return answer if "ConsumedCapacity" in answer else None


def _value(value: str | float) -> dict[str, str]:
    return {"S": value} if isinstance(value, str) else {"N": str(value)}


def _record(item: Mapping[str, Any], place: Place) -> Record:
    try:
        found = item[ATTRIBUTE]["M"]
        values = {f.name: _KINDS[str(f.type)](*found[f.name].values()) for f in fields(Record)}
        record = Record(**values)
        if not 0 <= record.seconds <= LONGEST_LEASE:
            raise ValueError(record.seconds)
        return record
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise TargetError(
            "read the lease of the table", place.table,
            f"the item whose key is {KEY} is not a lease of this tool",
            "Load without a lease: --no-lease; or remove the item, if it is not yours.",
        ) from error  # fmt: skip
