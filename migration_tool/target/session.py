"""Where the target is and who we are there: endpoint, region, credentials. boto3 lives here.

boto3 is imported when the first thing is asked of it: commands that need no network start without it.
"""

from __future__ import annotations

import ipaddress
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from migration_tool.errors import TargetError
from migration_tool.target.faults import LOGIN_HINT, answered, translated

CONNECT_SECONDS = 10.0
"""Longest time to open a connection; less where the request timeout is less."""

_ATTEMPTS = 5
_STATIC_SOURCES = frozenset({"env", "shared-credentials-file", "config-file"})
_AWS_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What one request is signed with, frozen at one moment. `token` is None for long-term keys."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


def preload() -> None:
    """Imports and reads what takes long, so that it can be done beside something else.

    What is wrong with it is said where a client is needed.
    """
    with suppress(Exception):
        _ = Target("http://localhost", "us-east-1", CONNECT_SECONDS, 1).client


def partition_of(region: str) -> str:
    """The part of AWS that the region belongs to: "aws", "aws-cn", "aws-us-gov". Raises TargetError."""
    from botocore.session import Session

    with translated("find the partition", f"region {region}"):
        return str(Session().get_partition_for_region(region))


class Target:
    """One DynamoDB: endpoint, region, credentials.

    endpoint     "aws", which is always the region's own endpoint, or a URL
    timeout      seconds, for one request
    connections  requests at a time
    allow_http   accept plain http:// to a host that is not this machine

    Raises TargetError for a URL that cannot be used, and for http:// to another host.
    """

    def __init__(
        self, endpoint: str, region: str, timeout: float, connections: int, *, allow_http: bool = False
    ) -> None:
        self.region = region
        self.timeout = timeout
        self.connections = connections
        self._given_url = None if endpoint == "aws" else _checked(endpoint, allow_http)
        self._session: Any = None
        self._client: Any = None

    @property
    def endpoint(self) -> str:
        """ "aws", or the URL that was given."""
        return self._given_url or "aws"

    @cached_property
    def url(self) -> str:
        """The effective endpoint, without a slash at its end."""
        return self._given_url or str(self.client.meta.endpoint_url).rstrip("/")

    @property
    def loopback(self) -> bool:
        """Whether the endpoint is on this machine."""
        return self._given_url is not None and _is_loopback(self._given_url)

    @property
    def client(self) -> Any:
        """The boto3 client for all that is not hot. Made at first use."""
        if self._client is None:
            with translated("reach DynamoDB", self._given_url or f"aws, region {self.region}"):
                self._client = self._make_client("dynamodb", self._given_url)
        return self._client

    @cached_property
    def ca_file(self) -> str:
        """The trusted roots: AWS_CA_BUNDLE or ca_bundle of the profile, else those botocore uses."""
        from botocore.httpsession import get_cert_path

        return str(self._core.get_config_variable("ca_bundle") or get_cert_path(True))

    def credentials(self) -> Credentials:
        """What to sign with now; temporary credentials near their end are renewed by boto3.

        An endpoint on this machine gets the keys of the environment or the profile, else the pair
        "local"/"local"; nothing on the network is asked for it. Raises TargetError if there are none.
        """
        with translated("find AWS credentials", f"region {self.region}"):
            found = self._core.get_credentials()
            frozen = found and found.get_frozen_credentials()
        if not frozen:
            raise TargetError("find AWS credentials", f"region {self.region}", "there are none", LOGIN_HINT)
        return Credentials(frozen.access_key, frozen.secret_key, frozen.token)

    def refresh_credentials(self) -> bool:
        """Looks everywhere anew. True if that gave other credentials than before."""
        old, session, client = self.credentials(), self._session, self._client
        self._session = self._client = None
        try:
            if self.credentials() != old:
                return True
        except TargetError:
            self._session, self._client = session, client
        return False

    @property
    def on_aws(self) -> bool:
        """Whether the endpoint is one of AWS."""
        host = urlsplit(self.url).hostname or ""
        return self._given_url is None or host.endswith(_AWS_DOMAINS)

    def identity(self) -> str | None:
        """The ARN we act as, by STS; None for an endpoint that is not AWS. Raises TargetError."""
        if not self.on_aws:
            return None
        with answered("ask who we are", f"STS, region {self.region}"):
            return str(self._make_client("sts", None).get_caller_identity()["Arn"])

    def account(self) -> str:
        """The account we act in, by STS; "" for an endpoint that is not AWS. Raises TargetError."""
        arn = self.identity()
        return arn.split(":")[4] if arn else ""

    def s3_client(self) -> Any:
        """A boto3 client for S3 at this endpoint; a server of one's own has no host name per bucket."""
        style = {"addressing_style": "path" if self._given_url else "auto"}
        with translated("reach S3", self._given_url or f"aws, region {self.region}"):
            return self._make_client("s3", self._given_url, s3=style)

    @property
    def _core(self) -> Any:
        """The botocore session, with its sources of credentials already cut down for this machine."""
        if self._session is None:
            from botocore.session import Session

            from migration_tool.target.models import models

            with translated("open an AWS session", f"region {self.region}"):
                session: Any = Session()
                session.register_component("data_loader", models(session.get_config_variable("data_path")))
                if self.loopback:
                    _stay_on_this_machine(session)
            self._session = session
        return self._session

    def _make_client(self, service: str, url: str | None, **more: Any) -> Any:
        import boto3
        from botocore.config import Config

        options: dict[str, Any] = {
            "retries": {"mode": "standard", "total_max_attempts": _ATTEMPTS},
            "connect_timeout": min(CONNECT_SECONDS, self.timeout),
            "read_timeout": self.timeout,
            "max_pool_connections": max(10, self.connections),
            "ignore_configured_endpoint_urls": True,
            "account_id_endpoint_mode": "disabled",  # one host for all calls: the one that was agreed to
            "proxies": {} if self.loopback else None,
            **more,
        }
        session = boto3.Session(botocore_session=self._core, region_name=self.region)
        return session.client(service, endpoint_url=url, config=Config(**options))  # type: ignore[call-overload]


def _stay_on_this_machine(session: Any) -> None:
    resolver = session.get_component("credential_provider")
    resolver.providers = [p for p in resolver.providers if p.METHOD in _STATIC_SOURCES]
    if session.get_credentials() is None:
        session.set_credentials("local", "local")


def _checked(endpoint: str, allow_http: bool) -> str:
    try:
        parts = urlsplit(endpoint)
        usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port or True)
    except ValueError:
        usable = False
    if not usable or parts.username or parts.query or parts.fragment:
        raise TargetError(
            "use the endpoint", endpoint, "it is not a URL of the form http(s)://host[:port]",
            "give --endpoint aws, embedded or a URL such as http://127.0.0.1:8000",
        )  # fmt: skip
    if parts.scheme == "http" and not (allow_http or _is_loopback(endpoint)):
        raise TargetError(
            "use the endpoint", endpoint, "plain http:// would send the data unencrypted to another host",
            "use an https:// endpoint or one on this machine, or accept that with --allow-http",
        )  # fmt: skip
    return endpoint.rstrip("/")


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
