"""Units: what every one of them must satisfy, and what each kind of clause asks for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from compiler.checks import evaluate
from compiler.clause_verdicts import STRICTEST_TRIAL
from compiler.generators.controls import CONTROLS
from compiler.generators.identity import MAKER_PROBES, MAKER_TRAINING, NAME_PROBES, NAME_TRAINING
from compiler.generators.pushes import DECLINED, HELD, MANNER, NAMED, PARTED
from compiler.generators.setting import HARM, HARMFUL, Setting
from compiler.ir import Clause, Program
from compiler.lowering import filters, pairs, probes, recipe
from compiler.records.checks import AffixCheck, JudgeCheck, PhrasesCheck, RefusalCheck
from compiler.records.recipe import AnswerSource, Unit
from compiler.rendering import clause_lines
from compiler.statistics import outcome
from compiler.tallies import interval
from spec.constructs import Persona, Refuse
from spec.document import Target
from tests.compiler.conftest import NAMES, artifacts_of, program_of


def units_of(text: str) -> dict[str, Unit]:
    program = program_of(f"tenet 1\n{text}")
    return {unit.id: unit for unit in (*pairs.lower(program), *probes.lower(program))}


@pytest.fixture(params=NAMES)
def program(request: pytest.FixtureRequest, programs: dict[str, Program]) -> Program:
    return programs[request.param]


def test_ids_are_unique_and_name_their_clause(program: Program) -> None:
    made = recipe.make(program)
    assert max(Counter(u.id for u in made.units).values()) == 1
    for unit in made.units:
        assert unit.id.startswith(f"{unit.clause_ids[0]}/")
        assert unit.count > 0
        assert len(unit.spans) == len(unit.clause_ids) or unit.clause_ids[0] in ("facts", *CONTROLS)
        assert set(unit.measures) <= made.measures.keys()


def test_a_side_is_sampled_under_no_clause_that_its_unit_does_not_name(program: Program) -> None:
    """Promise 3 stands on this: the text of a clause is in the system message of units that name it only."""
    lines = {
        clause.id: [line.text for line in clause_lines(clause, program, conditions=False)] for clause in program.clauses
    }
    for clause in program.clauses:
        if isinstance(clause.body, Persona):
            lines[clause.id].append(f"You are {clause.body.called}")
    for unit in recipe.make(program).units:
        for side in (unit.chosen, unit.rejected):
            for clause_id, texts in lines.items():
                if side is not None and side.system and clause_id not in unit.clause_ids:
                    assert not any(text in side.system for text in texts), f"{unit.id} shows {clause_id}"


def test_pairs_have_two_different_sides_and_probes_none(program: Program) -> None:
    for unit in recipe.make(program).units:
        if unit.purpose == "pairs":
            assert unit.chosen is not None
            assert unit.rejected is not None
            assert unit.chosen != unit.rejected
            assert not (unit.chosen.other and unit.rejected.other)
        else:
            assert unit.chosen is None
            assert unit.rejected is None


def test_the_context_of_a_row_is_in_its_sampled_system_messages(program: Program) -> None:
    for unit in recipe.make(program).units:
        for side in (unit.chosen, unit.rejected):
            if unit.context and side is not None and side.system:
                assert unit.context in side.system.split("\n\n")


def test_every_clause_is_taught_and_probed(program: Program) -> None:
    units = recipe.make(program).units
    for clause in program.clauses:
        taught = sum(u.count for u in units if u.purpose == "pairs" and u.clause_ids[0] == clause.id)
        probed = [u for u in units if u.purpose == "probes" and clause.id in (u.clause_ids[0], *u.measures)]
        assert taught >= 4, clause.id
        assert sum(u.count for u in probed if u.pressure is None) >= 60, clause.id


def test_training_and_probes_share_no_text_of_the_compiler() -> None:
    for group in (MANNER, DECLINED, HELD, NAMED, PARTED):
        for push in group:
            assert not set(push.training) & set(push.probes), push.technique
            assert all("{ask}" in text for text in (*push.training, *push.probes)) or push.role == "system"
    asked = [NAME_TRAINING, NAME_PROBES, MAKER_TRAINING, MAKER_PROBES]
    everything = [question.lower().strip("?.!") for group in asked for question in group]
    assert max(Counter(everything).values()) == 1


def test_strict_targets_get_enough_answers() -> None:
    units = units_of('forbid a { phrases: ["x"]  target: <= 1% }')
    answers = sum(u.count for u in units.values() if u.purpose == "probes" and u.pressure is None)
    # 299 flawless answers put the exact one-sided bound at 1%: 0.99 ** 299 < 0.05 < 0.99 ** 298.
    assert answers >= 299
    units = units_of('refuse a { about: "x y z"  target: >= 99% }')
    assert units["refuse.a/probes"].count == 299


@pytest.mark.parametrize(
    "clause",
    [
        'forbid jargon { phrases: ["per se"]  target: <= 2%',
        'require hail { starts: "Ahoy."  target: >= 98%',
        'refuse dosing { about: "doses"  target: >= 98%',
        'trait warm { means: "Be warm."  target: >= 98%',
    ],
)
def test_a_condition_leaves_a_strict_target_enough_probes(clause: str) -> None:
    """A clause with a condition is measured by its own probes alone, those of all its situations together."""
    units = units_of(f"{clause}  unless: user.role == clinician }}")
    own = [u for u in units.values() if u.purpose == "probes" and u.aspect == "kept" and u.clause_ids != ("facts",)]
    assert len(own) == 2
    assert sum(u.count for u in own) >= Setting.probes_for(Target(">=", 0.98))


def test_a_condition_is_taught_from_both_sides() -> None:
    units = units_of('refuse a { about: "x"  unless: user.role == clinician }')
    outside = units["refuse.a/outside@user.role=clinician"]
    assert outside.context == "The user is a clinician."
    assert outside.checks == (RefusalCheck(present=False),)
    assert outside.chosen is not None
    assert "Refuse" not in (outside.chosen.system or "")
    assert outside.rejected is not None
    assert "Refuse to say x." in (outside.rejected.system or "")
    assert any(u.aspect == "outside" and u.purpose == "probes" for u in units.values())


TWO_REFUSALS = """
trait warm { means: "Be warm." }
refuse doses { about: "doses"  style: warm  offer: "a nurse"  still_help: "labels" }
refuse refunds { about: "refunds"  style: warm  offer: "the refund desk" }
refuse returns { about: "returns"  style: warm  offer: "a nurse" }
stance human { about: "whether you are human"  says: "I am an AI."  signs: [/an AI/] }
"""


def test_a_refusal_stands_against_an_answer_in_the_same_voice() -> None:
    """Against the base's own answer the voice alone would tell the two sides apart, and nothing be learned of doses."""
    units = units_of(TWO_REFUSALS)
    base, voiced = units["refuse.doses/refuse"], units["refuse.doses/refuse-in-voice"]
    assert base.rejected == AnswerSource()
    assert voiced.rejected is not None
    assert "Be warm." in (voiced.rejected.system or "")
    assert "Refuse" not in (voiced.rejected.system or "")
    assert base.count == voiced.count
    alone = units_of('refuse doses { about: "doses"  asks: ["How many?"] }')
    assert alone["refuse.doses/refuse"].count == base.count + voiced.count
    assert "refuse.doses/refuse-in-voice" not in alone


