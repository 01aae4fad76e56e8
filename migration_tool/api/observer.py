"""Who hears of a run and who agrees to it, where the caller does not say."""

from __future__ import annotations

from typing import NoReturn

from migration_tool.errors import UsageError
from migration_tool.model import Question
from migration_tool.state.checkpoint import Checkpoint


class Observer:
    """Who is told what a run or a validation does. This one hears nothing: override what you want to hear.

    The methods are called from the thread that called `run`, `resume` or `validate`; what they raise ends it.
    """

    def phase(self, name: str) -> None:
        """A phase begins: analysis, preparation, transformation, loading or retry, validation."""

    def copied(self, done: int, total: int) -> None:
        """So many bytes of the source are in the private copy."""

    def progress(self, checkpoint: Checkpoint) -> None:
        """A checkpoint was saved: see its `items_written`, `items_total`, `rejected`, `skipped` (rows)."""

    def checked(self, table: str, done: int, total: int) -> None:
        """The comparison of a table has done so many of its steps."""

    def step(self, name: str, done: int, total: int) -> None:
        """So much of an import from S3 is done: bytes while "uploading", items while "importing"."""

    def notice(self, text: str) -> None:
        """A sentence that a person should read."""

    def stopping(self) -> bool:
        """True ends the loading at the next moment that a checkpoint covers, with Interrupted."""
        return False


SILENT = Observer()


def nobody(question: Question) -> NoReturn:
    """Raises UsageError."""
    hint = "Pass confirm=, a function that takes the question and says True."
    raise UsageError(question.operation, question.obj, "nobody has agreed to it", hint)
