"""Proposals as files, and in the configuration."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from migration_tool.errors import UsageError
from migration_tool.proposing.naming import table_name
from migration_tool.proposing.proposals import File, Proposal


def save(files: Sequence[File], folder: Path, replace: bool) -> list[Path]:
    """Writes `NAME.yaml` of each. Raises UsageError where one would replace what is not the same text.

    replace  it may; other files of the folder stay in any case
    """
    texts = {folder / f"{file.name}.yaml": file.text for file in files}
    try:
        changed = [p for p, text in texts.items() if p.exists() and p.read_bytes() != text.encode()]
        if changed and not replace:
            raise UsageError(
                "write the designs", ", ".join(map(str, changed[:3])),
                "there are other designs of these names",
                "Move them away, or give --force to replace them.",
            )  # fmt: skip
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            path.write_bytes(text.encode())
    except OSError as error:
        cause = error.strerror or error
        raise UsageError(
            "write the designs", folder, cause, "Choose a folder that can be written to."
        ) from error
    return list(texts)


def table_entries(proposal: Proposal) -> dict[str, str]:
    """The section dynamodb_tables of a configuration that loads the proposal."""
    return {file.name: file.table for file in proposal.files}


def prefix_for(source: Path) -> str:
    """A prefix for the tables of that database."""
    return f"{table_name(source.stem)}_"
