"""The `settings` section of a design, and what indexes set of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from migration_tool.design.model import Settings, Throughput
from migration_tool.design.reading import Reader
from migration_tool.documents import described

BILLING = ("on_demand", "provisioned")
STREAMS = ("new_image", "old_image", "new_and_old_images", "keys_only")
CLASSES = ("standard", "infrequent_access")
MOST_DAYS = 35
MOST_TAGS = 50
MAX_TAG_CHARACTERS = 128
MAX_TAG_VALUE_CHARACTERS = 256
"""Of tags: AWS, "Tagging restrictions in DynamoDB"; days: AWS, API reference, "RecoveryPeriodInDays"."""
_PLACE = "settings"


class SettingsLoader:
    """Reads settings with a reader that notes the faults."""

    def __init__(self, reader: Reader) -> None:
        self._read = reader

    def settings(self, value: Any) -> Settings:
        read = self._read
        body = read.section(_PLACE, value, "settings")
        found = Settings(
            billing=self._one_of("billing", body, BILLING),
            capacity=self.throughput(_PLACE, "capacity", body),
            warm_throughput=self.throughput(_PLACE, "warm_throughput", body),
            stream=self._one_of("stream", body, STREAMS),
            table_class=self._one_of("table_class", body, CLASSES),
            point_in_time_recovery=self._days(body.get("point_in_time_recovery", False)),
            deletion_protection=self._optional(body, "deletion_protection", bool, False),
            ttl=self._optional(body, "ttl", str, ""),
            tags=self._tags(body["tags"]) if "tags" in body else None,
        )
        if found.billing == "provisioned" and found.capacity is None:
            read.fault(f"{_PLACE}.capacity", "provisioned billing needs {read: …, write: …}")
        return found

    def throughput(self, place: str, name: str, body: Mapping[str, Any]) -> Throughput | None:
        """Of a table or an index."""
        if name not in body:
            return None
        place = f"{place}.{name}"
        units = self._read.section(place, body[name], "throughput")
        read, write = (self._units(f"{place}.{kind}", units.get(kind)) for kind in ("read", "write"))
        return Throughput(read, write)

    def _units(self, place: str, value: Any) -> int:
        units = self._read.typed(place, value, int, 1)
        if units < 1:
            self._read.fault(place, f"expected units per second, 1 or more, found {units}")
        return units

    def _one_of(self, name: str, body: Mapping[str, Any], known: tuple[str, ...]) -> str | None:
        if name not in body:
            return None
        if body[name] not in known:
            self._read.fault(
                f"{_PLACE}.{name}", f"expected {', '.join(known)}, found {described(body[name])}"
            )
            return None
        return str(body[name])

    def _optional(self, body: Mapping[str, Any], name: str, kind: type, default: Any) -> Any:
        return self._read.typed(f"{_PLACE}.{name}", body[name], kind, default) if name in body else None

    def _days(self, value: Any) -> int | None:
        """`true` are all the days there are."""
        if isinstance(value, bool):
            return MOST_DAYS if value else None
        place = f"{_PLACE}.point_in_time_recovery"
        days = self._read.typed(place, value, int, 1)
        if not 1 <= days <= MOST_DAYS:
            self._read.fault(place, f"expected true or 1 to {MOST_DAYS} days, found {days}")
        return days

    def _tags(self, value: Any) -> dict[str, str]:
        place = f"{_PLACE}.tags"
        body = self._read.mapping(place, value)
        tags = {name: self._read.typed(f"{place}.{name}", text, str, "") for name, text in body.items()}
        if len(tags) > MOST_TAGS:
            self._read.fault(place, f"a table has at most {MOST_TAGS}, these are {len(tags)}")
        for name, text in tags.items():
            if len(name) > MAX_TAG_CHARACTERS or name.lower().startswith("aws:"):
                self._read.fault(place, f"{name!r:.60} cannot be the name of a tag")
            if len(text) > MAX_TAG_VALUE_CHARACTERS:
                self._read.fault(f"{place}.{name}", f"has more than {MAX_TAG_VALUE_CHARACTERS} characters")
        return tags
