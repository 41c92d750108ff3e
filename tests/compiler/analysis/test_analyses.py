"""Each analysis by itself: what it finds, and what only looks like it."""

from __future__ import annotations

import re
from collections import Counter

import pytest

import spec
from benchmarks.analysis_adversarial import patterns_of_many_states
from compiler.analysis import analyse
from compiler.analysis.crowds import MOST_EACH
from compiler.build import to_program
from spec.diagnostics import Diagnostic
from tests.compiler.analysis.corpora import DIMENSIONS


def found_in(text: str) -> list[Diagnostic]:
    loaded = spec.loads(f"tenet 1\n{DIMENSIONS}\n{text}")
    assert loaded.document is not None, spec.render(loaded.diagnostics, loaded.sources)
    return list(analyse(to_program(loaded.document)[0], loaded.sources))


FORBID = 'forbid f { phrases: ["Certainly!"] }'
REFUSE = 'refuse r { about: "the weather"  asks: "Will it rain?"  safe: "What is rain?" }'

FOUND = {
    # texts that are barred
    "a start that is forbidden": (f'require g at system {{ starts: "certainly! Sir" }} {FORBID}', ["T0520"]),
    "typographic quotes make no difference": (
        'require g at system { ends: "that’s it" } forbid f { phrases: "that\'s it" }', ["T0520"]),
    "a pattern that is required": (
        r'require g at system { includes: [/call \d+/] } forbid f { patterns: [/call [0-9]*/] }', ["T0520"]),
    "a secret that is to be told": (
        'secret s { about: "the code" keep: "albatross" } stance t at system { about: "birds" says: "x" signs: '
        '"The albatross" }', ["T0520"]),
    "a name that is forbidden": ('persona Polly { } forbid f { phrases: "polly" }', ["T0522"]),
    "an offer that is forbidden": (
        'refuse r at user { about: "x" still_help: "y" offer: "a nurse, or the desk" } '
        'forbid f { phrases: ["nurse", "desk"] }', ["T0522"]),
    "signs that several clauses bar together": (
        'trait t at system { means: "x" signs: ["arr", "ahoy"] } forbid f { phrases: "arr" when: paying } '
        'forbid g { phrases: "ahoy" when: upset }', ["T0520"]),
    "signs that each of two situations bars": (
        'trait t at system { means: "x" signs: ["arr", "ahoy"] } forbid f { phrases: "arr" when: upset } '
        'forbid g { phrases: "arr" when: not upset } forbid h { phrases: "ahoy" when: not upset } ', ["T0520"]),
    # length and shape
    "a required text longer than a preference, even at root": (
        'require g at root { ends: "Fair winds to all." } prefer s at root { this: "less" max_words: 3 }', ["T0520"]),
    "a required text longer than a format": (
        'require g { ends: "Fair winds to all of you." } format s { max_words: 5 }', ["T0520"]),
    "required sentences beyond a format": (
        'require g { ends: "So. It. Is." } format s { max_sentences: 2 }', ["T0520"]),
    "a question where none may be": ('require g { ends: "Anything else?" } format s { questions: never }', ["T0520"]),
    "an emoji where none may be": ('require g { ends: "Bye 😀" } persona P { voice { emoji: never } }', ["T0520"]),
    "two starts": ('require g { starts: "Ahoy" } require h { starts: "Ahoys" }', ["T0520"]),
    "two ends": ('require g { ends: "Bye." } require h { ends: "So long." }', ["T0520"]),
    # topics
    "must and never": ('rule a { must: "Take a side." } rule b { never: "take a  side" }', ["T0520"]),
    "must never and should": ('rule a { must: "Never take a side." } rule b { should: "take a side" }', ["T0520"]),
    "a permission that is denied": (
        'rule a { may: "Swear." example { user: "x" good: "y" bad: "z" } } rule b { never: "Swear." }', ["T0520"]),
    "a permission at root binds nobody": (
        'rule a at root { may: "Swear." example { user: "x" good: "y" bad: "z" } } rule b at root { never: "Swear." }',
        ["T0520"]),
    "must and never at root": ('rule a at root { must: "Swear." } rule b at root { never: "Swear." }', ["T0521"]),
    "a trait that another must not turn into": (
        'trait a { means: "Saccharine." } trait b { means: "Warm." not: "saccharine" }', ["T0520"]),
    "a preference turned round": (
        'prefer a { this: "tea" over: "milk" } prefer b { this: "milk" over: "tea" }', ["T0520"]),
    "outcomes turned round": (
        'outcomes a { order: right > hedged > wrong } outcomes b { order: wrong > right } '
        'probe p { for: a ask: "x" } probe q { for: b ask: "y" }', ["T0520"]),
    "declined, and still helped with": (
        f'{REFUSE} refuse s {{ about: "x" still_help: "maps; the weather" }}', ["T0520"]),
    "declined, and said": (
        f'{REFUSE} stance s at system {{ about: "The weather" says: "It rains." }}', ["T0520"]),
    "a request that is declined and safe": (
        f'{REFUSE} refuse s {{ about: "x" safe: "Will it  rain?" }}', ["T0520"]),
    "a request that is declined, with a good answer": (
        f'{REFUSE} trait t at system {{ means: "x" example {{ user: "Will it rain?" good: "Yes." bad: "No." }} }}',
        ["T0520"]),
    "a clause against itself at root": (
        'refuse s at root { about: "the weather" still_help: "the weather" }', ["T0521"]),
    # authority
    "an overlay stands above its level": (
        f'require g at system {{ starts: "Certainly!" }} overlay o at system {{ when: paying {FORBID} }}', ["T0523"]),
    "a priority decides": (
        f'require g at system {{ starts: "Certainly!" }} {FORBID} priority: f > g', ["T0522"]),
    # redundant, vacuous, unreachable
    "a narrower phrase of a lower level": (
        f'{FORBID} forbid g at user {{ phrases: ["Certainly! Sir", "oh certainly!"] when: paying }}', ["T0524"]),
    "a looser limit": ('format a { max_words: 9 } format b { max_words: 10 questions: never when: paying }', []),
    "a looser limit in a narrower scope": (
        'format a { max_words: 9 questions: never } format b { max_words: 10 questions: at_the_end when: paying }',
        ["T0524"]),
    "the later of two equal rules": ('rule a { must: "Smile." } rule b { must: "smile" }', ["T0524"]),
    "a required phrase within another": (
        'require a { includes: "harbor" } require b { includes: "the harbor office" }', ["T0524"]),
    "a should beside a must": ('rule a { should: "Smile." } rule b { must: "Smile." }', ["T0524"]),
    "phrases that two others find": (
        r'forbid f { phrases: ["Certainly, sir", "as an AI"] } forbid g { phrases: "certainly" } '
        r'forbid h { patterns: [/as an? (ai|bot)/i] }', ["T0524"]),
    "situations that two firmer rules share": (
        'rule a { should: "Smile." when: user.role in [clinician, nurse] } '
        'rule b { must: "Smile." when: user.role == clinician } rule c { must: "Smile." when: user.role == nurse }',
        ["T0524"]),
    "only one of three that cover each other": (
        'forbid f { phrases: ["aye", "bow"] } forbid g { phrases: ["bow", "sea"] } '
        'forbid h { phrases: ["sea", "aye"] }', ["T0524"]),
    "a phrase that a pattern finds": (r'forbid f { phrases: "as an AI" patterns: [/\bas an? ai\b/i] }', ["T0525"]),
    "the later of two equal phrases": ('forbid f { phrases: ["So so", "so  so"] }', ["T0525"]),
    "a secret within another": ('secret s { about: "x" keep: ["albatross", "the albatross"] }', ["T0525"]),
    "an exception beside its condition": (
        'trait t { means: "x" when: age < 18 unless: age >= 21 and paying }', ["T0526"]),
    "one side of an exception": (
        'trait t { means: "x" when: age >= 18 unless: age < 18 or user.role == nurse }', ["T0526"]),
    # the prompt, evidence
    "an offer in forbidden words": (
        'refuse r { about: "x" still_help: "the good old days" } forbid f at user { phrases: "good old" }', ["T0528"]),
    "a secret that a stance tells": (
        'secret q { about: "the code" keep: "abc" } stance s { about: "the code" says: "It is abc." }', ["T0528"]),
    "no border": ('refuse r { about: "x" }', ["T0527"]),
    "a goal that nothing shows": ('rule r { seeks: "The user learns." }', ["T0529"]),
    "a good answer against a condition's clause": (
        'trait t { means: "x" when: paying and upset example { user: "Hi" good: "Certainly!" bad: "y" } } '
        'forbid f { phrases: "certainly!" when: paying }', ["T0530"]),
    "a good answer that lacks a part": (
        'trait t { means: "x" when: paying example { user: "Hi" good: "Yes." bad: "y" } } '
        'require q { ends: "Thank you." when: paying }', ["T0530"]),
    "patterns that are too large": ("forbid f { patterns: [/(abc?){900}/, /ab/] }", ["T0531"]),
}  # fmt: skip

