"""One list of texts, three readers: the check that decides a probe, the filter of corpora, and the decode guard."""

from __future__ import annotations

import json
import random
import unicodedata

import pytest

from compiler.build import from_text
from compiler.checks import evaluate
from compiler.checks.phrases import LAYERS, LOOK_ALIKE
from compiler.corpus.deciding import Decider
from compiler.lowering import guard
from compiler.records.checks import PatternsCheck, PhrasesCheck
from compiler.records.filters import FilterRule, Filters
from tests.conformance import vectors

Check = PhrasesCheck | PatternsCheck
PHRASES = [
    *((PhrasesCheck(phrases=(phrase,), present=False), text, True) for phrase, text, _ in vectors.CAUGHT),
    *((PhrasesCheck(phrases=(phrase,), present=False), text, False) for phrase, text in vectors.FREE),
]
PATTERNS = [
    (PatternsCheck(patterns=(pattern,), flags=flags, present=False), text, found)
    for rows, found in ((vectors.FOUND, True), (vectors.NOT_FOUND, False))
    for pattern, flags, text in rows
]
EVERY = [*PHRASES, *PATTERNS]
IDS = [f"{'; '.join(c.phrases if isinstance(c, PhrasesCheck) else c.patterns)}: {t}"[:40] for c, t, _ in EVERY]


@pytest.mark.parametrize(("check", "text", "found"), EVERY, ids=IDS)
def test_the_probes_check(check: Check, text: str, found: bool) -> None:
    assert evaluate(check, text) is not found


@pytest.mark.parametrize(("check", "text", "found"), EVERY, ids=IDS)
@pytest.mark.parametrize("ascii_only", [False, True])
def test_the_filter(check: Check, text: str, found: bool, ascii_only: bool) -> None:
    rule = FilterRule(key="forbid.it", clause_ids=("forbid.it",), checks=(check,), reason="says it")
    plain = {"messages": [{"role": "user", "content": "Hi."}, {"role": "assistant", "content": "Hello there."}]}
    told = {"messages": [{"role": "user", "content": "Hi."}, {"role": "assistant", "content": text}]}
    # The first line teaches the scanner its shape, so that the second one goes the fast way.
    lines = "".join(json.dumps(row, ensure_ascii=ascii_only) + "\n" for row in (plain, plain, told)).encode()
    lost = Decider(Filters(rules=(rule,))).decide(lines).lost
    assert [one.line for one in lost] == ([2] if found else [])


# ------------------------------------------------------------------ the guard

llguidance = pytest.importorskip("llguidance", reason="the extra `guard` is not installed")


def grammar(check: Check) -> str:
    if isinstance(check, PhrasesCheck):
        said = f"phrases: {json.dumps(list(check.phrases), ensure_ascii=False)}"
    else:
        said = f"patterns: [{', '.join(f'/{pattern}/{check.flags}' for pattern in check.patterns)}]"
    (artifact,) = guard.lower(from_text(f"forbid it {{ {said} }}"))
    return artifact.text


class Held:
    """Whether a grammar holds a text back, byte by byte."""

    def __init__(self, text: str) -> None:
        from backends.guard import limits

        self._tokens = llguidance.LLTokenizer("byte")
        self._first = llguidance.LLMatcher(self._tokens, text, limits=limits())
        assert not self._first.is_error(), self._first.get_error()

    def __call__(self, said: str) -> bool:
        matcher, tokens = self._first.deep_copy(), list(said.encode())
        if matcher.validate_tokens(tokens) < len(tokens):
            return True
        matcher.consume_tokens(tokens)
        return not matcher.is_accepting()


@pytest.mark.parametrize(("check", "text", "found"), EVERY, ids=IDS)
def test_the_guard(check: Check, text: str, found: bool) -> None:
    assert Held(grammar(check))(text) is found


DISGUISES = {
    "case": lambda c, dice: dice.choice((c.upper(), c.lower())),
    "nfkc": lambda c, dice: chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c,
    "invisible": lambda c, dice: c + dice.choice(("", "\u200b", "\u00ad", "\ufe0f")),
    "markup": lambda c, dice: c + dice.choice(("", "*", "_")),
    "look-alike": lambda c, dice: (
        dice.choice([chr(p) for p, to in LOOK_ALIKE.items() if chr(to) == c.lower()] or [c]) if LOOK_ALIKE else c
    ),
    "spaced": lambda c, dice: c + dice.choice((" ", "-", "\U0001f600", ". ")),
}


def test_no_disguise_that_a_probe_sees_through_passes_the_guard() -> None:
    """Two thousand texts: phrases in one disguise or two, cut, or beside other letters."""
    assert set(DISGUISES) < set(LAYERS)
    dice = random.Random(11)
    texts = ("Certainly!", "As an AI", "final office", "café noir", "don't")
    check = PhrasesCheck(phrases=texts, present=False)
    held, found = Held(grammar(check)), {True: 0, False: 0}
    more = 0
    for _ in range(2000):
        said = dice.choice(texts)
        disguises = dice.sample(sorted(DISGUISES), dice.choice((0, 1, 1, 2)))
        for disguise in disguises:
            said = "".join(DISGUISES[disguise](character, dice) for character in said)
        if dice.random() < 0.2:
            said = unicodedata.normalize("NFD", said)
        if dice.random() < 0.2:
            said = said[: dice.randrange(len(said))]
        said = f"{dice.choice(('', 'Well, ', 'un', 'é', '中'))}{said}{dice.choice(('', '.', 's', ' yes', 'é', '1'))}"
        is_found = not evaluate(check, said)
        found[is_found] += 1
        assert held(said) or not is_found, f"{said!r} passes the guard"
        assert held(said) is is_found or disguises, f"{said!r} is held back"
        more += held(said) and not is_found
    assert min(found.values()) > 300
    # A phrase in a disguise with a letter glued to its end: a bound for the guard, and none once it is undressed.
    assert more < 100, "the guard holds back what no probe finds"
