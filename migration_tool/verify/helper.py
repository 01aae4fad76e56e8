"""A process that reads shares of tables for another one: `python -m migration_tool.verify.helper DESCRIPTOR`.

It ends when the other one does, whatever ended that: nothing can make an orphan of it. Signals of the
terminal do not reach it, it has a session of its own.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from multiprocessing.connection import Connection
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any

from migration_tool.errors import MigrationError
from migration_tool.interpreter import no_search_for_cycles
from migration_tool.target.objects import Objects
from migration_tool.target.s3 import Bucket
from migration_tool.target.session import Target
from migration_tool.target.wire import Wire

if TYPE_CHECKING:
    from migration_tool.verify.readers import Share


def serve(descriptor: int) -> None:
    """First come the target and the back-off, then where objects are, then shares.

    Of each share the pages go back, and None at its end.
    """
    connection: Connection[Any, Any] = Connection(descriptor)
    (url, *more, backoff), place = connection.recv(), connection.recv()
    shares: SimpleQueue[Share[Any]] = SimpleQueue()
    Thread(target=_listen, args=(connection, shares), daemon=True).start()
    objects = None
    if place:
        s3, name, prefix = place
        objects = Objects(Bucket(Target(s3, *more, allow_http=True), name), prefix)
    target = Target(url, *more, allow_http=True)
    with Wire(target, backoff, objects=objects) as wire, no_search_for_cycles():
        while True:
            _read(shares.get(), wire, connection)


def _listen(connection: Connection[Any, Any], shares: SimpleQueue[Share[Any]]) -> None:
    with suppress(EOFError, OSError):
        while True:
            shares.put(connection.recv())
    os._exit(0)


def _read(share: Share[Any], wire: Wire, connection: Connection[Any, Any]) -> None:
    try:
        for page in share.pages(wire):
            connection.send(page)
        connection.send(None)
    except MigrationError as error:
        connection.send(error)


if __name__ == "__main__":
    with suppress(ConnectionError):
        serve(int(sys.argv[1]))
