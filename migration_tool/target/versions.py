"""Versions that only the importers of the cloud libraries can tell."""

from __future__ import annotations


def libcurl() -> str:
    """libcurl's version and its TLS library, as "8.5.0, OpenSSL/3.0.13"."""
    import pycurl

    facts = pycurl.version_info()
    return f"{facts[1]}, {facts[5]}"
