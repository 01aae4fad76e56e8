"""The settings of a table beyond its keys and indexes: set once it is made, compared where it was there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from migration_tool.design.definition import later_requests, throughput_of
from migration_tool.design.load_settings import MOST_DAYS
from migration_tool.design.model import Throughput
from migration_tool.errors import TargetError
from migration_tool.target.facts import TableFacts
from migration_tool.target.faults import code_behind, stem
from migration_tool.target.table import Patience, control, poll

if TYPE_CHECKING:
    from migration_tool.design.model import Design
    from migration_tool.target.session import Target

_LATER = frozenset({"ContinuousBackupsUnavailable", "LimitExceeded", "ResourceInUse"})
_TOLD = ("billing", "capacity", "stream", "table_class", "deletion_protection")
"""The settings that DescribeTable tells, and that have one right value."""
_METHODS = {
    "UpdateTimeToLive": "update_time_to_live",
    "UpdateContinuousBackups": "update_continuous_backups",
}
_UNKNOWN_OPERATION = "UnknownOperation"
_UNKNOWN = object()


def configure(target: Target, name: str, design: Design, patience: Patience | None = None) -> list[str]:
    """Sets what CreateTable does not take. Precondition: the table is active.

    The names of the settings that the DynamoDB there does not know; AWS knows all. Raises TargetError.
    """
    unknown = []
    for setting, (action, request) in later_requests(name, design).items():
        operation = f"set {setting} of the table"
        if not poll(partial(_accepted, target, action, operation, name, request), patience, operation, name):
            unknown.append(setting)
    return unknown


def differences(target: Target, facts: TableFacts, design: Design) -> Iterator[str]:
    """In which settings that the design names the table is not as designed, a clause each.

    What the DynamoDB at the endpoint cannot tell is left out. Raises TargetError.
    """
    wanted, found = design.settings, facts.settings
    for setting in _TOLD:
        if (value := getattr(wanted, setting)) is not None and value != getattr(found, setting):
            yield _difference(setting, getattr(found, setting), value)
    yield from _cooler("warm_throughput", found.warm_throughput, wanted.warm_throughput)
    for index in design.indexes:
        has, capacity = facts.indexes[index.name].capacity, throughput_of(design, index)[0]
        if capacity and capacity != has:
            yield _difference(f"capacity of {index.name}", has, capacity)
    for setting, ask in _ASKED.items():
        if (value := getattr(wanted, setting)) and not _fits(there := _known(ask, target, facts), value):
            yield _difference(setting, there, value)


def _fits(found: Any, wanted: Any) -> bool:
    """More tags than are wanted are no fault, and what cannot be known is none."""
    if isinstance(found, Mapping):
        return bool(wanted.items() <= found.items())
    return found is _UNKNOWN or bool(found == wanted)


def _cooler(setting: str, found: Throughput | None, wanted: Throughput | None) -> Iterator[str]:
    """Warm throughput grows by itself."""
    if found and wanted and (found.read < wanted.read or found.write < wanted.write):
        yield _difference(setting, found, wanted)


def _difference(setting: str, found: object, wanted: object) -> str:
    return f"{setting}: {_shown(found)}; the design says {_shown(wanted)}"


def _shown(value: object) -> str:
    if isinstance(value, Throughput):
        return f"{value.read:,} read and {value.write:,} write units a second"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={_shown(text)}" for name, text in sorted(value.items()))
    return ("on" if value is True else str(value)) if value else "off"


def _accepted(
    target: Target, action: str, operation: str, name: str, request: Mapping[str, Any]
) -> bool | None:
    """Whether the setting is known; None: it has to be asked for again."""
    try:
        control(target, _METHODS[action], operation, name, request)
    except TargetError as error:
        code = stem(code_behind(error))
        if code in _LATER:
            return None
        if code != _UNKNOWN_OPERATION:
            raise
        return False
    return True


def _known(ask: Callable[[Target, TableFacts], Any], target: Target, facts: TableFacts) -> Any:
    try:
        return ask(target, facts)
    except TargetError as error:
        if stem(code_behind(error)) != _UNKNOWN_OPERATION:
            raise
        return _UNKNOWN


def _told(target: Target, method: str, facts: TableFacts, request: Mapping[str, Any]) -> Any:
    return control(target, method, "read the settings of the table", facts.name, request)


def _time_to_live(target: Target, facts: TableFacts) -> str | None:
    answer = _told(target, "describe_time_to_live", facts, {"TableName": facts.name})["TimeToLiveDescription"]
    return answer.get("AttributeName") if answer.get("TimeToLiveStatus") in ("ENABLED", "ENABLING") else None


def _recovery(target: Target, facts: TableFacts) -> int | None:
    answer = _told(target, "describe_continuous_backups", facts, {"TableName": facts.name})
    found = answer["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    enabled = found.get("PointInTimeRecoveryStatus") == "ENABLED"
    return int(found.get("RecoveryPeriodInDays", MOST_DAYS)) if enabled else None


def _tags(target: Target, facts: TableFacts) -> dict[str, str]:
    tags: dict[str, str] = {}
    request = {"ResourceArn": facts.identity.arn}
    while True:
        page = _told(target, "list_tags_of_resource", facts, request)
        tags |= {tag["Key"]: tag["Value"] for tag in page["Tags"]}
        if not page.get("NextToken"):
            return tags
        request["NextToken"] = page["NextToken"]


_ASKED = {"ttl": _time_to_live, "point_in_time_recovery": _recovery, "tags": _tags}
"""The settings that DescribeTable does not tell."""
