"""A source, a design, and the items that it makes of the source's rows, without a target."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson

from migration_tool.attributes import plain
from migration_tool.design.compile import CompiledEntity, compile_design
from migration_tool.design.load import load_design
from migration_tool.errors import RowRejected, RowSkipped, TooManyRejects, UsageError
from migration_tool.limits import item_size
from migration_tool.model import Position, Reject, Row, WireItem
from migration_tool.oversize import chunks_of, content_of, restored
from migration_tool.source.sqlite import SqliteSource


class Source:
    """A SQLite database, read-only, as it is when it is opened. To be closed, or used in `with`.

    Raises SourceError.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self.path = Path(path)
        self._sqlite = SqliteSource(self.path)

    def __enter__(self) -> Source:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Also more than once."""
        self._sqlite.close()

    @property
    def tables(self) -> Mapping[str, tuple[str, ...]]:
        """The columns of every table and view."""
        tables = self._sqlite.schema.tables
        return {name: tuple(column.name for column in table.columns) for name, table in tables.items()}

    def count(self) -> Mapping[str, int]:
        """The rows of every table; reads all of them."""
        return self._sqlite.facts().rows


@dataclass(frozen=True)
class Item:
    """An item as it would be written.

    entity  the name of the entity that gives it, a chunk item too
    key     values of partition and sort key
    json    the whole item in DynamoDB's JSON, attributes sorted by name, numbers in canonical form
    """

    entity: str
    key: tuple[str, str]
    json: str

    @property
    def wire(self) -> WireItem:
        """The item as boto3's client takes it, binary values aside, which are Base64 text here."""
        item: WireItem = orjson.loads(self.json.encode())
        return item

    @property
    def attributes(self) -> dict[str, Any]:
        """Plain values: str, int, Decimal, bool, bytes, list, dict, and None for DynamoDB's NULL.

        What has left an item of over 400 KB is back in its place.
        """
        chunks = [orjson.loads(text) for *_, text in chunks_of(self.json)]
        whole = restored(self.wire, chunks, self.content)
        return {name: plain(value) for name, value in whole.items()}

    @property
    def content(self) -> bytes:
        """What the object in S3 holds that the item points to (`oversize: s3`); empty where there is none."""
        return content_of(self.json)

    @property
    def size(self) -> int:
        """Bytes as DynamoDB counts them; at most 409,600."""
        return item_size(self.wire)


class Design:
    """A design file, read and checked. Raises DesignError with all its faults."""

    def __init__(self, path: str | PathLike[str]) -> None:
        self._design = load_design(Path(path))

    @property
    def path(self) -> str:
        """The file."""
        return self._design.path

    @property
    def name(self) -> str:
        """The name of the file without its ending, by which runs know the design."""
        return self._design.name

    @property
    def table(self) -> str:
        """The table's name, without a prefix."""
        return self._design.table

    @property
    def entities(self) -> tuple[str, ...]:
        return tuple(entity.name for entity in self._design.entities)

    @property
    def access_patterns(self) -> tuple[str, ...]:
        return tuple(pattern.name for pattern in self._design.patterns)

    @property
    def fingerprint(self) -> str:
        """Hex digest of all that decides what the items are; comments and layout of the file do not."""
        return self._design.fingerprint

    def items(
        self,
        source: Source,
        entities: Sequence[str] | None = None,
        rejected: Callable[[Reject], object] | None = None,
        allow_code: bool = False,
    ) -> Iterator[Item]:
        """What the rows of the source become: entity by entity, in the order of the tables. Streams.

        An item that is split (`oversize: split`) is followed by its chunk items, as they are written, too.

        entities    only these
        rejected    is told of each row that cannot be an item; without it the first one raises TooManyRejects
        allow_code  the design's own functions may run
        Raises DesignError where the design does not fit the source, UsageError for an unknown entity.
        """
        chosen = self.entities if entities is None else entities
        if unknown := [name for name in chosen if name not in self.entities]:
            hint = f"Choose from: {', '.join(self.entities)}."
            raise UsageError(
                "choose the entities", ", ".join(unknown), f"{self.name} has no such entity", hint
            )
        compiled = compile_design(self._design, source._sqlite.schema, allow_code)
        wanted = [entity for entity in compiled.entities if entity.name in chosen]
        return self._items(source._sqlite, wanted, rejected or _refuse)

    def _items(
        self, source: SqliteSource, entities: Sequence[CompiledEntity], rejected: Callable[[Reject], object]
    ) -> Iterator[Item]:
        for entity in entities:
            for position, row in source.rows(entity.read):
                try:
                    *key, text = entity.item(row)
                except RowSkipped:
                    continue
                except RowRejected as why:
                    rejected(self._reject(entity, position, row, why))
                else:
                    yield Item(entity.name, (key[0], key[1]), text)
                    yield from (Item(entity.name, (one, two), chunk) for one, two, chunk in chunks_of(text))

    def _reject(self, entity: CompiledEntity, position: Position, row: Row, why: RowRejected) -> Reject:
        named = dict(zip(entity.labels, row, strict=True))
        return Reject(self.name, entity.name, entity.table.name, position, why.rule, why.reason, named)


def _refuse(reject: Reject) -> None:
    row, why = f"{reject.source_table} {reject.source_key}", f"{reject.rule}: {reject.reason}"
    hint = "Pass rejected=, a function that takes such rows, to go on without them."
    raise TooManyRejects("make an item of the row", row, why, hint)