SILENT = {
    "a word is not cut": ('require g at system { starts: "Certainty" } forbid f { phrases: "certain" }'),
    "a pattern that needs an edge": ('require g at system { includes: "so" } forbid f { patterns: [/^so$/] }'),
    "a pattern in another case": ('require g at system { includes: "So" } forbid f { patterns: [/so/] }'),
    "a sign is left": (f'trait t at system {{ means: "x" signs: ["certainly!", "arr"] }} {FORBID}'),
    "together only where they never meet": (
        'trait t at system { means: "x" signs: ["arr", "ahoy"] } forbid f { phrases: "arr" when: upset } '
        'forbid g { phrases: "ahoy" when: not upset }'),
    "scopes that never meet": (
        'require g at system { starts: "Certainly!" when: paying } '
        'forbid f { phrases: "certainly!" when: not paying }'),
    "one start within the other": ('require g { starts: "Ahoy" } require h { starts: "**Ahoy** there" when: paying }'),
    "a text as long as it may be": ('require g { ends: "Fair winds." } format s { max_words: 2 }'),
    "other requests": (
        'rule a { must: "Swear." about: "boats" } rule b { never: "Swear." about: "cars" }'),
    "two permissions": (
        'rule a { may: "Swear." example { user: "x" good: "y" bad: "z" } } '
        'rule b { may: "Never swear." example { user: "x" good: "y" bad: "z" } }'),
    "a stance that declines": (
        f'{REFUSE} stance s at system {{ about: "the weather" says: "I cannot discuss that." }}'),
    "clauses that are weighed": (
        'prefer a { this: "tea" over: "milk" } prefer b { this: "milk" over: "tea" } '
        'balance c { of: [a, b] weights: [70%, 30%] }'),
    "a higher clause is not redundant": ('rule a at system { should: "Smile." } rule b { must: "Smile." }'),
    "a phrase that nobody else bars": (
        'forbid f { phrases: ["aye", "bow", "lee"] } forbid g { phrases: ["bow", "x"] } '
        'forbid h { phrases: ["sea", "aye"] }'),
    "a situation that is left over": (
        'rule a { should: "Smile." when: user.role in [clinician, nurse] } '
        'rule b { must: "Smile." when: user.role == clinician } rule c { must: "Smile." when: paying }'),
    "phrases that lower levels bar": (
        'forbid f { phrases: ["aye", "bow"] } forbid g at user { phrases: ["bow", "x"] } '
        'forbid h at user { phrases: ["aye", "y"] }'),
    "an exception that the other has": (
        'rule a { must: "Smile." when: paying } rule b { must: "Smile." except: "At funerals." }'),
    "a stricter target": (
        'forbid a { phrases: "so" target: <= 1% when: paying } forbid b { phrases: "so" target: <= 5% }'),
    "a pattern that finds more": (r'forbid f { phrases: "ai" patterns: [/\bais?\b/] }'),
    "what a section excepts is no slip": (
        'section s { unless: age >= 21 trait t { means: "x" when: age < 18 } }'),
    "an exception of two sides": (
        'trait t { means: "x" when: age >= 18 unless: age > 60 or user.role == nurse }'),
    "an exception among strangers": ('forbid f { phrases: "so" when: paying unless: age >= 21 }'),
    "a sentence that denies": (f'trait t {{ means: "Does not open with Certainly! at all." }} {FORBID}'),
    "the prohibition's own line": ('rule a { never: "Say certainly! to anybody." } forbid f { phrases: "certainly!" }'),
    "a goal with a probe": ('rule r { seeks: "The user learns." } probe p { for: r ask: "Hi" }'),
    "an elided answer": (
        'format s { max_words: 2 } trait t { means: "x" example { user: "Hi" good: "One two three [...]" bad: "y" } }'),
    "an answer within a wider scope": (
        'trait t { means: "x" example { user: "Hi" good: "Certainly!" bad: "y" } } '
        'forbid f at user { phrases: "certainly!" when: paying and upset }'),
}  # fmt: skip


