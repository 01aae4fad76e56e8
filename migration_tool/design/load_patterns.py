"""The `access_patterns` section of a design."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from migration_tool.design.access import FILTER_OPERATORS, KEY_OPERATORS
from migration_tool.design.model import AccessPattern, Condition, Index, Parameter
from migration_tool.design.reading import Reader, nearest
from migration_tool.documents import described

_TYPES: Mapping[str, tuple[type, ...]] = {"integer": (int,), "text": (str,), "number": (int, float)}


class PatternLoader:
    """Reads access patterns with a reader that notes the faults.

    keys, indexes  of the table that the patterns ask; a key that could not be read is ""
    """

    def __init__(self, reader: Reader, keys: tuple[str, ...], indexes: tuple[Index, ...]) -> None:
        self._reader = reader
        self._keys = keys
        self._indexes = indexes

    def pattern(self, name: str, value: Any) -> AccessPattern:
        read, place = self._reader, f"access_patterns.{name}"
        body = read.section(place, value, "access_pattern")
        asked = [key for key in ("get", "query") if key in body or read.faults.lost(f"{place}.{key}")]
        if len(asked) != 1:
            read.fault(place, "expected either `get` or `query`")
        if "get" not in body and "query" not in body:
            read.faults.lose(f"{place}.query")
        parameters = read.mapping(f"{place}.parameters", body.get("parameters", {}))
        if parameters and "cases" not in body:
            read.fault(f"{place}.cases", "SQL is needed that gives the parameters to prove the pattern with")
        question = (
            self._get(place, body["get"])
            if "get" in body
            else self._query(place, body.get("query", {"partition": ""}))
        )
        return AccessPattern(
            name=name,
            description=read.typed(f"{place}.description", body.get("description", ""), str, ""),
            parameters=tuple(self._parameter(f"{place}.parameters.{n}", n, p) for n, p in parameters.items()),
            sql=read.typed(f"{place}.sql", body.get("sql"), str, ""),
            cases=read.optional(place, body, "cases"),
            **question,
        )

    def _get(self, place: str, value: Any) -> dict[str, Any]:
        body = self._reader.mapping(f"{place}.get", value, self._keys if all(self._keys) else ())
        partition, *sort = [
            self._equal(f"{place}.get.{key}", key, body.get(key) if key else "") for key in self._keys
        ]
        return {
            "operation": "GetItem",
            "index": None,
            "partition": partition,
            "sort": sort[0] if sort else None,
            "consistent": True,
            "filters": (),
            "descending": False,
        }

    def _query(self, place: str, value: Any) -> dict[str, Any]:
        place, read = f"{place}.query", self._reader.faults
        body = self._reader.section(place, value, "query")
        index = self._index(f"{place}.index", body)
        partition_key, *sort_keys = index.keys if index else self._keys
        for name in ("sort", "order"):
            if name in body and not sort_keys and partition_key and not read.lost(f"{place}.index"):
                self._reader.fault(f"{place}.{name}", "what is asked has no sort key", "leave it out")
        order = body.get("order", "ascending")
        if order not in ("ascending", "descending"):
            self._reader.fault(
                f"{place}.order", f"expected ascending or descending, found {described(order)}"
            )
        filters = self._reader.mapping(f"{place}.filter", body.get("filter", {}))
        conditions = [
            self._condition(f"{place}.filter.{name}", name, content, FILTER_OPERATORS)
            for name, content in filters.items()
        ]
        sort = (
            self._condition(f"{place}.sort", sort_keys[0], body["sort"], KEY_OPERATORS)
            if "sort" in body and sort_keys
            else None
        )
        return {
            "operation": "Query",
            "index": index.name if index else None,
            "partition": self._equal(f"{place}.partition", partition_key, body.get("partition")),
            "sort": sort,
            "consistent": index is None or index.local,
            "filters": tuple(condition for condition in conditions if condition),
            "descending": order == "descending",
        }

    def _index(self, place: str, body: Mapping[str, Any]) -> Index | None:
        if "index" not in body:
            return None
        found = next((index for index in self._indexes if index.name == body["index"]), None)
        if found is None:
            if not self._reader.faults.whole("indexes"):
                self._reader.faults.lose(place)
            names = [index.name for index in self._indexes]
            remedy = nearest(str(body["index"]), names) if names else "leave it out, or add it to `indexes`"
            self._reader.unreadable(place, f"there is no index {body['index']!r} in this design", remedy)
        return found

    def _parameter(self, place: str, name: str, value: Any) -> Parameter:
        body = {"type": value} if isinstance(value, str) else self._reader.section(place, value, "parameter")
        kind = body.get("type")
        if not isinstance(kind, str) or kind not in _TYPES:
            self._reader.fault(place, f"expected {', '.join(_TYPES)}, found {described(kind)}")
        elif "default" in body and type(body["default"]) not in _TYPES[kind]:
            self._reader.fault(f"{place}.default", f"expected {kind}, found {described(body['default'])}")
        else:
            return Parameter(name, cast(Any, kind), body.get("default"), "default" not in body)
        return Parameter(name, "text", None, "default" not in body)

    def _equal(self, place: str, attribute: str, value: Any) -> Condition:
        return Condition(attribute, "equals", (self._reader.template(place, value),))

    def _condition(
        self, place: str, attribute: str, value: Any, operators: Mapping[str, str]
    ) -> Condition | None:
        if isinstance(value, str):
            return self._equal(place, attribute, value)
        body = self._reader.mapping(place, value, tuple(operators))
        if len(body) != 1:
            self._reader.unreadable(place, f"expected one of {', '.join(operators)}")
            return None
        ((operator, content),) = body.items()
        place = f"{place}.{operator}"
        values = self._reader.names(place, content) if operator == "between" else (content,)
        if operator == "between" and len(values) != 2 and not self._reader.faults.touched(place):
            self._reader.fault(place, "expected the first and the last value", "write a list of two")
        return Condition(attribute, operator, tuple(self._reader.template(place, text) for text in values))
