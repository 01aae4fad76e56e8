"""A wire without a network: answers requests that read from items in memory, in small pages."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any
from zlib import crc32

import orjson

from migration_tool.model import WireItem
from migration_tool.target.answers import Answer
from migration_tool.target.backoff import Backoff

PAGE = 3
_CONDITION = re.compile(r"begins_with\((#\w+), (:\w+)\)|contains\((#\w+), (:\w+)\)|(#\w+) = (:\w+)")


class FakeWire:
    """As much of a Wire as the reader uses.

    asked   the operation of each request that was answered
    twice   give every page of a scan a second time
    behind  so many more counts of an index do not know its last item yet
    """

    def __init__(self, items: Iterable[WireItem], keys: tuple[str, str] = ("PK", "SK")) -> None:
        self.items = list(items)
        self.keys = keys
        self.asked: list[str] = []
        self.twice = False
        self.behind = 0
        self.free = 4
        self.clock = time.monotonic
        self.backoff = Backoff()
        self.objects = None
        self.target = SimpleNamespace(url="http://fake", connections=2, loopback=True)

    def submit(self, operation: str, body: bytes, tag: object, inbox: list[Answer]) -> None:
        self.asked.append(operation)
        answer = getattr(self, f"_{operation.lower()}")(orjson.loads(body))
        inbox.append(Answer(tag, 200, orjson.dumps(answer)))

    def wait(self, timeout: float, inbox: list[Answer]) -> list[Answer]:
        answers = inbox[:]
        inbox.clear()
        return answers

    def cancel(self, inbox: list[Answer]) -> None:
        inbox.clear()

    def find(self, partition: str, sort: str) -> WireItem:
        (found,) = (i for i in self.items if i["PK"] == {"S": partition} and i["SK"] == {"S": sort})
        return found

    def _scan(self, body: dict[str, Any]) -> dict[str, Any]:
        if "IndexName" in body:
            return self._count(body)
        mine = [
            item
            for item in self.items
            if crc32(orjson.dumps(item.get(self.keys[0]))) % body["TotalSegments"] == body["Segment"]
        ]
        return self._page(mine * (2 if self.twice else 1), body)

    def _count(self, body: dict[str, Any]) -> dict[str, Any]:
        assert body["Select"] == "COUNT"
        names = {f"{body['IndexName']}PK", f"{body['IndexName']}SK"}
        members = [item for item in self.items if names <= item.keys()]
        self.behind, late = max(0, self.behind - 1), self.behind > 0
        page = self._page(members[:-1] if late else members, body)
        return {**page, "Items": None, "Count": len(page["Items"])}

    def _getitem(self, body: dict[str, Any]) -> dict[str, Any]:
        found = [i for i in self.items if all(i.get(name) == value for name, value in body["Key"].items())]
        return {"ConsumedCapacity": {}, **({"Item": found[0]} if found else {})}

    def _batchgetitem(self, body: dict[str, Any]) -> dict[str, Any]:
        """Two items an answer: the rest is left unprocessed."""
        ((table, wanted),) = body["RequestItems"].items()
        now, later = wanted["Keys"][:2], wanted["Keys"][2:]
        found = [
            i for key in now for i in self.items if all(i.get(name) == value for name, value in key.items())
        ]
        left = {table: {**wanted, "Keys": later}} if later else {}
        return {"Responses": {table: found}, "UnprocessedKeys": left}

    def _query(self, body: dict[str, Any]) -> dict[str, Any]:
        index = body.get("IndexName")
        sort = f"{index}SK" if index else self.keys[1]
        found = [item for item in self.items if sort in item and self._matches(item, body)]
        found.sort(key=lambda item: item[sort]["S"].encode(), reverse=not body["ScanIndexForward"])
        return self._page(found, body)

    def _matches(self, item: WireItem, body: dict[str, Any]) -> bool:
        names, values = body["ExpressionAttributeNames"], body["ExpressionAttributeValues"]
        text = f"{body['KeyConditionExpression']} AND {body.get('FilterExpression', '')}"
        for begin, prefix, has, part, name, value in _CONDITION.findall(text):
            found = item.get(names[begin or has or name], {}).get("S", "")
            wanted = values[prefix or part or value]["S"]
            if not (found.startswith(wanted) if begin else wanted in found if has else found == wanted):
                return False
        return True

    def _page(self, items: list[WireItem], body: dict[str, Any]) -> dict[str, Any]:
        start = int(body.get("ExclusiveStartKey", {"at": {"N": "0"}})["at"]["N"])
        more = start + PAGE < len(items)
        page = {"Items": items[start : start + PAGE]}
        return {**page, "LastEvaluatedKey": {"at": {"N": str(start + PAGE)}}} if more else page
