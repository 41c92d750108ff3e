"""Conditions: their words, and situations on both sides of them."""

from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

import spec
from compiler.build import to_program
from compiler.condition_words import fact, in_words
from compiler.conditions import Scope, telling_values, truth
from compiler.emptiness import Effort, is_empty
from spec.document import And, Compare, Condition, Dimension, Not, Or, Truth

ROLE = Dimension("user.role", "enum", ("customer", "clinician", "editor"), says="The user is a {value}.")
AGE = Dimension("user.age", "number", says="The user is {value} years old.")
PAYING = Dimension("user.paying", "boolean", says="The user is a paying customer.")
BAND = Dimension("user.age_band", "enum", ("child", "teen", "adult"))
HEALTH = Dimension("medical", "judged", means="the question is about health")
DIMENSIONS = (ROLE, AGE, PAYING, BAND, HEALTH)


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (Compare("user.role", "==", "editor"), "the user is an editor"),
        (Compare("user.role", "!=", "clinician"), "the user is not a clinician"),
        (Compare("user.role", "in", ("customer", "editor")), "the user is a customer or the user is an editor"),
        (Compare("user.age", "<", 18.0), "the user's age is below 18"),
        (Compare("user.age_band", "==", "teen"), "the user's age band is teen"),
        (Truth("user.paying"), "the user is a paying customer"),
        (Not(Truth("user.paying")), "the user is not a paying customer"),
        (Truth("user.trusted"), "the user is trusted"),
        (Not(Truth("user.trusted")), "the user is not trusted"),
        (Truth("medical"), "the question is about health"),
        (
            And((Compare("user.age_band", "==", "teen"), Not(Compare("user.role", "==", "editor")))),
            "the user's age band is teen and the user is not an editor",
        ),
    ],
)
def test_conditions_read_as_english(condition: Condition, words: str) -> None:
    assert in_words(condition, DIMENSIONS) == words


CLINICIAN, EDITOR = Compare("user.role", "==", "clinician"), Compare("user.role", "==", "editor")
ADULT, PAYS, SICK = Compare("user.age", ">=", 18.0), Truth("user.paying"), Truth("medical")


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (
            Not(Compare("user.role", "in", ("clinician", "editor"))),
            "the user is not a clinician and the user is not an editor",
        ),
        (Not(Compare("user.role", "in", ("clinician",))), "the user is not a clinician"),
        (Not(ADULT), "the user's age is below 18"),
        (
            And((Or((CLINICIAN, EDITOR)), ADULT)),
            "either the user is a clinician or the user is an editor, and the user's age is at least 18",
        ),
        (
            And((ADULT, Compare("user.role", "in", ("clinician", "editor")))),
            "the user's age is at least 18, and either the user is a clinician or the user is an editor",
        ),
        (
            Or((And((CLINICIAN, ADULT)), PAYS)),
            "both the user is a clinician and the user's age is at least 18, or the user is a paying customer",
        ),
        (Not(And((CLINICIAN, ADULT))), "the user is not a clinician or the user's age is below 18"),
        (Not(Or((CLINICIAN, SICK))), "the user is not a clinician and the question is not about health"),
        (Not(Not(CLINICIAN)), "the user is a clinician"),
    ],
)
def test_a_compound_condition_has_one_reading(condition: Condition, words: str) -> None:
    assert in_words(condition, DIMENSIONS) == words


IN_BAND = Compare("user.age_band", "in", ("child", "teen"))


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (IN_BAND, "the user's age band is child or teen"),
        (Not(Compare("user.age_band", "in", ("child",))), "the user's age band is not child"),
        (Not(IN_BAND), "the user's age band is neither child nor teen"),
        (And((IN_BAND, ADULT)), "(the user's age band is child or teen) and the user's age is at least 18"),
        (
            Or((And((IN_BAND, ADULT)), SICK)),
            "both (the user's age band is child or teen) and the user's age is at least 18, or the question is about"
            " health",
        ),
        (
            Or((Not(IN_BAND), Compare("locale", "in", ("en_GB", "fr", "zh_Hant_TW")))),
            "the user's age band is neither child nor teen or (the user's locale is en_GB, fr or zh_Hant_TW)",
        ),
        (Compare("channel", "in", ("web_chat", "email")), "the conversation takes place by web chat or email"),
        (Not(Truth("user.logged_in")), "the user is not logged in"),
        (Truth("user.is_admin"), "the user is admin"),
        (Truth("user.has_consent"), "the user has consent"),
        (Truth("user.consent"), "the user's consent is true"),
        (Not(Truth("user.speed")), "the user's speed is false"),
        (Not(Truth("beta")), "beta is false"),
    ],
)
def test_a_dimension_without_a_sentence_has_one(condition: Condition, words: str) -> None:
    assert in_words(condition, DIMENSIONS) == words


