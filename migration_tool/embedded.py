"""A DynamoDB on this machine that needs no account: moto's server, one background process per state folder.

It is alive as long as it holds the lock on `embedded.lock`; the kernel releases that however the process
ends, so nothing here trusts a process id. `embedded.json` says where it listens and which instance it is.
Its tables live in its memory and end with it.

moto is not safe in threads: with threads switched often, 16 writers that met in new partitions lost an
acknowledged item in 2 of 250 rounds, and scans beside writers failed. So requests pass one at a time;
under Python's own lock that costs no speed.

Only the server process imports moto. `python -m migration_tool.embedded serve STATE_DIR` is that process.
"""

from __future__ import annotations

import fcntl
import http.client
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from migration_tool.errors import TargetError
from migration_tool.state.fields import DamagedError, Fields

LOCK, REGISTRY, LOG = "embedded.lock", "embedded.json", "embedded.log"
IDENTITY_PATH = "/_embedded"
START_SECONDS = 60.0
STOP_SECONDS = 20.0
POLL_SECONDS = 0.05
LOCK_TRIES = 50
"""A look at the lock holds it for a moment, so a new server tries more than once."""
BUSY = 75
"""Exit code of a process that found another one serving the same folder."""

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass(frozen=True)
class Server:
    """A running embedded DynamoDB. `instance` is new with every start; `started_at` is in unix seconds."""

    url: str
    pid: int
    port: int
    instance: str
    started_at: float


def find(state_dir: Path) -> Server | None:
    """The server of that state folder, or None if none runs; looks at files only, never at the network."""
    return _registered(state_dir) if _alive(state_dir) else None


def start(state_dir: Path) -> Server:
    """The server of that state folder, started if none runs; it answers when this returns.

    Raises TargetError if it ends or does not answer within START_SECONDS.
    """
    folder = state_dir.resolve()
    _make_folder(folder)
    launched, deadline = False, time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        server = find(folder)
        if server and _ask(server, "GET") == server.instance:
            return server
        if not _alive(folder):
            if launched:
                raise _failure("start", folder, "the server ended before it answered")
            launched = _launch(folder)
        time.sleep(POLL_SECONDS)
    raise _failure("start", folder, f"the server did not answer within {START_SECONDS:.0f} s")


def stop(state_dir: Path) -> bool:
    """End the server of that state folder and wait for its end; False if none runs.

    Raises TargetError if it does not end within STOP_SECONDS.
    """
    folder, asked = state_dir.resolve(), False
    deadline = time.monotonic() + STOP_SECONDS
    if not _alive(folder):
        return False
    while _alive(folder):
        server = _registered(folder)
        if server and not asked:
            asked = _ask(server, "DELETE") == server.instance
        if time.monotonic() > deadline:
            raise _failure("stop", folder, f"it did not end within {STOP_SECONDS:.0f} s")
        time.sleep(POLL_SECONDS)
    return True


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        hint = "The state folder must be one that can be written."
        raise TargetError("start the embedded DynamoDB", folder, error, hint) from error


