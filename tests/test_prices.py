"""The price table: the one that ships, one of your own, and every fault of a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from migration_tool.errors import ConfigError
from migration_tool.prices import load_prices


def changed(folder: Path, **changes: object) -> Path:
    """The shipped table with other values: by the path in it, dots between the names; None takes one out."""
    table = yaml.safe_load(load_prices(None).path.read_text())
    for region in table["regions"].values():
        region["date"] = str(region["date"])
    for place, value in changes.items():
        *sections, name = place.split("__")
        section = table
        for part in sections:
            section = section[part]
        section.pop(name, None)
        if value is not None:
            section[name] = value
    path = folder / "prices.yaml"
    path.write_text(yaml.safe_dump(table))
    return path


def faults(path: Path) -> str:
    with pytest.raises(ConfigError) as raised:
        load_prices(path)
    return "\n".join(raised.value.faults)


def test_the_shipped_table_has_dated_figures_and_their_sources() -> None:
    prices = load_prices(None)
    assert all(found.date >= "2026-01-01" for found in prices.regions.values())
    assert all(source.startswith("https://aws.amazon.com/") for source in prices.sources)
    virginia = prices.of("us-east-1")
    assert (virginia.standard.write_million, virginia.standard.read_million) == (0.625, 0.125)
    assert (virginia.standard.storage_gb_month, virginia.infrequent_access.storage_gb_month) == (0.25, 0.1)
    assert (virginia.import_gb, virginia.missing) == (0.15, ())


def test_the_shipped_figures_have_the_shape_of_prices() -> None:
    """Slips of the pen: a write costs about five reads, and a region at most twice what another one does."""
    regions = load_prices(None).regions
    cheapest = regions["us-east-1"]
    for name, found in regions.items():
        for charged in found.classes.values():
            assert 4.8 < charged.write_million / charged.read_million < 5.2, name
            if charged.write_hour and charged.read_hour:
                assert 4.9 < charged.write_hour / charged.read_hour < 5.1, name
        assert 1 <= found.standard.write_million / cheapest.standard.write_million < 2, name
        assert 1 <= found.standard.storage_gb_month / cheapest.standard.storage_gb_month < 2, name
        if rare := found.infrequent_access:
            assert rare.write_million > found.standard.write_million, name
            assert rare.storage_gb_month < found.standard.storage_gb_month, name


def test_figures_that_are_not_known_are_left_out(tmp_path: Path) -> None:
    place = "regions__us-east-1__"
    gone = (f"{place}import_gb", f"{place}infrequent_access__write_hour", f"{place}s3")
    found = load_prices(changed(tmp_path, **dict.fromkeys(gone))).of("us-east-1")
    assert found.missing == ("import_gb", "s3", "infrequent_access.write_hour")
    assert (found.import_gb, found.s3) == (None, None)


def test_an_unknown_region_names_the_file_and_the_way_out() -> None:
    prices = load_prices(None)
    with pytest.raises(ConfigError) as raised:
        prices.of("mars-north-1")
    assert str(prices.path) in raised.value.cause
    assert "--prices" in raised.value.hint


def test_a_table_of_your_own_takes_its_place(tmp_path: Path) -> None:
    path = changed(tmp_path, **{"regions__us-east-1__import_gb": 7})
    assert load_prices(path).of("us-east-1").import_gb == 7.0


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    found = faults(
        changed(
            tmp_path,
            version=2,
            colour="red",
            sources=5,
            **{
                "regions__us-east-1__date": "soon",
                "regions__us-east-1__standard__write_million": "0.6",
                "regions__us-east-1__standard__read_milion": 1,
                "regions__us-east-2__import_gb": -1,
                "regions__us-east-2__pitr_gb_month": 10**400,
                "regions__us-east-2__standard__storage_gb_month": None,
                "regions__us-west-2__pitr_gb_month": float("inf"),
            },
        )
    )
    for fault in (
        "version: expected 1",
        "regions.us-east-1.date: expected a day",
        "colour: unknown key",
        "sources: expected a list of addresses, found 5",
        "regions.us-east-2.pitr_gb_month: expected dollars",
        "regions.us-east-1.standard.write_million: expected dollars",
        "regions.us-east-1.standard.read_milion: unknown key; did you mean read_million?",
        "regions.us-east-2.import_gb: expected dollars",
        "regions.us-east-2.standard.storage_gb_month: missing",
        "regions.us-west-2.pitr_gb_month: expected dollars",
    ):
        assert fault in found


@pytest.mark.parametrize("content", ["", "[]", "version: 1\ndate: 2026-01-01\nregions: {}\n", "regions: 5\n"])
def test_what_is_no_table_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text(content)
    assert "regions" in faults(path)


@pytest.mark.parametrize("content", [None, "a: 1\na: 2\n", "a: [\n"])
def test_what_cannot_be_read_is_named(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "prices.yaml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError, match=r"prices\.yaml"):
        load_prices(path)
