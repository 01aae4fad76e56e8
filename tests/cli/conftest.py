"""A tiny database, folders to run commands in, and one migration that all reading tests share."""

from __future__ import annotations

import shutil
import sqlite3
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.shell import Shell

Project = Callable[..., Shell]


@pytest.fixture(scope="session")
def tiny_db(sample_db: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample with some dozen rows left of each table, so that validating it takes a moment."""
    path = tmp_path_factory.mktemp("tiny") / "tiny.sqlite"
    shutil.copyfile(sample_db, path)
    connection = sqlite3.connect(path)
    connection.executescript(
        """
        DELETE FROM PlaylistTrack WHERE TrackId > 12;
        DELETE FROM InvoiceLine WHERE TrackId > 40 OR InvoiceId > 12;
        DELETE FROM Invoice WHERE InvoiceId > 12;
        DELETE FROM Customer WHERE CustomerId > 9;
        DELETE FROM Track WHERE TrackId > 40;
        DELETE FROM Album WHERE AlbumId > 9;
        DELETE FROM Artist WHERE ArtistId > 15;
        DELETE FROM Invoice WHERE CustomerId NOT IN (SELECT CustomerId FROM Customer);
        DELETE FROM InvoiceLine WHERE InvoiceId NOT IN (SELECT InvoiceId FROM Invoice);
        """
    )
    connection.close()
    path.chmod(0o444)
    return path


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """An empty folder."""
    return Shell(tmp_path)


@pytest.fixture(scope="session")
def project(tiny_db: Path, moto_server: str) -> Project:
    """Makes a folder with a configuration for the tiny database and a table prefix nobody else has."""

    def make(folder: Path, source: Path = tiny_db, endpoint: str = moto_server, **settings: object) -> Shell:
        from migration_tool.config import write_config

        values: dict[str, object] = {f"migration_settings.{name}": value for name, value in settings.items()}
        values |= {
            "source_db": str(source),
            "endpoint": endpoint,
            "table_prefix": f"c{uuid.uuid4().hex[:10]}_",
        }
        write_config(folder / "config/migration.json", values)
        return Shell(folder)

    return make


@pytest.fixture(scope="session")
def migrated(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A folder whose migration is complete. Only for tests that change neither state nor tables."""
    shell = project(tmp_path_factory.mktemp("migrated"))
    shell.ok("migrate")
    return shell