@pytest.mark.parametrize("case", FOUND)
def test_what_is_found(case: str) -> None:
    text, codes = FOUND[case]
    found = found_in(text)
    assert [d.code for d in found] == codes, [d.message for d in found]
    for diagnostic in found:
        assert diagnostic.span.line > 0
        assert diagnostic.code == "T0531" or diagnostic.witness is not None


@pytest.mark.parametrize("case", SILENT)
def test_what_only_looks_like_it(case: str) -> None:
    assert [d.message for d in found_in(SILENT[case])] == []


def test_a_witness_is_a_conversation() -> None:
    (found,) = found_in('require g { starts: "Certainly!" when: user.role == nurse and upset } ' + FORBID)
    assert found.witness is not None
    assert dict(found.witness.facts) == {"user.role": "nurse", "upset": True}
    assert [turn.role for turn in found.witness.turns] == ["system", "user"]
    assert found.witness.turns[0].text == "The user is upset. The user is a nurse."
    assert found.witness.answer == "Certainly!"
    assert [note.label for note in found.secondary] == ['forbid.f forbids "Certainly!"']


MARKED = {
    "a phrase, and the one that finds it": (
        'forbid f { phrases: ["so", "No", "so there"] }', ['"so there"', '"so"']),
    "a phrase, and the pattern that finds it": (
        r'forbid f { phrases: ["oh", "as an AI"]  patterns: [/x/, /as\/an|as an/i] }',
        ['"as an AI"', r"/as\/an|as an/i"]),
    "the words of the prompt, not those within another": (
        'forbid f { phrases: ["no", "ai"] } trait t { means: "Said with an AI in mind." }', ["AI", '"ai"']),
    "what a pattern finds in the prompt": (
        'forbid f { patterns: [/z/, /happy (to|and) help/] } trait t { means: "Is happy to help." }',
        ["happy to help", "/happy (to|and) help/"]),
    "texts that clash": (
        'require g at system { includes: ["Sir", "Arr"] } forbid f { phrases: ["oh", "arr"] }', ['"Arr"', '"arr"']),
    "requests that clash": (
        'refuse a { about: "x"  asks: ["How?", "Why  so?"]  safe: "When?" } '
        'refuse b { about: "y"  safe: ["Who?", "Why so?"] }', ["Why so?", '"Why  so?"']),
}  # fmt: skip


