"""Proposals as files, and the prefix of their tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from migration_tool.errors import UsageError
from migration_tool.proposing.naming import table_name


def save(designs: Mapping[str, str], folder: Path, replace: bool) -> list[Path]:
    """Writes `NAME.yaml` of each. Raises UsageError where one would replace what is not the same text.

    designs  name → text
    replace  it may; other files of the folder stay in any case
    """
    texts = {folder / f"{name}.yaml": text for name, text in designs.items()}
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


def prefix_for(source: Path) -> str:
    """A prefix for the tables of that database."""
    return f"{table_name(source.stem)}_"
