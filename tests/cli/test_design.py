"""`design` as a user calls it."""

from __future__ import annotations

import json
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
