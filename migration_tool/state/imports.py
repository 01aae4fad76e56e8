"""What a run has to remember of its import from S3: `<run>.import.json`, there from before the run is.

{"arns": {"music_catalog": "arn:aws:dynamodb:…/import/01…"}, "bucket": "b", "compression": "gzip",
 "endpoint": "same", "part_bytes": 1073741824, "prefix": "p/20261121T213000-a1b2c3/",
 "tables": ["music_catalog"]}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import orjson

from migration_tool.errors import StateError
from migration_tool.state import files
from migration_tool.state.fields import DamagedError, Fields
from migration_tool.state.parts import COMPRESSIONS

OVER = ""
"""In place of the ARN of an import that has ended well."""
_MAX_BYTES = 16 << 20


@dataclass(frozen=True)
class Import:
    """Where the files of a run go, and what has become of them.

    endpoint    migration_settings.s3_endpoint when it began
    prefix      of all its objects
    part_bytes  of lines in a file
    tables      designs whose tables are imported; None while that is not known
    arns        design name -> its import, once it has begun; OVER when it is in the account of the run
    """

    endpoint: str
    bucket: str
    prefix: str
    compression: str
    part_bytes: int
    tables: tuple[str, ...] | None = None
    arns: Mapping[str, str] = field(default_factory=dict)


def write_import(path: Path, value: Import) -> None:
    """Durable when it returns. Raises StateError."""
    data = orjson.dumps(asdict(value), option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
    files.make_folder(path.parent)
    files.write_whole(path, data, "save the import", "free space there or make it writable")


def read_import(path: Path) -> Import | None:
    """None for a run that has none. Raises StateError where the file is damaged."""
    files.require_regular(path, "read the import")
    with files.naming("read the import", path, "make it readable"):
        try:
            data = files.read_whole(path, _MAX_BYTES)
        except FileNotFoundError:
            return None
    try:
        return _read(data)
    except (DamagedError, ValueError) as error:
        cause = f"{error.obj} {error.cause}" if isinstance(error, DamagedError) else error
        raise StateError(
            "read the import", path, cause, "begin anew with: migrate.py migrate --force"
        ) from error


def _read(data: bytes) -> Import:
    """Raises DamagedError, or ValueError for what is no JSON."""
    f = Fields(orjson.loads(data), "file", tuple(Import.__dataclass_fields__))
    tables = f.any("tables")
    if tables is not None and not (isinstance(tables, list) and all(isinstance(t, str) for t in tables)):
        raise DamagedError(f.where("tables"), "is not a list of names")
    if f.text("compression") not in COMPRESSIONS or not f.count("part_bytes"):
        raise DamagedError("file", "has a form that no files have")
    return Import(
        endpoint=f.text("endpoint"),
        bucket=f.text("bucket"),
        prefix=f.text("prefix"),
        compression=f.text("compression"),
        part_bytes=f.count("part_bytes"),
        tables=None if tables is None else tuple(tables),
        arns=f.texts("arns"),
    )
