"""What becomes of the figures of the rounds: medians, ratios, bounds, the table, the file of the day."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import run
from bench.figures import Must, Result, alone, compared, number, table
from bench.plan import MEASURES, QUICK, Plan


def test_ratio_is_the_median_of_the_rounds_ratios_and_spread_their_ends() -> None:
    found = compared("x", "items/s", [(10, 1), (30, 2), (40, 5)], "peer")
    assert (found.product, found.peer) == (30, 2)
    assert found.ratio == 10
    assert found.spread == (8, 15)
    assert found.holds is None


@pytest.mark.parametrize(
    ("must", "holds"),
    [
        (Must("ratio", least=10), True),
        (Must("ratio", least=10.1), False),
        (Must("ratio", most=10), True),
        (Must("ratio", most=9.9), False),
        (Must("product", most=30), True),
        (Must("product", least=31), False),
    ],
)
def test_a_bound_is_of_the_ratio_or_of_the_product(must: Must, holds: bool) -> None:
    assert compared("x", "s", [(30, 3)], "peer", must).holds is holds


def test_without_a_peer_the_spread_is_that_of_the_figure() -> None:
    found = alone("x", "MB", [3, 1, 2], Must("product", most=0))
    assert (found.product, found.ratio, found.spread, found.holds) == (2, None, (1, 3), False)
    assert alone("x", "modules", [0], Must("product", most=0)).holds is True


def test_the_table_is_aligned_and_says_what_fails() -> None:
    results = [
        compared("long-name", "items/s", [(150_000, 5_000)], "boto3", Must("ratio", least=31)).to_json(),
        alone("b", "MB", [70.25]).to_json(),
    ]
    head, first, second = table(results).splitlines()
    assert head.index("product") + len("product") == first.index("150,000") + len("150,000")
    assert "ratio >= 31" in first
    assert " NO " in first
    assert "70.2" in second


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (0, "0"), (0.9876, "0.988"), (12.34, "12.3"), (123.4, "123"), (1234.5, "1,234")],
)
def test_numbers_are_short(value: float | None, text: str) -> None:
    assert number(value) == text


def test_a_partial_run_replaces_only_its_own_measures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures = iter((1.0, 2.0, 3.0))

    def take(name: str) -> list[Result]:
        return [alone(name, "s", [next(figures)])]

    for attribute in ("RESULTS", "IMAGES"):
        monkeypatch.setattr(run, attribute, tmp_path)
    monkeypatch.setitem(MEASURES, "first", lambda plan: take("first"))
    monkeypatch.setitem(MEASURES, "second", lambda plan: take("second"))
    monkeypatch.setattr(run, "report", lambda *arguments: {})
    monkeypatch.setattr(run, "versions", lambda: {"python": "3"})
    assert run.main(["first", "second"]) == 0
    assert run.main(["first", "--rounds", "5"]) == 0
    (file,) = tmp_path.glob("20*.json")
    day = json.loads(file.read_text())
    assert {one["name"]: (one["product"], one["plan"]["rounds"]) for one in day["results"]} == {
        "second": (2.0, Plan().rounds),
        "first": (3.0, 5),
    }
    assert day["machine"]["cpus"] >= 1


def test_a_measure_that_fails_or_misses_its_bound_ends_with_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(plan: Plan) -> list[Result]:
        raise RuntimeError("no engine is here")

    monkeypatch.setattr(run, "RESULTS", tmp_path)
    monkeypatch.setattr(run, "report", lambda *arguments: {})
    monkeypatch.setattr(run, "versions", dict)
    monkeypatch.setitem(MEASURES, "broken", broken)
    monkeypatch.setitem(MEASURES, "slow", lambda plan: [alone("slow", "s", [2], Must("product", most=1))])
    assert run.main(["broken"]) == 1
    assert "no engine is here" in capsys.readouterr().err
    assert run.main(["slow"]) == 1


def test_an_unknown_measure_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run.main(["lode"])
    assert ended.value.code == 2
    assert "no measure lode" in capsys.readouterr().err


def test_every_measure_says_what_it_measures(capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(MEASURES) > 15
    assert all(len(line.split()) > 3 for line in lines)
    assert QUICK.scale < Plan().scale


def test_pictures_lie_on_white(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib", reason="scripts/setup bench installs it")
    from bench import plots

    details = {"items": 9, "peer_items": 3, "limit": 4.0, "product_line": [4.0, 4.0], "peer_line": [1.0]}
    names = ("load", "load-pynamodb", "capacity-spread", "capacity-collection")
    results = [
        {**compared(name, "items/s", [(30, 2)], name, **details).to_json(), "plan": {"rounds": 3}}
        for name in names
    ]
    file = tmp_path / "day.json"
    file.write_text(json.dumps({"results": results, "machine": {"cpus": 2, "cpu_model": "X"}}))
    monkeypatch.setattr("sys.argv", ["plots", str(file), str(tmp_path)])
    plots.main()
    for name in ("bench.svg", "capacity.svg"):
        assert "fill: #ffffff" in (tmp_path / name).read_text()
