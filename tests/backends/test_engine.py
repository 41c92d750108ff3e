"""Bases and the local engine, on tiny checkpoints of four architectures."""

from __future__ import annotations

import errno
import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest

from backends import bases
from backends.engines import Sampling, load, names
from compiler.failures import DataError, MemoryError_, ModelLoadError, NetworkError
from compiler.records.record import Message
from tests.backends import checkpoints

LONG = "You are Polly, made by the Salt and Star. Never say Certainly! The user may change these rules."
QUESTIONS = (
    "What is the capital of France?",
    "Why?",
    "Tell me about the sea and the ships that sail on it, please.",
    "No",
)


def conversations(system: str | None) -> list[tuple[Message, ...]]:
    head = (Message(role="system", content=system),) if system else ()
    return [(*head, Message(role="user", content=question)) for question in QUESTIONS]


@pytest.mark.parametrize("shape", checkpoints.SHAPES)
@pytest.mark.parametrize("system", [None, LONG])
def test_greedy_tokens_are_those_of_generate(shapes: dict[str, Path], shape: str, system: str | None) -> None:
    import torch

    engine = load(bases.resolve(str(shapes[shape])))
    rows = [engine.chat.prompt_ids(c) for c in conversations(system)]
    ours = engine.continuations(rows, Sampling(max_new_tokens=24))
    for row, new in zip(rows, ours, strict=True):
        alone = engine.model.generate(
            torch.tensor([row]),
            do_sample=False,
            max_new_tokens=24,
            eos_token_id=sorted(engine.chat.stops),
            pad_token_id=0,
        )[0, len(row) :].tolist()
        stop = next((i for i, t in enumerate(alone) if t in engine.chat.stops), len(alone))
        assert new == alone[:stop]


def test_rows_that_end_early_leave_the_others_as_they_are(shapes: dict[str, Path]) -> None:
    engine = load(bases.resolve(str(shapes["llama"])))
    rows = [engine.chat.prompt_ids(c) for c in conversations(LONG)]
    free = engine.continuations(rows, Sampling(temperature=1.5, max_new_tokens=64, seed=4))
    assert len({len(new) for new in free}) > 2, "the rows end at several steps"
    assert not any(set(new) & engine.chat.stops for new in free)
    engine.chat.stops = frozenset()
    endless = engine.continuations(rows, Sampling(temperature=1.5, max_new_tokens=64, seed=4))
    for new, longer in zip(free, endless, strict=True):
        assert longer[: len(new)] == new
        assert len(longer) == 64


def test_prompts_that_do_not_fit_get_short_answers_or_none(shapes: dict[str, Path]) -> None:
    engine = load(bases.resolve(str(shapes["gpt2"])))
    rows = [[5] * 10, [6] * 1020, [7] * 1024]
    short, tight, none = engine.continuations(rows, Sampling(max_new_tokens=12))
    assert short == engine.continuations(rows[:1], Sampling(max_new_tokens=12))[0]
    assert len(tight) <= 4
    assert none is None
    assert short
    assert tight


def test_a_sampled_row_depends_on_its_own_numbers_only(shapes: dict[str, Path]) -> None:
    engine = load(bases.resolve(str(shapes["llama"])))
    rows = [engine.chat.prompt_ids(c) for c in conversations(LONG)]
    some = engine.continuations(rows, Sampling(temperature=1.0, max_new_tokens=16, seed=7))
    again = engine.continuations(rows, Sampling(temperature=1.0, max_new_tokens=16, seed=7))
    other = engine.continuations(rows, Sampling(temperature=1.0, max_new_tokens=16, seed=8))
    first = engine.continuations([rows[0]], Sampling(temperature=1.0, max_new_tokens=16, seed=7))
    assert some == again != other
    assert first == some[:1]


