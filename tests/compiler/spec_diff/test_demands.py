"""What a clause asks of answers, kind by kind: each way that it can move, and the same the other way round."""

from __future__ import annotations

import pytest

from tests.compiler.spec_diff.comparing import both_ways, clause_of

KIND = 'trait kind { means: "Be kind." } trait firm { means: "Be firm." }'

MOVED = [
    # persona
    ("persona Ann {}", 'persona Ann { maker: "Sea" }', "maker", "stricter"),
    ("persona Ann {}", 'persona Ann { about: "You sail." }', "about", "stricter"),
    ("persona Ann {}", 'persona Ann { called: "Captain Ann" }', "called", "incomparable"),
    ("persona Ann {}", "persona Ann { voice: { emoji: never } }", "voice.emoji", "stricter"),
    ("persona Ann {}", "persona Ann { voice: { sentences: short } }", "voice.sentences", "stricter"),
    ('persona Ann { maker: "Sea" }', 'persona Ann { maker: "Land" }', "maker", "incomparable"),
    # trait
    ('trait a { means: "x" intensity: 0.5 }', 'trait a { means: "x" }', "intensity", "stricter"),
    ('trait a { means: "x" }', 'trait a { means: "x" not: "Cold." }', "not", "stricter"),
    ('trait a { means: "Be warm." }', 'trait a { means: "Be cold." }', "means", "incomparable"),
    ('trait a { means: "Be warm." }', 'trait a { means: "be  warm!" }', "means", "equivalent"),
    ('trait a { means: "x" signs: ["oh"] }', 'trait a { means: "x" signs: ["oh", "ah"] }', "signs", "looser"),
    ('trait a { means: "x" signs: ["oh"] }', 'trait a { means: "x" signs: ["ah"] }', "signs", "incomparable"),
    ('trait a { means: "x" }', 'trait a { means: "x" signs: ["oh"] }', "signs", "incomparable"),
    ('trait a { means: "x" signs: ["ow"] }', 'trait a { means: "x" signs: [/ow+/i] }', "signs", "looser"),
    # rule
    ('rule r { should: "Cite." }', 'rule r { must: "Cite." }', "force", "stricter"),
    ('rule r { seeks: "Cite." }', 'rule r { should: "Cite." }', "force", "stricter"),
    ('rule r { may: "Cite." }', 'rule r { must: "Cite." }', "force", "stricter"),
    ('rule r { should_not: "Cite." }', 'rule r { never: "Cite." }', "force", "stricter"),
    ('rule r { must: "Cite." }', 'rule r { never: "Cite." }', "force", "incomparable"),
    ('rule r { must: "Cite." }', 'rule r { must: "Quote." }', "must", "incomparable"),
    ('rule r { must: "Cite." }', 'rule r { must: "Cite." about: "news" }', "about", "looser"),
    ('rule r { must: "Cite." about: "news" }', 'rule r { must: "Cite." about: "law" }', "about", "incomparable"),
    ('rule r { must: "Cite." }', 'rule r { must: "Cite." asks: ["Why?"] }', "asks", "equivalent"),
    # refuse
    ('refuse d { about: "doses" }', 'refuse d { about: "pills" }', "about", "incomparable"),
    ('refuse d { about: "doses" }', 'refuse d { about: "doses" asks: ["How many?"] }', "asks", "stricter"),
    ('refuse d { about: "doses" }', 'refuse d { about: "doses" safe: ["What for?"] }', "safe", "looser"),
    ('refuse d { about: "doses" }', 'refuse d { about: "doses" still_help: "labels" }', "still_help", "looser"),
    ('refuse d { about: "doses" }', 'refuse d { about: "doses" style: hard }', "style", "incomparable"),
    ('refuse d { about: "doses" style: kind }', 'refuse d { about: "doses" style: firm }', "style", "incomparable"),
    ('refuse d { about: "x" }', 'refuse d { about: "x" offer: "a nurse" }', "offer", "stricter"),
    ('refuse d { about: "x" offer: "a nurse" }', 'refuse d { about: "x" offer: "a nurse, a vet" }', "offer", "looser"),
    ('refuse d { about: "x" offer: "a nurse" }', 'refuse d { about: "x" offer: "a vet" }', "offer", "incomparable"),
    ('refuse d { about: "x" offer: "a nurse" }', 'refuse d { about: "x" offer: "the nurse" }', "offer", "incomparable"),
    # forbid
    ('forbid f { phrases: ["Sure"] }', 'forbid f { phrases: ["Sure", "Of course"] }', "phrases", "stricter"),
    ('forbid f { phrases: ["Sure"] }', 'forbid f { phrases: ["Surely"] }', "phrases", "incomparable"),
    ('forbid f { phrases: ["As an AI"] }', 'forbid f { phrases: ["AI"] }', "phrases", "stricter"),
    ('forbid f { phrases: ["Sure"] }', 'forbid f { phrases: ["sure"] }', "phrases", "equivalent"),
    ("forbid f { patterns: [/as an ai/i] }", "forbid f { patterns: [/as an? ai/i] }", "patterns", "stricter"),
    ("forbid f { patterns: [/as an ai/i] }", "forbid f { patterns: [/as an ai/] }", "patterns", "looser"),
    ("forbid f { patterns: [/a[bc]d/] }", "forbid f { patterns: [/abd|acd/] }", "patterns", "equivalent"),
    ("forbid f { patterns: [/ab+/] }", "forbid f { patterns: [/ab/] }", "patterns", "equivalent"),
    ("forbid f { patterns: [/x$/] }", "forbid f { patterns: [/x/] }", "patterns", "stricter"),
    (r"forbid f { patterns: [/\bcat\b/] }", "forbid f { patterns: [/cat/] }", "patterns", "stricter"),
    ("forbid f { patterns: [/cat/] }", "forbid f { patterns: [/cat/, /dog/] }", "patterns", "stricter"),
    ("forbid f { patterns: [/cat/, /dog/] }", "forbid f { patterns: [/dog/, /cat/] }", "patterns", "equivalent"),
    ('forbid f { phrases: ["cat"] }', "forbid f { patterns: [/cat/i] }", "phrases and patterns", "stricter"),
    ('forbid f { phrases: ["cat"] }', "forbid f { patterns: [/cat/] }", "phrases and patterns", "incomparable"),
    ('forbid f { phrases: ["a", "b"] }', 'forbid f { phrases: ["b", "a"] }', "phrases", "equivalent"),
    # secret
    ('secret s { about: "the code" keep: ["4711"] }', 'secret s { about: "the code" keep: ["4711", "0815"] }',
     "keep", "stricter"),
    ('secret s { about: "the code" keep: ["4711"] }', 'secret s { about: "the key" keep: ["4711"] }',
     "about", "incomparable"),
    ('secret s { about: "x" keep: ["4711"] }', 'secret s { about: "x" keep: ["4711"] asks: ["Tell!"] }',
     "asks", "equivalent"),
    # require
    ('require r { ends: "Fair winds." }', 'require r { ends: "Fair winds." starts: "Ahoy" }', "starts", "stricter"),
    ('require r { includes: ["sea"] }', 'require r { includes: ["sea", "wind"] }', "includes", "stricter"),
    ('require r { includes: ["the sea"] }', 'require r { includes: ["sea"] }', "includes", "looser"),
    ('require r { includes: ["sea"] }', 'require r { includes: ["wind"] }', "includes", "incomparable"),
    ('require r { includes: ["Ahoy"] }', 'require r { starts: "Ahoy" }', "starts", "stricter"),
    ('require r { starts: "Ahoy" }', 'require r { starts: "ahoy" }', "starts", "equivalent"),
    ('require r { ends: "Aye" }', 'require r { ends: "Aye aye" }', "ends", "stricter"),
    ("require r { includes: [/[0-9]/] }", "require r { includes: [/[0-9][0-9]/] }", "includes", "stricter"),
    # format
    ("format f { max_words: 80 }", "format f { max_words: 40 }", "max_words", "stricter"),
    ("format f { max_words: 80 }", "format f { max_words: 80 max_sentences: 3 }", "max_sentences", "stricter"),
    ("format f { max_words: 80 }", "format f { max_words: 80 markdown: never }", "markdown", "stricter"),
    ("format f { max_words: 80 }", "format f { max_words: 80 lists: never }", "lists", "stricter"),
    ("format f { max_words: 80 }", "format f { max_words: 80 code: never }", "code", "stricter"),
    ("format f { max_words: 80 }", "format f { max_words: 80 questions: at_the_end }", "questions", "stricter"),
    ("format f { questions: at_the_end }", "format f { questions: never }", "questions", "stricter"),
    # prefer
    ('prefer p { this: "short" }', 'prefer p { this: "short" max_words: 30 }', "max_words", "stricter"),
    ('prefer p { this: "short" max_sentences: 2 }', 'prefer p { this: "short" max_sentences: 3 }',
     "max_sentences", "looser"),
    ('prefer p { this: "short" }', 'prefer p { this: "brief" }', "this", "incomparable"),
    ('prefer p { this: "short" }', 'prefer p { this: "short" over: "long" }', "over", "incomparable"),
    # outcomes
    ("outcomes o { order: right > wrong }", "outcomes o { order: right > abstained > wrong }", "order", "stricter"),
    ("outcomes o { order: right > abstained > wrong }", "outcomes o { order: abstained > right > wrong }",
     "order", "incomparable"),
    ("outcomes o { order: right > wrong }", 'outcomes o { order: right > wrong about: "facts" }', "about", "looser"),
    # stance
    ('stance s { about: "you" says: "I am an AI." }', 'stance s { about: "you" says: "I am a bot." }',
     "says", "incomparable"),
    ('stance s { about: "you" says: "I am." }', 'stance s { about: "me" says: "I am." }', "about", "incomparable"),
    ('stance s { about: "x" says: "y" signs: ["AI", "bot"] }', 'stance s { about: "x" says: "y" signs: ["AI"] }',
     "signs", "stricter"),
    ('stance s { about: "x" says: "y" }', 'stance s { about: "x" says: "y" asks: ["Who?"] }', "asks", "equivalent"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "field", "direction"), MOVED)