@pytest.mark.parametrize("dimensions", [(), (Dimension("user.verified", "boolean"),)])
def test_an_application_tells_a_bare_dimension_in_the_words_of_its_condition(dimensions: tuple[Dimension, ...]) -> None:
    assert fact("user.verified", False, dimensions) == "The user is not verified."
    assert fact("user.age_band", "teen", dimensions) == "The user's age band is teen."
    assert fact("locale", "en_GB", dimensions) == "The user's locale is en_GB."


def test_an_author_s_sentence_stands_for_each_value() -> None:
    tier = Dimension("user.age_band", "enum", ("child", "young_teen"), says="They are of the band {value}.")
    assert in_words(Compare("user.age_band", "in", ("child", "young_teen")), (tier,)) == (
        "they are of the band child or they are of the band young teen"
    )


@pytest.mark.parametrize(
    ("means", "denied"),
    [
        ("The user has said that he is ill.", "the user has not said that he is ill"),
        ("What is asked is dangerous.", "it is not so that what is asked is dangerous"),
        ("The user is ill and is alone.", "it is not so that the user is ill and is alone"),
        ("The question concerns health.", "it is not so that the question concerns health"),
    ],
)
def test_a_sentence_is_denied_at_its_own_verb(means: str, denied: str) -> None:
    assert in_words(Not(Truth("d")), (Dimension("d", "judged", means=means),)) == denied


def test_an_author_s_own_or_stands_in_brackets() -> None:
    law = Dimension("law", "judged", means="The question is about law or tax.")
    assert in_words(And((Truth("law"), CLINICIAN)), (*DIMENSIONS, law)) == (
        "(the question is about law or tax) and the user is a clinician"
    )


def test_when_and_unless_stay_apart() -> None:
    words = Scope(Or((CLINICIAN, PAYS)), ADULT, DIMENSIONS).words()
    assert words.endswith("a paying customer, and unless the user's age is at least 18")


LETTERS = "pqrs"
LETTER_DIMENSIONS = tuple(Dimension(f"user.{x}", "boolean", says=f"{x.upper()}a is so.") for x in LETTERS)


def read(text: str, facts: dict[str, bool]) -> bool:
    """Decide a condition from its words alone, as a careful reader does."""
    parts, joint = _split(text, (", and ", ", or "))
    if len(parts) == 1:
        opened = re.match(r"either |both |at the same time ", text)
        if opened:
            joint = " or " if opened[0] == "either " else " and "
            parts, found = _split(text[opened.end() :], (joint,))
            assert found == joint, text
        else:
            parts, joint = _split(text, (" and ", " or "))
    if len(parts) > 1:
        decide = all if "and" in joint else any
        return decide(read(part, facts) for part in parts)
    if text.startswith("("):
        assert text.endswith(")")
        return read(text[1:-1], facts)
    said = re.fullmatch(r"([pqrs])a is (not )?so", text)
    assert said, text
    return facts[f"user.{said[1]}"] is not bool(said[2])


def _split(text: str, joints: tuple[str, ...]) -> tuple[list[str], str]:
    """Split outside of brackets; only one of `joints` may be there."""
    depth, start, parts, used = 0, 0, [], set()
    for place, sign in enumerate(text):
        depth += {"(": 1, ")": -1}.get(sign, 0)
        for joint in joints:
            if depth == 0 and text.startswith(joint, place):
                parts.append(text[start:place])
                start = place + len(joint)
                used.add(joint)
    assert len(used) <= 1, f"two readings: {text}"
    return [*parts, text[start:]], "".join(used)


