"""botocore's models are shared by all sessions, and are those that the user's configuration names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from botocore.exceptions import UnknownServiceError

from migration_tool.errors import TargetError
from migration_tool.target.models import models
from migration_tool.target.session import Target, preload

URL = "http://127.0.0.1:9"


def test_a_second_client_reads_no_model_again(monkeypatch: pytest.MonkeyPatch) -> None:
    preload()
    files, opened = models(None).file_loader, list[str]()
    load = files.load_file

    def read(path: str) -> object:
        opened.append(path)
        return load(path)

    monkeypatch.setattr(files, "load_file", read)
    assert Target(URL, "eu-central-1", 5, 1).client.meta.service_model.service_name == "dynamodb"
    assert opened == []


def test_sessions_leave_nothing_behind_in_them() -> None:
    before = models(None).search_paths
    for _ in range(2):
        assert Target(URL, "us-east-1", 5, 1).client
    assert models(None).search_paths == before


def test_the_user_may_have_models_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS_DATA_PATH, as botocore documents it."""
    monkeypatch.setenv("AWS_DATA_PATH", os.pathsep.join([str(tmp_path / "a"), str(tmp_path / "b")]))
    core = Target(URL, "us-east-1", 5, 1)._core
    assert core.get_component("data_loader").search_paths[:2] == [str(tmp_path / "a"), str(tmp_path / "b")]


def test_a_service_that_is_not_used_here_is_unknown() -> None:
    with pytest.raises(UnknownServiceError):
        models(None).load_service_model("ec2", "service-2")


def test_what_goes_wrong_ahead_of_time_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody has this one")
    preload()
    with pytest.raises(TargetError, match="nobody has this one"):
        _ = Target(URL, "us-east-1", 5, 1).client