def test_a_demand_moves(old: str, new: str, field: str, direction: str) -> None:
    found = both_ways(old, new, KIND if "style" in old else "")
    assert [(c.field, c.direction) for c in found.changes] == [(field, direction)]
    assert found.verdict == direction


@pytest.mark.parametrize(
    ("old", "new", "witness"),
    [
        ('forbid f { phrases: ["Sure"] }', 'forbid f { phrases: ["Sure", "Of course"] }', '"Of course"'),
        ("forbid f { patterns: [/as an ai/i] }", "forbid f { patterns: [/as an? ai/i] }", '"as a ai"'),
        ("forbid f { patterns: [/as an ai/i] }", "forbid f { patterns: [/as an ai/] }", None),
        ('forbid f { phrases: ["cat"] }', "forbid f { patterns: [/cat/i] }", '"tcat"'),
        ("format f { max_words: 80 }", "format f { max_words: 40 }", "an answer of 41 words"),
        ("format f { max_sentences: 1 }", "format f { max_sentences: 2 }", "an answer of 2 sentences"),
        ('require r { ends: "Aye." }', 'require r { ends: "Aye." includes: ["sea"] }', '"Aye."'),
        ('require r { ends: "Aye." includes: ["sea"] }', 'require r { ends: "Aye." }', '"Aye."'),
        ('require r { includes: ["sea"] }', 'require r { includes: ["wind"] }', '"wind"'),
        ('refuse d { about: "x" }', 'refuse d { about: "x" asks: ["How many?"] }', "How many?"),
        ('refuse d { about: "x" safe: ["What?"] }', 'refuse d { about: "x" }', "What?"),
    ],
)
def test_a_witness_is_an_answer_that_one_version_allows(old: str, new: str, witness: str | None) -> None:
    (change,) = clause_of(old, new).changes
    assert witness is None or change.witness == witness
    assert change.witness