@given(
    st.recursive(
        st.sampled_from([Truth(f"user.{x}") for x in LETTERS]),
        lambda inner: st.one_of(
            st.builds(Not, inner),
            st.builds(And, st.lists(inner, min_size=2, max_size=3).map(tuple)),
            st.builds(Or, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        ),
        max_leaves=8,
    )
)
def test_words_mean_what_the_condition_means(condition: Condition) -> None:
    text = in_words(condition, LETTER_DIMENSIONS)
    for values in product([True, False], repeat=len(LETTERS)):
        facts = {f"user.{x}": value for x, value in zip(LETTERS, values, strict=True)}
        assert read(text, facts) is truth(condition, dict(facts)), text


def test_a_fact_is_a_sentence() -> None:
    assert fact("user.role", "editor", DIMENSIONS) == "The user is an editor."
    assert fact("user.paying", False, DIMENSIONS) == "The user is not a paying customer."
    assert fact("user.age", 17.0, DIMENSIONS) == "The user is 17 years old."
    assert fact("channel", "email", ()) == "The conversation takes place by email."


def test_a_fact_stands_on_one_line() -> None:
    assert fact("channel", "snail\n  mail", ()) == "The conversation takes place by snail mail."
    assert fact("x", "y", (Dimension("x", "enum", ("y",), "It is\n{value}.\n"),)) == "It is y."


def test_unless_holds_for_strangers_and_when_does_not() -> None:
    clinician = Compare("user.role", "==", "clinician")
    unless = Scope(None, clinician, DIMENSIONS)
    assert unless.inside()[0].context is None
    assert [s.context for s in unless.outside()] == ["The user is a clinician."]
    when = Scope(clinician, None, DIMENSIONS)
    assert [s.context for s in when.inside()] == ["The user is a clinician."]
    assert when.outside()[0].context is None


def test_each_declared_value_that_a_condition_allows_has_a_situation() -> None:
    every = Dimension("audience", "enum", ("child", "parent", "teacher", "donor", "press"), says="It is a {value}.")
    some = Scope(Compare("audience", "in", ("child", "parent", "teacher")), None, (every, ROLE))
    assert [s.context for s in some.inside()] == ["It is a child.", "It is a parent.", "It is a teacher."]
    assert [s.context for s in some.outside()] == [None, "It is a donor.", "It is a press."]
    both = Scope(And((Compare("audience", "!=", "press"), EDITOR)), None, (every, ROLE))
    assert {s.context for s in both.inside()} == {
        f"It is a {value}. The user is an editor." for value in ("child", "parent", "teacher", "donor")
    }


def atoms() -> st.SearchStrategy[Condition]:
    return st.one_of(
        st.builds(Compare, st.just("user.role"), st.sampled_from(["==", "!="]), st.sampled_from(ROLE.values)),
        st.builds(
            Compare, st.just("user.age"), st.sampled_from(["<", "<=", ">", ">=", "=="]), st.sampled_from([12.0, 18.0])
        ),
        st.just(Truth("user.paying")),
    )


def conditions() -> st.SearchStrategy[Condition]:
    return st.recursive(
        atoms(),
        lambda inner: st.one_of(
            st.builds(Not, inner),
            st.builds(And, st.tuples(inner, inner)),
            st.builds(Or, st.tuples(inner, inner)),
        ),
        max_leaves=4,
    )


NOT_CLINICIAN = (
    Compare("user.role", "!=", "clinician"),
    Not(CLINICIAN),
    Not(Compare("user.role", "in", ("clinician",))),
)


@pytest.mark.parametrize("condition", NOT_CLINICIAN)
def test_an_unknown_user_gets_a_restriction_however_it_is_written(condition: Condition) -> None:
    scope = Scope(condition, None, DIMENSIONS, restricts=True)
    assert scope.inside()[0].context is None
    assert [s.context for s in scope.outside()] == ["The user is a clinician."]
    assert scope.words() == "when the user is not a clinician, or when it is not known whether this is so"


@pytest.mark.parametrize("condition", NOT_CLINICIAN)
def test_an_unknown_user_gets_no_other_clause_and_no_exemption(condition: Condition) -> None:
    assert not Scope(condition, None, DIMENSIONS).applies({})
    assert Scope(None, condition, DIMENSIONS).applies({})
    assert Scope(None, condition, DIMENSIONS).words() == "unless the user is not a clinician"


def test_a_judged_predicate_is_never_unknown() -> None:
    scope = Scope(Truth("medical"), None, DIMENSIONS, restricts=True)
    assert not scope.applies({})
    assert scope.words() == "when the question is about health"
    # Health decides: who the user is need not be known.
    assert not Scope(And((SICK, CLINICIAN)), None, DIMENSIONS, restricts=True).applies({})
    assert Scope(And((SICK, CLINICIAN)), None, DIMENSIONS, restricts=True).applies({"medical": True})


@given(conditions(), st.fixed_dictionaries({}, optional={"user.role": st.sampled_from(ROLE.values),
                                                         "user.age": st.sampled_from([11.0, 12.0, 20.0]),
                                                         "user.paying": st.booleans()}))  # fmt: skip
def test_more_facts_never_turn_a_decided_condition(condition: Condition, facts: dict[str, str | float | bool]) -> None:
    decided = truth(condition, facts)
    for role, age, paying in product(ROLE.values, [11.0, 12.0, 20.0], [True, False]):
        whole = truth(condition, {"user.role": role, "user.age": age, "user.paying": paying, **facts})
        assert whole is not None
        assert decided in (None, whole)


def test_a_judged_predicate_asks_for_prompts_instead_of_facts() -> None:
    (inside,) = Scope(Truth("medical"), None, DIMENSIONS).inside()
    assert inside.context is None
    assert inside.about == ("the question is about health",)


@given(conditions(), conditions())
def test_situations_stand_on_the_side_they_claim(when: Condition, unless: Condition) -> None:
    scope = Scope(when, unless, DIMENSIONS)
    facts = {s.context: s for s in (*scope.inside(3), *scope.outside(3))}
    # No context is on both sides.
    assert len(facts) == len(scope.inside(3)) + len(scope.outside(3))
    for situation in scope.inside(3):
        assert "{" not in (situation.context or "")


@given(conditions())
def test_some_value_decides_each_way_or_the_condition_is_constant(condition: Condition) -> None:
    """If no telling value makes it true (or false), none of a wide grid does."""
    scope = Scope(condition, None, DIMENSIONS)
    grid = [
        {"user.role": role, "user.age": age, "user.paying": paying}
        for role in ROLE.values
        for age in (0.0, 11.0, 12.0, 13.0, 17.0, 18.0, 19.0, 90.0)
        for paying in (True, False)
    ]
    if is_empty(scope, True, Effort()):
        assert not any(truth(condition, facts) for facts in grid)
    if is_empty(scope, False, Effort()):
        assert all(truth(condition, facts) for facts in grid)


def test_a_condition_on_many_facts_finds_its_user() -> None:
    names = [f"user.f{i}" for i in range(7)]
    dimensions = tuple(Dimension(name, "enum", ("a", "b", "c"), says=f"{name}: {{value}}") for name in names)
    scope = Scope(And(tuple(Compare(name, "==", "c") for name in names)), None, dimensions)
    assert not is_empty(scope, True, Effort())
    assert len(scope.inside(1)) == 1


MANY = tuple(Dimension(f"d{n}", "enum", ("a", "b", "c", "d"), says="{value}") for n in range(20))


def among_many(*more: Condition) -> Scope:
    every = tuple(Compare(d.name, "==", "d") for d in MANY)
    return Scope(And((*every, *more)), None, MANY)


def test_among_more_users_than_can_be_tried_the_one_that_fulfils_all_is_found() -> None:
    scope = among_many()
    assert is_empty(scope, True, Effort()) is False
    (situation,) = scope.inside(1)
    assert situation.name == ",".join(f"{name}=d" for name in sorted(d.name for d in MANY))


def test_what_nobody_of_so_many_fulfils_is_decided_too() -> None:
    assert is_empty(among_many(Compare("d19", "==", "a")), True, Effort())
    always = Or((*(Compare(d.name, "==", "d") for d in MANY), Compare("d0", "!=", "d")))
    assert is_empty(Scope(always, None, MANY), False, Effort())


def test_what_cannot_be_decided_is_not_claimed() -> None:
    declared = "\n".join(f"dimension {d.name} {{ values: [a, b, c, d] }}" for d in MANY)
    pairs = " and ".join(f"(d{n} == d or d{(n + 7) % 20} == a)" for n in range(20))
    loaded = spec.loads(f'tenet 1\n{declared}\ntrait t {{ means: "x"  when: {pairs} and d9 != d and d9 == d }}')
    assert loaded.document is not None
    assert [d.message for d in to_program(loaded.document)[1]] == [
        "whether trait.t never applies was not decided: its conditions have too many parts"
    ]


def test_a_condition_on_thousands_of_facts_is_given_up() -> None:
    names = [f"d{i}" for i in range(3_000)]
    dimensions = tuple(Dimension(name, "boolean", (), None) for name in names)
    scope = Scope(And(tuple(Truth(name) for name in names)), None, dimensions)
    effort = Effort()
    assert not is_empty(scope, True, effort)
    assert effort.left <= 0


def test_where_effort_is_spent_nothing_is_said_against_a_condition() -> None:
    never = Scope(And((Truth("d"), Not(Truth("d")))), None, (Dimension("d", "boolean", (), None),))
    assert is_empty(never, True, Effort())
    assert not is_empty(never, True, Effort(3))


def test_open_enumerations_get_other_values() -> None:
    condition = Compare("user.role", "==", "clinician")
    assert "customer" in telling_values("user.role", [condition], ())
