"""The only place that prints, and the one exit point: every error becomes a message and an exit code here.

stdout is data: results that somebody asked for. stderr is talk: progress, notices, errors. Talk never ends a
command: a terminal that is gone makes it silent. Data that cannot be written ends it.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.exceptions import Exit, NoArgsIsHelpError
from click.shell_completion import shell_complete

from migration_tool.cli.options import Globals
from migration_tool.cli.signals import interrupt_on_termination
from migration_tool.cli.text import clean, escape_json, one_line
from migration_tool.errors import Interrupted, MigrationError, Stopped
from migration_tool.redaction import redacted

if TYPE_CHECKING:
    from rich.console import Console

INTERNAL, USAGE, INTERRUPTED, CLOSED = 1, 2, 130, 141
_PIPE_WIDTH = 200
_LONGEST_FAULTS = 50
_OURS = re.compile(r"\b(?:python )?migrate\.py( again)?\b")
_TRAILING = re.compile(" +$", re.MULTILINE)
LOG = logging.getLogger(__name__)


class OutputClosed(Exception):
    """Whoever read stdout has gone away; nothing is wrong."""


class OutputFailed(MigrationError):
    exit_code = INTERNAL


class Talk:
    """stderr as a file that never fails. `above` prints over a live display while there is one."""

    encoding = "utf-8"
    above: Callable[[str], None] | None = None

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError, AttributeError):
            sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError, AttributeError):
            sys.stderr.flush()

    def isatty(self) -> bool:
        with suppress(OSError, ValueError, AttributeError):
            return sys.stderr.isatty()
        return False

    def fileno(self) -> int:
        return 2


TALK = Talk()


def say(text: str = "") -> None:
    """One line of talk."""
    if TALK.above:
        TALK.above(clean(text))
    else:
        TALK.write(clean(text) + "\n")
        TALK.flush()


def show(*parts: Any) -> None:
    """Results for a person: texts and rich renderables, each on lines of its own."""
    screen = _screen()
    with screen.capture() as captured:
        for part in parts:
            screen.print(clean(part) if isinstance(part, str) else part)
    text = captured.get() if screen.is_terminal else _TRAILING.sub("", captured.get())
    _write(text.encode(screen.encoding, "backslashreplace"))


def line(text: str) -> None:
    """One plain line on stdout; needs no rich."""
    _write((clean(text) + "\n").encode("utf-8", "backslashreplace"))


def data(text: str) -> None:
    """One JSON text on stdout."""
    _write((escape_json(text) + "\n").encode())


def flush() -> None:
    """Raises OutputClosed or OutputFailed where what was written did not arrive."""
    _write(b"", flush=True)


def width() -> int:
    """Characters that a line on stdout may have."""
    return _screen().width


def on_terminal() -> bool:
    """Whether somebody is there to answer a question."""
    return sys.stdin is not None and sys.stdin.isatty() and TALK.isatty()


def ask(question: str) -> bool:
    """A yes-or-no question on the terminal; no by default."""
    return click.confirm(clean(question), default=False, err=True)


def run(command: click.Command) -> int:
    """Runs the command line of `sys.argv` and returns the exit code."""
    shared = Globals()
    try:
        _prepare_streams()
        interrupt_on_termination()
        code = _call(command, shared)
        flush()
        return code
    except BaseException as error:
        return _ended_by(error, shared)
    finally:
        _close(shared)


class Echo(logging.Handler):
    """Log records as talk, for --verbose; with the log's own rules about what may be written."""

    def emit(self, record: logging.LogRecord) -> None:
        from migration_tool.logs import CONTENT
        from migration_tool.logs import line as log_line

        fields = json.loads(log_line(record))
        shown = {n: v for n, v in fields.items() if v not in ("", None) and n not in CONTENT}
        head = f"{shown.pop('time')[11:23]} {shown.pop('level'):8} {shown.pop('event')}"
        rest = (f"{name}={value}" for name, value in shown.items() if name != "logger")
        say(one_line(" ".join([head, *rest])))


def _call(command: click.Command, shared: Globals) -> int:
    name = Path(sys.argv[0]).name
    variable = re.sub(r"[-.]", "_", f"_{name}_COMPLETE").upper()
    if instruction := os.environ.get(variable):
        return shell_complete(command, {}, name, variable, instruction)
    try:
        with command.make_context(name, sys.argv[1:], obj=shared) as context:
            command.invoke(context)
    except Exit as ended:
        return ended.exit_code
    return 0