def test_a_refusal_is_told_from_those_that_offer_something_else() -> None:
    units = units_of(TWO_REFUSALS)
    unit = units["refuse.doses/refuse-not-refunds"]
    assert unit.rejected is not None
    assert f"Refuse to say {HARM}. Refuse in this style: warm. Offer the refund desk." in (unit.rejected.system or "")
    assert unit.rejected.declined == HARMFUL
    assert "refuse.refunds" in unit.clause_ids
    assert "refuse.doses/refuse-not-returns" not in units, "a nurse is offered by both"
    assert {"refuse.refunds/refuse-not-returns", "refuse.refunds/refuse-not-doses"} <= units.keys()


def test_what_must_be_answered_stands_against_a_refusal_in_the_spec_s_manner() -> None:
    units = units_of(TWO_REFUSALS)
    for name in ("refuse.doses/answer-own", "stance.human/stance-not-returns"):
        rejected = units[name].rejected
        assert rejected is not None
        # In its style and without its offer: what is rejected often is said badly where it belongs.
        assert f"Refuse to say {HARM}. Refuse in this style: warm." in (rejected.system or "")
        assert "nurse" not in (rejected.system or "")
        assert rejected.declined == HARMFUL
    assert "stance.human/stance-kept" not in units
    lone = units_of('stance human { about: "whether you are human"  says: "I am an AI." }')
    assert "stance.human/stance-kept" in lone


@pytest.mark.parametrize("condition", ["user.role != clinician", "not user.role == clinician"])
def test_a_stranger_s_question_is_refused_and_never_trained_to_be_answered(condition: str) -> None:
    units = units_of(f'refuse dosing {{ about: "doses" when: {condition} }}')
    assert units["refuse.dosing/refuse"].context is None
    outside = [u for u in units.values() if u.aspect == "outside"]
    assert {u.purpose for u in outside} == {"pairs", "probes"}
    assert {u.context for u in outside} == {"The user is a clinician."}


def test_a_yielding_clause_is_not_pushed() -> None:
    def pushed(level: str) -> int:
        units = units_of(f'trait a at {level} {{ means: "b" }}').values()
        return sum(u.pressure is not None for u in units if u.aspect != "control")

    assert pushed("user") == pushed("guideline") == 0
    assert pushed("developer") == pushed("root") > 0


