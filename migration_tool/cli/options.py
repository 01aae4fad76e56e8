"""What the commands share: the global options, and what they were set to."""

from __future__ import annotations

import logging
import os
import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from migration_tool.config import Config
    from migration_tool.logs import LogFile

DEFAULT_CONFIG = Path("config/migration.json")
GLOBAL = ("config", "verbose", "endpoint", "allow_http", "allow_code", "oversize_bucket", "help")
ALLOW_HTTP = "migration_settings.allow_http"
ALLOW_CODE = "migration_settings.allow_code"
OVERSIZE_BUCKET = "migration_settings.oversize_bucket"
_F = TypeVar("_F", bound=Callable[..., Any])


@dataclass
class Globals:
    """The global options of this call; None or the default where an option was not given."""

    config: Path = DEFAULT_CONFIG
    verbose: bool = False
    endpoint: str | None = None
    allow_http: bool | None = None
    allow_code: bool | None = None
    oversize_bucket: str | None = None
    log: LogFile | None = None
    log_path: Path | None = None

    def load(self, log: bool = True, flags: Mapping[str, Any] | None = None) -> Config:
        """The effective configuration; the log is opened with it unless the command has none.

        flags  of this command, by dotted key name
        Raises ConfigError.
        """
        from migration_tool import logs
        from migration_tool.config import load_config

        given = {"endpoint": self.endpoint, ALLOW_HTTP: self.allow_http, ALLOW_CODE: self.allow_code}
        given |= {OVERSIZE_BUCKET: self.oversize_bucket, **(flags or {})}
        config = load_config(self.config, given, os.environ)
        if log:
            self.log, self.log_path = logs.configure(config.logging, self.verbose), config.logging.file
            if self.verbose:
                from migration_tool.cli.console import Echo

                logging.getLogger(logs.ROOT).addHandler(Echo(logging.DEBUG))
            command = click.get_current_context().command.name
            logging.getLogger(__name__).info("command begins", extra={"command": command})
        return config

    def load_if_there(self, flags: Mapping[str, Any] | None = None) -> Config | None:
        """The configuration, or None where it was not asked for by name and there is none."""
        return self.load(flags=flags) if self.config != DEFAULT_CONFIG or self.config.exists() else None

    def program(self) -> str:
        """How the user calls us again with the same configuration and endpoint."""
        called = Path(sys.argv[0])
        words = ["python", str(called)] if called.suffix == ".py" else [called.name]
        words += ["-c", str(self.config)] if self.config != DEFAULT_CONFIG else []
        words += ["--endpoint", self.endpoint] if self.endpoint else []
        words += ["--allow-http"] if self.allow_http else []
        words += ["--allow-code"] if self.allow_code else []
        words += ["--oversize-bucket", self.oversize_bucket] if self.oversize_bucket else []
        return shlex.join(words)

    def again(self) -> str:
        """The whole command as the user gave it."""
        called = Path(sys.argv[0])
        words = ["python", str(called)] if called.suffix == ".py" else [called.name]
        return shlex.join([*words, *sys.argv[1:]])


class Command(click.Command):
    """A command that takes the global options after its name, too, and lists them apart."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.params += global_options()

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        sections: dict[str, list[tuple[str, str]]] = {"Options": [], "Global options": []}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record and isinstance(param, click.Option):
                sections["Global options" if param.name in GLOBAL else "Options"].append(record)
        for title, records in sections.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


command = partial(click.command, cls=Command)


def global_options() -> list[click.Parameter]:
    """Fresh ones: options belong to one command."""
    return [
        click.Option(
            ["-c", "--config"], metavar="PATH", type=click.Path(path_type=Path), expose_value=False,
            callback=_keep, help=f"Configuration, JSON or YAML by its ending.  [default: {DEFAULT_CONFIG}]",
        ),
        click.Option(
            ["-v", "--verbose"], is_flag=True, expose_value=False, callback=_keep,
            help="Log at DEBUG, to the terminal too, and show tracebacks of errors.",
        ),
        click.Option(
            ["--endpoint"], metavar="aws|embedded|URL", expose_value=False, callback=_keep,
            help="The DynamoDB to use; beats the environment and the file.",
        ),
        click.Option(
            ["--allow-http"], is_flag=True, expose_value=False, callback=_keep,
            help="Accept a plain http:// endpoint on another machine: everything travels unencrypted.",
        ),
        click.Option(
            ["--allow-code"], is_flag=True, expose_value=False, callback=_keep,
            help="Run the functions of your own that designs ask for; they can do all that you can.",
        ),
        click.Option(
            ["--oversize-bucket"], metavar="NAME", expose_value=False, callback=_keep,
            help="Where `oversize: s3` of designs puts what is too large for an item; beats the same.",
        ),
    ]  # fmt: skip


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    if value and param.name:
        setattr(ctx.obj, param.name, value)


MAX_WCU = "migration_settings.max_wcu"
max_wcu = click.option(
    "--max-wcu", "max_wcu", metavar="N|auto|auto:P%|off",
    help="Write at most N write units per second; beats the environment and the file.",
)  # fmt: skip
"""The option of the commands that load; its value is the flag MAX_WCU."""

LEASE = "migration_settings.lease"
no_lease = click.option(
    "--no-lease", "lease", flag_value="off", default=None,
    help="Load without a lease: another host can then load the same tables meanwhile.",
)  # fmt: skip
"""Of the commands that load; its value is the flag LEASE."""

take_over = click.option(
    "--take-over", is_flag=True,
    help="Take the tables from another run that loads them, also one that is alive; it then stops.",
)  # fmt: skip
MAX_REJECTS = "migration_settings.max_rejects"
max_rejects = click.option(
    "--max-rejects", "max_rejects", metavar="N|P%",
    help="Go on with up to N rejected rows, or P percent of all; beats the environment and the file.",
)  # fmt: skip
"""The option of the same commands; its value is the flag MAX_REJECTS."""


def as_json(what: str) -> Callable[[_F], _F]:
    """The option --json."""
    return click.option(
        "--json", "as_json", is_flag=True, help=f"Print {what} as JSON; nothing else on stdout."
    )
