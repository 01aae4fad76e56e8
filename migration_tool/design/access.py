"""Access patterns → DynamoDB requests. One Query or GetItem each, never a Scan."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

from migration_tool.design.model import AccessPattern, Condition, Requests
from migration_tool.design.template import Template, code, namespace
from migration_tool.errors import RowRejected, UsageError
from migration_tool.model import Scalar

KEY_OPERATORS = {
    "equals": "{0} = {1}",
    "begins_with": "begins_with({0}, {1})",
    "between": "{0} BETWEEN {1} AND {2}",
    "at_least": "{0} >= {1}",
    "at_most": "{0} <= {1}",
}
FILTER_OPERATORS = {**KEY_OPERATORS, "contains": "contains({0}, {1})"}


def render(template: Template, arguments: Mapping[str, Scalar], shard_number: int = 0) -> str:
    """The template with parameters in place of columns. Raises RowRejected as a row would."""
    names = {name: f"p{position}" for position, name in enumerate(arguments)}
    source = code(template, lambda reference: names[reference.name])
    values = {names[name]: value for name, value in arguments.items()}
    # Safe: `code` writes only repr()s of literals, our own function names and our variable names.
    return str(eval(source, {**namespace(), **values, "shard_number": shard_number}))  # noqa: S307


def arguments_of(pattern: AccessPattern, given: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """Values of the parameters, text parsed and defaults filled in. Raises UsageError naming all faults."""
    known = {parameter.name for parameter in pattern.parameters}
    faults = [f"unknown parameter {name!r}" for name in given if name not in known]
    arguments: dict[str, Scalar] = {}
    for parameter in pattern.parameters:
        if parameter.name not in given:
            arguments[parameter.name] = parameter.default
            if parameter.required:
                faults.append(f"missing parameter {parameter.name} ({parameter.type})")
            continue
        try:
            arguments[parameter.name] = parse_scalar(parameter.type, given[parameter.name])
        except ValueError:
            faults.append(f"{parameter.name}={given[parameter.name]!r} is not of type {parameter.type}")
    if faults:
        usage = " ".join(f"{parameter.name}=…" for parameter in pattern.parameters)
        raise UsageError(
            "run the access pattern", pattern.name, "its parameters do not fit", f"It takes: {usage}", faults
        )
    return arguments


def parse_scalar(kind: str, given: Scalar) -> Scalar:
    """A parameter, given as text or as a number, as `integer`, `number` or `text`. Raises ValueError."""
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        raise ValueError(given)
    words = str(given)
    if kind == "integer":
        return int(words)
    if kind == "number":
        value = float(words)
        if not isfinite(value):
            raise ValueError(words)
        return value
    words.encode()  # what is not Unicode text raises a ValueError too
    return words


def requests(pattern: AccessPattern, keys: tuple[str, ...], arguments: Mapping[str, Scalar]) -> Requests:
    """What to send for one call.

    keys  key attributes of the table or index that the pattern reads
    Raises UsageError when an argument cannot stand in a key.
    """
    try:
        return _requests(pattern, keys, arguments)
    except RowRejected as rejected:
        raise UsageError(
            "run the access pattern", pattern.name, rejected.reason, "Give a value that can stand in the key."
        ) from None


def _requests(pattern: AccessPattern, keys: tuple[str, ...], arguments: Mapping[str, Scalar]) -> Requests:
    if pattern.operation == "GetItem":
        key = {
            condition.attribute: {"S": render(condition.values[0], arguments)}
            for condition in (pattern.partition, pattern.sort)
            if condition
        }
        return Requests("GetItem", ({"Key": key, "ConsistentRead": True},), None, False)
    shards = pattern.partition.values[0].shards()
    bodies = tuple(_query(pattern, arguments, number) for number in range(shards or 1))
    return Requests("Query", bodies, keys[1] if shards and len(keys) > 1 else None, pattern.descending)


def _query(pattern: AccessPattern, arguments: Mapping[str, Scalar], shard_number: int) -> dict[str, Any]:
    conditions = [(pattern.partition, KEY_OPERATORS)]
    if pattern.sort and not _matches_everything(pattern.sort, arguments):
        conditions.append((pattern.sort, KEY_OPERATORS))
    texts, names, values = _expressions(conditions, arguments, shard_number, "k")
    body: dict[str, Any] = {
        "KeyConditionExpression": " AND ".join(texts),
        "ScanIndexForward": not pattern.descending,
    }
    if pattern.index:
        body["IndexName"] = pattern.index
    if pattern.consistent:
        body["ConsistentRead"] = True
    if pattern.filters:
        filters = [(condition, FILTER_OPERATORS) for condition in pattern.filters]
        filter_texts, filter_names, filter_values = _expressions(filters, arguments, shard_number, "f")
        body["FilterExpression"] = " AND ".join(filter_texts)
        names, values = names | filter_names, values | filter_values
    return body | {"ExpressionAttributeNames": names, "ExpressionAttributeValues": values}


def _matches_everything(condition: Condition, arguments: Mapping[str, Scalar]) -> bool:
    """`begins_with ""`, which DynamoDB refuses and which restricts nothing."""
    return condition.operator == "begins_with" and render(condition.values[0], arguments) == ""


def _expressions(
    conditions: list[tuple[Condition, dict[str, str]]],
    arguments: Mapping[str, Scalar],
    shard_number: int,
    tag: str,
) -> tuple[list[str], dict[str, str], dict[str, Any]]:
    texts: list[str] = []
    names: dict[str, str] = {}
    values: dict[str, Any] = {}
    for number, (condition, operators) in enumerate(conditions):
        name = f"#{tag}{number}"
        holders = [f":{tag}{number}_{position}" for position in range(len(condition.values))]
        texts.append(operators[condition.operator].format(name, *holders))
        names[name] = condition.attribute
        for holder, template in zip(holders, condition.values, strict=True):
            values[holder] = {"S": render(template, arguments, shard_number)}
    return texts, names, values