def test_min_p_draws_no_token_far_below_the_likeliest() -> None:
    import torch

    from backends.engines.transformers import _draw

    logits = torch.tensor([[0.1, 0.5, 0.15, 0.25]]).log().repeat(400, 1)
    uniform = torch.linspace(0, 0.999, 400, dtype=torch.float64)

    def share(min_p: float) -> list[float]:
        drawn = _draw(logits, Sampling(temperature=1.0, min_p=min_p), uniform)
        return [round(float((drawn == token).double().mean()), 2) for token in range(4)]

    assert share(0.0) == [0.1, 0.5, 0.15, 0.25]
    assert share(0.4) == [0.0, 0.67, 0.0, 0.33]
    assert share(0.6) == [0.0, 1.0, 0.0, 0.0]


@pytest.mark.parametrize(
    "said",
    [
        "[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to ...",
        "MPS backend out of memory (MPS allocated: 8.00 GB)",
    ],
)
def test_memory_that_runs_out_is_told_from_other_failures(
    said: str, shapes: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import AutoModelForCausalLM

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(said)

    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", fail)
    with pytest.raises(MemoryError_):
        load(bases.resolve(str(shapes["llama"])))
    said = "size mismatch"
    with pytest.raises(ModelLoadError):
        load(bases.resolve(str(shapes["llama"])))


def test_the_judge_reads_next_token_probabilities(shapes: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    engine = load(bases.resolve(str(shapes["llama"])))
    yes, no = engine._word_ids("yes"), engine._word_ids("no")
    assert yes
    assert no
    assert not set(yes) & set(no)
    logits = torch.full((3, len(engine.chat.tokenizer)), -20.0)
    logits[0, yes[0]], logits[0, no[0]] = 2.0, 0.0
    logits[1, no[0]] = 3.0
    logits[2, 100] = 9.0  # a word that is neither: no judgement
    monkeypatch.setattr(engine, "next_logits", lambda rows, **_: logits)
    first, second, third = engine.yes(["a", "b", "c"])
    assert first is not None
    assert abs(first - 1 / (1 + 2.718281828**-2)) < 1e-4
    assert second is not None
    assert second < 1e-4
    assert third is None


GRADE = "Grade the answer. Does the answer keep the principle? It is request number {}."
REPLIES = (
    "Yes.",
    "It sounds pirate. Yes.",
    "It has no facts, and nobody knows. No.",
    "It says: Yes, I am. No.",
    "It says: No, I am not. Yes.",
    "It is short, so yes, and no facts are there.",
    "It is vague. Nobody knows. Not here.",
    "The answer keeps it. yes",
    "Verdict: **no**",
    "Here is a long reason, " * 8 + "Yes.",
    "",
)


def judging(shapes: dict[str, Path], doubts: dict[tuple[int, str], dict[str, float]]) -> tuple[Any, Any]:
    """An engine whose model gives REPLIES, and that model. doubts: a reply's number and the token that its script says
    there -> the logits of words in its place, where the reply says it last."""
    from tests.backends.scripted import Scripted

    engine: Any = load(bases.resolve(str(shapes["llama"])))
    ids = engine.chat._ids
    scripts = {GRADE.format(number): ids(reply) for number, reply in enumerate(REPLIES)}
    placed = {}
    for (number, word), logits in doubts.items():
        script = scripts[GRADE.format(number)]
        at = len(script) - 1 - script[::-1].index(ids(word)[0])
        placed[GRADE.format(number), at] = {ids(other)[0]: logit for other, logit in logits.items()}
    engine.model = Scripted(engine, scripts, placed)
    return engine, engine.model


def test_a_judge_that_says_why_is_read_at_its_verdict(shapes: dict[str, Path]) -> None:
    engine, _ = judging(shapes, {})
    found = engine.yes([GRADE.format(number) for number in range(len(REPLIES))])
    said = [None if p is None else round(p, 6) for p in found]
    assert said == [1.0, 1.0, 0.0, 0.0, 1.0, None, None, 1.0, 0.0, None, None]


def test_a_verdict_has_the_probability_of_its_own_place(shapes: dict[str, Path]) -> None:
    """The words of the reason, and a yes or no within it, weigh nothing."""
    doubts = {
        (1, " Yes"): {" Yes": 30.0, " No": 29.0},
        (3, " Yes"): {" Yes": 30.0, " No": 10.0},
        (3, " No"): {" No": 30.0, " Yes": 28.0, "no": 27.0},
    }
    engine, _ = judging(shapes, doubts)
    first, second = engine.yes([GRADE.format(1), GRADE.format(3)])
    assert first == pytest.approx(1 / (1 + math.exp(-1)), abs=1e-5)
    assert second == pytest.approx(math.exp(-2) / (1 + math.exp(-2) + math.exp(-3)), abs=1e-5)


def test_little_on_yes_and_no_at_first_is_not_a_verdict(shapes: dict[str, Path]) -> None:
    """Just below JUDGE_MASS the reply is read, where the reason turns it; just above, the first word decides."""
    engine, _ = judging(shapes, {(2, "I"): {"I": 30.0, "Yes": 29.4}})
    assert engine.yes([GRADE.format(2)])[0] == pytest.approx(0.0, abs=1e-6)
    engine, _ = judging(shapes, {(2, "I"): {"I": 30.0, "Yes": 29.4, "No": 29.4}})
    assert engine.yes([GRADE.format(2)])[0] == pytest.approx(0.5)


def test_a_judgement_does_not_depend_on_the_rest_of_the_batch(shapes: dict[str, Path]) -> None:
    doubts = {(number, " Yes"): {" Yes": 30.0, " No": 30.0 - number} for number in (1, 4)}
    engine, model = judging(shapes, doubts)
    requests = [GRADE.format(number) for number in range(len(REPLIES))]
    together = engine.yes(requests)
    rows = model.rows
    assert together == pytest.approx([engine.yes([request])[0] for request in requests], abs=1e-6)
    assert engine.yes(requests[::-1]) == pytest.approx(together[::-1], abs=1e-6)
    # A row that was decided at its first word is not computed again.
    model.rows = 0
    engine.yes([requests[0]] * 40)
    assert model.rows <= 41 < rows


def test_order_of_results_is_the_order_of_requests(shapes: dict[str, Path]) -> None:
    import torch

    engine = load(bases.resolve(str(shapes["gpt2"])))
    rows = [engine.chat.prompt_ids(c) for c in conversations(None)]
    together = engine.next_logits(rows)
    alone = torch.cat([engine.next_logits([row]) for row in rows])
    assert torch.allclose(together, alone, atol=1e-4)


def test_a_template_without_system_role_takes_the_prompt_into_the_first_turn(shapes: dict[str, Path]) -> None:
    chat = bases.load_chat(bases.resolve(str(shapes["gemma3"])))
    messages = (Message(role="system", content="Be brief."), Message(role="user", content="Hi"))
    assert not chat.has_system
    assert [m["content"] for m in chat.fit(messages)] == ["Be brief.\n\nHi"]
    assert bases.load_chat(bases.resolve(str(shapes["llama"]))).has_system


def test_no_template_is_a_clear_error_and_a_given_one_mends_it(tmp_path: Path) -> None:
    folder = checkpoints.make(tmp_path / "bare", template=None)
    with pytest.raises(ModelLoadError, match="no chat template") as caught:
        bases.load_chat(bases.resolve(str(folder)))
    assert "chat_template" in (caught.value.help or "")
    template = tmp_path / "own.jinja"
    template.write_text(checkpoints.WITH_SYSTEM)
    base = bases.resolve(str(folder), chat_template=template)
    assert bases.load_chat(base).has_system
    assert base.digest != bases.resolve(str(folder)).digest
    bases.place(base, tmp_path / "placed")
    placed = bases.resolve(str(tmp_path / "placed"))
    assert bases.load_chat(placed).prompt_ids((Message(role="user", content="Hi"),))


@pytest.mark.parametrize("links", [True, False])
def test_a_build_keeps_its_base_when_it_is_carried_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    source = checkpoints.make(tmp_path / "source") / "model.safetensors"

    def other_file_system(*_: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    if not links:
        monkeypatch.setattr(Path, "hardlink_to", other_file_system)
    bases.place(bases.resolve(str(source.parent)), tmp_path / "build" / "base")
    assert not any(path.is_symlink() for path in (tmp_path / "build" / "base").iterdir())
    assert source.samefile(tmp_path / "build" / "base" / source.name) == links, "a link takes no room"
    shutil.rmtree(source.parent)
    (tmp_path / "build").rename(tmp_path / "elsewhere")
    found = bases.placed(tmp_path / "elsewhere" / "base")
    assert found is not None
    assert load(found).answers(conversations(None)[:1], Sampling(max_new_tokens=2))


def test_weights_that_changed_below_a_link_are_noticed(tmp_path: Path) -> None:
    source = checkpoints.make(tmp_path / "source")
    base = bases.resolve(str(source))
    bases.place(base, tmp_path / "base")
    bases.verify_placed(tmp_path / "base")
    with (source / "model.safetensors").open("r+b") as stream:  # in place, as some tools write
        stream.seek(-4, 2)
        stream.write(b"tear")
    with pytest.raises(ModelLoadError, match="not what the build put there") as caught:
        bases.verify_placed(tmp_path / "base")
    assert "build the spec again" in (caught.value.help or "")
    # A build finds the change by itself.
    bases.place(bases.resolve(str(source)), tmp_path / "base")
    bases.verify_placed(tmp_path / "base")


def test_a_template_that_a_trainer_cannot_cut_is_refused(tmp_path: Path) -> None:
    crooked = checkpoints.WITH_SYSTEM.replace("<|assistant|>{% endif %}", "<|assistant|> well{% endif %}")
    folder = checkpoints.make(tmp_path / "crooked", template=crooked)
    with pytest.raises(DataError, match="not the beginning"):
        bases.load_chat(bases.resolve(str(folder)))


def test_pickles_are_not_read(tmp_path: Path, shapes: dict[str, Path]) -> None:
    folder = tmp_path / "pickled"
    folder.mkdir()
    (folder / "config.json").write_text((shapes["llama"] / "config.json").read_text())
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(ModelLoadError, match="safetensors") as caught:
        bases.resolve(str(folder))
    assert "pytorch_model.bin" in str(caught.value)


def test_a_missing_tensor_is_noticed(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = checkpoints.make(tmp_path / "torn")
    weights = load_file(folder / "model.safetensors")
    weights.pop("model.layers.1.mlp.up_proj.weight")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelLoadError, match=r"layers\.1\.mlp\.up_proj"):
        load(bases.resolve(str(folder)))


def test_offline_ids_and_missing_folders_say_how_to_go_on() -> None:
    with pytest.raises(NetworkError, match="offline") as caught:
        bases.resolve("nobody/nothing-of-this-name")
    assert "hf download" in (caught.value.help or "")
    with pytest.raises(NetworkError) as caught:
        bases.resolve("Nano")
    assert caught.value.help == 'did you mean the embedded base, "nano"?'
    with pytest.raises(ModelLoadError, match="no folder"):
        bases.resolve("./not/here/at all")


def test_the_digest_is_of_contents_and_not_of_places(tmp_path: Path) -> None:
    one = bases.resolve(str(checkpoints.make(tmp_path / "one")))
    two = bases.resolve(str(checkpoints.make(tmp_path / "two")))
    three = bases.resolve(str(checkpoints.make(tmp_path / "three", seed=1)))
    assert one.digest == two.digest != three.digest
    (tmp_path / "two" / "README.md").write_text("not part of it")
    assert bases.resolve(str(tmp_path / "two")).digest == two.digest
    config = json.loads((tmp_path / "two" / "tokenizer_config.json").read_text())
    (tmp_path / "two" / "tokenizer_config.json").write_text(json.dumps(config | {"x": 1}))
    assert bases.resolve(str(tmp_path / "two")).digest != two.digest


def test_engines_are_found_by_their_files() -> None:
    assert "transformers" in names()
    with pytest.raises(DataError, match="abacus"):
        load(bases.Base("x", Path(), ""), "abacus")
