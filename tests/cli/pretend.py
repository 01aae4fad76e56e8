"""An AWS to talk to: the real names and real TLS, behind an HTTPS proxy on this machine.

STS answers by itself; what goes to DynamoDB is passed on to one of the engines.
"""

from __future__ import annotations

import ssl
import threading
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from tests.certificates import self_signed, server_side
from tests.engines import request
from tests.target.fake import Reply, Seen

IDENTITY = """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<GetCallerIdentityResult><Arn>arn:aws:iam::{0}:user/ada</Arn><UserId>AIDA</UserId><Account>{0}</Account>
</GetCallerIdentityResult></GetCallerIdentityResponse>"""


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True


@dataclass
class PretendAws:
    """`on_request` gets each request to DynamoDB, and its body to change it; it may answer itself."""

    engine: str
    folder: Path
    account: str = "123456789012"
    on_request: Callable[[Seen, dict[str, Any]], Reply | None] = lambda seen, body: None
    seen: list[Seen] = field(default_factory=list)
    asked_who: int = 0

    def __enter__(self) -> Self:
        names = [f"{service}.us-east-1.amazonaws.com" for service in ("dynamodb", "sts")]
        self.certificate = self_signed(self.folder / "aws.pem", names)
        self._server = _Server(("127.0.0.1", 0), _handler(self, server_side(self.certificate)))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def environment(self) -> dict[str, str]:
        """What leads a command here, with credentials that look like real ones."""
        return {
            "HTTPS_PROXY": f"http://127.0.0.1:{self._server.server_address[1]}",
            "AWS_CA_BUNDLE": str(self.certificate),
            "AWS_ACCESS_KEY_ID": "ASIAPLANTEDKEYID0001",
            "AWS_SECRET_ACCESS_KEY": "PlantedSecretKey/0000+0000",
            "AWS_SESSION_TOKEN": "PlantedSessionToken/0000+0000==",
        }

    def reply(self, seen: Seen) -> Reply:
        if seen.headers["Host"].startswith("sts."):
            self.asked_who += 1
            return Reply(200, IDENTITY.format(self.account).encode())
        self.seen.append(seen)
        body = seen.json
        if (reply := self.on_request(seen, body)) is not None:
            return reply
        status, answer = request(self.engine, seen.operation, body)
        return Reply(status, answer, zlib.crc32(answer))


def _handler(aws: PretendAws, tls: ssl.SSLContext) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_CONNECT(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.connection = tls.wrap_socket(self.connection, server_side=True)
            self.rfile = self.connection.makefile("rb")
            self.wfile = self.connection.makefile("wb")
            self.close_connection = False

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            reply = aws.reply(Seen(dict(self.headers.items()), body, 0))
            self.send_response(reply.status)
            self.send_header("Content-Length", str(len(reply.body)))
            if reply.crc is not None:
                self.send_header("X-Amz-Crc32", str(reply.crc))
            self.end_headers()
            self.wfile.write(reply.body)

        def handle(self) -> None:
            with suppress(OSError):
                super().handle()

        def finish(self) -> None:
            with suppress(OSError), self.connection, self.rfile, self.wfile:
                pass

        def log_message(self, format: str, *args: object) -> None:
            return

    return Handler
