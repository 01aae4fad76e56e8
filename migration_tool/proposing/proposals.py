"""An unknown database → proposals: designs of four kinds as files, with what they would cost, ranked."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any

import orjson

from migration_tool.design.compile import CompiledDesign, compile_design
from migration_tool.design.load import load_design
from migration_tool.documents import MAX_BYTES
from migration_tool.errors import SourceError, UsageError
from migration_tool.prices import RegionPrices
from migration_tool.proposing.drafts import Draft
from migration_tool.proposing.kinds import KINDS, TITLES, Impossible, Kind, Known, drafts_of
from migration_tool.proposing.knowing import look
from migration_tool.proposing.predicting import Prediction, predict, together
from migration_tool.proposing.queries import WeightedQuery, read_queries
from migration_tool.proposing.relations import Relation
from migration_tool.proposing.saving import save
from migration_tool.proposing.writing import yaml_text
from migration_tool.source.sqlite import SqliteSource

_LARGEST_FILE = MAX_BYTES * 4 // 5
"""Of JSON; the same in YAML has spaces and comments, too."""


@dataclass(frozen=True)
class File:
    """A proposed design."""

    draft: Draft

    @property
    def name(self) -> str:
        """Of the design, and of its file without the ending."""
        return self.draft.name

    @property
    def table(self) -> str:
        return self.draft.table

    @cached_property
    def text(self) -> str:
        """The YAML."""
        return yaml_text(self.draft)


@dataclass(frozen=True)
class Proposal:
    """Designs of one kind for the whole database.

    rank        from 1; 0 until all are known
    monthly     dollars a month; None: the region's prices are not known
    answered    the share of the queries, by weight, that one Query answers; None: none were given
    unanswered  the others, the heaviest first
    """

    kind: Kind
    files: tuple[File, ...]
    prediction: Prediction
    monthly: float | None
    answered: float | None
    unanswered: tuple[str, ...]
    rank: int = 0

    @property
    def title(self) -> str:
        return TITLES[self.kind]

    @property
    def tables(self) -> dict[str, str]:
        """Design → table, as dynamodb_tables of a configuration that loads the proposal."""
        return {file.name: file.table for file in self.files}

    def save(self, folder: str | PathLike[str], replace: bool = False) -> list[Path]:
        """Writes the designs, `NAME.yaml` each, into the folder. Gives their paths.

        replace  files of these names that hold something else
        Raises UsageError where it may not, and where it cannot.
        """
        return save({file.name: file.text for file in self.files}, Path(folder), replace)

    def to_json(self) -> dict[str, Any]:
        designs = [{"name": file.name, "table": file.table, "yaml": file.text} for file in self.files]
        return {
            "rank": self.rank,
            "kind": self.kind,
            "title": self.title,
            **asdict(self.prediction),
            "monthly": self.monthly,
            "amplification": round(self.prediction.amplification, 2),
            "answered": self.answered,
            "unanswered": list(self.unanswered),
            "designs": designs,
        }

    @property
    def order(self) -> tuple[object, ...]:
        """Smaller is better; ties are those of the figures as they are shown."""
        found = self.prediction
        return (
            -round(self.answered or 0.0, 2),
            round(self.monthly or 0.0, 2),
            float(f"{found.write_units:.2g}"),
            round(found.amplification, 1),
            round(found.hottest, 2),
            found.largest_collection,
            KINDS.index(self.kind),
        )


@dataclass(frozen=True)
class Proposals:
    """Ranked, the best first.

    left_out    what of the source is in no design → why
    impossible  kinds of designs that the database cannot have → why
    """

    source: Path
    relations: tuple[Relation, ...]
    left_out: Mapping[str, str]
    impossible: Mapping[str, str]
    ranked: tuple[Proposal, ...]

    @property
    def best(self) -> Proposal:
        return self.ranked[0]

    def only(self, rank: int | None) -> Proposals:
        """With the proposal of that rank alone; None: with all. Raises UsageError."""
        kept = tuple(proposal for proposal in self.ranked if rank in (None, proposal.rank))
        if not kept:
            raise UsageError(
                "choose a proposal", rank, f"there are {len(self.ranked)}", "Leave --choose out to see them."
            )
        return replace(self, ranked=kept)

    def to_json(self) -> dict[str, Any]:
        return {
            "source": str(self.source),
            "relations": [asdict(relation) for relation in self.relations],
            "left_out": dict(self.left_out),
            "impossible": dict(self.impossible),
            "proposals": [proposal.to_json() for proposal in self.ranked],
        }


def propose(
    path: Path,
    kinds: Sequence[str] = (),
    queries: Path | None = None,
    prices: RegionPrices | None = None,
) -> Proposals:
    """Reads the database some times, writes nothing. `kinds`: only these. Raises MigrationError."""
    wanted = _wanted(kinds)
    with SqliteSource(path) as source:
        known, left_out = look(source)
        if not known.tables:
            raise SourceError(
                "propose a design", path, "it has no table with rows to tell apart", "Name another file."
            )
        asked = read_queries(queries, source.schema) if queries else ()
        found: list[Proposal] = []
        impossible: dict[str, str] = {}
        for kind in wanted:
            try:
                found.append(_proposal(known, kind, asked, prices))
            except Impossible as reason:
                impossible[kind] = str(reason)
    if not found:
        raise SourceError("propose a design", path, "; ".join(impossible.values()), "Ask for another kind.")
    best_first = sorted(found, key=lambda proposal: proposal.order)
    ranked = tuple(replace(proposal, rank=rank) for rank, proposal in enumerate(best_first, 1))
    return Proposals(path, known.relations, left_out, impossible, ranked)


def _wanted(kinds: Sequence[str]) -> list[Kind]:
    """All of them where none is named. Raises UsageError."""
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        hint = f"Choose from: {', '.join(KINDS)}."
        raise UsageError("choose the kinds of designs", ", ".join(unknown), "there is no such kind", hint)
    return [kind for kind in KINDS if not kinds or kind in kinds]


def _proposal(
    known: Known, kind: Kind, queries: Sequence[WeightedQuery], prices: RegionPrices | None
) -> Proposal:
    drafts = drafts_of(known, kind)
    files, predictions = [], []
    with tempfile.TemporaryDirectory() as folder:
        for draft in drafts:
            compiled = _compiled(known.source, Path(folder) / f"{draft.name}.json", draft)
            files.append(File(draft))
            predictions.append(predict(known.source, draft, compiled))
    answers = [answer for draft in drafts for answer in draft.answers]
    open_ones = [query for query in queries if not query.is_answered(answers)]
    weight = sum(query.weight for query in queries)
    prediction = together(predictions)
    return Proposal(
        kind=kind,
        files=tuple(files),
        prediction=prediction,
        monthly=round(prediction.monthly(prices), 4) if prices else None,
        answered=1 - sum(query.weight for query in open_ones) / weight if weight else None,
        unanswered=tuple(query.text for query in sorted(open_ones, key=lambda query: -query.weight)),
    )


def _compiled(source: SqliteSource, path: Path, draft: Draft) -> CompiledDesign:
    """By way of a file of JSON, which is read at once. Raises Impossible."""
    content = orjson.dumps(draft.document())
    if len(content) > _LARGEST_FILE:
        raise Impossible("all of it in one table would make a larger file than can be read")
    path.write_bytes(content)
    return compile_design(load_design(path), source.schema)
