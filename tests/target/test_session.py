from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.credentials import ContainerProvider, InstanceMetadataProvider, RefreshableCredentials
from botocore.exceptions import ClientError
from botocore.session import Session

from migration_tool.errors import TargetError
from migration_tool.target.session import Credentials, Target

LOCAL = "http://127.0.0.1:8000"


def target(endpoint: str = LOCAL, **more: Any) -> Target:
    return Target(endpoint, "eu-central-1", 30, 4, **more)


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-env")


@pytest.fixture
def no_machine(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Nothing to be had from the machine's metadata; lists who asked."""
    asked: list[str] = []
    for provider in (InstanceMetadataProvider, ContainerProvider):
        monkeypatch.setattr(provider, "load", lambda self: asked.append(self.METHOD))
    return asked


def test_this_machine_without_keys_gets_dummies_and_asks_no_metadata(no_machine: list[str]) -> None:
    assert target().credentials() == Credentials("local", "local")
    assert not target().refresh_credentials()
    assert target().client.meta.endpoint_url == LOCAL
    assert no_machine == []


def test_this_machine_with_keys_gets_them(keys: None) -> None:
    assert target().credentials() == Credentials("AKIDENV", "secret-env")


def test_this_machine_gets_the_keys_of_the_profile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "credentials"
    file.write_text(
        "[default]\naws_access_key_id=AKIDFILE\naws_secret_access_key=secret\naws_session_token=tok\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    assert target().credentials() == Credentials("AKIDFILE", "secret", "tok")


def test_aws_without_keys_is_an_error_that_names_the_remedy(no_machine: list[str]) -> None:
    with pytest.raises(TargetError) as caught:
        target("aws").credentials()
    assert "aws configure" in caught.value.hint
    assert "iam-role" in no_machine


def test_aws_is_the_regions_endpoint_whatever_the_environment_says(
    keys: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert target("aws").url == "https://dynamodb.eu-central-1.amazonaws.com"
    assert not target("aws").loopback


def test_retries_and_timeouts_of_the_client_are_explicit(keys: None) -> None:
    config = Target("aws", "us-east-1", 4, 32).client.meta.config
    assert config.retries == {"mode": "standard", "total_max_attempts": 5}
    assert (config.connect_timeout, config.read_timeout, config.max_pool_connections) == (4, 4, 32)


def test_an_unknown_profile_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(TargetError, match="nobody") as caught:
        target("aws").credentials()
    assert "AWS_PROFILE" in caught.value.hint


def test_half_a_pair_of_keys_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    with pytest.raises(TargetError) as caught:
        target().credentials()
    assert "aws configure" in caught.value.hint


def test_refreshing_finds_what_is_new_and_says_whether_it_is(
    keys: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = target()
    old_client = local.client
    assert not local.refresh_credentials()
    monkeypatch.setenv("AWS_SESSION_TOKEN", "fresh")
    assert local.refresh_credentials()
    assert local.credentials().token == "fresh"
    assert local.client is not old_client


def test_a_refresh_that_finds_nothing_keeps_the_old(
    keys: None, monkeypatch: pytest.MonkeyPatch, no_machine: list[str]
) -> None:
    aws = target("aws")
    assert aws.credentials().access_key == "AKIDENV"
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert not aws.refresh_credentials()
    assert aws.credentials().access_key == "AKIDENV"


def test_temporary_credentials_are_renewed_by_boto3(monkeypatch: pytest.MonkeyPatch) -> None:
    def metadata(key: str, seconds: int) -> dict[str, str]:
        end = datetime.now(UTC) + timedelta(seconds=seconds)
        return {"access_key": key, "secret_key": "s", "token": "t", "expiry_time": end.isoformat()}

    held = RefreshableCredentials.create_from_metadata(
        metadata("ending", 60), lambda: metadata("renewed", 3600), "test"
    )
    monkeypatch.setattr(Session, "get_credentials", lambda self: held)
    assert target("aws").credentials() == Credentials("renewed", "s", "t")


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:1",
        "http://127.9.9.9",
        "http://[::1]:8000",
        "https://x.localhost",
        "http://LOCALHOST",
    ],
)
def test_addresses_of_this_machine(url: str) -> None:
    assert target(url).loopback


@pytest.mark.parametrize(
    "url", ["http://dynamodb-local:8000", "http://10.0.0.1", "http://localhost.evil.com"]
)
def test_plain_http_to_another_host_is_refused_unless_allowed(url: str) -> None:
    with pytest.raises(TargetError, match="unencrypted"):
        target(url)
    assert target(url, allow_http=True).url == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "dynamodb",
        "ftp://x",
        "http://",
        "localhost:8000",
        "http://h:99999",
        "https://u:p@h",
        "https://h/?x",
    ],
)
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(TargetError):
        target(url)


def test_identity_is_asked_of_sts_only_for_aws(keys: None, monkeypatch: pytest.MonkeyPatch) -> None:
    class Sts:
        def get_caller_identity(self) -> dict[str, str]:
            return {"Arn": "arn:aws:iam::123456789012:user/ada"}

    monkeypatch.setattr(Target, "_make_client", lambda self, service, url: {"sts": Sts()}[service])
    assert target("https://dynamodb.eu-central-1.amazonaws.com").identity() == (
        "arn:aws:iam::123456789012:user/ada"
    )
    assert target().identity() is None
    assert target("https://dynamo.example.com").identity() is None


def test_a_refused_identity_names_the_action(keys: None, monkeypatch: pytest.MonkeyPatch) -> None:
    class Sts:
        def get_caller_identity(self) -> None:
            fault = {"Error": {"Code": "AccessDenied", "Message": "not you"}}
            raise ClientError(fault, "GetCallerIdentity")  # type: ignore[arg-type]

    monkeypatch.setattr(Target, "_make_client", lambda self, service, url: Sts())
    with pytest.raises(TargetError, match="not you") as caught:
        target("https://dynamodb.eu-central-1.amazonaws.com").identity()
    assert "sts:GetCallerIdentity" in caught.value.hint


def test_no_credential_shows_in_a_representation() -> None:
    assert "hidden" not in repr(Credentials("AKID", "hidden-key", "hidden-token"))


def test_the_trusted_roots_are_those_told_or_botocores(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert Path(target().ca_file).is_file()
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "roots.pem"))
    assert target().ca_file == str(tmp_path / "roots.pem")
