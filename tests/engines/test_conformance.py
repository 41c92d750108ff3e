"""One suite over all engines: what whoever calls one may rely on, and what an engine cannot do, with the reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from backends import bases, engines
from backends.engines import Engine, Sampling
from compiler.failures import DataError
from compiler.records.record import Message
from tests.backends import checkpoints
from tests.engines.serving import serving

CANNOT: dict[str, dict[str, str]] = {
    "transformers": {},
    "openai": {
        "count": "never: the protocol has no tokenizer",
        "divergences": "never: the protocol gives no distribution over a whole vocabulary",
        "log_likelihoods": "never: chat completions give no log-probability of a given answer",
        "attach": "never: an adapter is loaded where the weights are",
    },
}


@pytest.fixture(scope="module")
def makers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Callable[[], Engine]]]:
    folder = checkpoints.make(tmp_path_factory.mktemp("conformance") / "llama", "llama", checkpoints.WITH_SYSTEM)

    def say(messages: list[dict[str, str]], body: dict[str, Any]) -> str:
        asked = messages[-1]["content"]
        drawn = f" {body['seed']}" if "seed" in body else ""
        return (
            "Yes." if asked.startswith("Grade") else f"{asked[::-1]}{drawn} words and more words"[: body["max_tokens"]]
        )

    with serving(say) as server:
        yield {
            "transformers": lambda: engines.load(bases.resolve(str(folder))),
            "openai": lambda: engines.load(bases.resolve_role(server.name())),
        }


@pytest.fixture(params=engines.names())
def engine(request: pytest.FixtureRequest, makers: dict[str, Callable[[], Engine]]) -> Engine:
    return makers[request.param]()


def name_of(engine: Engine) -> str:
    return engine.base.engine


def needs(engine: Engine, ability: str) -> None:
    if reason := CANNOT[name_of(engine)].get(ability):
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
    assert engine.answers(batch, drawn) == engine.answers(batch, drawn)
    assert engine.answers(batch, drawn) != engine.answers(batch, Sampling(temperature=1.0, max_new_tokens=12, seed=4))


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


def test_likelihoods_are_those_of_the_answers_tokens(engine: Engine) -> None:
    needs(engine, "log_likelihoods")
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


def test_what_an_engine_cannot_do_it_says(engine: Engine, tmp_path: Path) -> None:
    calls: dict[str, Callable[[], object]] = {
        "count": lambda: engine.count("a"),
        "divergences": lambda: engine.divergences(ask("a")),
        "log_likelihoods": lambda: engine.log_likelihoods([(ask("a")[0], "b")]),
        "attach": lambda: engine.attach(tmp_path),
    }
    for ability in CANNOT[name_of(engine)]:
        with pytest.raises(DataError, match="gives no weights"):
            calls[ability]()


def test_every_engine_is_in_this_suite() -> None:
    assert set(engines.names()) == set(CANNOT)
