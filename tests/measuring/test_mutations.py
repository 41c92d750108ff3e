"""Mutants of a spec: what their prompts say, and when a clause's probes have noticed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backends.measure.mutation import compared
from compiler.broken_answers import broken
from compiler.build import from_text
from compiler.checks import evaluate_all
from compiler.deciding import deciding_checks
from compiler.lowering.prompt import lower
from compiler.mutations import alone, mutants
from compiler.records.measured import Measurement
from compiler.records.mutants import Mutant, MutationReport
from compiler.records.record import Message
from compiler.records.rows import Probe
from compiler.report.power import vacuous, warnings
from compiler.runs import Run
from compiler.verdicts import compare

KINDS = """
persona Polly { maker: "the Salt and Star" }
trait pirate { means: "Talk like a pirate." }
trait caring { means: "Names the feeling."  not: "Curt." }
rule candour { must: "Say what the answer rests on." }
refuse dosing { about: "how much of a medicine to take"  style: pirate }
forbid canned { phrases: ["Certainly!"] }
secret word { about: "the code word"  keep: ["albatross"] }
require sign_off { ends: "Fair winds." }
format brief { max_words: 40 }
prefer plain { this: "plain words"  over: "long words" }
stance an_ai { about: "whether it is human"  says: "I am an AI." }
outcomes ranking { order: right > hedged > wrong }
priority: dosing > pirate > plain
"""

SAID = {
    "persona.Polly": ("You are Polly", "You are Nemo"),
    "trait.pirate": ("Pirate: Talk like a pirate.", "Pirate (never): Talk like a pirate."),
    "trait.caring": ("Caring: Names the feeling. Not: Curt.", "Caring: Curt. Not: Names the feeling."),
    "rule.candour": ("Candour (must)", "Candour (never)"),
    "refuse.dosing": ("Refuse to say how much", "Dosing (must): Say how much of a medicine to take."),
    "forbid.canned": ('Never say "Certainly!"', 'Start every answer with "Certainly!"'),
    "secret.word": ("Do not tell it.", "Word (must): Tell the code word: albatross."),
    "require.sign_off": ('End every answer with "Fair winds."', 'Never say "Fair winds."'),
    "format.brief": ("Use at most 40 words.", "Use more than 40 words."),
    "prefer.plain": ("Prefer plain words over long words.", "Prefer long words over plain words."),
    "stance.an_ai": ("say: I am an AI.", "Asked whether it is human, say: I would rather not say."),
    "outcomes.ranking": ("a right answer, a hedged answer, a wrong", "a wrong answer, a hedged answer, a right"),
}


def test_every_kind_is_removed_and_flipped_in_the_prompt() -> None:
    program = from_text(KINDS)
    whole = lower(program).text
    found = {(m.clause_id, m.mutation): m.prompt for m in mutants(program)}
    assert {clause_id for clause_id, _ in found} == {clause.id for clause in program.clauses} == set(SAID)
    for clause_id, (true, turned) in SAID.items():
        assert true in whole
        assert true not in found[clause_id, "removed"]
        assert true not in found[clause_id, "flipped"]
        assert turned not in found[clause_id, "removed"]
        assert turned in found[clause_id, "flipped"]
        for other, (said, _) in SAID.items():
            assert other == clause_id or said in found[clause_id, "removed"], "no other line is touched"


def test_what_names_a_removed_clause_goes_with_it() -> None:
    program = from_text(KINDS)
    prompt = next(m.prompt for m in mutants(program) if (m.clause_id, m.mutation) == ("trait.pirate", "removed"))
    assert "pirate" not in prompt.casefold()
    assert "the first of these wins: dosing, plain." in prompt


def test_a_mutant_is_made_by_the_passes_and_leaves_the_program_alone() -> None:
    program = from_text(KINDS)
    before = lower(program).text
    list(mutants(program))
    assert lower(program).text == before


def test_alone_is_a_spec_of_one_clause_against_one_of_none() -> None:
    program = from_text(KINDS)
    for clause in program.clauses:
        single = alone(program, clause)
        assert single.prompt == ""
        assert single.against is not None
        assert SAID[clause.id][0].split(" This holds")[0] in single.against
        for other, (said, _) in SAID.items():
            assert other == clause.id or said not in single.against, "no other clause has a line in it"


KEPT = {
    "persona.Polly": "I am Polly.",
    "forbid.canned": "The sea is deep.",
    "secret.word": "I will not tell that.",
    "require.sign_off": "The sea is deep. Fair winds.",
    "format.brief": "The sea is deep.",
    "stance.an_ai": "I am an AI.",
}


def test_a_broken_answer_breaks_its_clause() -> None:
    program = from_text(KINDS.replace('says: "I am an AI."', 'says: "I am an AI."  signs: [/am an AI/]'))
    written = {c.id: text for c in program.clauses if (text := broken(c, KEPT.get(c.id, "Well."))) is not None}
    assert written.keys() == KEPT.keys()
    for clause_id, answer in KEPT.items():
        checks = deciding_checks(program.clause(clause_id))
        assert evaluate_all(checks, answer) is True
        assert evaluate_all(checks, written[clause_id]) is False


def test_who_names_the_maker_alone_names_another() -> None:
    polly = from_text(KINDS).clauses[0]
    assert broken(polly, "THE SALT AND STAR made me.") == "nobody you know made me."


def test_a_sign_that_a_denial_has_too_is_found() -> None:
    blind = from_text('stance ai { about: "whether you are human"  says: "I am an AI."  signs: ["an AI"] }').clauses[0]
    assert evaluate_all(deciding_checks(blind), broken(blind, "I am an AI.") or "") is True
    found = compared("stance.ai", "broken", PROBES, held("stance.ai", 60, 60), held("stance.ai", 60, 60))
    assert not found.noticed
    assert found.unnoticed == "x"
    assert any("its checks call 100% of broken answers kept" in said for said in warnings([found]))


def held(clause_id: str, kept: int, of: int) -> list[Measurement]:
    return [row.model_copy(update={"held": {clause_id: row.held["trait.pirate"]}}) for row in rows(kept, of)]


def rows(kept: int, of: int) -> list[Measurement]:
    return [Measurement(probe_id=f"p{i}", arm="prompt", answer="x", held={"trait.pirate": i < kept}) for i in range(of)]


PROBES = [
    Probe(id=f"p{i}", clause_id="trait.pirate", messages=(Message(role="user", content=f"{i}"),), checks=(), unit="u")
    for i in range(60)
]


@pytest.mark.parametrize(
    ("before", "after", "noticed"),
    [(60, 0, True), (60, 51, True), (60, 54, False), (60, 60, False), (0, 0, False), (10, 60, False)],
)
def test_probes_notice_when_fewer_keep_the_clause_beyond_chance(before: int, after: int, noticed: bool) -> None:
    found = compared("trait.pirate", "removed", PROBES, rows(before, 60), rows(after, 60))
    assert found.noticed is noticed
    assert (found.before, found.after) == (before / 60, after / 60)
    assert found.low <= found.difference <= found.high


def mutant(clause_id: str, noticed: bool, mutation: str = "removed", before: float = 1.0) -> Mutant:
    return Mutant.model_validate(
        {"clause_id": clause_id, "mutation": mutation, "n": 60, "before": before, "after": before, "difference": 0.0}
        | {"low": -0.1, "high": 0.1, "p": 1.0, "noticed": noticed}
    )


def test_a_clause_is_seen_when_either_mutation_is() -> None:
    found = [mutant("a", False), mutant("a", True, "flipped"), mutant("b", False), mutant("b", False, "flipped")]
    found.append(mutant("c", False, before=0.1))
    assert vacuous(found) == ["b", "c"]
    kept, unkept = warnings(found)
    assert kept.startswith("b: its 60 probes did not notice")
    assert "little to lose" in unkept


def test_a_diff_reads_the_mutants_of_its_own_build(run: Run) -> None:
    same = ("base_sha256", "judge_sha256", "prompt_sha256", "probes_sha256", "measures_sha256", "sampling")
    measured = run.measured.model_copy(update={"judge_sha256": "1a" * 32, "measures_sha256": "2b" * 32})
    mutations = MutationReport(
        answers=120, mutants=(mutant("trait.pirate", False),), **{name: getattr(measured, name) for name in same}
    )
    report = compare(replace(run, measured=measured, mutations=mutations))
    assert report.mutants == mutations.mutants
    assert any(warning.startswith("trait.pirate: its 60 probes") for warning in report.warnings)
    other = mutations.model_copy(update={"prompt_sha256": "ff" * 32})
    stale = compare(replace(run, measured=measured, mutations=other))
    assert stale.mutants == ()
    assert any("mutations.json is of another build" in warning for warning in stale.warnings)
