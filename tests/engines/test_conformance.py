"""One suite over all engines: what whoever calls one may rely on, and what an engine cannot do, with the reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from backends import bases, engines
from backends.engines import Engine, Sampling
from backends.engines.recorded import RecordedEngine, Recording
from compiler.failures import DataError
from compiler.records.record import Message
from tests.backends import checkpoints
from tests.engines import fake_vllm
from tests.engines.serving import serving

CANNOT: dict[str, dict[str, str]] = {
    "transformers": {},
    "openai": {
        "count": "never: the protocol has no tokenizer",
        "divergences": "never: the protocol gives no distribution over a whole vocabulary",
        "log_likelihoods": "never: chat completions give no log-probability of a given answer",
        "compared": "never: the protocol gives no distribution over a whole vocabulary",
        "attach": "never: an adapter is loaded where the weights are",
    },
    "recorded": {},
    "vllm": {"compared": "notyet: whole distributions over an answer come as one object a token and word"},
}
LOCAL = ("transformers", "recorded", "vllm")
"""They read the same checkpoint here, so that what they say is compared."""


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoints.make(tmp_path_factory.mktemp("conformance") / "llama", "llama", checkpoints.WITH_SYSTEM)


@pytest.fixture(scope="module")
def adapter(checkpoint: Path) -> Path:
    return checkpoints.adapter(checkpoint, checkpoint.parent / "adapter")


@pytest.fixture(scope="module")
def makers(checkpoint: Path) -> Iterator[dict[str, Callable[[], Engine]]]:
    base = bases.resolve(str(checkpoint))

    def say(messages: list[dict[str, str]], body: dict[str, Any]) -> str:
        asked = messages[-1]["content"]
        drawn = f" {body['seed']}" if "seed" in body else ""
        return (
            "Yes." if asked.startswith("Grade") else f"{asked[::-1]}{drawn} words and more words"[: body["max_tokens"]]
        )

    numbers = iter(range(1000))

    def recorded() -> Engine:
        path = checkpoint.parent / f"{next(numbers)}.jsonl"
        return RecordedEngine(base, Recording(path), lambda: engines.load(base, "transformers"))

    with serving(say) as server, pytest.MonkeyPatch.context() as patch:
        fake_vllm.install(patch)
        yield {
            "transformers": lambda: engines.load(base),
            "openai": lambda: engines.load(bases.resolve_role(server.name())),
            "recorded": recorded,
            "vllm": lambda: engines.load(base, "vllm"),
        }


@pytest.fixture(params=engines.names())
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def engine(name: str, makers: dict[str, Callable[[], Engine]]) -> Engine:
    return makers[name]()


def needs(name: str, ability: str) -> None:
    if reason := CANNOT[name].get(ability):
        pytest.skip(reason)


def ask(*texts: str) -> list[tuple[Message, ...]]:
    return [(Message(role="user", content=text),) for text in texts]


def test_one_answer_for_each_conversation_in_its_order(engine: Engine) -> None:
    found = engine.answers(ask("Why?", "Where is the sea?", "Why?"), Sampling(max_new_tokens=8))
    assert len(found) == 3
    assert found[0] == found[2] != found[1]
    assert all(answer == (answer or "").strip() for answer in found)


def test_an_empty_batch_is_answered_by_nothing(engine: Engine) -> None:
    assert engine.answers([], Sampling()) == []
    assert engine.yes([]) == []


def test_the_same_batch_has_the_same_answers(engine: Engine) -> None:
    batch = ask("Why?", "Why?", "Where?")
    drawn = Sampling(temperature=1.0, max_new_tokens=12, seed=3)
    found = engine.answers(batch, drawn)
    assert engine.answers(batch, drawn) == found
    assert found[0] != found[1], "equal rows are drawn apart"
    assert engine.answers(batch, Sampling(temperature=1.0, max_new_tokens=12, seed=4)) != found


def test_an_answer_is_no_longer_than_asked(engine: Engine) -> None:
    short, long = (engine.answers(ask("Why is the sea salt?"), Sampling(max_new_tokens=n))[0] for n in (3, 24))
    assert len(short or "") < len(long or "")


def test_a_system_message_is_read(engine: Engine) -> None:
    system = Message(role="system", content="Say nothing but sea words.")
    (found,) = engine.answers([(system, *ask("Why?")[0])], Sampling(max_new_tokens=4))
    assert found is not None


def test_yes_is_a_probability_or_missing(engine: Engine) -> None:
    found = engine.yes(["Grade this: is it good?", "Grade that: is it bad?"])
    assert len(found) == 2
    assert all(chance is None or 0 <= chance <= 1 for chance in found)


def test_likelihoods_are_those_of_the_answers_tokens(name: str, engine: Engine) -> None:
    needs(name, "log_likelihoods")
    batch = [
        (ask("Why?")[0], "the sea"),
        (ask("Where is it, do you think?")[0], "far away, over there"),
        (ask("a")[0], ""),
    ]
    together = engine.log_likelihoods(batch)
    assert together[2] is None
    for alone, found in zip(batch[:2], together[:2], strict=True):
        assert found is not None
        (single,) = engine.log_likelihoods([alone])
        assert single is not None
        assert single == pytest.approx(found, abs=1e-3)
        assert found[0] < 0
        assert found[1] == engine.count(alone[1])


def test_an_adapter_answers_beside_its_base(name: str, engine: Engine, adapter: Path) -> None:
    needs(name, "attach")
    batch, greedy = ask("Why?", "Where is the sea?"), Sampling(max_new_tokens=8)
    with pytest.raises(DataError, match="none is attached"):
        engine.answers(batch, greedy, adapter=True)
    before = engine.answers(batch, greedy)
    engine.attach(adapter)
    own = engine.answers(batch, greedy, adapter=True)
    assert own != before == engine.answers(batch, greedy)
    found = engine.divergences(batch)
    assert all(chance is not None and chance > 0 for chance in found)


def test_what_is_too_long_has_no_answer(name: str, engine: Engine) -> None:
    if name == "openai":
        pytest.skip("never: only the server knows its model's length; tests/engines/test_server.py has what it says")
    found = engine.answers(ask("sea " * 1200, "Why?"), Sampling(max_new_tokens=2))
    assert found[0] is None
    assert found[1] is not None
    assert engine.yes(["Grade this. " * 600]) == [None]


@pytest.mark.parametrize("other", LOCAL[1:])
def test_engines_of_the_same_weights_agree(other: str, makers: dict[str, Callable[[], Engine]], adapter: Path) -> None:
    first, second = makers["transformers"](), makers[other]()
    batch = ask("Why?", "Where is the sea?", "What is the capital of France?")
    graded = [(talk, "the sea") for talk in batch]
    for engine in (first, second):
        engine.attach(adapter)
    for arm in (False, True):
        greedy = Sampling(max_new_tokens=16)
        assert second.answers(batch, greedy, adapter=arm) == first.answers(batch, greedy, adapter=arm)
        likely = [engine.log_likelihoods(graded, adapter=arm) for engine in (first, second)]
        for one, two in zip(*likely, strict=True):
            assert two == pytest.approx(one, abs=1e-3)
    assert second.divergences(batch) == pytest.approx(first.divergences(batch), abs=1e-4)
    grades = ["Grade this.", "Grade that."]
    assert second.yes(grades) == pytest.approx(first.yes(grades), abs=1e-4)


def test_what_an_engine_cannot_do_it_says(name: str, engine: Engine, tmp_path: Path) -> None:
    calls: dict[str, Callable[[], object]] = {
        "count": lambda: engine.count("a"),
        "divergences": lambda: engine.divergences(ask("a")),
        "log_likelihoods": lambda: engine.log_likelihoods([(ask("a")[0], "b")]),
        "compared": lambda: engine.compared(ask("a"), ["b"]),
        "attach": lambda: engine.attach(tmp_path),
    }
    for ability, reason in CANNOT[name].items():
        if reason.startswith("notyet"):
            assert calls[ability]() == [None]
            continue
        with pytest.raises(DataError, match="gives no weights"):
            calls[ability]()


def test_every_engine_is_in_this_suite() -> None:
    assert set(engines.names()) == set(CANNOT)
