"""Where a clause applies: `when` and `unless`, wider and narrower, over dimensions of every type."""

from __future__ import annotations

import pytest

from compiler.conditions import Scope
from compiler.spec_diff.scopes import compare
from spec.document import And, Dimension, Or, Truth
from tests.compiler.spec_diff.comparing import both_ways, clause_of, diff_of

DIMENSIONS = """
dimension role { values: [customer, clinician, nurse]  says: "The user is a {value}." }
dimension tier { values: [1, 2, 3] }
dimension age { type: number  says: "The user is {value} years old." }
dimension paying { type: boolean  says: "The user is a paying customer." }
dimension medical { means: "the question is about health" }
"""

WIDENED = [
    # enumerations
    ("when: role == nurse", "", "Nothing is known about the user."),
    ("when: role == nurse", "when: role in [nurse, clinician]", "The user is a clinician."),
    ("when: role in [nurse, clinician]", "when: role != customer or not paying", None),
    ("unless: role in [nurse, clinician]", "unless: role == nurse", "The user is a clinician."),
    ("unless: role == nurse", "", "The user is a nurse."),
    ("when: tier == 1", "when: tier in [1, 2]", "Tier is 2."),
    ("when: tier in [3]", "when: tier != 1", "Tier is 2."),
    ("when: channel == chat", "when: channel in [chat, sms]", "The conversation takes place by sms."),
    ("when: channel in [sms, other]", "when: channel != chat", "The conversation takes place by other 2."),
    # numbers
    ("when: age >= 18", "when: age >= 16", None),
    ("when: age > 18", "when: age >= 18", "The user is 18 years old."),
    ("when: age == 18", "when: age >= 18", "The user is 19 years old."),
    ("when: age > 10 and age < 20", "when: age > 10", None),
    ("unless: age < 18", "unless: age < 16", None),
    # boolean
    ("when: paying", "", "Nothing is known about the user."),
    ("when: paying and role == nurse", "when: paying", None),
    ("unless: paying", "", "The user is a paying customer."),
    # judged: never unknown
    ("when: medical", "", "Nothing is known about the user."),
    ("unless: medical", "", "And this is so: the question is about health."),
    ("when: medical and paying", "when: medical", "And this is so: the question is about health."),
    # both fields
    ("when: paying unless: medical", "when: paying", None),
]  # fmt: skip


def trait(scope: str) -> str:
    return f'trait a {{ means: "x" {scope} }}'


@pytest.mark.parametrize(("narrow", "wide", "witness"), WIDENED)
def test_a_wider_scope_is_stricter(narrow: str, wide: str, witness: str | None) -> None:
    (change,) = both_ways(trait(narrow), trait(wide), DIMENSIONS).changes
    assert (change.concern, change.direction) == ("scope", "stricter")
    assert change.witness
    assert witness in (None, change.witness)


@pytest.mark.parametrize(("narrow", "wide", "witness"), WIDENED)
def test_to_be_allowed_in_more_situations_is_looser(narrow: str, wide: str, witness: str | None) -> None:
    found = both_ways(f'rule r {{ may: "Swear." {narrow} }}', f'rule r {{ may: "Swear." {wide} }}', DIMENSIONS)
    assert found.verdict == "looser"
    assert found.changes[0].reason.startswith("a permission: ")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("when: role in [nurse, clinician]", "when: role == nurse or role == clinician"),
        ("when: role != customer", "when: not (role == customer)"),
        ("when: role in [nurse, clinician]", "when: role != customer"),
        ("when: tier in [1, 2]", "when: tier != 3"),
        ("when: tier == 1", "when: tier in [1]"),
        ("when: age >= 18 and age >= 16", "when: age >= 18"),
        ("when: not (age < 18)", "when: age >= 18"),
        ("when: not medical", "unless: medical"),
        ("when: paying and medical", "when: medical and paying"),
    ],
)
def test_the_same_situations_said_otherwise(one: str, other: str) -> None:
    (change,) = both_ways(trait(one), trait(other), DIMENSIONS).changes
    assert (change.direction, change.witness) == ("equivalent", None)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("when: role == nurse", "when: role == clinician"),
        ("when: age > 18", "when: age < 30"),
        ("when: paying", "when: medical"),
        ("when: channel == chat", "when: channel != chat"),
        # Only of strangers is this not known, and they get a clause with `unless` and none with `when`.
        ("when: not paying and role == nurse", "unless: paying or role == nurse"),
    ],
)
def test_some_situations_gained_and_some_lost(one: str, other: str) -> None:
    (change,) = both_ways(trait(one), trait(other), DIMENSIONS).changes
    assert change.direction == "incomparable"
    assert "No longer here: " in change.reason


def test_for_strangers_when_and_unless_differ() -> None:
    (change,) = both_ways(trait("when: not paying"), trait("unless: paying"), DIMENSIONS).changes
    assert (change.direction, change.witness) == ("stricter", "Nothing is known about the user.")


