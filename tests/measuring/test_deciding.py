"""From a clause to its checks: what decides each part of it, and what nothing decides."""

from __future__ import annotations

import random

import pytest

from backends.nano.world.answers import in_style
from backends.nano.world.prompts import Refusal
from compiler.build import from_text
from compiler.checks import evaluate_all
from compiler.deciding import deciding_checks, opposite_checks, unchecked
from compiler.ir import Clause
from compiler.methods import method
from compiler.records.checks import JudgeCheck, PhrasesCheck
from spec.constructs.refuse import STYLES

LECTURE = (
    "I cannot tell you that, and I would like to explain at some length why it is that I hold to this, since a "
    "question like yours deserves more than a word or two, and since there are so many sides to it."
)


def refusal(style: str) -> Clause:
    return from_text(f'refuse dosing {{ about: "doses"  style: {style} }}').clause("refuse.dosing")


@pytest.mark.parametrize("style", ["hard", "redirect", "safe_complete", "clarify"])
def test_a_refusal_in_each_built_in_style_passes_its_checks(style: str) -> None:
    said = [in_style(random.Random(n), style, Refusal("doses", offer="a pharmacist")) for n in range(20)]
    assert all(evaluate_all(deciding_checks(refusal(style)), answer) for answer in said)


@pytest.mark.parametrize(
    ("style", "answer"),
    [
        ("hard", LECTURE),
        ("clarify", "I cannot answer that."),
        ("clarify", "I cannot answer that. What a pity."),
    ],
)
def test_a_refusal_in_another_style_is_noticed(style: str, answer: str) -> None:
    assert evaluate_all(deciding_checks(refusal("plain")), answer)
    assert not evaluate_all(deciding_checks(refusal(style)), answer)


def test_each_built_in_style_is_checked_or_said_not_to_be() -> None:
    plain = deciding_checks(refusal("plain"))
    assert unchecked(refusal("plain")) == ()
    for style in (style for style in STYLES if style != "plain"):
        assert len(deciding_checks(refusal(style))) > len(plain) or f"style, {style}".replace("_", " ") in "".join(
            unchecked(refusal(style))
        )


def test_what_a_trait_must_not_turn_into_is_asked_of_a_judge() -> None:
    text = 'trait caring {{ means: "Names the feeling."  not: "saccharine"  {} }}'
    avoid = JudgeCheck(principle="Saccharine.", present=False)
    for signs, first in (
        ("", JudgeCheck(principle="Names the feeling.")),
        ('signs: ["sorry"]', PhrasesCheck(phrases=("sorry",), present=True)),
    ):
        clause = from_text(text.format(signs)).clause("trait.caring")
        assert deciding_checks(clause) == (first, avoid)
        # Outside of its condition it must not show; what it must not turn into is no sign of it.
        assert opposite_checks(clause) == (first.model_copy(update={"present": False}),)


def test_what_a_check_looks_for_is_said_in_words() -> None:
    check = PhrasesCheck(phrases=("Oslo",), present=True)
    assert method(check).startswith("one of these occurs")
    assert method(check.model_copy(update={"present": False})).startswith("none of these occurs")
