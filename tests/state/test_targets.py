"""The list of known targets: what is remembered is read back, what is damaged is named."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from migration_tool.errors import StateError
from migration_tool.state.targets import NAME, KnownTarget, known_targets, remember_target

ONE = KnownTarget(
    "config/migration.json", "https://dynamodb.us-east-1.amazonaws.com", "123456789012", "us-east-1"
)
OTHER = KnownTarget("config/migration.json", "https://10.0.0.1:8000", "", "us-east-1")


def test_what_is_remembered_is_known(tmp_path: Path) -> None:
    assert known_targets(tmp_path) == frozenset()
    for target in (ONE, OTHER, ONE):
        remember_target(tmp_path, target)
    assert known_targets(tmp_path) == {ONE, OTHER}
    assert [path.name for path in tmp_path.iterdir()] == [NAME]
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"targets":{}}',
        '{"targets":[1]}',
        '{"targets":[{"account":"","configuration":"","endpoint":""}]}',
        '{"targets":[{"account":1,"configuration":"","endpoint":"","region":""}]}',
        json.dumps({"targets": []}) + " " * 1024 * 1024,
    ],
    ids=lambda content: content[:40],
)
def test_a_damaged_list_is_named_and_not_overwritten(tmp_path: Path, content: str) -> None:
    path = tmp_path / NAME
    path.write_text(content)
    for use in (lambda: known_targets(tmp_path), lambda: remember_target(tmp_path, ONE)):
        with pytest.raises(StateError) as caught:
            use()
        assert caught.value.obj == str(path)
        assert "delete it" in caught.value.hint
    assert path.read_text() == content


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / NAME).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StateError, match="symbolic link"):
        remember_target(tmp_path, ONE)
    assert not (tmp_path / "elsewhere").exists()
