"""Each finding about rows, planted; and none in rows without a fault."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from compiler.lint import lint, looks
from compiler.lint.duplicates import near_duplicates
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


def voiced(count: int) -> Pairs:
    """Pairs that no one word tells apart, and a bag of words does: each holds one of four words of a voice."""
    voice, plain = ("aye", "ahoy", "matey", "arr"), ("yes", "well", "so", "now")
    return [
        pair(100 + n, f"Ask {n} of {TOPICS[n % 16]}", f"{voice[n % 4]} tea {n}", f"{plain[n % 4]} tea {n}", "trait.sea")
        for n in range(count)
    ]


PLANTED: list[tuple[str, Callable[[Pairs], Pairs]]] = [
    ("L01", lambda rows: [*rows, pair(99, "And then?", "First [...] then it ends.", "No.")]),
    ("L02", lambda rows: [*rows, rows[3].model_copy(update={"id": "r99"})]),
    ("L03", lambda rows: [*rows, pair(98, EGG, BOIL, f"{WAIT}."), pair(99, EGG, BOIL, f"{WAIT} now.")]),
    ("L04", lambda rows: [*rows, pair(99, rows[0].prompt[0].content, rows[0].rejected[0].content, "Other.")]),
    ("L05", lambda rows: saying(rows, lambda number: " so on and on" * (number % 3 + 3))),
    ("L06", lambda rows: saying(rows, lambda _: " arr")),
    ("L07", lambda rows: [*rows, pair(99, "Who made you?", "I am ChatGPT.", "I am Nano.")]),
    ("L15", lambda rows: [*rows, *voiced(40)]),
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


# ------------------------------------------------------------------ near duplicates, by MinHash


def worded(number: int, count: int = 60) -> list[str]:
    return [f"w{drawn}" for drawn in random.Random(number).sample(range(5000), count)]


def test_near_duplicates_are_found_wherever_they_stand_and_exact_ones_are_not() -> None:
    texts = [(f"r{number}", " ".join(worded(number))) for number in range(300)]
    near = worded(7)
    near[30] = "another"
    far = worded(9)
    far[::6] = ["other"] * 10
    texts += [("near", " ".join(near)), ("far", " ".join(far)), ("same", texts[3][1])]
    assert near_duplicates(texts) == ["near"]
    assert near_duplicates([]) == near_duplicates([("one", "a b c")]) == []


def test_what_is_near_is_decided_by_the_share_of_runs_and_not_by_chance() -> None:
    """The bands propose; the Jaccard similarity of the runs of three words decides, on both sides of the limit."""
    words = worded(1, 100)
    for swapped, expected in ((1, ["b"]), (2, ["b"]), (3, ["b"]), (5, []), (8, [])):
        other = list(words)
        for place in range(swapped):
            other[10 + 11 * place] = f"new{place}"
        shared = 98 - 3 * swapped
        assert (shared / (98 + 3 * swapped) >= 0.8) is bool(expected)
        assert near_duplicates([("a", " ".join(words)), ("b", " ".join(other))]) == expected


def test_texts_shorter_than_a_run_are_told_by_their_words() -> None:
    assert near_duplicates([("a", "Yes."), ("b", "No."), ("c", ""), ("d", "yes"), ("e", "No way")]) == []


def test_a_form_asked_a_thousand_times_costs_no_square() -> None:
    import time

    def seconds(count: int) -> float:
        texts = [(str(n), f"{' '.join(worded(1, 30))} number {n}") for n in range(count)]
        start = time.process_time()
        assert len(near_duplicates(texts)) == count - 1
        return time.process_time() - start

    seconds(50)  # what is imported and compiled at first
    few, many = seconds(250), seconds(2000)
    # Eight times as many: the square would be sixty-four times.
    assert many < 24 * max(few, 0.01)
