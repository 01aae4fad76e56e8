"""`design propose` and `init --propose` as a user calls them."""

from __future__ import annotations

import json
import uuid

import pytest

from migration_tool.cli.design import propose
from migration_tool.proposing import kinds
from tests.cli.shell import Shell
from tests.proposing.corpus import CORPUS, write


@pytest.mark.parametrize(
    ("name", "kind"),
    [("odd_names", "relations"), ("odd_values", "adjacency"), ("self_reference", "aggregate")],
)
def test_an_unknown_database_is_loaded_and_proved(
    name: str, kind: str, shell: Shell, moto_server: str
) -> None:
    write(CORPUS[name], shell.folder / "unknown.sqlite")
    prefix = f"p{uuid.uuid4().hex[:8]}_"
    shell.ok("--endpoint", moto_server, "init", "-s", "unknown.sqlite", "-p", prefix, "--propose", kind)
    shell.ok("design", "check")
    assert "0 rejected" in shell.ok("migrate")
    assert "source and target are equal" in shell.ok("validate")


def test_a_kind_can_be_chosen_and_designs_are_not_replaced_unasked(shell: Shell) -> None:
    write(CORPUS["not_declared"], shell.folder / "shop.sqlite")
    said = shell("init", "-s", "shop.sqlite", "--propose", "relations")
    assert said.returncode == 0 and "Wrote 5 designs" in said.stderr
    found = json.loads((shell.folder / "config/migration.json").read_text())
    assert found["table_prefix"] == "shop_"
    assert found["dynamodb_tables"]["order_lines"] == "order_lines" and len(found["dynamodb_tables"]) == 5
    assert shell("design", "check").returncode == 0
    design = shell.folder / "config/designs/orders.yaml"
    design.write_text(design.read_text() + "# mine\n")
    refused = shell("init", "--propose", "relations")
    assert (
        refused.returncode == 2
        and "orders.yaml" in refused.stderr
        and design.read_text().endswith("# mine\n")
    )
    shell.ok("init", "--propose", "aggregate")
    found = json.loads((shell.folder / "config/migration.json").read_text())
    assert found["dynamodb_tables"] == {"shop": "Items"} and design.exists()


def test_proposals_are_shown_and_written(shell: Shell) -> None:
    write(CORPUS["not_declared"], shell.folder / "shop.sqlite")
    text = shell.ok("design", "propose", "shop.sqlite", "--out", "all")
    assert all(kind in text for kind in kinds.KINDS) and "inferred: orders(customer_id)" in text
    assert max(map(len, text.partition("\n\n")[0].splitlines())) < 80
    assert {path.name for path in (shell.folder / "all").iterdir()} == set(kinds.KINDS)
    shell.ok("design", "propose", "shop.sqlite", "--kind", "aggregate", "--choose", "1", "--out", "one")
    one = shell.folder / "one/shop.yaml"
    assert one.read_bytes() == (shell.folder / "all/aggregate/shop.yaml").read_bytes()
    assert shell("design", "propose", "shop.sqlite", "--choose", "5").returncode == 2
    one.write_text("mine")
    again = ("design", "propose", "shop.sqlite", "--kind", "aggregate", "--choose", "1", "--out", "one")
    assert shell(*again).returncode == 2
    shell.ok(*again, "--force")
    assert one.read_text() != "mine"


def test_what_is_left_out_is_said(shell: Shell) -> None:
    write(CORPUS["odd_values"], shell.folder / "odd.sqlite")
    assert "left out: broken.text: it holds text that is not UTF-8" in shell.ok(
        "design", "propose", "odd.sqlite"
    )
    assert "broken.text" in shell.ok("init", "-s", "odd.sqlite", "--propose")


def test_the_kinds_of_the_command_line_are_those_that_there_are() -> None:
    assert propose.KINDS == kinds.KINDS
