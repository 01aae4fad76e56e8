"""Names that all places take, made of names that are anything."""

from __future__ import annotations

import pytest

from migration_tool.proposing.naming import prefixes, snake, table_name


@pytest.mark.parametrize(
    ("name", "parameter", "table"),
    [
        ("InvoiceLine", "invoice_line", "InvoiceLine"),
        ("Größen für Straßen", "grossen_fur_strassen", "Grossen_fur_Strassen"),
        ("États", "etats", "Etats"),
        ("注文", "rows", "Rows_table"),
        ("注文 id", "id", "id_table"),
        ("😀", "rows", "Rows_table"),
    ],
)
def test_accents_go_and_other_alphabets_are_left_out(name: str, parameter: str, table: str) -> None:
    assert (snake(name), table_name(name)) == (parameter, table)
    assert prefixes([name]) == {name: parameter.upper()}
