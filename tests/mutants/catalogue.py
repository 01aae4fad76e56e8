"""All mutants: for each guarantee that keeps a row from being lost, a way to break it."""

from __future__ import annotations

from collections.abc import Sequence

from tests.mutants.comparison import COMPARISON
from tests.mutants.designing import DESIGNING
from tests.mutants.exporting import EXPORTING
from tests.mutants.loading import ACCOUNT, ACKNOWLEDGEMENT
from tests.mutants.mutant import Mutant
from tests.mutants.repairing import REPAIRING
from tests.mutants.source import SOURCE, WORLD
from tests.mutants.state import STATE

MUTANTS: Sequence[Mutant] = (
    *ACKNOWLEDGEMENT,
    *ACCOUNT,
    *STATE,
    *SOURCE,
    *WORLD,
    *COMPARISON,
    *REPAIRING,
    *EXPORTING,
    *DESIGNING,
)
