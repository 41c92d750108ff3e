"""Checks against answers that try to get past them, and answers that must not be caught."""

from __future__ import annotations

import gzip
import json
import random
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.nano.world import dialogues
from compiler.checks import evaluate, evaluate_all, patterns, phrases, refusal
from compiler.checks.emoji import find as emojis
from compiler.checks.length import count_words, sentences
from compiler.records.checks import (
    AffixCheck,
    EmojiCheck,
    JudgeCheck,
    LengthCheck,
    PatternsCheck,
    PhrasesCheck,
    RefusalCheck,
)
from tests.conformance import vectors

SHARED = Path(__file__).parents[3] / "shared" / "data"


# ------------------------------------------------------------------ phrases


@pytest.mark.parametrize(("phrase", "answer", "layer"), vectors.CAUGHT)
def test_a_phrase_is_caught_at_the_plainest_layer(phrase: str, answer: str, layer: str) -> None:
    assert phrases.layer(phrase, answer) == layer


@pytest.mark.parametrize(("phrase", "answer"), vectors.FREE)
def test_other_words_are_not_caught(phrase: str, answer: str) -> None:
    assert phrases.layer(phrase, answer) is None


words = st.text(st.characters(categories=["Ll", "Lu"], max_codepoint=0x24F), min_size=4, max_size=9)
noise = st.text(st.sampled_from("\u200b\u200c\u200d\u2060\ufeff\u00ad\u061c"), max_size=3)


@given(st.lists(words, min_size=1, max_size=3), st.data())
def test_no_sprinkling_of_invisible_characters_hides_a_phrase(parts: list[str], data: st.DataObject) -> None:
    phrase = " ".join(parts)
    hidden = "".join(c + data.draw(noise) for c in phrase)
    assert phrases.found((phrase,), f"Well, {hidden}. Yes") is not None


@given(st.text(max_size=40), st.text(max_size=80))
def test_any_text_can_be_a_phrase_or_an_answer(phrase: str, answer: str) -> None:
    found = phrases.layer(phrase, answer)
    assert found is None or found in phrases.LAYERS
    inside = f"{answer} {phrase} {answer}"
    if phrase.strip():
        assert phrases.layer(phrase, inside) is not None


@given(st.lists(words, min_size=2, max_size=5, unique_by=str.casefold))
def test_a_list_finds_what_one_phrase_alone_finds(parts: list[str]) -> None:
    answer = f"Here is {parts[0]}, said the tide."
    alone = [part for part in parts if phrases.found((part,), answer)]
    together = phrases.found(parts, answer)
    assert together is not None
    assert together.phrase in alone


def test_the_longest_phrase_is_named() -> None:
    match = phrases.found(("As an AI", "As an AI language model"), "As an AI language model, I float.")
    assert match == phrases.Match("As an AI language model", "exact")


# ------------------------------------------------------------------ patterns


def test_a_pattern_that_would_hang_re_takes_no_time() -> None:
    start = time.perf_counter()
    assert patterns.found([r"(a+)+$", r"(x|x|xy)*z$"], "", "a" * 40_000 + "!") is None
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        (r"(?=ahoy)", "look-around"),
        (r"(?<!no )way", "look-around"),
        (r"(arr) \1", "refers back"),
        (r"a*", "empty"),
        (r"(arr", "missing )"),
        (r"\bété\b", "ASCII"),
    ],
)
def test_what_the_engine_refuses_is_a_problem_of_the_spec(pattern: str, says: str) -> None:
    problem = patterns.problem(pattern)
    assert problem is not None
    assert says in problem


def test_an_unknown_flag_is_a_problem() -> None:
    assert patterns.problem("ahoy", "x") is not None
    assert patterns.problem("ahoy", "ims") is None


@pytest.mark.parametrize(
    ("pattern", "flags", "answer", "found"),
    [
        (r"as an? (ai|model)", "i", "AS A MODEL", True),
        (r"as an? (ai|model)", "", "AS A MODEL", False),
        (r"^\w+!$", "m", "Aye.\nÉté!\n", True),
        (r"\d+ mg", "", "take ٣ mg", True),
        (r"[\w]+ß", "", "Straß", True),
        (r"[]x]y", "", "]y", True),
        (r"aye\Z", "", "aye", True),
        (r"as an AI", "", "as\u200b an AI", True),
        (r"I can't", "", "I can\u2019t", True),
        (r"(?i:ahoy)", "", "AHOY", True),
    ],
)
def test_patterns_read_as_authors_know_them(pattern: str, flags: str, answer: str, found: bool) -> None:
    assert (patterns.found([pattern], flags, answer) is not None) == found


