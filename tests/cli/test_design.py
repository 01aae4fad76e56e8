"""`design` as a user calls it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.cli.shell import Shell


def test_sound_designs_are_named(shell: Shell, tiny_db: Path) -> None:
    shell.ok("init", "-s", tiny_db)
    assert "music_catalog: sound; 3 entities" in shell.ok("design", "check").splitlines()


def test_names_that_the_source_does_not_have_are_faults(shell: Shell, tiny_db: Path) -> None:
    shell.ok("init", "-s", tiny_db)
    own = shell.folder / "shop.yaml"
    own.write_text(
        "version: 1\ntable: Shop\nentities:\n  Artist:\n"
        '    keys: {PK: "A#{ArtistID}", SK: "#{Nmae}"}\n    attributes: {"*": Artist}\n'
    )
    found = shell("design", "check", own)
    assert found.returncode == 3
    remedy = "unknown column of Artist 'Nmae'; did you mean 'Name'?"
    assert f"- shop.yaml:5:32: entities.Artist.keys.SK: {remedy}" in found.stderr


def test_the_schema_of_the_language_needs_no_project(shell: Shell) -> None:
    schema = json.loads(shell.ok("design", "schema"))
    assert schema["$schema"].endswith("2020-12/schema") and "entity" in schema["$defs"]


def test_designs_are_shown_with_what_they_make_of_the_source(shell: Shell, tiny_db: Path) -> None:
    shell.ok("init", "-s", tiny_db)
    words = shell.ok("design", "show", "customer_data", COLUMNS="160")
    for line in (
        r"customer_data  \(table chinook_CustomerData\)",
        r"GSI1 +Customer +GSI1PK = EMAIL#\{lower\(Email\)\}",
        r"Invoice +Lines +L +list of InvoiceLine",
        r"purchases\(customer_id: integer\) +Query: PK = CUSTOMER#\{customer_id\}, SK begins_with INVOICE#",
    ):
        assert re.search(line, words), line
    assert "music_catalog" not in words and "chinook_EmployeeData" in shell.ok("design", "show")


def test_a_page_of_designs_is_written_instead(shell: Shell, tiny_db: Path) -> None:
    shell.ok("init", "-s", tiny_db)
    done = shell("design", "show", "--html", "d.html", "playlist_data")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "Wrote d.html\n")
    assert "</html>" in (shell.folder / "d.html").read_text()
    assert shell("design", "show", "--html", "no/d.html").returncode == 2
