"""What is asked: blind, once for equal content, in two halves and two strata that do not depend on the outcome."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest

from compiler.labels import content, queue
from compiler.labels.desk import Desk
from compiler.labels.queue import BATCH
from compiler.labels.store import Store
from compiler.labels.tasks import Task, tasks
from compiler.records.record import ARMS, Message
from compiler.runs import Run
from tests.measuring.labels.conftest import first
from tests.measuring.runs import rewritten


def test_every_kind_is_asked_and_each_on_its_half(every: tuple[Task, ...]) -> None:
    halves = {(task.kind, task.half) for task in every}
    assert halves == {
        *((kind, "calibration") for kind in ("present", "likert", "refusal", "span")),
        ("pairwise", "training"),
    }
    assert {task.clause_id for task in every if task.kind == "likert"} == {"trait.pirate", "trait.caring"}
    assert {task.clause_id for task in every if task.kind == "refusal"} == {"refuse.dosing"}
    assert len({task.key for task in every}) == len(every)


def test_no_prompt_is_in_both_halves_and_a_push_does_not_change_sides() -> None:
    def asked(*texts: str) -> tuple[Message, ...]:
        return tuple(Message(role="user", content=text) for text in texts)

    prompts = [f"Question number {n}?" for n in range(400)]
    share = sum(content.half(asked(p)) == "training" for p in prompts) / len(prompts)
    assert 0.42 < share < 0.58
    for prompt in prompts[:40]:
        same = {
            content.half(asked(form)) for form in (prompt, prompt.upper(), f"  {prompt}  ", prompt.replace("?", "!"))
        }
        same.add(content.half(asked(prompt, "I insist.")))
        assert len(same) == 1


def test_equal_answers_to_equal_prompts_are_one_task_for_all_their_arms(run: Run, every: tuple[Task, ...]) -> None:
    answers = run.answers
    shared = [task for task in every if task.kind == "present" and len({p.arm for p in task.places}) > 1]
    assert shared
    for task in every:
        for place in task.places:
            got = [answers[place.probe_id, arm].answer for arm in (place.arm, place.against) if arm is not None]
            assert tuple(reversed(got) if place.turned else got) == task.answers
    # A pair of equal answers asks nothing.
    assert all(len(set(task.answers)) == 2 for task in every if task.kind == "pairwise")


def test_an_edited_answer_or_clause_makes_another_task(run: Run, every: tuple[Task, ...]) -> None:
    keys = {task.key for task in every}
    place = first(every, "present", "trait.caring").places[0]
    changed = rewritten(
        run,
        lambda m: (
            m.model_copy(update={"answer": m.answer + " Anew."})
            if (m.probe_id, m.arm) == (place.probe_id, place.arm)
            else m
        ),
    )
    assert {task.key for task in tasks(changed)} != keys
    clause = run.program.clause("trait.caring")
    other = replace(clause, body=replace(clause.body, means="Names the weather first."))
    program = replace(run.program, clauses=tuple(other if c.id == clause.id else c for c in run.program.clauses))
    edited = {task.key for task in tasks(replace(run, program=program)) if task.clause_id == "trait.caring"}
    assert edited
    assert not edited & keys


def test_where_an_arm_filled_a_turn_itself_no_pair_is_asked(run: Run) -> None:
    waiting = Message(role="assistant", content="")
    probes = tuple(p.model_copy(update={"messages": (p.messages[0], waiting, *p.messages)}) for p in run.probes)
    assert "pairwise" not in {task.kind for task in tasks(replace(run, probes=probes))}


def test_nothing_that_is_sent_tells_arm_outcome_or_stratum(every: tuple[Task, ...], store: Store) -> None:
    desk = Desk(every, store, "run")
    for kind in ("present", "pairwise", "refusal"):
        shown = desk.next({"annotator": "Ana", "kind": kind})["task"]
        assert set(shown) == {
            *("key", "kind", "clause", "says", "asks", "context", "messages", "answers", "choices", "examples"),
        }
        own = repr({name: value for name, value in shown.items() if name not in ("says", "messages", "answers")})
        assert not any(f"'{arm}'" in own for arm in ARMS)


def test_sides_are_random_and_stay_for_a_person(every: tuple[Task, ...]) -> None:
    pairs = [task.key for task in every if task.kind == "pairwise"]
    for person in ("Ana", "Ben"):
        share = sum(content.swapped(key, person) for key in pairs) / len(pairs)
        assert 0.35 < share < 0.65
    assert any(content.swapped(key, "Ana") != content.swapped(key, "Ben") for key in pairs)


# ------------------------------------------------------------------ the queue


def test_the_queue_holds_everything_once_and_gives_each_stratum_its_turn(every: tuple[Task, ...]) -> None:
    asked = queue.ordered(every)
    assert Counter(task.key for task in asked) == Counter(task.key for task in every)
    head = [task for task in asked if (task.kind, task.clause_id) == ("present", "trait.caring")][:40]
    assert [task.stratum for task in head] == ["disagreement", "uniform"] * 20
    hard = [task.doubt for task in head if task.stratum == "disagreement"]
    assert all(later <= before + queue.BAND for before, later in pairwise(hard))
    assert hard[0] > hard[-1] + queue.BAND
    runs = [(task.kind, task.clause_id) for task in asked[: 3 * BATCH]]
    assert [len(set(runs[at : at + BATCH])) for at in (0, BATCH, 2 * BATCH)] == [1, 1, 1]
    assert len(set(runs)) == 3


def test_what_the_judge_doubts_comes_before_what_it_is_sure_of(every: tuple[Task, ...]) -> None:
    caring = [task for task in queue.ordered(every) if (task.kind, task.clause_id) == ("present", "trait.caring")]
    hard = [task for task in caring if task.stratum == "disagreement"]
    assert hard[0].doubt == 1.0, "an answer that the judge could not read"
    assert hard[-1].doubt < 0.3


def test_uniform_labels_are_a_fair_sample_however_few_and_hard_ones_are_not(run: Run, every: tuple[Task, ...]) -> None:
    """The rate among the first uniform tasks is that of all; among the first hard ones it is far off."""
    answers = run.answers

    def broken(found: list[Task]) -> float:
        kept = [answers[p.probe_id, p.arm].held["trait.caring"] for task in found for p in task.places]
        return sum(k is not True for k in kept) / len(kept)

    caring = [task for task in queue.ordered(every) if (task.kind, task.clause_id) == ("present", "trait.caring")]
    truth = broken(caring)
    uniform = [task for task in caring if task.stratum == "uniform"]
    assert broken(uniform[:60]) == pytest.approx(truth, abs=0.15)
    # Another run's outcomes leave the sample as it is: it depends on content alone.
    flipped = rewritten(
        run, lambda m: m.model_copy(update={"held": {c: k is False for c, k in m.held.items()}, "judge_yes": 0.5})
    )
    again = [
        task.key for task in queue.ordered(tasks(flipped)) if (task.kind, task.clause_id) == ("present", "trait.caring")
    ]
    assert [key for key in again if content.stratum(key) == "uniform"] == [task.key for task in uniform]


def test_each_person_goes_their_own_way_and_meets_the_others_at_every_fourth_task(every: tuple[Task, ...]) -> None:
    orders = {name: queue.ordered(every, name) for name in ("Ana", "Ben", "Cleo")}
    assert all(Counter(order) == Counter(every) for order in orders.values())
    for stratum in ("uniform", "disagreement"):
        heads = {
            name: [
                t.key for t in order if t.stratum == stratum and (t.kind, t.clause_id) == ("present", "trait.caring")
            ]
            for name, order in orders.items()
        }
        few = {name: set(keys[:24]) for name, keys in heads.items()}
        shared = set.intersection(*few.values())
        assert len({key for key in shared if content.is_shared(key)}) >= 24 * content.SHARED_SHARE - 1
        # Few are equally hard, so that people differ less there.
        assert len(set.union(*few.values())) > (1.5 * 24 if stratum == "uniform" else 24)


def test_what_several_people_label_of_the_uniform_stratum_is_a_fair_sample(run: Run, every: tuple[Task, ...]) -> None:
    """The first few of each person, together: their rate is that of all, and so is that of those all have seen."""
    answers = run.answers

    def broken(found: list[Task]) -> float:
        kept = [answers[p.probe_id, p.arm].held["trait.caring"] for task in found for p in task.places]
        return sum(k is not True for k in kept) / len(kept)

    def uniform(name: str) -> list[Task]:
        of = (t for t in queue.ordered(every, name) if (t.kind, t.clause_id) == ("present", "trait.caring"))
        return [task for task in of if task.stratum == "uniform"]

    truth = broken([t for t in every if (t.kind, t.clause_id) == ("present", "trait.caring")])
    together = {task.key: task for number in range(20) for task in uniform(f"person {number}")[:8]}
    assert broken(list(together.values())) == pytest.approx(truth, abs=0.12)
