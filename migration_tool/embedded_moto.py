"""moto with its slow spots taken out and its import made true. Only the embedded server process has this.

moto sorts all items of a table for every Query by comparing key objects in Python, and looks for each text
and number that it answers under some forty possible attribute names. Both are done directly here, with the
same result: a whole validation takes a third of the time.

moto's ImportTable knows no ZSTD and no client token, and its reader of JSON no escapes. AWS: an import with
errors completes, and counts them ("Import format quotas and validation"); a token begins one import.
"""

from __future__ import annotations

import gzip
import uuid
from base64 import b64decode
from typing import Any

import orjson

_PLAIN = ({"S"}, {"N"})


def all_items(table: Any) -> list[Any]:
    """What moto's `Table.all_items` returns: every item, in the order of its keys."""
    if not table.range_key_attr:
        return sorted(table.items.values(), key=lambda item: _native(item.hash_key))
    items = [item for collection in table.items.values() for item in collection.values()]
    return sorted(items, key=lambda item: (_native(item.hash_key), _native(item.range_key)))


def _native(key: Any) -> Any:
    return key.value if key.type == "S" else key.cast_value


def process(self: Any, s3_backend: Any, bucket: Any) -> None:
    """What moto's `TableImport._process_s3_files` does: the table, then every line of every object."""
    from moto.dynamodb.models import dynamodb_backends

    self.table = dynamodb_backends[self.account_id][self.region_name].create_table(
        name=self.table_name, billing_mode=self.billing_mode, throughput=self.throughput,
        schema=self.key_schema, global_indexes=self.global_indexes, indexes=None, attr=self.attrs,
        sse_specification=None, streams=None, tags=[], deletion_protection_enabled=False,
        warm_throughput=None,
    )  # fmt: skip
    for key in s3_backend.list_objects(bucket, self.s3_source.get("S3KeyPrefix"), None, None, None)[0]:
        for line in _unpacked(key.value, self.compression_type).splitlines():
            _put(self, line)
    self.status = "COMPLETED"


def _put(self: Any, line: bytes) -> None:
    self.processed_count += 1
    self.processed_bytes += len(line)
    try:
        item = orjson.loads(line)["Item"]
        self.table.put_item(item_attrs={name: _decoded(value) for name, value in item.items()})
    except Exception:  # whatever is wrong with a line: it is one error
        self.error_count += 1
    else:
        self.imported_count += 1


def _decoded(value: Any) -> Any:
    """An attribute as moto has it of a request: binary as bytes."""
    ((kind, content),) = value.items()
    if kind == "B":
        return {"B": b64decode(content)}
    if kind == "BS":
        return {"BS": [b64decode(each) for each in content]}
    if kind == "L":
        return {"L": [_decoded(each) for each in content]}
    if kind == "M":
        return {"M": {name: _decoded(each) for name, each in content.items()}}
    return value


def _unpacked(data: bytes, compression: str | None) -> bytes:
    if compression == "GZIP":
        return gzip.decompress(data)
    if compression == "ZSTD":
        import zstandard

        return zstandard.ZstdDecompressor().stream_reader(data).read()
    return data


def install() -> None:
    """Puts them in the place of moto's own. Raises ImportError where moto has been rebuilt."""
    from moto.core.serialize import BaseJSONSerializer
    from moto.dynamodb.models.table import Table
    from moto.dynamodb.models.table_import import TableImport
    from moto.dynamodb.responses import DynamoHandler

    thorough = BaseJSONSerializer._serialize_type_structure

    def structure(self: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if shape.name == "AttributeValue" and type(value) is dict and value.keys() in _PLAIN:
            serialized[key] = value
        else:
            thorough(self, serialized, value, shape, key)

    begin, begun = DynamoHandler.import_table, dict[str, Any]()

    def import_table(self: Any) -> Any:
        token = self.body.get("ClientToken") or uuid.uuid4().hex
        if token not in begun:
            begun[token] = begin(self)
        return begun[token]

    setattr(BaseJSONSerializer, "_serialize_type_structure", structure)  # noqa: B010  # mypy knows the types
    setattr(TableImport, "_process_s3_files", process)  # noqa: B010
    setattr(DynamoHandler, "import_table", import_table)  # noqa: B010
    setattr(Table, "all_items", all_items)  # noqa: B010  # of the methods that these replace
