"""Where a command writes: told every time, and agreed to before the first write to a target that is new.

Endpoint and credentials come from flags, environment and files: any of them can be another one than meant.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from migration_tool.config import Config
from migration_tool.errors import UsageError
from migration_tool.model import Confirm, Question
from migration_tool.state.targets import KnownTarget, known_targets, remember_target
from migration_tool.target.session import Target


def require_agreed(config: Config, target: Target, confirm: Confirm, notice: Callable[[str], None]) -> None:
    """To be called before the first write of a command, with the state folder locked.

    A target on this machine needs no consent. Raises UsageError where there is none, TargetError where AWS
    does not say which account it is, StateError.
    """
    if target.loopback:
        notice(f"Target: {target.url}, region {target.region}")
        return
    configuration = os.path.relpath(config.path, config.base)
    found = KnownTarget(configuration, target.url, target.account(), target.region)
    account = f"account {found.account}" if found.account else "not AWS, so without an account"
    told = f"Target: {found.endpoint}, {account}, region {found.region}"
    notice(told)
    if found in known_targets(config.state_dir):
        return
    facts = (f"{config.path} has never written to this target.",)
    if not confirm(Question("write to a new target", target.url, facts, "Write to it?")):
        raise UsageError("write to a new target", told, "it was not confirmed", "Nothing was written.")
    remember_target(config.state_dir, found)