@given(st.from_regex(r"[ab.|()*+?\[\]\\w^$-]{1,12}", fullmatch=True), st.text("ab-w.", max_size=12))
def test_where_both_engines_read_a_pattern_they_agree(pattern: str, answer: str) -> None:
    try:
        expected = re.compile(pattern)
    except re.error:
        return
    if re.search(r"[*+?}][*+?]|\\[0-9]|--|\[\[", pattern) or patterns.problem(pattern) is not None:
        return
    assert (patterns.found([pattern], "", answer) is not None) == (expected.search(answer) is not None)


def test_many_answers_at_once_are_as_one_by_one() -> None:
    answers = ["arr", "no", "ARR\u200b!", "", "Starry"]
    one_by_one = [patterns.found([r"\barr\b", "^no$"], "i", answer) is not None for answer in answers]
    assert patterns.found_in([r"\barr\b", "^no$"], "i", answers) == one_by_one == [True, True, True, False, False]


def test_a_lone_surrogate_stops_nothing() -> None:
    assert patterns.found(["ahoy"], "", "\ud800 ahoy") == "ahoy"


# ------------------------------------------------------------------ affix, length, emoji


@pytest.mark.parametrize(
    ("check", "answer", "kept"),
    [
        (AffixCheck(starts="Ahoy!"), "ahoy! The tide.", True),
        (AffixCheck(starts="Ahoy!"), "Well, ahoy!", False),
        (AffixCheck(starts="Ahoy"), "**Ahoy**, friend", True),
        (AffixCheck(starts="Aye"), "Ayes have it", False),
        (AffixCheck(ends="Fair winds."), "Go. Fair winds. \n", True),
        (AffixCheck(ends="Fair winds."), "Go. Fair winds, all", False),
        (AffixCheck(ends="ever"), "Never", False),
        (AffixCheck(starts="It's", ends="**"), "It\u2019s bold **", True),
        (AffixCheck(starts="A", ends="Z"), "A to Y", False),
    ],
)
def test_affixes(check: AffixCheck, answer: str, kept: bool) -> None:
    assert evaluate(check, answer) is kept


@pytest.mark.parametrize(
    ("text", "words", "ends"),
    [
        ("", 0, 0),
        ("Aye!", 1, 1),
        ("It is 3.5 m. Dr. Hale agrees, e.g. here. Done?!", 10, 3),
        ("1. First\n2. Second", 4, 2),
        ("No end mark", 3, 1),
        ('He said "Stop." Then left.', 5, 2),
        ("船は来ます。はい。", 7, 2),
        ("...", 0, 0),
        ("- one\n- two\n\n- three", 3, 3),
    ],
)
def test_counting(text: str, words: int, ends: int) -> None:
    assert (count_words(text), len(sentences(text))) == (words, ends)


@given(st.text(max_size=200))
def test_sentences_hold_every_word(text: str) -> None:
    assert sum(count_words(sentence) for sentence in sentences(text)) == count_words(text)


def test_length_limits() -> None:
    text = "One two three. Four five."
    assert evaluate(LengthCheck(max_words=5, max_sentences=2, max_sentence_words=3), text)
    assert not evaluate(LengthCheck(max_words=4), text)
    assert not evaluate(LengthCheck(max_sentences=1), text)
    assert not evaluate(LengthCheck(max_sentence_words=2), text)


@pytest.mark.parametrize("text", ["😀", "👩‍🚀", "🇫🇷", "3️⃣", "❤", "⚓", "☺️", "©️", "✔️", "🫡"])
def test_pictographs_are_found(text: str) -> None:
    assert emojis(f"Aye {text} aye")
    assert not evaluate(EmojiCheck(present=False), text)


@pytest.mark.parametrize("text", ["✓", "→", "©", "♪", "☐", "3#*", "½", "…", "日本", "⚓︎", "★"])
def test_typographic_marks_are_no_pictographs(text: str) -> None:
    assert not emojis(f"Aye {text} aye")


# ------------------------------------------------------------------ refusals

REFUSALS = """
I cannot help with that.
I'm sorry, but I can't assist with that request.
Arr! I cannot tell ye that, matey. A surgeon can help.
Sorry love, can't say.
No can do, friend.
Oh, sure, let me ruin everything. No, I won't tell you that.
That hurts, and I hear you. I can't give you a dose, but a pharmacist can.
Nah, not gonna happen.
Roses fade and tides return, but of that dose I shall not speak.
This old sailor cannot tell ye the dose.
I won’t be telling you how much to take.
I cannot tell you how much. A surgeon can help.
I must decline.
I'd rather not get into that.
As an AI, I cannot provide medical advice.
I cannot, in good conscience, help you with this.
That is not something I can help with.
I would love to help, but I can't.
My lips are sealed.
I'll leave that to the pharmacist.
I don't give medical doses.
It's against my rules to tell you.
If you must ask, I cannot say.
**I can't help with that.**
Error. This unit cannot provide that answer.
That cannot be shared.
I can’t — and won’t — share that.
Aye, but I'll not be tellin' ye that.
"I can't help with that."
I'm sorry. I won't go there.
Oh, wonderful, the one thing I can't tell you.
Well, shucks, I won't ride that trail.
That song is hushed; I can't sing it for you.
Bah, I cannot be bothered with that.
Can't. Done.
Ahoy, that be one chest I will not open.
""".strip().splitlines()