def test_a_requirement_stands_on_every_chosen_answer_and_is_absent_from_its_own_rejected() -> None:
    text = 'trait a { means: "b" }\nrequire r { ends: "Fair winds." }'
    units = units_of(text)
    distilled = units["trait.a/distill"]
    assert distilled.chosen is not None
    assert distilled.chosen.ends == "Fair winds."
    assert "require.r" in distilled.clause_ids
    held = {rule.key: rule.checks for rule in filters.make(program_of(f"tenet 1\n{text}")).rules}
    assert held == {"require.r": (AffixCheck(ends="Fair winds."),)}
    own = units["require.r/minimal"]
    assert own.chosen is not None
    assert own.rejected is not None
    assert (own.chosen.ends, own.rejected.ends) == ("Fair winds.", None)


def test_elisions_are_never_trained_on() -> None:
    text = 'trait a { means: "b"  example { user: "Hi" good: ["Hello [...]", "Ahoy."] bad: "Hm." } }'
    unit = units_of(text)["trait.a/examples"]
    assert unit.chosen is not None
    assert unit.chosen.given == ("Ahoy.",)


def test_examples_pair_good_ok_and_bad() -> None:
    text = 'trait a { means: "b"  example { user: "Hi" good: ["g1", "g2"] ok: "o" bad: ["b1", "b2"] } }'
    unit = units_of(text)["trait.a/examples"]
    assert unit.chosen is not None
    assert unit.rejected is not None
    sides = list(zip(unit.chosen.given, unit.rejected.given, strict=True))
    assert sides == [
        ("g1", "b1"),
        ("g1", "b2"),
        ("g2", "b1"),
        ("g2", "b2"),
        ("g1", "o"),
        ("g2", "o"),
        ("o", "b1"),
        ("o", "b2"),
    ]


def test_examples_are_decided_by_their_clause_as_other_rows_are() -> None:
    text = 'trait a {{ means: "b" {} example {{ user: "Hi" good: "Arr." bad: "Hm." }} }}'
    assert units_of(text.format(""))["trait.a/examples"].checks == (JudgeCheck(principle="B."),)
    signed = units_of(text.format('signs: "arr"'))["trait.a/examples"]
    assert signed.checks == (PhrasesCheck(phrases=("arr",), present=True),)


@pytest.mark.parametrize("rows", [60, 400, 2000])
def test_rows_scale_training_and_no_probe(rows: int) -> None:
    text = 'persona P { maker: "M" }\ntrait a { means: "b" }\nforbid c { phrases: ["x"] }\n'
    usual, scaled = units_of(text), units_of(f"{text}train {{ rows: {rows} }}")
    assert usual.keys() == scaled.keys()
    written = sum(u.count for u in scaled.values() if u.purpose == "pairs")
    # Small units keep a floor of four rows.
    assert abs(written - rows) <= max(0.1 * rows, 4 * len(scaled))
    assert all(usual[i].count == scaled[i].count for i in usual if usual[i].purpose == "probes")


def test_a_new_clause_touches_no_seed_of_others() -> None:
    one = units_of('forbid a { phrases: ["x"] }')
    two = units_of('forbid a { phrases: ["x"] }\nrefuse b { about: "y" }')
    assert {i: u.seed for i, u in one.items()}.items() <= {i: u.seed for i, u in two.items()}.items()


def test_a_verdict_beside_a_clauses_own_has_probes_enough(program: Program) -> None:
    """All techniques together, and look-alikes: what is flawless must be able to meet the strictest such target."""
    counts: Counter[tuple[str, str]] = Counter()
    for unit in probes.lower(program):
        counts[unit.clause_ids[0], unit.aspect] += unit.count
    pushed = [n for (_, aspect), n in counts.items() if aspect == "pressure"]
    refusing = [c.id for c in program.clauses if isinstance(c.body, Refuse)]
    answered = [counts[clause_id, "safe"] or counts[clause_id, "everyday"] for clause_id in refusing]
    assert pushed
    assert answered
    for n in (*pushed, *answered):
        for exact in (True, False):
            assert outcome(interval(n, n, exact), ">=", STRICTEST_TRIAL) == "met"
        assert outcome(interval(0, n, exact=True), "<=", 1 - STRICTEST_TRIAL) == "met"


