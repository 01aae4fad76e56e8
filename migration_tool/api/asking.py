"""What a run would use, what it has done, from its saved state, and what its tables answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from migration_tool.about import About, about
from migration_tool.api.observer import SILENT
from migration_tool.ask import ask
from migration_tool.config import Config
from migration_tool.model import Scalar
from migration_tool.overview import Overview
from migration_tool.permissions import policy as permitting
from migration_tool.phases import Observer
from migration_tool.present import present
from migration_tool.rejected import Rejected, rejected
from migration_tool.state.store import StateStore


def info(config: Config) -> About:
    """Configuration with origins, source, target, designs and versions, as `info` shows them.

    What is missing is told in `problems`, not raised; nothing in it is secret. Asks AWS who we are.
    """
    return about(config)


def policy(config: Config, command: str, *, account: str | None = None) -> Mapping[str, Any]:
    """The least IAM policy for a command on the configured tables, as `info --iam-policy` prints it.

    command  as in "migrate" or "migrate --force"
    account  12 digits; None: that of the credentials, by STS
    Raises UsageError for an unknown command and where the account cannot be known, DesignError, TargetError.
    """
    return permitting(config, command, account)


def status(config: Config, *, observer: Observer = SILENT) -> Overview:
    """How far the newest run is, as `status` shows it: from saved state alone, also while it runs elsewhere.

    observer  its `notice` hears of files of the state that cannot be used
    Raises StateError.
    """
    return present(config, observer.notice)


def rejects(config: Config, *, examples: int | None = None, observer: Observer = SILENT) -> Rejected:
    """The rejected rows of the newest run, grouped by what is wrong with them, as `rejects` shows them.

    examples  rows of each group that are named; None: all
    observer  as of `status`
    Raises StateError.
    """
    store = StateStore(config.state_dir)
    found = rejected(store, examples)
    for warning in store.warnings:
        observer.notice(warning)
    return found


def query(config: Config, design: str, pattern: str, /, **parameters: Scalar) -> Iterator[dict[str, Any]]:
    """Runs an access pattern, as `query` does. Gives its items in its order, page by page as they are read.

    design      its name, or that of its table
    parameters  of the pattern, by name
    Values are plain: str, int, Decimal, bool, bytes, list, dict, and None for DynamoDB's NULL; items that are
    stored in chunks or compressed come whole. Raises UsageError for what the design does not have, at once;
    TargetError while items are read.
    """
    return ask(config, design, pattern, parameters)
