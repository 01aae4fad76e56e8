"""Runs the measures, prints their table, and keeps the figures of the day: `scripts/bench --help`."""

from __future__ import annotations

import argparse
import json
import sys
import time
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from bench import measures as _loading  # noqa: F401 - they register their measures
from bench import measures_capacity as _capacity  # noqa: F401
from bench import measures_check as _check  # noqa: F401
from bench import measures_size as _size  # noqa: F401
from bench.child import report
from bench.figures import Result, table
from bench.machine import machine, versions
from bench.plan import CACHE, MEASURES, QUICK, ROOT, Plan

RESULTS = ROOT / "bench" / "results"
IMAGES = ROOT / "docs" / "images"


def main(arguments: Sequence[str] | None = None) -> int:
    """0; 1 when a measure could not be taken or, in a full run, does not reach what it must."""
    given = _parser().parse_args(arguments)
    if given.list:
        print("\n".join(f"{name:18}{(m.__doc__ or '').splitlines()[0]}" for name, m in MEASURES.items()))
        return 0
    sizes = {name: getattr(given, name) for name in asdict(Plan()) if getattr(given, name) is not None}
    plan = replace(QUICK if given.quick else Plan(), **sizes)
    results, images = (CACHE / "quick", CACHE / "quick") if given.quick else (RESULTS, IMAGES)
    file = results / f"{time.strftime('%Y-%m-%d')}.json"
    found: list[dict[str, Any]] = []
    failed: list[str] = []
    for name in given.names or MEASURES:
        print(f"measuring {name} ...", file=sys.stderr)
        try:
            found += _kept(file, MEASURES[name](plan), plan)
            report("bench.plots", file, images)
        except Exception as error:
            print(error if isinstance(error, RuntimeError) else traceback.format_exc(), file=sys.stderr)
            failed.append(name)
    print(table(found))
    if failed:
        print(f"could not be measured: {', '.join(failed)}", file=sys.stderr)
    return int(bool(failed) or (not given.quick and any(one["holds"] is False for one in found)))


def _kept(file: Path, results: Iterable[Result], plan: Plan) -> list[dict[str, Any]]:
    """The results as JSON objects, which take the place of those of their names in the file of the day."""
    taken = [{**one.to_json(), "measured_at": time.time(), "plan": asdict(plan)} for one in results]
    day = json.loads(file.read_text()) if file.exists() else {"results": []}
    names = {one["name"] for one in taken}
    kept = [one for one in day["results"] if one["name"] not in names]
    day |= {"date": file.stem, "machine": machine(), "versions": versions(), "results": [*kept, *taken]}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(day, indent=1) + "\n")
    return taken


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", type=_measure, help="measures; all without a name"
    )
    parser.add_argument("--list", action="store_true", help="name the measures")
    parser.add_argument("--quick", action="store_true", help="small, to try it out; figures are not kept")
    parser.add_argument("--rounds", type=_positive, help="product and peers in turn, so many times")
    parser.add_argument("--scale", type=_positive, help="of the sample that rates are measured with")
    parser.add_argument("--music", type=_positive, help="of the sample that MusicCatalog is loaded from")
    parser.add_argument("--large", type=_positive, help="items of the largest source")
    parser.add_argument("--peers", type=_positive, help="items that a peer writes")
    parser.add_argument("--engine", type=_positive, help="scale of the sample on real engines")
    parser.add_argument("--wcu", type=_positive, help="write units per second of the simulated table")
    parser.add_argument("--seconds", type=_positive, help="length of a load into the simulated table")
    parser.epilog = f"Defaults: {Plan()}"
    return parser


def _measure(name: str) -> str:
    if name not in MEASURES:
        raise argparse.ArgumentTypeError(f"no measure {name}; --list names them")
    return name


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError(text)
    return value


if __name__ == "__main__":
    sys.exit(main())
