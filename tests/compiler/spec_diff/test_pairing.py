"""Which clause is which under another name, and the statements that are about several clauses."""

from __future__ import annotations

import pytest

from tests.compiler.spec_diff.comparing import diff_of

WARM = 'means: "Names the feeling before giving any advice at all."'
CAP = 'means: "Writes each heading in capital letters only."'


def pairs(old: str, new: str) -> list[tuple[str, str, str | None, str | None]]:
    return [(c.id, c.verdict, c.was, c.told_by) for c in diff_of(old, new).clauses]


def test_clauses_are_added_and_removed() -> None:
    found = diff_of(f"trait warm {{ {WARM} }}", f"trait caps {{ {CAP} }}")
    assert [(c.id, c.verdict) for c in found.clauses] == [("trait.caps", "added"), ("trait.warm", "removed")]
    assert found.clauses[0].place == "new.tenet:2:1"
    assert found.clauses[1].old_place == "old.tenet:2:1"


@pytest.mark.parametrize("name", ["warm", "trait.warm"])
def test_was_names_the_earlier_one_whatever_it_says(name: str) -> None:
    new = f"trait caring {{ {CAP} was: [{name}] }}"
    assert pairs(f"trait warm {{ {WARM} }}", new) == [("trait.caring", "incomparable", "trait.warm", "was")]


def test_to_go_back_is_to_rename_back() -> None:
    old, new = f"trait caring {{ {CAP} was: [warm] }}", f"trait warm {{ {WARM} }}"
    assert pairs(old, new) == [("trait.warm", "incomparable", "trait.caring", "was")]


def test_supersedes_takes_the_place_of_one() -> None:
    new = f"trait caring {{ {CAP} supersedes: [trait.warm] }}"
    assert pairs(f"trait warm {{ {WARM} }}", new) == [("trait.caring", "incomparable", "trait.warm", "supersedes")]


def test_a_clause_that_supersedes_several_is_new() -> None:
    old = f'trait warm {{ {WARM} }} trait soft {{ means: "Speaks softly." }}'
    found = diff_of(old, f"trait caring {{ {CAP} supersedes: [trait.warm, trait.soft] }}")
    assert [(c.id, c.verdict) for c in found.clauses] == [
        ("trait.caring", "added"), ("trait.warm", "removed"), ("trait.soft", "removed"),
    ]  # fmt: skip
    assert found.clauses[1].changes[0].reason == "trait.caring took its place"


def test_likeness_tells_a_renamed_clause() -> None:
    old, new = f"trait warm {{ {WARM} }}", f"trait caring {{ {WARM.replace('any ', '')} }}"
    assert pairs(old, new) == [("trait.caring", "incomparable", "trait.warm", "likeness")]


def test_a_renamed_clause_that_says_the_same_is_equivalent_and_not_the_same() -> None:
    found = diff_of(f"trait warm {{ {WARM} }}", f"trait caring {{ {WARM} }}")
    assert (found.clauses[0].verdict, found.clauses[0].was) == ("equivalent", "trait.warm")
    assert not found.clauses[0].unchanged
    assert not found.same


def test_likeness_does_not_cross_kinds() -> None:
    old, new = 'prefer a { this: "short answers to all" }', 'trait b { means: "short answers to all" }'
    assert [verdict for _, verdict, *_ in pairs(old, new)] == ["added", "removed"]


def test_the_same_id_goes_before_any_declaration() -> None:
    old = f"trait a {{ {WARM} }} trait b {{ {CAP} }}"
    new = f"trait a {{ {WARM} }} trait b {{ {CAP} was: [a] }}"
    assert [(i, was) for i, _, was, _ in pairs(old, new)] == [("trait.a", None), ("trait.b", None)]


# ---- statements

THREE = 'trait a { means: "Be warm." } trait b { means: "Be brief." } trait c { means: "Speak of boats." }'


def said(old: str, new: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    return {s.subject: (s.what, s.details) for s in diff_of(f"{THREE} {old}", f"{THREE} {new}").statements}


@pytest.mark.parametrize(
    ("old", "new", "details"),
    [
        ("", "priority: a > b", ("trait.a wins over trait.b now",)),
        ("priority: a > b", "", ("trait.a no longer wins over trait.b",)),
        ("priority: a > b", "priority: b > a", ("trait.b wins over trait.a now, and lost to it before",)),
        ("priority: a > b", "priority: a > b > c", ("trait.a wins over trait.c now", "trait.b wins over trait.c now")),
    ],
)
def test_a_priority_moves(old: str, new: str, details: tuple[str, ...]) -> None:
    assert said(old, new) == {"priority": ("changed", details)}


@pytest.mark.parametrize(
    ("old", "new"),
    [("priority: a > b > c", "priority: a > b priority: b > c"), ("priority: a > b", "priority: trait.a > trait.b")],
)
def test_the_same_order_said_otherwise(old: str, new: str) -> None:
    assert said(old, new) == {}


def test_a_priority_follows_a_renamed_clause() -> None:
    old = f'trait warm {{ {WARM} }} trait b {{ means: "Be brief." }} priority: warm > b'
    new = f'trait caring {{ {WARM} was: [warm] }} trait b {{ means: "Be brief." }} priority: caring > b'
    assert diff_of(old, new).statements == ()


@pytest.mark.parametrize(
    ("statement", "subject"),
    [
        ('term boat { means: "what floats" }', "term boat"),
        ('probe p { for: a ask: "Well?" expect: ["y"] }', "probe p"),
        ("grant g at developer { to: user over: [a] }", "grant g"),
        ("balance w { of: [a, b] weights: [70%, 30%] }", "balance w"),
        ('alike w { for: a asks: ["One?", "Two?"] }', "alike w"),
        ("dimension paying { type: boolean }", "dimension paying"),
        ("authority { tool: user }", "authority"),
    ],
)
def test_a_statement_comes_and_goes(statement: str, subject: str) -> None:
    assert said("", statement)[subject][0] == "is new"
    assert said(statement, "")[subject][0] == "is gone"
    assert said(statement, statement) == {}


def test_a_setting_is_named_with_both_values() -> None:
    assert said("train { rows: 400 }", "train { rows: 500 }") == {"train": ("changed", ("rows: 400 -> 500",))}


@pytest.mark.parametrize(
    "statement",
    ["grant g at developer { to: user over: [NAME] }", "balance w { of: [NAME, b] weights: [70%, 30%] }",
     'probe p { for: NAME ask: "Well?" expect: ["y"] }', 'alike w { for: NAME asks: ["One?", "Two?"] }'],
)  # fmt: skip
def test_a_statement_follows_a_renamed_clause(statement: str) -> None:
    old, new = (
        f'trait {name} {{ {WARM} }} trait b {{ means: "Be brief." }} {statement.replace("NAME", name)}'
        for name in ("warm", "caring")
    )
    assert diff_of(old, new).statements == ()
