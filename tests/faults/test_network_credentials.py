"""Row 22 on both engines: the credentials end at request k, and there are others, now or later."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.conftest import Loading
from tests.faults.load import QUICK
from tests.faults.proxy import Fault, Passage
from tests.target.fake import Reply, fault

pytestmark = pytest.mark.engine

EXPIRED = "ExpiredTokenException"
CODES = [EXPIRED, "InvalidSignatureException"]
OLD, FRESH = "an-old-token", "a-fresh-token"


def ending(number: int, code: str) -> Fault:
    """From this request on only the fresh token counts."""

    def script(passage: Passage) -> Reply:
        token = passage.seen.headers.get("X-Amz-Security-Token")
        return passage.deliver() if passage.number < number or token == FRESH else fault(code)

    return script


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Static credentials in the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", OLD)
    return monkeypatch


def test_row_22_static_credentials_end(loading: Loading, token: pytest.MonkeyPatch) -> None:
    number = 20
    load = loading(ending(number, EXPIRED))
    assert load.migrate() == 9
    assert EXPIRED in str(load.error)
    load.check_resumable()
    assert load.proxy.numbered <= number + QUICK["connections"], "what was on its way, and nothing after it"
    assert load.resume() == 9
    token.setenv("AWS_SESSION_TOKEN", FRESH)
    assert load.resume() == 0
    load.check_complete()


def test_row_22_static_credentials_end_in_the_validation(loading: Loading, token: pytest.MonkeyPatch) -> None:
    load = loading(ending(1, EXPIRED), enable_validation=True)
    load.proxy.operations = frozenset({"Scan"})
    assert load.migrate() == 9
    assert "resume" in (load.error.hint if load.error else "")
    token.setenv("AWS_SESSION_TOKEN", FRESH)
    assert load.resume() == 0
    load.check_complete()


@pytest.mark.parametrize("code", CODES)
def test_row_22_refreshable_credentials_go_on(
    loading: Loading, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str
) -> None:
    """Somebody renews the credentials file just when the old ones end."""
    shared = tmp_path / "credentials"
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(shared))

    def write(token: str) -> None:
        lines = [
            "[default]",
            "aws_access_key_id=AKID",
            "aws_secret_access_key=s",
            f"aws_session_token={token}",
        ]
        shared.write_text("\n".join(lines))

    def script(passage: Passage) -> Reply:
        if passage.number == 20:
            write(FRESH)
        return ending(20, code)(passage)

    write(OLD)
    load = loading(script)
    assert load.migrate() == 0
    load.check_complete()
    tokens = {seen.headers.get("X-Amz-Security-Token") for seen in load.proxy.seen}
    assert tokens == {OLD, FRESH}
