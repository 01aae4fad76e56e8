"""The settings of a table beyond its keys and indexes: set once it is made, compared where it was there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from migration_tool.design.definition import Requests, requests_after_import, throughput_of
from migration_tool.design.load_settings import MOST_DAYS
from migration_tool.design.model import Throughput
from migration_tool.errors import TargetError
from migration_tool.target.facts import TableFacts
from migration_tool.target.faults import answered, code_behind, stem
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
    "UpdateTable": "update_table",
    "TagResource": "tag_resource",
}
_READ = "read the settings of the table"
_UNKNOWN_OPERATION = "UnknownOperation"
_UNKNOWN = object()


def configure(target: Target, name: str, requests: Requests, patience: Patience | None = None) -> list[str]:
    """Makes these requests, one after the other. Precondition: the table is active.

    The names of the settings that the DynamoDB there does not know; AWS knows all. Raises TargetError.
    """
    unknown = []
    for setting, (action, request) in requests.items():
        operation = f"set {setting} of the table"
        if not poll(partial(_accepted, target, action, operation, name, request), patience, operation, name):
            unknown.append(setting)
    return unknown


def complete(target: Target, facts: TableFacts, design: Design) -> None:
    """Sets what an import does not, as far as it is not set yet. Raises TargetError."""
    lacking = {setting for setting, _ in _differences(target, facts, design)}
    requests = requests_after_import(facts.name, facts.identity.arn, design)
    configure(target, facts.name, {name: made for name, made in requests.items() if name in lacking})


def differences(target: Target, facts: TableFacts, design: Design) -> Iterator[str]:
    """In which settings that the design names the table is not as designed, a clause each.

    What the DynamoDB at the endpoint cannot tell is left out. Raises TargetError.
    """
    return (f"{setting}: {clause}" for setting, clause in _differences(target, facts, design))


def _differences(target: Target, facts: TableFacts, design: Design) -> Iterator[tuple[str, str]]:
    wanted, found = design.settings, facts.settings
    for setting in _TOLD:
        if (value := getattr(wanted, setting)) is not None and value != getattr(found, setting):
            yield setting, _difference(getattr(found, setting), value)
    yield from _cooler("warm_throughput", found.warm_throughput, wanted.warm_throughput)
    for index in design.indexes:
        has, capacity = facts.indexes[index.name].capacity, throughput_of(design, index)[0]
        if capacity and capacity != has:
            yield f"capacity of {index.name}", _difference(has, capacity)
    for setting, ask in _ASKED.items():
        if (value := getattr(wanted, setting)) and not _fits(there := _known(ask, target, facts), value):
            yield setting, _difference(there, value)


def _fits(found: Any, wanted: Any) -> bool:
    """More tags than are wanted are no fault, and what cannot be known is none."""
    if found is _UNKNOWN or not isinstance(wanted, Mapping):
        return found is _UNKNOWN or bool(found == wanted)
    return bool(wanted.items() <= found.items())


def _cooler(setting: str, found: Throughput | None, wanted: Throughput | None) -> Iterator[tuple[str, str]]:
    """Warm throughput grows by itself."""
    if found and wanted and (found.read < wanted.read or found.write < wanted.write):
        yield setting, _difference(found, wanted)


def _difference(found: object, wanted: object) -> str:
    return f"{_shown(found)}; the design says {_shown(wanted)}"


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
        with answered(_READ, facts.name):
            return ask(target, facts)
    except TargetError as error:
        if stem(code_behind(error)) != _UNKNOWN_OPERATION:
            raise
        return _UNKNOWN


def _told(target: Target, method: str, facts: TableFacts, request: Mapping[str, Any]) -> Any:
    return control(target, method, _READ, facts.name, request)


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
