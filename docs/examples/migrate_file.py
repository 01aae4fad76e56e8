"""Migrates a SQLite file into the embedded DynamoDB, proves the result, and prints the report.

    PYTHONPATH=. python docs/examples/migrate_file.py DATABASE DESIGN...

Needs no account; the tables are gone when it ends. The exit code is that of the command line tool.
"""

from __future__ import annotations

import sys
from tempfile import TemporaryDirectory

from migration_tool import Config, Design, MigrationError, Observer, Report, embedded, run, validate


class Phases(Observer):
    """Tells on stderr how far the run is."""

    def phase(self, name: str) -> None:
        print(f"{name} …", file=sys.stderr)

    def notice(self, text: str) -> None:
        print(text, file=sys.stderr)


def migrate(database: str, designs: list[str], folder: str) -> Report:
    config = Config.of(database, [Design(path) for path in designs], folder=folder, endpoint="embedded")
    try:
        run(config, observer=Phases())
        return validate(config, calls=None)
    finally:
        embedded.stop(config.state_dir)


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
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        with TemporaryDirectory() as folder:
            show(migrate(sys.argv[1], sys.argv[2:], folder))
    except MigrationError as error:
        print(f"{error}\n{error.hint}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
