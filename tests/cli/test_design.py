"""`design` as a user calls it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.cli.shell import Shell


def test_sound_designs_are_named(shell: Shell, tiny_db: Path) -> None:
    shell.ok("init", "-s", tiny_db)
    assert (
        "music_catalog: sound; 3 entities, 4 indexes, 9 access patterns"
        in shell.ok("design", "check").splitlines()
    )


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


def test_files_without_a_configuration_are_checked_by_themselves(shell: Shell, tiny_db: Path) -> None:
    own = shell.folder / "own.yaml"
    own.write_text('version: 1\ntable: Shop\nentities:\n  Nobody: {keys: {PK: "A#{Id}", SK: x}}\n')
    found = shell("design", "check", own)
    assert found.returncode == 0 and "own: sound" in found.stdout
    assert "checked by themselves" in found.stderr
    refused = shell("design", "check", own, "--source-db", tiny_db)
    assert refused.returncode == 3 and "Nobody" in refused.stderr
    assert shell("design", "check").returncode == 3


def test_designs_are_checked_by_name_and_shown_without_a_configuration(shell: Shell, tiny_db: Path) -> None:
    own = shell.folder / "own.yaml"
    own.write_text('version: 1\ntable: Shop\nentities:\n  Genre: {keys: {PK: "A#{GenreId}", SK: x}}\n')
    assert "own  (table Shop)" in shell.ok("design", "show", own, "--source-db", tiny_db)
    assert shell("design", "show", own).returncode == 3
    unknown = shell("design", "check", "playlist_data", "--source-db", tiny_db)
    assert unknown.returncode == 2 and "no configuration that knows designs" in unknown.stderr
    shell.ok("init", "-s", tiny_db)
    checked = shell.ok("design", "check", "PlaylistData", "own.yaml")
    assert re.findall(r"^\w+(?=: sound)", checked, re.M) == ["own", "playlist_data"]
    assert re.search(r"^GSI1 +PlaylistTrack +\d+ +\d+$", checked, re.M), checked
    assert re.search(r"^the table +\d+ +\S+ +[\d.]+%.*\n {20,}\S+ +[\d.]+%", checked, re.M), checked


def test_patterns_without_a_description_are_listed_without_a_gap(shell: Shell, tiny_db: Path) -> None:
    shell.ok("init", "-s", tiny_db)
    own = shell.folder / "config" / "designs" / "playlist_data.yaml"
    own.parent.mkdir()
    own.write_text(
        "version: 1\ntable: Shop\nentities:\n  Genre: {keys: {PK: 'A#{GenreId}', SK: x}}\naccess_patterns:\n"
        "  one: {get: {PK: A#1, SK: x}, sql: SELECT Name FROM Genre WHERE GenreId = 1}\n"
    )
    assert shell.ok("query", "playlist_data") == "playlist_data\n  one()\n"


def test_what_the_data_does_to_a_design_decides_the_exit_code(shell: Shell, tiny_db: Path) -> None:
    shell.ok("init", "-s", tiny_db)
    own = shell.folder / "own.yaml"
    text = 'version: 1\ntable: Shop\nentities:\n  Track:\n    keys: {{PK: "A#{{{}}}", SK: "x"}}\n'
    own.write_text(text.format("AlbumId"))
    shared = shell("design", "check", own)
    assert shared.returncode == 3
    named = "Track 1 and Track 6 share the key 'A#1', 'x'"
    assert named in shared.stdout and named in shared.stderr
    own.write_text(text.format("TrackId:1"))
    rejected = shell("design", "check", own, "--json")
    assert rejected.returncode == 8 and "does_not_fit" in rejected.stdout
    assert shell("design", "check", own, "--no-data").returncode == 0