def test_a_restriction_applies_to_strangers_either_way() -> None:
    old, new = (f'forbid f {{ phrases: ["Bah"] {scope} }}' for scope in ("when: not paying", "unless: paying"))
    assert both_ways(old, new, DIMENSIONS).verdict == "equivalent"


def test_many_numbers_are_compared_without_trying_them_all() -> None:
    many = "\n".join(f"dimension n{i} {{ type: number }}" for i in range(7))
    old, new = (" and ".join(f"n{i} > {low}" for i in range(7)) for low in (1, 2))
    (change,) = both_ways(trait(f"when: {old}"), trait(f"when: {new}"), many).changes
    assert change.direction == "looser"


def test_too_many_situations_are_not_guessed_at() -> None:
    dimensions = tuple(Dimension(f"n{i}", "boolean") for i in range(16))
    either = [Or((Truth(f"n{i}"), Truth(f"n{i + 1}"))) for i in range(0, 16, 2)]
    old, new = (Scope(And(tuple(parts)), None, dimensions) for parts in (either, either[:-1]))
    (change,) = compare(old, new)
    assert change.direction == "incomparable"
    assert "more situations apart than can be compared" in change.reason


def test_a_section_s_condition_is_its_clauses() -> None:
    found = both_ways(f"section s {{ {trait('')} }}", f"section s {{ when: paying {trait('')} }}", DIMENSIONS)
    assert found.verdict == "looser"


# ---- dimensions that are others


def scoped(dimension: str, condition: str) -> str:
    return f"{dimension}\n{trait(f'when: {condition}')}"


def test_a_predicate_worded_anew_is_for_a_reader() -> None:
    found = both_ways(
        scoped('dimension medical { means: "it is about health" }', "medical"),
        scoped('dimension medical { means: "it is about a drug" }', "medical"),
    )
    assert [(c.field, c.direction) for c in found.changes] == [("condition", "incomparable")]


@pytest.mark.parametrize("condition", ["x", "x and user.role == nurse"])
def test_a_dimension_of_another_type_is_incomparable(condition: str) -> None:
    found = both_ways(
        scoped("dimension x { type: boolean }", "x"), scoped('dimension x { means: "he is ill" }', condition)
    )
    assert [(c.field, c.direction, c.old, c.new) for c in found.changes] == [
        ("condition", "incomparable", "boolean", "judged")
    ]


def test_values_of_both_versions_are_looked_at() -> None:
    found = both_ways(
        scoped("dimension x { values: [a, b] }", "x == a"), scoped("dimension x { values: [b, c] }", "x == c")
    )
    assert found.verdict == "incomparable"


def test_a_dimension_that_takes_any_name_in_one_version_takes_any() -> None:
    found = both_ways(
        scoped("", "user.role == nurse"),
        scoped("dimension user.role { values: [customer, clinician] }", "user.role == customer"),
    )
    assert found.verdict == "incomparable"


def test_one_value_more_alone_is_no_change_of_a_clause() -> None:
    old, new = (scoped(f"dimension x {{ values: [{values}] }}", "x == a") for values in ("a, b", "a, b, c"))
    found = diff_of(old, new)
    assert found.clauses[0].unchanged
    assert [(s.subject, s.what, s.details) for s in found.statements] == [
        ("dimension x", "changed", ("values: [a, b] -> [a, b, c]",))
    ]
    assert not found.same


# ---- exceptions


@pytest.mark.parametrize(
    ("old", "new", "field", "direction"),
    [
        ("", 'except: ["Fiction."]', "except", "looser"),
        ('except: ["Fiction."]', 'except: ["Fiction.", "Law."]', "except", "looser"),
        ('except: ["Fiction."]', 'except: ["Law."]', "except", "incomparable"),
        ('except: ["Fiction.", "Law."]', 'except: ["Law.", "Fiction."]', "except", "equivalent"),
        ("", "absolute: true", "absolute", "stricter"),
        ("", "transforming: covered", "transforming", "stricter"),
        ("", "transforming: allowed", "transforming", "looser"),
        ("transforming: allowed", "transforming: covered", "transforming", "stricter"),
    ],
)
def test_exceptions_move(old: str, new: str, field: str, direction: str) -> None:
    (change,) = both_ways(*(f'refuse d {{ about: "doses" {scope} }}' for scope in (old, new))).changes
    assert (change.field, change.concern, change.direction) == (field, "scope", direction)


def test_a_condition_of_a_permission_that_became_a_duty_is_incomparable() -> None:
    found = clause_of('rule r { may: "Cite." when: paying }', 'rule r { must: "Cite." }', DIMENSIONS)
    assert {c.field: c.direction for c in found.changes} == {"force": "stricter", "when": "incomparable"}
