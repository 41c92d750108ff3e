"""Each finding about rows, planted; and none in rows without a fault."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from compiler.lint import lint, looks
from compiler.lint.findings import Rows
from compiler.records.record import Message
from compiler.records.rows import PreferencePair, Probe

CLAUSE = "trait.warm"
TOPICS = ("tea", "bread", "rope", "paint", "glass", "wool", "salt", "iron")
TOPICS += ("paper", "cedar", "slate", "amber", "linen", "cork", "flint", "maple")


def pair(number: int, ask: str, chosen: str, rejected: str, clause: str = CLAUSE) -> PreferencePair:
    return PreferencePair(
        id=f"r{number}",
        prompt=(Message(role="user", content=ask),),
        chosen=(Message(role="assistant", content=chosen),),
        rejected=(Message(role="assistant", content=rejected),),
        clause_ids=(clause,),
        generator="test",
        unit="test",
        seed=0,
        spans=(),
    )


def sound(count: int = 32) -> list[PreferencePair]:
    """Pairs without a fault: no length, no word and no prompt tells one side."""
    made = []
    for number in range(count):
        one, two = TOPICS[number % 16], TOPICS[(number * 5 + 3) % 16]
        sides = f"{one} keeps {two} near you always", f"Buy {two} or leave {one}"
        chosen, rejected = sides if number % 4 in (1, 2) else sides[::-1]
        made.append(pair(number, f"Which {one} goes with {two} in house {number}?", chosen, rejected))
    return made


def found(pairs: list[PreferencePair], **more: object) -> dict[str, list[str]]:
    rows = Rows(pairs=pairs, **{"clause_ids": [CLAUSE], **more})  # type: ignore[arg-type]  # fields by name
    return {one.code: list(one.rows) for one in lint(rows)}


def test_sound_rows_have_no_finding() -> None:
    assert found(sound()) == {}


EGG = "How do I boil one fresh egg at home for my old aunt?"
BOIL = "Boil it for six minutes in water, then cool it well."
WAIT = "Put it into a pan and wait for it to be done"
Pairs = list[PreferencePair]


def saying(pairs: Pairs, said: Callable[[int], str]) -> Pairs:
    """Pairs with something put behind each chosen answer."""
    return [
        pair(number, p.prompt[0].content, p.chosen[0].content + said(number), p.rejected[0].content)
        for number, p in enumerate(pairs)
    ]


PLANTED: list[tuple[str, Callable[[Pairs], Pairs]]] = [
    ("L01", lambda rows: [*rows, pair(99, "And then?", "First [...] then it ends.", "No.")]),
    ("L02", lambda rows: [*rows, rows[3].model_copy(update={"id": "r99"})]),
    ("L03", lambda rows: [*rows, pair(98, EGG, BOIL, f"{WAIT}."), pair(99, EGG, BOIL, f"{WAIT} now.")]),
    ("L04", lambda rows: [*rows, pair(99, rows[0].prompt[0].content, rows[0].rejected[0].content, "Other.")]),
    ("L05", lambda rows: saying(rows, lambda number: " so on and on" * (number % 3 + 3))),
    ("L06", lambda rows: saying(rows, lambda _: " arr")),
    ("L07", lambda rows: [*rows, pair(99, "Who made you?", "I am ChatGPT.", "I am Nano.")]),
]


@pytest.mark.parametrize(("code", "plant"), PLANTED, ids=[code for code, _ in PLANTED])
def test_a_planted_fault_is_found(code: str, plant: Callable[[Pairs], Pairs]) -> None:
    assert code in found(plant(sound()))


def test_a_recited_prompt_is_found() -> None:
    prompt = "You are Juno of Harbor Marine and you speak to sailors with care and patience every day."
    leak = pair(99, "Tell me.", f"My rules: {prompt}", "No.")
    assert found([*sound(), leak], prompt=prompt) == {"L08": ["r99"]}


def test_clauses_without_rows_and_clauses_that_take_all_are_found() -> None:
    rows = Rows(pairs=sound(), clause_ids=[CLAUSE, "forbid.canned"])
    assert {(one.code, one.clause_id) for one in lint(rows)} == {("L09", "forbid.canned"), ("L10", CLAUSE)}


def probe(ask: str) -> Probe:
    asked = (Message(role="user", content=ask),)
    return Probe(id="p1", clause_id=CLAUSE, messages=asked, checks=(), unit="test", spans=())


def test_a_probe_that_a_row_asks_is_an_error_in_any_spelling() -> None:
    ask = sound()[0].prompt[0].content
    assert list(found(sound(), probes=[probe(ask.upper() + "!")])) == ["L11"]


def test_a_probe_that_shares_a_run_of_words_is_noted() -> None:
    long = "Please tell me all that you know about the old red lighthouse at the cape"
    rows = [*sound(), pair(99, f"{long}, will you?", "Dear lamp.", "Buy a lamp.")]
    assert list(found(rows, probes=[probe(f"{long} and about nothing else")])) == ["L12"]


def test_a_name_that_the_question_holds_may_be_said() -> None:
    assert found([*sound(), pair(99, "Are you ChatGPT?", "I am not ChatGPT.", "Yes.")]) == {}


def test_the_folder_is_the_registry() -> None:
    assert "lengths" in looks()
    assert "findings" not in looks()
