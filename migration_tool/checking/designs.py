"""Designs held against the schema of the source, then against its data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from migration_tool.budget import Budget
from migration_tool.checking.figures import TableFigures, figures_json
from migration_tool.checking.fitting import fitted
from migration_tool.checking.patterns import index_warnings
from migration_tool.checking.reach import unreached
from migration_tool.checking.remarks import data_faults, data_warnings
from migration_tool.checking.survey import survey
from migration_tool.design.compile import CompiledDesign
from migration_tool.design.draft import each
from migration_tool.design.load import load_design
from migration_tool.design.model import Design
from migration_tool.errors import DesignError, SourceError, TooManyRejects
from migration_tool.source.sqlite import SqliteSource, check_source
from migration_tool.verify.report import many


@dataclass(frozen=True)
class Checked:
    """One design, sound in itself and against the schema.

    faults    what its data does to it: rows that share a key or have no item; a line that begins with two
              blanks belongs to the one before
    warnings  what needs no mending
    figures   None where its data was not looked at
    """

    design: Design
    faults: tuple[str, ...]
    warnings: tuple[str, ...]
    figures: TableFigures | None

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.design.name,
            "path": self.design.path,
            "data_faults": self.faults,
            "warnings": self.warnings,
            "figures": self.figures and figures_json(self.figures),
        }


@dataclass(frozen=True)
class Examination:
    """Designs checked together. `source`: None: without one; `notices`: what none of them carries."""

    source: Path | None
    designs: tuple[Checked, ...]
    notices: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether every row that was looked at has an item of its own."""
        return not any(checked.faults for checked in self.designs)

    def to_json(self) -> dict[str, Any]:
        designs = [checked.to_json() for checked in self.designs]
        source = str(self.source) if self.source else None
        return {"source": source, "notices": self.notices, "faults": (), "designs": designs}

    def require_sound(self, budget: Budget) -> None:
        """As `migrate` would: raises DesignError for keys that rows share, TooManyRejects."""
        figures = [checked.figures for checked in self.designs if checked.figures]
        names = ", ".join(found.name for found in figures)
        shared = [found.collisions for found in figures if found.collisions.count]
        if shared:
            raise DesignError(
                "give every row an item of its own", names,
                f"{many(sum(found.count for found in shared), 'row')} would overwrite another's item",
                "Add to the keys of the design what tells these rows apart, or mend the rows.",
                [str(collision) for found in shared for collision in found.named],
            )  # fmt: skip
        refused = sum(found.refused for found in figures)
        total = sum(entity.rows for found in figures for entity in found.entities)
        if refused > budget.of(total):
            raise TooManyRejects(
                "find every row fit", names,
                f"{many(refused, 'row')} would be rejected, the budget (max_rejects) is {budget.told(total)}",
                "Mend the rows or the design, or accept them with `migrate.py migrate --max-rejects N`.",
            )  # fmt: skip


def examine(
    paths: Sequence[Path], database: Path | None, data: bool, allow_code: bool = False
) -> Examination:
    """Reads all designs, compares them with the database's schema, and with its rows where `data` says so.

    allow_code  the designs may run functions of the user's own
    Raises DesignError with the faults of all designs, those of their files and those against the schema and
    the SQL together; SourceError, StateError (working files).
    """
    if database is None:
        checked = tuple(
            Checked(design, (), tuple(index_warnings(design)), None) for design in each(paths, load_design)
        )
        return Examination(None, checked, ())
    try:
        check_source(database)
    except SourceError:
        each(paths, load_design)
        raise
    with SqliteSource(database) as source:
        compiled = fitted(source, paths, allow_code, run=True)
        found = tuple(_checked(source, one, data) for one in compiled)
        return Examination(database, found, tuple(unreached(compiled, source.schema)))


def _checked(source: SqliteSource, compiled: CompiledDesign, data: bool) -> Checked:
    figures = survey(source, compiled) if data else None
    warnings = index_warnings(compiled.design)
    if figures is None:
        return Checked(compiled.design, (), tuple(warnings), None)
    warnings += data_warnings(figures)
    return Checked(compiled.design, tuple(data_faults(figures)), tuple(warnings), figures)
