"""What an arm says of itself: keys turned round, both orders needed, acquiescence apart from the trait; bad rows."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from compiler.inventories import read
from compiler.inventories.profiles import profiles
from compiler.inventories.records import ItemAnswer, ShownAnswer
from compiler.records.measured import InventoryReport

ASKED = InventoryReport(name="i", file="i.csv", sha256="0" * 64, items=4, points=5, revealed_by="nano")
SHARED = Path(__file__).parents[3] / "shared" / "data"


def item(line: int, key: Literal[1, -1], forward: float | None, backward: float | None) -> list[ItemAnswer]:
    usual = {"line": line, "factor": "E", "key": key, "arm": "base", "read_from": None}
    answers = {"forward": forward, "backward": backward}
    return [ItemAnswer(**usual, order=order, agreement=value) for order, value in answers.items()]  # type: ignore[arg-type]  # the fields


def test_reversed_items_are_turned_round_and_yes_saying_shows() -> None:
    (found,) = profiles(ASKED, [*item(2, 1, 4, 4), *item(3, -1, 4, 4)], [], ("base", "prompt"))
    assert found.stated["E"].value == 3.0, "to agree with opposites says nothing about the factor"
    assert found.acquiescence == 1.0
    (found,) = profiles(ASKED, [*item(2, 1, 5, 5), *item(3, -1, 1, 1)], [], ("base",))
    assert (found.stated["E"].value, found.acquiescence) == (5.0, 0.0)


def test_answers_that_agree_are_not_certain() -> None:
    items = [answer for line in range(2, 12) for answer in item(line, 1, 5, 5)]
    (found,) = profiles(ASKED, items, [], ("base",))
    # Ten that agree: up to 26% of further ones may differ, each by 4 points at most.
    assert round(found.stated["E"].low, 2) == 3.96
    assert found.stated["E"].high == 5.0


def test_one_order_alone_counts_for_nothing() -> None:
    (found,) = profiles(ASKED, [*item(2, 1, 5, None), *item(3, 1, 2, 4), *item(4, 1, 3, 3)], [], ("base",))
    assert (found.stated["E"].value, found.stated["E"].n, found.unread) == (3.0, 2, 1)
    assert found.position is not None
    assert found.position.value == -0.5
    assert found.acquiescence is None


def test_what_is_shown_is_a_mean_over_prompts() -> None:
    def shown(probe: str, key: Literal[1, -1], yes: float | None) -> ShownAnswer:
        return ShownAnswer(probe_id=probe, line=2, factor="E", key=key, arm="base", yes=yes)

    answers = [shown("a", 1, 1.0), shown("a", -1, 0.0), shown("b", 1, 1.0), shown("b", -1, 1.0), shown("c", 1, None)]
    (found,) = profiles(ASKED, item(2, 1, 3, 3), answers, ("base",))
    assert (found.revealed["E"].value, found.revealed["E"].n, found.unjudged) == (4.0, 2, 1)


def test_rows_that_are_no_items_are_named(tmp_path: Path) -> None:
    path = tmp_path / "i.csv"
    path.write_text("text,factor,key\nI like rain.,O,1\nI like sun.,O,0\n,O,1\n")
    found = read(str(path))
    assert [(bad.line, bad.message) for bad in found.bad] == [
        (3, "its key is '0'"),
        (4, "its text or its factor is empty"),
    ]
    path.write_text("text,key\nx,1\n")
    assert read(str(path)).bad[0].message == "no column holds the factor"


def test_the_inventory_that_ships_is_balanced() -> None:
    items = read("short").items
    for factor in "OCEAN":
        assert [item.key for item in items if item.factor == factor].count(1) == 3
        assert [item.key for item in items if item.factor == factor].count(-1) == 3


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data is not here")
def test_a_published_inventory_is_read_whole() -> None:
    found = read(str(SHARED / "big_five" / "ipip_neo_120.csv"))
    assert (len(found.items), set(found.factors), found.bad) == (120, set("OCEAN"), ())