def _alive(folder: Path) -> bool:
    try:
        descriptor = os.open(folder / LOCK, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return False
    except OSError as error:
        hint = "The lock file must be a plain file of this user."
        raise TargetError("look for the embedded DynamoDB", folder / LOCK, error, hint) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _registered(folder: Path) -> Server | None:
    """What the server wrote of itself; None for what is damaged, or speaks of another machine."""
    try:
        f = Fields(orjson.loads((folder / REGISTRY).read_bytes()), REGISTRY, tuple(Server.__annotations__))
        place = f.text("url"), f.count("pid"), f.count("port")
        server = Server(*place, f.text("instance"), f.number("started_at"))
    except (OSError, ValueError, DamagedError):
        return None
    return server if server.port < 65536 and server.url == f"http://127.0.0.1:{server.port}" else None


def _ask(server: Server, method: str) -> str | None:
    """The instance that answers at the server's port (GET), or that agrees to end (DELETE), or None."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    try:
        connection.request(method, f"{IDENTITY_PATH}?{server.instance}")
        answer = orjson.loads(connection.getresponse().read())
        return str(answer["instance"])
    except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError):
        return None
    finally:
        connection.close()


def _launch(folder: Path) -> bool:
    """Start a server that outlives this process; False if another one took the lock first."""
    command = [sys.executable, "-m", "migration_tool.embedded", "launch", str(folder)]
    root = Path(__file__).resolve().parent.parent
    try:
        with os.fdopen(os.open(folder / LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as log:
            code = subprocess.run(  # noqa: S603 - our own module
                command,
                cwd=root,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
                timeout=START_SECONDS,
                check=False,
            ).returncode
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _failure("start", folder, error) from error
    if code not in (0, BUSY):
        raise _failure("start", folder, f"the server process ended with code {code}")
    return code == 0


def _failure(verb: str, folder: Path, cause: object) -> TargetError:
    """The error with its cause, the last lines of the server's log, and the process to look at."""
    try:
        words = (folder / LOG).read_text(encoding="utf-8", errors="replace")[-1500:].strip()
    except OSError:
        words = ""
    server = _registered(folder)
    process = f"end process {server.pid} if it still runs, " if server and _alive(folder) else ""
    hint = f"Read {folder / LOG}, {process}then run: embedded start."
    return TargetError(f"{verb} the embedded DynamoDB", folder, cause, hint, words.splitlines()[-12:])


class _Gate:
    """The WSGI application around moto: answers who it is, and lets one request in at a time."""

    def __init__(self, application: Application, instance: str) -> None:
        self._application = application
        self._instance = instance
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("PATH_INFO") == IDENTITY_PATH:
            return self._identify(environ, start_response)
        if environ.get("CONTENT_LENGTH"):
            body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            environ["wsgi.input"] = io.BytesIO(body)
        with self._lock:
            return self._application(environ, start_response)

    def _identify(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Say the instance; a DELETE that names it ends this process, as SIGTERM does."""
        if environ["REQUEST_METHOD"] == "DELETE":
            if environ.get("QUERY_STRING") != self._instance:
                start_response("409 Conflict", [("Content-Type", "application/json")])
                return [b"{}"]
            os.kill(os.getpid(), signal.SIGTERM)
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps({"instance": self._instance}).encode()]


def _take_lock(folder: Path) -> int | None:
    """A descriptor that holds the lock, or None if another server has it."""
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    for _ in range(LOCK_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            time.sleep(0.01)
    os.close(descriptor)
    return None


def _isolate() -> None:
    """Nothing of the user's AWS set-up reaches moto: a profile that does not exist would stop it."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "MOTO_"))]:
        del os.environ[name]
    os.environ.update(AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull)
    os.environ.update(AWS_ACCESS_KEY_ID="local", AWS_SECRET_ACCESS_KEY="local")  # noqa: S106 - not a secret
    os.environ.update(AWS_EC2_METADATA_DISABLED="true")


def _serve(folder: Path) -> None:
    _isolate()
    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import make_server

    from migration_tool import embedded_moto

    embedded_moto.install()

    class QuietHandler(MotoRequestHandler):
        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Errors are worth a line in the log, requests are not."""

    instance = uuid.uuid4().hex
    gate = _Gate(DomainDispatcherApplication(create_backend_app), instance)
    server = make_server("127.0.0.1", 0, gate, threaded=True, request_handler=QuietHandler)
    url = f"http://127.0.0.1:{server.port}"
    _register(folder, Server(url, os.getpid(), server.port, instance, time.time()))
    try:
        server.serve_forever()
    finally:
        (folder / REGISTRY).unlink(missing_ok=True)


def _register(folder: Path, server: Server) -> None:
    part = folder / f"{REGISTRY}.{server.instance}"
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(server), file)
    part.replace(folder / REGISTRY)


def main(arguments: Sequence[str]) -> int:
    """Be the server: `serve STATE_DIR` stays in the foreground, `launch STATE_DIR` goes to the background.

    The lock is taken before the fork and inherited, so a launch that returned 0 has a live server behind it.
    """
    if len(arguments) != 2 or arguments[0] not in ("serve", "launch"):
        raise SystemExit("usage: python -m migration_tool.embedded serve STATE_DIR")
    folder = Path(arguments[1])
    lock = _take_lock(folder)
    if lock is None:
        return BUSY
    (folder / REGISTRY).unlink(missing_ok=True)
    if arguments[0] == "launch":
        os.truncate(folder / LOG, 0)
        if os.fork():
            return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    _serve(folder)
    os.close(lock)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
