"""Pictures of the figures of a day, drawn on white so that they can be read on any page.

    python -m bench.plots RESULTS.json FOLDER

writes bench.svg and capacity.svg, each where the results hold what it shows.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

Results = Mapping[str, Mapping[str, Any]]
OURS, THEIRS, TEXT, FAINT, LIMIT = "#1f6f8b", "#a9b4bc", "#24292f", "#6e7781", "#b35900"
LOADS = ("load", "load-client-threads", "load-pynamodb", "load-awswrangler")
CAPACITIES = {
    "capacity-spread": "A partition key for each item",
    "capacity-collection": "One item collection",
}
_WIDTH = 8.0


def bench(results: Results, machine: Mapping[str, Any]) -> Figure:
    """Items per second of the product and of each peer."""
    found = [results[name] for name in LOADS if name in results]
    bars = [("this tool, whole process", found[0]["product"])]
    bars += sorted(((one["peer_name"], one["peer"]) for one in found), key=lambda bar: -bar[1])
    figure, axes = plt.subplots(figsize=(_WIDTH, 0.9 + 0.42 * len(bars)))
    rates = [rate for _, rate in bars]
    axes.barh([name for name, _ in bars], rates, 0.62, color=[OURS] + [THEIRS] * len(found))
    axes.invert_yaxis()
    axes.set_xlim(0, 1.22 * max(rates))
    for place, rate in enumerate(rates):
        ratio = f"   1/{rates[0] / rate:.0f}" if place and rate < rates[0] else ""
        axes.text(rate + 0.012 * max(rates), place, f"{rate:,.0f}{ratio}", va="center", color=TEXT)
    axes.xaxis.set_visible(False)
    _titled(axes, "Items per second into the same endpoint", _conditions(found[0], machine))
    _bare(axes, "left")
    return figure


def _conditions(load: Mapping[str, Any], machine: Mapping[str, Any]) -> str:
    details, rounds = load["details"], load["plan"]["rounds"]
    return (
        f"MusicCatalog, {details['items']:,} items, one process; peers write an even choice of "
        f"{details['peer_items']:,}. Median of {rounds}; {machine['cpus']} CPUs, {machine['cpu_model']}"
    )


def capacity(results: Results) -> Figure:
    """Consumed write units over time: product, peer, and what the limits let through."""
    found = {name: title for name, title in CAPACITIES.items() if name in results}
    figure, panels = plt.subplots(1, len(found), figsize=(_WIDTH, 2.9), squeeze=False)
    for axes, (name, title) in zip(panels[0], found.items(), strict=True):
        _capacity_panel(axes, title, results[name]["details"])
    panels[0][0].set_ylabel("write units per second", color=FAINT)
    lines, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(
        lines, labels, frameon=False, loc="upper center", bbox_to_anchor=(0.5, 0), ncols=3, labelcolor=TEXT
    )
    figure.tight_layout()
    return figure


def _capacity_panel(axes: Axes, title: str, details: Mapping[str, Any]) -> None:
    limit = details["limit"]
    axes.axhline(limit, color=LIMIT, linestyle=(0, (4, 3)), linewidth=1.2, label="limit")
    ours, theirs = details["product_line"], details["peer_line"]
    axes.plot(_seconds(ours), ours, color=OURS, linewidth=2, label="this tool")
    axes.plot(_seconds(theirs), theirs, color=FAINT, linewidth=1.4, label="boto3 batch_writer")
    axes.set_ylim(0, 1.15 * limit)
    axes.set_xlim(0, None)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.set_xlabel("seconds", color=FAINT)
    axes.grid(axis="y", color="#e6e8eb", linewidth=0.8)
    axes.set_axisbelow(True)
    _titled(axes, title, f"limit {limit:,.0f} write units per second")
    _bare(axes, "bottom")


def _seconds(line: Sequence[float]) -> list[float]:
    """The middle of each second."""
    return [second + 0.5 for second in range(len(line))]


def _titled(axes: Axes, title: str, below: str) -> None:
    axes.annotate(
        title, (0, 1), (0, 24), "axes fraction", "offset points", color=TEXT, weight="bold", size=11
    )
    axes.annotate(below, (0, 1), (0, 9), "axes fraction", "offset points", color=FAINT, size=7.5)


def _bare(axes: Axes, kept: str) -> None:
    for side, spine in axes.spines.items():
        spine.set_visible(side == kept)
        spine.set_color("#c8cdd2")
    axes.tick_params(length=0, colors=TEXT)


def save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, bbox_inches="tight", pad_inches=0.2, facecolor="white", metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("results", type=Path)
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    day = json.loads(given.results.read_text())
    results = {one["name"]: one for one in day["results"]}
    mpl.rcParams.update({"svg.hashsalt": "bench", "font.size": 9, "font.family": "DejaVu Sans"})
    drawn = []
    if LOADS[0] in results:
        drawn.append("bench.svg")
        save(bench(results, day["machine"]), given.folder / drawn[-1])
    if results.keys() & CAPACITIES.keys():
        drawn.append("capacity.svg")
        save(capacity(results), given.folder / drawn[-1])
    print(json.dumps(drawn))


if __name__ == "__main__":
    main()
