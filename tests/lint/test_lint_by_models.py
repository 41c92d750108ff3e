"""What only a tokenizer and an embedder see of rows, planted: rows that are cut, prompts that are no prefix, probes in
other words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from backends import bases, embedders
from backends import lint as models
from backends.chats import Chat
from compiler.build import from_text
from compiler.facts import Facts
from compiler.failures import DataError
from compiler.lowering import jobs
from compiler.records.record import Message
from compiler.records.rows import Probe
from tests.lint.test_lint import CLAUSE, pair, sound


@pytest.fixture(scope="module")
def template() -> Chat:
    return bases.load_chat(bases.resolve("nano"))


def test_rows_that_a_trainer_cuts_are_found(template: Chat) -> None:
    longest = max(template.length((*p.prompt, *side)) for p in sound() for side in (p.chosen, p.rejected))
    limits: dict[models.Side, int] = {"chosen": longest, "rejected": longest}
    assert list(models.look(sound(), template, limits)) == []
    odd = pair(99, "Tell me.", "word " * (longest + 1), "No.")
    (found,) = models.look([*sound(), odd], template, limits)
    assert (found.code, found.every) == ("L13", ("r99",))
    assert list(models.look([*sound(), odd], template, {"rejected": longest})) == []


@pytest.mark.parametrize(
    ("method", "limits"),
    [
        ("dpo", {"chosen": 512, "rejected": 512}),
        ("kto", {"chosen": 512, "rejected": 512}),
        ("orpo", {"chosen": 512, "rejected": 512}),
        ("simpo", {"chosen": 512, "rejected": 512}),
        ("reward+rloo", {"chosen": 512, "rejected": 512}),
        ("sft", {"chosen": 512}),
        ("sft+dpo", {"chosen": 100, "rejected": 512}),
        ("online_dpo", {}),
        ("dpo+introspection", {"chosen": 512, "rejected": 512}),
    ],
)
def test_the_longest_row_is_that_of_the_jobs_that_read_it(tmp_path: Path, method: str, limits: dict[str, int]) -> None:
    mixture = "mixture: { reflection: 25%, interaction: 5% }" if "introspection" in method else ""
    spec = f'model {{ base: "nano" }}\ntrait a {{ means: "Sing." }}\ntrain {{ method: {method} {mixture} }}\n'
    for job in jobs.lower(from_text(spec), Facts()):
        text = job.text.replace("512", "100") if method == "sft+dpo" and "sft" in job.path else job.text
        (tmp_path / job.path).parent.mkdir(exist_ok=True)
        (tmp_path / job.path).write_text(text)
    assert models.longest(tmp_path, method) == limits


def test_a_prompt_that_is_no_prefix_is_found(template: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """A template that renders an answer otherwise than its opening, for one row."""

    def check(self: Chat, prompt: Sequence[Message], answer: str) -> None:
        if answer == "Broken.":
            raise DataError("no prefix")

    monkeypatch.setattr(Chat, "check_prefix", check)
    (found,) = models.look([*sound(), pair(99, "Tell me.", "Fine.", "Broken.")], template, {})
    assert (found.code, found.severity, found.every) == ("L14", "error", ("r99",))


def probe(name: str, *asked: str) -> Probe:
    messages = tuple(Message(role="user", content=text) for text in asked)
    return Probe(id=name, clause_id=CLAUSE, messages=messages, checks=(), unit="test", spans=())


MEANS = {
    "How long does an egg boil?": 0,
    "For how many minutes do I cook eggs?": 9,
    "What is an egg timer for?": 22,
}


class ByMeaning:
    """Meanings are places on a circle: what is said of the same thing in other words lies near."""

    name, digest = "test", "0"

    def embed(self, texts: Sequence[str]) -> embedders.Vectors:
        angles = np.radians([MEANS.get(text, 180 - 20 * place) for place, text in enumerate(texts)])
        return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_a_probe_in_other_words_is_an_error_and_one_that_is_near_a_note() -> None:
    rows = [pair(1, "What day is it?", "Monday.", "No."), pair(2, "How long does an egg boil?", "Six minutes.", "No.")]
    same, near = probe("same", "For how many minutes do I cook eggs?"), probe("near", "What is an egg timer for?")
    found = list(models.look_by_meaning(rows, [same, near], ByMeaning()))
    assert [(one.code, one.severity) for one in found] == [("L16", "error"), ("L17", "note")]
    assert found[0].every == ("same ~0.99 r2",)
    assert found[1].every == ("near ~0.93 r2",)
    assert list(models.look_by_meaning(rows, [], ByMeaning())) == []


def test_with_a_model_of_this_machine(tmp_path: Path) -> None:
    from tests.backends.test_embedders import sentence_model

    embedder = embedders.load(str(sentence_model(tmp_path)))
    rows = [
        pair(1, "How do I boil an egg please", "Six.", "No."),
        pair(2, "The capital of France", "Paris", "No"),
    ]
    found = list(models.look_by_meaning(rows, [probe("p", "how do i boil an egg please")], embedder))
    assert [one.code for one in found] == ["L16"]
