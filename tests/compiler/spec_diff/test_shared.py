"""What all kinds share: target, level, override, examples, remarks; and edits that say nothing."""

from __future__ import annotations

import pytest

from tests.compiler.spec_diff.comparing import both_ways, clause_of, diff_of

TRAIT = 'trait a {head} {{ means: "Be warm." {fields} }}'
FORBID = 'forbid a {head} {{ phrases: ["Bah"] {fields} }}'


def written(kind: str, fields: str = "", head: str = "") -> str:
    return kind.format(head=head, fields=fields)


@pytest.mark.parametrize(
    ("kind", "old", "new", "direction"),
    [
        (TRAIT, ">= 80%", ">= 90%", "stricter"),
        (TRAIT, ">= 90%", ">= 80%", "looser"),
        (FORBID, "<= 5%", "<= 1%", "stricter"),
        (FORBID, "<= 1%", "<= 5%", "looser"),
    ],
)
def test_a_target_moves(kind: str, old: str, new: str, direction: str) -> None:
    (change,) = both_ways(written(kind, f"target: {old}"), written(kind, f"target: {new}")).changes
    assert (change.concern, change.direction, change.old, change.new) == ("target", direction, old, new)
    assert change.witness


def test_a_target_s_witness_lies_between() -> None:
    (change,) = clause_of(written(TRAIT, "target: >= 80%"), written(TRAIT, "target: >= 90%")).changes
    assert change.witness == "kept in 85% of answers: enough before, too few now"
    (change,) = clause_of(written(FORBID, "target: <= 1%"), written(FORBID, "target: <= 5%")).changes
    assert change.witness == "broken in 3% of answers: too many before, few enough now"


def test_a_target_written_otherwise_is_the_same() -> None:
    assert clause_of(written(TRAIT, "target: >= 80%"), written(TRAIT, "target: >= 0.8")).unchanged


LEVELS = ("guideline", "user", "developer", "system", "root")


@pytest.mark.parametrize("low", LEVELS[:-1])
@pytest.mark.parametrize("high", LEVELS[1:])
def test_a_level_raised_is_stricter(low: str, high: str) -> None:
    if LEVELS.index(low) < LEVELS.index(high):
        found = both_ways(written(TRAIT, head=f"at {low}"), written(TRAIT, head=f"at {high}"))
        assert [(c.concern, c.direction, c.old, c.new) for c in found.changes] == [("level", "stricter", low, high)]


def test_a_level_s_reason_says_what_no_longer_outranks_it() -> None:
    (change,) = clause_of(written(TRAIT, head="at user"), written(TRAIT, head="at root")).changes
    assert "an order at developer level" in change.reason
    assert change.reason.endswith("outranks it no longer; nobody can change it")


def test_a_permission_raised_is_looser() -> None:
    assert both_ways('rule r at user { may: "Swear." }', 'rule r at system { may: "Swear." }').verdict == "looser"


@pytest.mark.parametrize(
    ("old", "new", "direction"),
    [
        ("implicit", "explicit", "stricter"),
        ("explicit", "never", "stricter"),
        ("implicit", "never", "stricter"),
    ],
)
def test_an_override_moves(old: str, new: str, direction: str) -> None:
    (change,) = both_ways(written(TRAIT, f"override: {old}"), written(TRAIT, f"override: {new}")).changes
    assert (change.field, change.direction) == ("override", direction)


@pytest.mark.parametrize(
    ("level", "usual"), [("root", "never"), ("developer", "explicit"), ("guideline", "implicit")]
)  # fmt: skip
def test_the_usual_override_written_out_is_the_same(level: str, usual: str) -> None:
    old, new = (written(TRAIT, fields, f"at {level}") for fields in ("", f"override: {usual}"))
    assert clause_of(old, new).unchanged


def test_an_overlay_is_on_top_of_its_level() -> None:
    old, new = (f"{kind} s {{ when: user.age_band == teen {written(TRAIT)} }}" for kind in ("section", "overlay"))
    (change,) = both_ways(old, new).changes
    assert (change.field, change.direction) == ("overlay", "stricter")


@pytest.mark.parametrize(
    "fields",
    ['because: "Why."', 'note: "So."', "tags: [style]", "see: [b]", 'deprecated: "Gone."'],
)
def test_remarks_ask_nothing(fields: str) -> None:
    found = both_ways(written(TRAIT), written(TRAIT, fields), 'trait b { means: "Be brief." }')
    assert [(c.concern, c.direction) for c in found.changes] == [("commentary", "equivalent")]
    assert found.verdict == "equivalent"


def test_examples_show_it_and_ask_nothing() -> None:
    example = 'example { user: "I failed." good: "That hurts." bad: "So what." }'
    (change,) = both_ways(written(TRAIT), written(TRAIT, example)).changes
    assert (change.concern, change.direction, change.new) == ("evidence", "equivalent", "I failed.")


# ---- edits that say nothing

TWO = 'trait a { means: "Be warm." }\ntrait b { means: "Be brief." }\nforbid c { phrases: ["Bah"] }'


@pytest.mark.parametrize(
    "edited",
    [
        f"# why\n{TWO}  # because",
        TWO.replace("\n", "\n\n\n"),
        TWO.replace("{ ", "{\n  ").replace(" }", "\n}"),
        TWO.replace('means: "Be warm."', 'means: "Be \\u{77}arm."'),
    ],
)
def test_comments_and_layout_are_no_difference(edited: str) -> None:
    found = diff_of(TWO, edited)
    assert found.same
    assert all(clause.unchanged and not clause.effort for clause in found.clauses)
    assert found.statements == ()
    assert (found.cost.rows, found.cost.probes, found.cost.retrain, found.cost.remeasure) == (0, 0, (), ())


def test_reordered_clauses_ask_for_the_same() -> None:
    found = diff_of(TWO, "\n".join(reversed(TWO.splitlines())))
    assert [clause.id for clause in found.clauses] == ["forbid.c", "trait.b", "trait.a"]
    assert all(clause.unchanged for clause in found.clauses)


def test_an_edit_costs_its_own_rows() -> None:
    # At the level of users it is no part of the voice, which all rows are written in.
    old = TWO.replace("trait b", "trait b at user")
    found = diff_of(old, old.replace("Be brief.", "Be short."))
    efforts = {clause.id: clause.effort for clause in found.clauses}
    assert efforts["trait.b"].rows > 0
    assert not efforts["forbid.c"]
    assert 0 < found.cost.rows < found.cost.rows_all
    assert found.cost.retrain[0] == "training rows change"
    assert "prompt.md changes" in found.cost.remeasure


def test_another_base_makes_all_anew() -> None:
    found = diff_of(TWO, f'model {{ base: "other/base" }}\n{TWO}')
    assert found.cost.rows == found.cost.rows_all > 0
    assert found.cost.retrain == ("the base is another one",)


def test_a_target_costs_no_row() -> None:
    found = diff_of(written(TRAIT, "target: >= 80%"), written(TRAIT, "target: >= 85%"))
    assert found.cost.retrain == ()
    assert not found.same
