"""Credentials, tokens and signatures out of texts that others wrote. This module imports nothing of ours.

AWS quotes what it got when a signature is wrong: InvalidSignatureException holds the canonical request with
the session token, IncompleteSignatureException the whole Authorization header.
"""

from __future__ import annotations

import re

HIDDEN = "***"

_SECRETS = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}"
    r"|(?<=://)[^/\s]+(?=@)"
    r"|(?i:x-amz-security-token|aws_secret_access_key|aws_session_token|authorization|signature)"
    r"[\"']?\s*[:=]\s*[^\r\n]*"
)


def redacted(text: object) -> str:
    """The text with `HIDDEN` for access keys, for the user in a URL, and for what follows a secret's name."""
    return _SECRETS.sub(HIDDEN, str(text))