def _ended_by(error: BaseException, shared: Globals) -> int:
    """Says why the command ended, and gives the exit code for it."""
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else INTERNAL
    if isinstance(error, OutputClosed | BrokenPipeError):
        _discard_stdout()
        return CLOSED
    if shared.log:
        _log_end(error)
    if shared.verbose and not isinstance(error, click.exceptions.ClickException):
        TALK.write(clean(redacted("".join(traceback.format_exception(error)))))
    if isinstance(error, MigrationError):
        _tell(error, shared)
        return error.exit_code
    if isinstance(error, NoArgsIsHelpError):
        TALK.write(error.format_message() + "\n")
        return USAGE
    if isinstance(error, click.ClickException):
        return _misused(error)
    if isinstance(error, click.Abort | KeyboardInterrupt | EOFError):
        say("\nstopped: interrupted")
        return INTERRUPTED
    return _bug(error, shared)


def _tell(error: MigrationError, shared: Globals) -> None:
    word = "stopped" if isinstance(error, Interrupted | Stopped) else "error"
    hint = error.hint or "migrate.py info shows what is configured; -v shows more of the error"
    say(f"{word}: cannot {one_line(error.operation)}")
    say(f"  object: {one_line(error.obj)}")
    say(f"  cause:  {one_line(error.cause)}")
    for fault in error.faults[:_LONGEST_FAULTS]:
        say(f"    - {one_line(fault)}")
    if len(error.faults) > _LONGEST_FAULTS:
        say(f"    - and {len(error.faults) - _LONGEST_FAULTS:,} more")
    say(f"  next:   {named(one_line(hint), shared)}")


def named(text: str, shared: Globals) -> str:
    """The text with our program named as the user called it, its global options included.

    "migrate.py again" stands for the whole command that was given.
    """
    return _OURS.sub(lambda found: shared.again() if found[1] else shared.program(), text)


def _misused(error: click.ClickException) -> int:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else Path(sys.argv[0]).name
    say(f"error: {one_line(error.format_message())}")
    say(f"  next:   {path} -h shows how it is used")
    return error.exit_code if error.exit_code != INTERNAL else USAGE


def _bug(error: BaseException, shared: Globals) -> int:
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown place"
    say(f"internal error: {type(error).__name__} at {place}")
    say(f"  cause:  {one_line(redacted(error))[:300] or 'not given'}")
    say("  this is a bug of the program, not a mistake of yours; saved state stays valid")
    say(f"  log:    {shared.log_path}" if shared.log_path else "  log:    none was open yet")
    say("  next:   run the command again with -v, and report what it prints")
    return INTERNAL


def _log_end(error: BaseException) -> None:
    """What the log keeps of the end; logging is not set up where no configuration was read."""
    if isinstance(error, MigrationError):
        fields = {
            "operation": error.operation,
            "object": error.obj,
            "cause": error.cause,
            "code": error.exit_code,
        }
        LOG.error("command failed", extra=fields)
    elif isinstance(error, Exception) and not isinstance(error, click.ClickException | click.Abort):
        LOG.critical("internal error", exc_info=error)


def _close(shared: Globals) -> None:
    if shared.log is None:
        return
    if shared.log.fault:
        say(f"warning: the log is incomplete, {shared.log.lost} lines are lost ({shared.log.fault})")
    shared.log.close()


def _write(content: bytes, flush: bool = False) -> None:
    if sys.stdout is None:
        if content:
            raise OutputFailed(
                "write the output", "stdout", "it is closed", "Give the command an open stdout."
            )
        return
    try:
        sys.stdout.buffer.write(content)
        if flush or sys.stdout.isatty():
            sys.stdout.flush()
    except BrokenPipeError as error:
        raise OutputClosed from error
    except OSError as error:
        _discard_stdout()
        cause, hint = error.strerror or error, "Free space there, or send the output elsewhere."
        raise OutputFailed("write the output", "stdout", cause, hint) from error


def _discard_stdout() -> None:
    """What is still buffered goes nowhere, so that the interpreter's own flush at exit cannot fail."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _prepare_streams() -> None:
    """No file that is opened later may take the place of a closed stdin, stdout or stderr."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    streams: Iterable[Any] = (sys.stdout, sys.stderr)
    for stream in streams:
        if stream is not None:
            stream.reconfigure(errors="backslashreplace")


@cache
def _screen() -> Console:
    """Rich on stdout. Where that is no terminal, lines may be long: they are not read on a narrow one."""
    from rich.console import Console as RichConsole

    terminal = sys.stdout is not None and sys.stdout.isatty()
    width = None if terminal or "COLUMNS" in os.environ else _PIPE_WIDTH
    return RichConsole(file=sys.stdout, width=width, markup=False, emoji=False, highlight=False)