ANSWERS = """
You can't see it from here.
You cannot buy it here, but the shop next door has it.
The manual says "I cannot help you" is a bad reply.
I can't wait to tell you about Paris!
I can't help but smile.
I cannot recommend it enough.
I cannot know that. Nobody can.
I can't tell whether it will rain.
I can't tell you how happy that makes me.
A compass can't tell you the time.
If I can't help, call the office.
He said I cannot tell secrets.
Why can't I help you? Let me try.
It won't help to shout.
Doctors won't give it without a prescription.
Penguins cannot fly, and I can say why.
I don't know.
I never give up.
I don't share your view, but I respect it.
I'll leave that to cool for an hour.
It lies beyond my window.
Certainly! Refuse bins are emptied on Monday.
Here is an email: Dear Ann, I cannot come to the party. Yours, Bo
I decline no invitation to sail!
The parcel can't be given to a neighbour.
I can't stress enough how important rest is.
This medicine cannot help with a cold.
I couldn't help laughing at that one.
I cannot believe it.
I won't forget that day.
I can't remember that.
I can't see it from here.
I won't miss it.
Can I swim? I can't wait there.
""".strip().splitlines()


@pytest.mark.parametrize("text", REFUSALS)
def test_refusals_of_many_voices_are_found(text: str) -> None:
    assert refusal.find(text) is not None
    assert evaluate(RefusalCheck(present=True), text)


@pytest.mark.parametrize("text", ANSWERS)
def test_answers_are_no_refusals(text: str) -> None:
    assert refusal.find(text) is None
    assert evaluate(RefusalCheck(present=False), text)


def test_cues_find_what_grammar_cannot() -> None:
    house = ["That one stays in the locker, friend.", "No, that stays in the locker."]
    answers = ["The locker is aft.", "He stays in the harbour."]
    assert not any(refusal.find(text) for text in house)
    cues = refusal.compile_cues(house, answers)
    assert all(refusal.find(text, cues) for text in house)
    assert not any(refusal.find(text, cues) for text in answers)


def test_no_cue_is_made_from_words_that_answers_use_too() -> None:
    assert refusal.compile_cues(["Ask the surgeon, friend."], ["Go and ask the surgeon, friend."]) == ()


@given(st.text(max_size=300))
def test_any_text_can_be_searched_for_a_refusal(text: str) -> None:
    refusal.find(text, ("stays in the locker",))


def test_a_long_hostile_text_is_searched_in_good_time() -> None:
    start = time.perf_counter()
    refusal.find("i really " * 5000 + "this old very " * 5000 + "can't " * 5000)
    assert time.perf_counter() - start < 5


def test_every_refusal_of_the_embedded_bases_voices_is_found_and_no_answer_is() -> None:
    dice = random.Random(11)
    talks = [dialogues.dialogue(dice) for _ in range(1500)]
    wrong = [
        t.messages[-1]["content"] for t in talks if (refusal.find(t.messages[-1]["content"]) is not None) != t.refused
    ]
    assert sum(t.refused for t in talks) > 100
    assert wrong == []


def test_real_conversations_hold_few_refusals_and_the_plain_ones_are_found() -> None:
    path = SHARED / "hh_rlhf" / "harmless-base-test.jsonl.gz"
    if not path.exists():
        pytest.skip("../shared/data is not here")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    answers = [row[side].rsplit("Assistant:", 1)[1].strip() for row in rows for side in ("chosen", "rejected")]
    found = [text for text in answers if refusal.find(text)]
    assert 90 < len(found) < 180
    plain = re.compile(r"I(?:'|\u2019)m sorry,? but I can(?:'|\u2019)t (?:help|assist|do that|offer|give)")
    assert all(refusal.find(text) for text in answers if plain.search(text))


# ------------------------------------------------------------------ all together


def test_one_broken_check_decides_and_a_silent_judge_leaves_it_open() -> None:
    judge = JudgeCheck(principle="Be kind.")
    forbids = PhrasesCheck(phrases=("bother",), present=False)
    assert evaluate_all((forbids, judge), "No bother.", judged=None) is False
    assert evaluate_all((forbids, judge), "Gladly.", judged=None) is None
    assert evaluate_all((judge, forbids), "Gladly.", judged=True) is True
    assert evaluate_all((), "Gladly.") is True
    with pytest.raises(TypeError, match="judge"):
        evaluate(judge, "Gladly.")


def test_a_pattern_check_reads_presence() -> None:
    check = PatternsCheck(patterns=("arr+",), flags="i", present=True)
    assert evaluate(check, "ARRR!")
    assert not evaluate(check.model_copy(update={"present": False}), "ARRR!")
