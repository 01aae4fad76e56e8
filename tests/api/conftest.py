"""A small shop, its design, and configurations of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from migration_tool import Config, Design

DESIGN = """
version: 1
table: Shop
entities:
  Customer: {keys: {PK: "C#{CustomerId}", SK: "#"}, attributes: {"*": Customer, Paid: {as: number}}}
  Purchase: {keys: {PK: "C#{CustomerId}", SK: "P#{PurchaseId:8}"}}
access_patterns:
  purchases:
    parameters: {customer: integer}
    query: {partition: "C#{customer}", sort: {begins_with: "P#"}}
    sql: SELECT PurchaseId FROM Purchase WHERE CustomerId = :customer ORDER BY PurchaseId
    cases: SELECT CustomerId AS customer FROM Customer
"""
ROWS = """
CREATE TABLE Customer (CustomerId INTEGER PRIMARY KEY, Name TEXT, Paid, Face BLOB);
CREATE TABLE Purchase (PurchaseId INTEGER PRIMARY KEY, CustomerId INTEGER NOT NULL);
INSERT INTO Customer VALUES (1, 'Ada', '1.50', x'00ff'), (2, 'Bo', 2, NULL);
INSERT INTO Purchase VALUES (1, 1), (2, 2), (3, 1);
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "shop.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(ROWS)
    return path


@pytest.fixture
def design(tmp_path: Path) -> Design:
    path = tmp_path / "anywhere" / "shop.yaml"
    path.parent.mkdir()
    path.write_text(DESIGN)
    return Design(path)


def change(database: Path, statement: str) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(statement)
        connection.commit()


@pytest.fixture
def config(
    database: Path, design: Design, tmp_path: Path, moto_server: str, table_prefix: str
) -> Callable[..., Config]:
    def of(**settings: object) -> Config:
        given = {"endpoint": moto_server, "table_prefix": table_prefix, **settings}
        return Config.of(database, [design], folder=tmp_path / "work", **given)  # type: ignore[arg-type]  # as given

    return of