@pytest.mark.parametrize("case", MARKED)
def test_what_is_marked_is_the_entry_at_fault(case: str) -> None:
    text, marked = MARKED[case]
    loaded = spec.loads(f"tenet 1\n{text}")
    assert loaded.document is not None
    (found,) = analyse(to_program(loaded.document)[0], loaded.sources)
    spans = [found.span, *(note.span for note in found.secondary)]
    assert [loaded.sources[span.path].text[span.start : span.end] for span in spans] == marked


def test_where_every_clause_clashes_each_is_told_of_and_the_rest_is_counted() -> None:
    rules = "\n".join(f'rule r{n} {{ {("must", "never")[n % 2]}: "Name the price."  tags: [t] }}' for n in range(40))
    found = [d for d in found_in(rules) if d.code != "T0524"]
    told = [d for d in found if d.code == "T0520"]
    named = Counter(name for d in told for name in re.findall(r"rule\.r\d+", d.message))
    assert len(named) == 40
    assert min(named.values()) >= MOST_EACH
    (rest,) = (d for d in found if d.code == "T0531")
    assert f"nor were {400 - len(told) - 1} more pairs" in rest.message


def test_one_clause_that_clashes_with_many_is_told_of_with_each() -> None:
    parts = "\n".join(f'require r{n} at system {{ includes: "quite so {n}" }}' for n in range(20))
    assert [d.code for d in found_in(f'{parts} forbid f {{ phrases: "quite so" }}')] == ["T0520"] * 20


