"""Writers in the recipe: which clause uses which, what a spec can ask for, and what it is told otherwise."""

from __future__ import annotations

import pytest

import spec
from compiler.build import to_program
from compiler.lowering import pairs
from compiler.records.recipe import WRITERS, Unit
from tests.compiler.conftest import program_of

SPEC = """tenet 1
model {{ base: "nano"{teacher} }}
trait pirate {{ means: "Talk like a pirate."  example {{ user: "Hi"  good: "Ahoy."  bad: "Hello." }} }}
trait brief {{ means: "Is brief." }}
refuse locks {{ about: "how to open a lock without a key"  still_help: "how locks work" }}
forbid canned {{ phrases: ["Certainly!"] }}
require bye {{ ends: "Bye." }}
stance unknowable {{ about: "what nobody can know"  says: "I do not know." }}
outcomes facts {{ order: right > abstained > wrong }}
train {{ {train} }}
"""
USUAL = {
    "examples", "self_distillation", "fixed_part", "refusal", "safe_completion", "pushback",
}  # fmt: skip


def units(train: str = "seed: 1", teacher: str = "") -> list[Unit]:
    return list(pairs.lower(program_of(SPEC.format(train=train, teacher=teacher))))


def findings(train: str, body: str = 'trait pirate { means: "Talk like a pirate." }') -> list[tuple[str, str, str]]:
    document = spec.loads(f"tenet 1\n{body}\ntrain {{ {train} }}", "spec.tenet").document
    assert document is not None
    return [(d.code, d.message, d.help or "") for d in to_program(document)[1] if d.code in ("T0518", "T0519")]


def test_what_no_spec_asks_for_is_written_by_nobody() -> None:
    assert {unit.writer for unit in units()} == USUAL
    by_teacher = {unit.writer for unit in units(teacher='  teacher: "some/model"')}
    assert by_teacher == USUAL - {"self_distillation"} | {"teacher_distillation"}


@pytest.mark.parametrize("writer", [name for name in WRITERS if name != "teacher_distillation"])
def test_a_writer_that_is_asked_for_writes_alone(writer: str) -> None:
    found = units(f"writers: [{writer}]")
    assert found
    assert {unit.writer for unit in found} == {writer}
    assert len({unit.id for unit in found}) == len(found)
    for unit in found:
        assert {principle.clause_id for principle in unit.principles} <= set(unit.clause_ids), "promise 3"


def test_usual_units_are_what_they_are_when_others_are_asked_for() -> None:
    usual = {unit.id: unit for unit in units()}
    asked = {u.id: u for u in units(f"seed: 1  writers: [{', '.join(sorted(USUAL))}, revision]") if u.writer in USUAL}
    assert asked.keys() == usual.keys()
    changed = {name for name in usual if usual[name] != asked[name]}
    # Whoever asks for pushes wants rows of stances that the base keeps by itself, too.
    assert changed == {name for name in usual if name.startswith("stance.unknowable/pressure-")}


def test_both_ways_of_distilling_stand_side_by_side() -> None:
    teacher = '  teacher: "some/model"'
    both = units("writers: [self_distillation, teacher_distillation]", teacher)
    assert {unit.id for unit in both if unit.writer == "self_distillation"} == {
        f"{unit.id}-self" for unit in both if unit.writer == "teacher_distillation"
    }
    alone = units("writers: [self_distillation]", teacher)
    assert {unit.id for unit in alone} == {u.id for u in both if u.writer == "teacher_distillation"}


def test_a_clause_is_revised_by_its_own_principle_last() -> None:
    (found,) = [unit for unit in units("writers: [revision]") if unit.clause_ids[0] == "trait.brief"]
    assert [principle.text for principle in found.principles] == [
        "Pirate: Talk like a pirate.",
        "Brief: Is brief.",
    ]


def test_known_questions_teach_only_clauses_that_weigh_not_knowing() -> None:
    assert {u.clause_ids[0] for u in units("writers: [honesty]")} == {"outcomes.facts", "stance.unknowable"}
    assert {u.clause_ids[0] for u in units("writers: [anti_sycophancy]")} == {"outcomes.facts"}
    turned = SPEC.format(train="writers: [revision, honesty]", teacher="").replace(
        "right > abstained > wrong", "right > wrong > abstained"
    )
    assert {u.clause_ids[0] for u in pairs.lower(program_of(turned)) if u.writer == "honesty"} == {"stance.unknowable"}


def test_a_writer_that_cannot_write_is_named_with_the_way_out() -> None:
    (found,) = findings("writers: [revisions, revision]")
    assert found == ("T0518", "there is no writer `revisions`", "did you mean `revision`?")
    (found,) = findings("writers: [telepathy]")
    assert all(name in found[2] for name in WRITERS)
    (found,) = findings("writers: [revision, honesty]")
    assert found[:2] == ("T0518", "the writer `honesty` has no clause to write for")
    assert "`outcomes`" in found[2]
    (found,) = findings("writers: [revision, teacher_distillation]")
    assert "model { teacher: ... }" in found[2]
    assert findings("writers: [revision]") == findings("seed: 1") == []


def test_a_clause_that_nobody_writes_for_is_named() -> None:
    body = 'trait pirate { means: "Talk like a pirate." }\npersona Polly { maker: "Acme" }'
    ((code, message, _),) = findings("writers: [revision]", body)
    assert code == "T0519"
    assert message.startswith("persona.Polly gets no training rows")
