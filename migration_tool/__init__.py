"""Moves a relational database into DynamoDB single-table designs, and proves that it did.

The names in `__all__` are for programs of your own; docs/python.md describes them. They are imported when
they are first asked for, so that `import migration_tool` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from migration_tool.about import About as About
    from migration_tool.api.asking import info as info
    from migration_tool.api.asking import policy as policy
    from migration_tool.api.asking import query as query
    from migration_tool.api.asking import rejects as rejects
    from migration_tool.api.asking import status as status
    from migration_tool.api.designing import check as check
    from migration_tool.api.designing import export as export
    from migration_tool.api.designing import plan as plan
    from migration_tool.api.designing import propose as propose
    from migration_tool.api.designing import show as show
    from migration_tool.api.designing import write_sample as write_sample
    from migration_tool.api.forms import to_html as to_html
    from migration_tool.api.forms import to_json as to_json
    from migration_tool.api.items import Design as Design
    from migration_tool.api.items import Item as Item
    from migration_tool.api.items import Source as Source
    from migration_tool.api.observer import Observer as Observer
    from migration_tool.api.proving import look as look
    from migration_tool.api.proving import repair as repair
    from migration_tool.api.proving import validate as validate
    from migration_tool.api.running import reset as reset
    from migration_tool.api.running import resume as resume
    from migration_tool.api.running import retry_rejects as retry_rejects
    from migration_tool.api.running import run as run
    from migration_tool.api.running import tune as tune
    from migration_tool.api.running import write_files as write_files
    from migration_tool.checking.designs import Examination as Examination
    from migration_tool.clearing import Cleared as Cleared
    from migration_tool.config import Config as Config
    from migration_tool.errors import MigrationError as MigrationError
    from migration_tool.exporting.export import Exported as Exported
    from migration_tool.files_export import Files as Files
    from migration_tool.filing import Form as Form
    from migration_tool.model import Question as Question
    from migration_tool.model import Reject as Reject
    from migration_tool.overview import Overview as Overview
    from migration_tool.phases import Summary as Summary
    from migration_tool.planning import Plan as Plan
    from migration_tool.proposing.proposals import Proposal as Proposal
    from migration_tool.proposing.proposals import Proposals as Proposals
    from migration_tool.rejected import Rejected as Rejected
    from migration_tool.showing.overview import Shown as Shown
    from migration_tool.tuning import Tuned as Tuned
    from migration_tool.verify.claim import Claim as Claim
    from migration_tool.verify.moving_report import MovingReport as MovingReport
    from migration_tool.verify.report import Report as Report

__version__ = "0.1.0"

_ROOMS = {
    "About": "about",
    "Claim": "verify.claim",
    "Cleared": "clearing",
    "Config": "config",
    "Design": "api.items",
    "Examination": "checking.designs",
    "Exported": "exporting.export",
    "Files": "files_export",
    "Form": "filing",
    "Item": "api.items",
    "MigrationError": "errors",
    "MovingReport": "verify.moving_report",
    "Observer": "api.observer",
    "Overview": "overview",
    "Plan": "planning",
    "Proposal": "proposing.proposals",
    "Proposals": "proposing.proposals",
    "Question": "model",
    "Reject": "model",
    "Rejected": "rejected",
    "Report": "verify.report",
    "Shown": "showing.overview",
    "Source": "api.items",
    "Summary": "phases",
    "Tuned": "tuning",
    "check": "api.designing",
    "export": "api.designing",
    "info": "api.asking",
    "look": "api.proving",
    "plan": "api.designing",
    "policy": "api.asking",
    "propose": "api.designing",
    "query": "api.asking",
    "rejects": "api.asking",
    "repair": "api.proving",
    "reset": "api.running",
    "resume": "api.running",
    "retry_rejects": "api.running",
    "run": "api.running",
    "show": "api.designing",
    "status": "api.asking",
    "to_html": "api.forms",
    "to_json": "api.forms",
    "tune": "api.running",
    "validate": "api.proving",
    "write_files": "api.running",
    "write_sample": "api.designing",
}
__all__ = [*_ROOMS, "__version__"]  # all of them are text


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