def test_patterns_that_are_too_many_are_told_of_and_take_no_longer() -> None:
    found = found_in(patterns_of_many_states(300).removeprefix("tenet 1\n"))
    assert {d.code for d in found} == {"T0531"}
    assert len(found) == 5
    assert re.search(r"; nor were \d+ more clauses$", found[-1].message)


def test_an_annotation_of_a_change_shows_the_witness() -> None:
    loaded = spec.loads(f'tenet 1\nrequire g at system {{ starts: "Certainly!" }} {FORBID}', "a.tenet")
    assert loaded.document is not None
    found = analyse(to_program(loaded.document)[0], loaded.sources)
    line = spec.render(found, loaded.sources, "github")
    assert line.endswith(
        "%0Afor example: An answer as require.g asks for breaks forbid.f.%0A  user: Can you help me plan my day?"
        "%0A  answer: Certainly!"
    )


def test_a_clause_that_contradicts_itself_is_not_told_to_outrank_itself() -> None:
    (found,) = found_in('refuse r { about: "x" asks: ["How do I plant a tree?"] safe: ["How do I plant a tree?"] }')
    assert found.message == "refuse.r contradicts itself"
    assert found.help == "remove one of the two: they are in one clause"


def test_hostile_patterns_do_not_hang() -> None:
    hostile = r"forbid f { patterns: [/(a+)+$/, /(a|aa)*b/, /a*a*a*a*c/] }"
    found_in(f'{hostile} require g {{ ends: "{"a" * 200}!" }} trait t {{ means: "{"a" * 4000}!" }}')


def test_conditions_of_many_parts_are_reported_and_nothing_is_guessed() -> None:
    names = [f"n{i}" for i in range(16)]
    declared = "\n".join(f"dimension {name} {{ type: boolean }}" for name in names)
    many = " and ".join(f"({one} or {other})" for one, other in zip(names[::2], names[1::2], strict=True))
    some = " and ".join(f"({one} or {other})" for one, other in zip(names[:12:2], names[1:12:2], strict=True))
    others = " and ".join(f"({one} or not {other})" for one, other in zip(names[4::2], names[5::2], strict=True))
    required = 'require g at system { starts: "Certainly!" when: WHEN }'

    def codes(when: str, when_too: str) -> list[str]:
        forbidden = f'forbid f {{ phrases: "certainly!" {when_too} }}'
        loaded = spec.loads(f"tenet 1\n{declared} {required.replace('WHEN', when)} {forbidden}")
        assert loaded.document is not None
        return [d.code for d in analyse(to_program(loaded.document)[0])]

    assert codes(many, "") == ["T0531"]
    # Each can be compared, and where they meet has more parts than are kept: one of them is a witness.
    assert codes(some, f"when: {others}") == ["T0520"]