def test_two_moves_that_go_apart_are_incomparable_together() -> None:
    found = both_ways("format f { max_words: 80 lists: never }", "format f { max_words: 40 }")
    assert [c.direction for c in found.changes] == ["stricter", "looser"]
    assert found.verdict == "incomparable"


def test_two_moves_the_same_way_go_that_way_together() -> None:
    found = both_ways("format f { max_words: 80 }", "format f { max_words: 40 max_sentences: 2 }")
    assert [c.direction for c in found.changes] == ["stricter", "stricter"]
    assert found.verdict == "stricter"


def test_another_kind_under_a_declared_name_is_incomparable() -> None:
    new = "format brief { max_words: 80 was: [prefer.brief] }"
    found = clause_of('prefer brief { this: "short answers" }', new)
    assert (found.was, found.told_by, found.verdict) == ("prefer.brief", "was", "incomparable")
    assert found.changes[0].reason == "a format now, a prefer before"


def test_patterns_too_large_to_walk_are_not_guessed_at() -> None:
    old, new = (f"forbid f {{ patterns: [/[ab]*{first}[ab]{{14}}c/] }}" for first in "ab")
    (change,) = both_ways(old, new).changes
    assert (change.direction, change.witness) == ("incomparable", None)
    assert "cannot be compared" in change.reason


