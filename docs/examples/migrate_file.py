"""Checks, plans and migrates a SQLite file into the embedded DynamoDB, and proves the result.

    PYTHONPATH=. python docs/examples/migrate_file.py DATABASE [DESIGN...]

Without designs it takes the best of those that are proposed for the database. Needs no account; the tables
are gone when it ends. The exit code is that of the command line tool.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from migration_tool import (
    Config,
    Design,
    MigrationError,
    Observer,
    Plan,
    Report,
    check,
    embedded,
    plan,
    propose,
    run,
    validate,
)


class Phases(Observer):
    """Tells on stderr how far the run is."""

    def phase(self, name: str) -> None:
        print(f"{name} …", file=sys.stderr)

    def notice(self, text: str) -> None:
        print(text, file=sys.stderr)


def proposed(database: str, folder: Path) -> list[Path]:
    """The files of the best proposal."""
    found = propose(database)
    for proposal in found.ranked:
        print(f"{proposal.rank}. {proposal.title}: {proposal.prediction.write_units:,} write units")
    return found.best.save(folder)


def migrate(database: str, paths: list[Path], folder: Path) -> Report:
    config = Config.of(database, [Design(path) for path in paths], folder=folder, endpoint="embedded")
    check(config).require_sound(config.settings.max_rejects)
    show_plan(plan(config))
    try:
        run(config, observer=Phases())
        return validate(config)
    finally:
        embedded.stop(config.state_dir)


def show_plan(planned: Plan) -> None:
    print(f"{planned.items:,} items, {planned.write_units:,} write units")
    for way in planned.ways:
        print(f"  {way.name:12} {'?' if way.dollars is None else f'${way.dollars:,.4f}':>10}")
    print(f"  recommended: {planned.recommended.name}: {planned.recommended.reason}")


def show(report: Report) -> None:
    for table in report.tables:
        print(table.difference.table)
        for entity in table.difference.entities:
            print(f"  {entity.entity:20} {entity.actual:>10,} items, {entity.different} different")
        for pattern in table.access_patterns:
            print(
                f"  {pattern.name:20} {pattern.passed:>10,} of {pattern.calls:,} calls answered as their SQL"
            )
    print(report.summary() or "Source and target are equal.")


def main() -> int:
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    database, *designs = sys.argv[1:]
    try:
        with TemporaryDirectory() as name:
            folder = Path(name)
            paths = [Path(design) for design in designs] or proposed(database, folder / "designs")
            show(migrate(database, paths, folder))
    except MigrationError as error:
        print(f"{error}\n{error.hint}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
