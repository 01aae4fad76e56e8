"""`--via` and what belongs to it: options that `migrate` gets as one way of doing it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migration_tool.cli.confirm import confirmation
from migration_tool.cli.fitting import require_fitting
from migration_tool.cli.options import MAX_REJECTS, Globals

if TYPE_CHECKING:
    from migration_tool.files_export import Files
    from migration_tool.filing import Form

COMPRESSION, PART_SIZE = "gzip", "1GB"
S3_BUCKET, S3_PREFIX, S3_ENDPOINT = (
    f"migration_settings.s3_{key}" for key in ("bucket", "prefix", "endpoint")
)
_FORM = {"compression", "part_size"}
_FITTING = {
    "batch": frozenset({"via", "force", "tables", "yes", "max_wcu", "max_rejects", "lease", "take_over"}),
    "files": frozenset({"via", "force", "tables", "yes", "max_rejects", "out", *_FORM}),
}
_S3 = {"bucket", "prefix", "s3_endpoint"}
_FITTING["s3-import"] = _FITTING["batch"] | _S3 | _FORM
"""The options that each way follows."""


class Size(click.ParamType[int]):
    """A number of bytes, "64MB" or "65536"."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        from migration_tool.config_values import size

        try:
            return size(value)
        except ValueError as error:
            self.fail(f"{value!r} is not {error}", param, ctx)


@dataclass(frozen=True)
class Way:
    """How the items get into their tables, or into files.

    via          batch, files, s3-import
    out          folder of the files
    part_bytes   of the items in one file, unpacked
    flags        what was said of S3, by dotted key name
    """

    via: str
    out: Path | None
    compression: str
    part_bytes: int
    flags: Mapping[str, str | None]

    @property
    def form(self) -> Form:
        from migration_tool.filing import Form

        return Form(self.compression, self.part_bytes)


def ways(function: Callable[..., None]) -> Callable[..., None]:
    """Gives the options to a command; its argument `way` says what was chosen."""

    @click.option(
        "--via", type=click.Choice(list(_FITTING)), default="batch", show_default=True,
        help="batch: write to the tables. files: write files that DynamoDB imports from S3, and no table. "
        "s3-import: write these, upload them, and have new tables made of them.",
    )  # fmt: skip
    @click.option(
        "--out", metavar="DIR", type=click.Path(path_type=Path, file_okay=False),
        help="Where the files go: a new or empty folder, or one where the same command was stopped.",
    )  # fmt: skip
    @click.option(
        "--compression", type=click.Choice(["gzip", "zstd", "none"]), default=COMPRESSION, show_default=True,
        help="Of the files.",
    )  # fmt: skip
    @click.option(
        "--part-size", type=Size(), metavar="SIZE", default=PART_SIZE, show_default=True,
        help="Bytes of items in one file, before they are compressed.",
    )  # fmt: skip
    @click.option("--bucket", metavar="NAME", help="The bucket of an import; beats environment and file.")
    @click.option("--prefix", metavar="P", help="What the names of its objects begin with; beats the same.")
    @click.option(
        "--s3-endpoint", metavar="same|aws|URL",
        help="The S3 to use, same: of AWS, or the server of --endpoint; beats the same.",
    )  # fmt: skip
    @wraps(function)
    def with_way(
        *arguments: Any, via: str, out: Path | None, compression: str, part_size: int, bucket: str | None,
        prefix: str | None, s3_endpoint: str | None, **options: Any
    ) -> None:  # fmt: skip
        other = "add --via files or --via s3-import" if via == "batch" else f"leave --via {via} out"
        require_fitting(other, _FITTING[via], f"--via {via} does not follow them")
        flags = {S3_BUCKET: bucket, S3_PREFIX: prefix, S3_ENDPOINT: s3_endpoint}
        function(*arguments, way=Way(via, out, compression, part_size, flags), **options)

    return with_way


def write_files(
    shared: Globals, tables: tuple[str, ...], way: Way, force: bool, yes: bool, max_rejects: str | None
) -> None:
    """The whole of `migrate --via files`."""
    from migration_tool.cli.progress import watching
    from migration_tool.errors import UsageError
    from migration_tool.files_export import export_files

    if way.out is None:
        raise UsageError("write the files", "--out", "no folder is named", "Add --out DIR.")
    config = shared.load(flags={MAX_REJECTS: max_rejects})
    with watching(shared) as watch:
        found = export_files(config, tables, way.out, way.form, force, confirmation(yes, watch), watch)
        watch.finished()
    _show(found)


def _show(exported: Files) -> None:
    from migration_tool.cli.console import say, show
    from migration_tool.cli.render import heading, pairs, table
    from migration_tool.cli.text import count, size

    tables = exported.manifest["tables"]
    rows = [
        (t["table"], t["items"], _rejected(t), len(t["parts"]), size(t["bytes"]), size(t["size"]))
        for t in tables
    ]
    together = [sum(found) for found in zip(*[_figures(t) for t in tables], strict=True)]
    total = ("together", *together[:3], *map(size, together[3:]))
    columns = ("table", ">items", ">rejected", ">files", ">of items", ">on disk")
    show(heading(f"{exported.folder} is complete", "bold green"), "", table(columns, rows, total), "")
    told = [("manifest", str(exported.folder / "manifest.json"))]
    told += [("rejected", f"{count(together[1], 'row')}, see {exported.rejects}")] if exported.rejects else []
    show(pairs(told))
    say("next: upload the data folder of a table to S3, then `aws dynamodb import-table` with its table.json")


def _figures(table: dict[str, Any]) -> tuple[int, ...]:
    return table["items"], _rejected(table), len(table["parts"]), table["bytes"], table["size"]


def _rejected(table: dict[str, Any]) -> int:
    return sum(entity["rejected"] for entity in table["entities"].values())
