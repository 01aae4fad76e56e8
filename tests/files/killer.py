"""Runs the command line and kills its own process at one exact point of an import from S3.

python killer.py POINT N migrate|resume …
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.resume.killer import after, before


def part_written(number: int) -> None:
    from migration_tool.state.parts import PartWriter

    after(PartWriter, "close", number)


def before_upload(number: int) -> None:
    from migration_tool.target.s3 import Bucket

    before(Bucket, "upload", number)


def after_upload(number: int) -> None:
    from migration_tool.target.s3 import Bucket

    after(Bucket, "upload", number)


def before_import(number: int) -> None:
    from migration_tool import importing

    before(importing, "begin_import", number)


def import_begun(number: int) -> None:
    """The answer has come, and nothing knows of it."""
    from migration_tool import importing

    after(importing, "begin_import", number)


def import_looked_at(number: int) -> None:
    from migration_tool import importing

    before(importing, "describe_import", number)


def import_ended(number: int) -> None:
    from migration_tool import importing

    after(importing, "require_whole", number)


def settled(number: int) -> None:
    """The table has its settings, and that is not noted yet."""
    from migration_tool import importing

    after(importing, "complete", number)


def plan_saved(number: int) -> None:
    from migration_tool import importing

    after(importing, "write_import", number)


def object_written(number: int) -> None:
    """The object is there, and no item points to it."""
    from migration_tool.target.s3 import Bucket

    after(Bucket, "put", number)


def asked_to_stop(number: int) -> None:
    """No kill: Ctrl-C, when so many parts are whole."""
    from migration_tool.state.parts import PartWriter

    close = PartWriter.close
    left = iter(range(number - 1, -1, -1))

    def closed(*arguments: Any) -> Any:
        part = close(*arguments)
        if next(left, None) == 0:
            os.kill(os.getpid(), signal.SIGINT)
        return part

    setattr(PartWriter, "close", closed)  # noqa: B010 - mypy knows the type of the method


def before_save(number: int) -> None:
    from migration_tool.state.store import StateStore

    before(StateStore, "save", number)


POINTS = {
    point.__name__: point
    for point in (
        part_written,
        before_upload,
        after_upload,
        before_import,
        import_begun,
        import_looked_at,
        import_ended,
        settled,
        plan_saved,
        object_written,
        asked_to_stop,
        before_save,
    )
}


if __name__ == "__main__":
    POINTS[sys.argv[1]](int(sys.argv[2]))
    sys.argv = ["migrate.py", *sys.argv[3:]]
    from migration_tool.cli import main

    main()