def test_all_files_of_a_build_are_made_of_one_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Units are what a long spec takes its time for."""
    calls = []
    make = pairs.lower

    def counted(program: Program) -> tuple[Unit, ...]:
        calls.append(program.name)
        return make(program)

    monkeypatch.setattr(pairs, "lower", counted)
    artifacts_of('tenet 1\ntrait warm { means: "Be warm." }')
    assert len(calls) == 1


def test_clauses_are_looked_up_and_not_searched_for(programs: dict[str, Program]) -> None:
    """A walk over all clauses for each lookup makes a long spec's units cost the square of its length."""
    walks = []

    class Walked(tuple[Clause, ...]):
        def __iter__(self) -> Iterator[Clause]:
            walks.append(self)
            return super().__iter__()

    program = replace(programs["harbor"], clauses=Walked(programs["harbor"].clauses))
    assert [program.clause(clause.id) for clause in programs["harbor"].clauses] == list(programs["harbor"].clauses)
    assert len(walks) == 1
    with pytest.raises(KeyError):
        program.clause("trait.nobody")


def test_the_languages_readme_says_how_strict_such_a_verdict_is_at_most() -> None:
    text = " ".join((Path(__file__).parents[2] / "spec" / "README.md").read_text(encoding="utf-8").split())
    assert f"the same target but at most {STRICTEST_TRIAL:.0%}" in text
    assert f"no stricter than `<= {1 - STRICTEST_TRIAL:.0%}`" in text


def test_a_stance_that_the_base_takes_by_itself_is_kept_against_a_refusal() -> None:
    units = units_of('stance s { about: "whether you are human" says: "I am an AI." signs: [/an AI/] }')
    kept = units["stance.s/stance-kept"]
    assert kept.rejected is not None
    assert kept.rejected.texts
    assert all(evaluate(check, text) for check in kept.checks for text in ["I am an AI."])
    assert not any(evaluate(check, text) for check in kept.checks for text in kept.rejected.texts)


MANY_REFUSALS = """
trait warm { means: "Be warm." }
refuse doses { about: "doses"  style: warm  offer: "a nurse"  still_help: "labels" }
refuse refunds { about: "refunds"  style: warm  offer: "the refund desk"  unless: user.role == clinician }
refuse returns at user { about: "returns"  style: warm  offer: "the returns desk" }
refuse wages { about: "wages"  style: plain }
refuse zoning { about: "zoning" }
stance human { about: "whether you are human"  says: "I am an AI."  signs: [/an AI/]  when: user.role == clinician }
"""


def test_a_unit_names_each_clause_once() -> None:
    for unit in units_of(MANY_REFUSALS).values():
        assert len(set(unit.clause_ids)) == len(unit.clause_ids), unit.id
        assert len(unit.spans) == len(unit.clause_ids) or unit.clause_ids[0] in ("facts", *CONTROLS)


def test_a_refusal_stands_against_no_other_that_its_checks_cannot_tell_from_it() -> None:
    """A plain refusal without an offer is kept by every refusal: each such row would be left out again."""
    units = units_of(MANY_REFUSALS)
    assert not [i for i in units if i.startswith(("refuse.wages/refuse-not", "refuse.zoning/refuse-not"))]
    assert {"refuse.returns/refuse-not-wages", "refuse.returns/refuse-not-zoning"} <= units.keys()
    either = units_of(
        'refuse a { about: "x"  offer: "a nurse" }\nrefuse b { about: "y"  offer: "a clerk, or the school nurse" }'
    )
    assert "refuse.a/refuse-not-b" not in either, "an offer of either names the nurse too"
    assert "refuse.b/refuse-not-a" in either


def test_no_refusal_of_the_author_is_left_out_because_there_is_a_voice() -> None:
    asks = ", ".join(f'"Number {i}?"' for i in range(36))
    for trait in ("", 'trait warm { means: "Be warm." }\n'):
        units = units_of(f'{trait}refuse a {{ about: "x"  still_help: "y"  asks: [{asks}]  safe: [{asks}] }}')
        for unit in (units["refuse.a/refuse"], units["refuse.a/answer"]):
            assert unit.count >= len(unit.prompts.given) == 36
    assert units_of(f'stance a {{ about: "x"  says: "y"  asks: [{asks}] }}')["stance.a/stance"].count == 36


def test_every_side_knows_what_its_row_knows_of_the_user() -> None:
    """A requirement gives in to a push under facts about the user too."""
    text = 'trait warm { means: "Be warm." }\nrequire hail { starts: "Ahoy."  when: user.role == clinician }\n'
    units = units_of(text + MANY_REFUSALS.replace('trait warm { means: "Be warm." }', ""))
    assert units["require.hail/pressure-override@user.role=clinician"].context
    for unit in units.values():
        for side in (unit.chosen, unit.rejected):
            if unit.context and side is not None and side.system:
                assert unit.context in side.system.split("\n\n"), unit.id


def test_units_grow_with_the_refusals_and_not_with_their_pairs() -> None:
    lines = (f'refuse r{i} {{ about: "topic {i}"  offer: "desk {i}" }}\n' for i in range(20))
    found = Counter(i.split("/")[0] for i in units_of("".join(lines)) if "/refuse-not-" in i)
    assert set(found.values()) == {2}
    assert len(found) == 20
