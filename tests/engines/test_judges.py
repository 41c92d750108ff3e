"""Judges behind a real server: what is missing stays missing, orders are both asked, and text is no instruction."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backends import bases
from backends.cached import CachedEngine
from backends.deciding import Case, decide
from backends.judges import likelihood, pairwise
from backends.judges.model import ModelJudge
from backends.measure.judging import judge_of_run, preferences, with_likelihoods
from compiler import rubrics
from compiler.build import from_text
from compiler.records.checks import JudgeCheck, PhrasesCheck
from compiler.records.measured import Measurement
from compiler.records.record import Message
from compiler.records.rows import Probe
from tests.backends import checkpoints
from tests.engines.serving import Served, serving

SPEC = 'trait warm { means: "Be warm."  example { user: "Hi"  good: "Welcome, dear."  bad: "State your business." } }'
WARM = JudgeCheck(principle="Be warm.")


def graded(messages: list[dict[str, str]]) -> str:
    """The answer that a request asks about."""
    return messages[-1]["content"].rpartition("<answer>")[2].partition("</answer>")[0]


def engine(server: Served, cache: Path) -> CachedEngine:
    return CachedEngine(bases.resolve_role(server.name()), cache)


def test_a_reply_without_a_verdict_is_missing_and_text_checks_come_first(tmp_path: Path) -> None:
    said = {"dear": "It is. Yes.", "cold": "No.", "odd": "Hard to tell."}
    with serving(lambda messages, _: said[graded(messages)]) as server:
        judge = judge_of_run(from_text(SPEC), engine(server, tmp_path))
        no_odd = PhrasesCheck(phrases=("odd",), present=False)
        cases = [Case("Hi", answer, (WARM,)) for answer in said] + [Case("Hi", "odd", (no_odd, WARM))]
        found = decide(cases, judge)
        assert [(d.kept, d.judge_yes) for d in found] == [(True, 1.0), (False, 0.0), (None, None), (False, None)]
        assert len(server.requests) == 3, "what a text check has broken is not judged"
        assert "Welcome, dear." in server.requests[0]["messages"][-1]["content"], "the rubric has the clause's examples"


def test_a_judge_that_is_sampled_votes_and_needs_half_of_its_replies(tmp_path: Path) -> None:
    def say(messages: list[dict[str, str]], body: dict[str, Any]) -> str:
        assert body["temperature"] > 0
        turn = body["seed"] // 4096
        return {"split": ("Yes.", "Yes.", "No.", "Yes.", "No.")[turn], "mute": "Yes." if turn < 2 else "Hm."}[
            graded(messages)
        ]

    with serving(say) as server:
        judge = judge_of_run(from_text(SPEC), engine(server, tmp_path), repeats=5)
        found = judge.decide([Case("Hi", "split", (WARM,)), Case("Hi", "mute", (WARM,))])
    assert (found[0].kept, found[0].judge_yes) == (True, pytest.approx(0.6))
    assert found[1].kept is None, "two of five have a verdict"


def shown(messages: list[dict[str, str]]) -> tuple[str, str]:
    text = messages[-1]["content"]
    return tuple(text.rpartition(f"<{side}>")[2].partition(f"</{side}>")[0] for side in ("first", "second"))  # type: ignore[return-value]  # two sides


def test_both_orders_are_asked_and_an_order_that_decides_is_a_flip(tmp_path: Path) -> None:
    def say(messages: list[dict[str, str]], _: Any) -> str:
        first, second = shown(messages)
        if "mute" in (first, second):
            return "Neither."
        if "same" in (first, second):
            return "First."
        return "The warm one. First." if first == "dear" else "Second."

    with serving(say) as server:
        rubric = rubrics.of_program(from_text(SPEC))["Be warm."]
        pairs = [("Hi", "dear", "cold"), ("Hi", "cold", "dear"), ("Hi", "same", "cold"), ("Hi", "mute", "cold")]
        assert pairwise.prefer(engine(server, tmp_path), rubric, pairs) == ["first", "second", "flipped", None]
        assert len(server.requests) == 6, "a pair that is asked twice is asked once"


def test_preferences_are_those_of_arms_on_answers_that_differ(tmp_path: Path) -> None:
    def row(number: int, arm: Any, answer: str) -> Measurement:
        return Measurement(probe_id=str(number), arm=arm, answer=answer, held={"trait.warm": True})

    program = from_text(SPEC)
    probes = [
        Probe(
            id=str(n),
            clause_id="trait.warm",
            messages=(Message(role="user", content=f"Q{n}"),),
            checks=(WARM,),
            unit="u",
        )
        for n in range(4)
    ]
    rows = [row(n, "base", "cold") for n in range(4)] + [
        row(n, "prompt", said) for n, said in enumerate(["dear", "dear", "cold", "bad"])
    ]
    with serving(lambda m, _: "First." if shown(m)[0] == "dear" or shown(m)[1] == "bad" else "Second.") as server:
        (found,) = preferences(program, probes, rows, judge_of_run(program, engine(server, tmp_path)))
    assert (found.arm, found.n, found.first, found.second, found.flips) == ("prompt", 3, 2, 1, 0)


# ------------------------------------------------------------------ likelihood


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> CachedEngine:
    folder = tmp_path_factory.mktemp("likelihood")
    base = checkpoints.make(folder / "llama", "llama", checkpoints.WITH_SYSTEM)
    return CachedEngine(bases.resolve(str(base)), folder / "cache")


def test_a_ratio_is_the_sum_over_the_answers_tokens(local: CachedEngine) -> None:
    import torch

    told, question, answer = "Be warm.", "Hi", "Welcome to the sea"
    ((ratio, tokens),) = [r for r in likelihood.ratios(local, told, [(question, answer)]) if r]
    chat, model = local.engine.chat, local.engine.model  # type: ignore[attr-defined]  # the local engine's own

    def log_p(messages: tuple[Message, ...]) -> float:
        prompt, said = chat.prompt_ids(messages), chat._ids(answer)
        with torch.no_grad():
            logits = model(torch.tensor([[*prompt, *said]])).logits[0].double().log_softmax(-1)
        return sum(float(logits[len(prompt) + n - 1, token]) for n, token in enumerate(said))

    user = Message(role="user", content=question)
    assert tokens == len(chat._ids(answer))
    assert ratio == pytest.approx(log_p((Message(role="system", content=told), user)) - log_p((user,)), abs=2e-3)


def test_the_second_judge_is_asked_on_a_clauses_own_answers(local: CachedEngine) -> None:
    probes = [
        Probe(id="a", clause_id="trait.warm", messages=(Message(role="user", content="Q"),), checks=(WARM,), unit="u"),
        Probe(id="b", clause_id="facts", messages=(Message(role="user", content="Q"),), checks=(), unit="u"),
    ]
    rows = [
        Measurement(probe_id=i, arm="base", answer=said, held={}) for i, said in (("a", "Dear"), ("b", "x"), ("a", ""))
    ]
    found = with_likelihoods(from_text(SPEC), probes, rows, local)
    assert found[0].likelihood is not None
    assert [m.likelihood for m in found[1:]] == [None, None]


def test_an_engine_without_rubrics_is_asked_about_the_principle(tmp_path: Path) -> None:
    with serving(lambda *_: "Yes.") as server:
        (found,) = ModelJudge(engine(server, tmp_path)).decide([Case("Hi", "a", (WARM,))])
        assert found.kept is True
        assert "Rule: Be warm." in server.requests[0]["messages"][-1]["content"]