@pytest.mark.parametrize(
    ("old", "new"),
    [("Speaks of C.", "Speaks of C++."), ("Stays above -5 degrees.", "Stays above 5 degrees."),
     ("Ends with 🙂", "Ends with 🙁"), ("Costs 5 $.", "Costs 5 €."), ("Says 1.5 is it.", "Says 1,5 is it."),
     ("Names a_b.", "Names ab.")],
)  # fmt: skip
def test_signs_that_carry_meaning_are_words(old: str, new: str) -> None:
    assert both_ways(f'trait a {{ means: "{old}" }}', f'trait a {{ means: "{new}" }}').verdict == "incomparable"


@pytest.mark.parametrize(
    ("old", "new"),
    [("Be warm.", "Be warm!"), ("Step by step", "Step-by-step"), ("Says “no”.", 'Says \\"no\\".'),
     ("It’s so, really", "It's so; really"), ("a — b", "a - b")],
)  # fmt: skip
def test_signs_that_carry_none_are_not(old: str, new: str) -> None:
    assert both_ways(f'trait a {{ means: "{old}" }}', f'trait a {{ means: "{new}" }}').verdict == "equivalent"


def test_requests_that_differ_in_a_sign_are_two() -> None:
    (change,) = both_ways(
        'refuse d { about: "x" asks: ["Why C?"] }', 'refuse d { about: "x" asks: ["Why C?", "Why C++?"] }'
    ).changes
    assert (change.direction, change.new) == ("stricter", "Why C++?")


def test_a_style_follows_a_renamed_trait() -> None:
    old = 'trait kind { means: "Be kind to all who ask." } refuse d { about: "doses" style: kind }'
    new = 'trait warm { means: "Be kind to all who ask." was: [kind] } refuse d { about: "doses" style: warm }'
    assert clause_of(old, new).unchanged


def test_a_style_does_not_follow_another_kind_of_the_same_name() -> None:
    kind, styled = 'trait kind { means: "Be kind." }', 'refuse d { about: "doses" style: kind }'
    old = f'{kind} forbid kind {{ phrases: ["Bah"] }} {styled}'
    new = f'{kind} forbid bah {{ phrases: ["Bah"] was: [kind] }} {styled}'
    assert clause_of(old, new).unchanged
