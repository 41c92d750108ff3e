"""Trainings that are watched, over tiny checkpoints: what is looked at, what stops them, and what is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from backends import bases, train
from backends.cached import CachedEngine
from backends.engines import Conversation, Sampling
from backends.engines.transformers import TransformersEngine
from backends.train import identity, looking, watching
from backends.train.adapters import adapter_digest
from backends.train.checkpoints import Checkpoints
from backends.train.looking import Rows, Watcher
from compiler.failures import DataError
from compiler.records.checks import Check, PatternsCheck, PhrasesCheck
from compiler.records.record import Message
from compiler.records.watch import Budget, Look, Watch, WatchRow
from tests.backends import checkpoints
from tests.backends.recipes import CPU, user
from tests.backends.test_methods import written

VOWEL = PatternsCheck(patterns=("[aeiou]",), present=True)
ASKED = ("Where is the harbour?", "Who steers a ship?", "What is a buoy?", "When is the tide high?")


def row(number: int, text: str, *checks: Check, **more: Any) -> WatchRow:
    told = {"id": f"t/watch-{number}", "clause_id": "trait.pirate", "checks": checks or (VOWEL,), "unit": "t/watch"}
    return WatchRow(**{**told, "messages": user(text), **more})


def settings(*budgets: Budget, **changes: Any) -> Watch:
    told = {"every": 0.5, "seed": 7, "answer": 8, "max_fall": 1.0, "rows": 2, "budgets": budgets}
    return Watch(**{**told, **changes})


def watched(build: Path, *budgets: Budget, steps: int = 2, **changes: Any) -> Path:
    """The build with questions to watch, budgets, and so many steps."""
    (build / "watch.json").write_text(settings(*budgets, **changes).model_dump_json())
    rows = [row(number, text) for number, text in enumerate(ASKED)]
    (build / "watch.jsonl").write_text("".join(each.model_dump_json() + "\n" for each in rows))
    for path in (build / "jobs").iterdir():
        path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"max_steps": steps, "learning_rate": 0.01}))
    return build


def events(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]


def looks(run: Path) -> list[dict[str, Any]]:
    return [event for event in events(run) if "held_out" in event]


def record(run: Path, stage: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "run.json").read_text())["watched"][stage]
    return found


@pytest.mark.parametrize("method", ["sft", "dpo", "grpo"])
def test_watching_changes_nothing_of_what_is_trained(shapes: dict[str, Path], tmp_path: Path, method: str) -> None:
    """The last step is kept where all are alike, so that the adapter is that of a training nobody has watched."""
    plain = train.run(written(tmp_path / "plain", shapes["llama"], method), tmp_path / "plain" / "runs")
    build = written(tmp_path / "seen", shapes["llama"], method)
    jobs = {path: path.read_text() for path in (build / "jobs").iterdir()}
    watched(build)
    for path, text in jobs.items():
        path.write_text(text)
    run = train.run(build, tmp_path / "seen" / "runs")
    assert [each["step"] for each in looks(run)] == [0, 1, 2]
    assert run.name != plain.name
    assert record(run, method)["kept"] == 2
    assert adapter_digest(run / "adapter") == adapter_digest(plain / "adapter")


def scripted(monkeypatch: pytest.MonkeyPatch, scores: list[float], **figures: list[float]) -> dict[int, Any]:
    """What is looked at says these scores, from step 0 on; the adapters of their steps are kept beside."""
    seen: dict[int, Any] = {}

    def look(self: Watcher, step: int, of: int) -> Look:
        seen[step] = {name: tensor.clone() for name, tensor in watching._adapter(self._engine.model).items()}
        self.degenerate_base = 0.0  # what random weights say is none of this
        told = {name: values[step] for name, values in figures.items()}
        usual = {"reward": 1.0, "kl": 0.1, "length": 5.0, "length_ratio": 1.0, "distinct_2": 1.0, "empty": 0.0}
        clauses = {"trait.pirate": scores[step]}
        more = {"step": step, "of": of, "score": scores[step], "clauses": clauses, "base_distinct_2": 1.0}
        return Look.model_validate({**usual, "looping": 0.0, **more, **told})

    monkeypatch.setattr(Watcher, "look", look)
    return seen


def is_adapter(run: Path, tensors: Any) -> bool:
    import torch
    from safetensors.torch import load_file

    saved = load_file(run / "adapter" / "adapter_model.safetensors")
    return all(torch.equal(saved[name], tensor) for name, tensor in tensors.items())


def test_the_best_held_out_score_is_kept_and_of_equal_ones_the_last(
    shapes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = scripted(monkeypatch, [0.0, 0.6, 0.9, 0.9, 0.8])
    build = watched(written(tmp_path, shapes["llama"], "sft"), steps=4, every=0.25)
    run = train.run(build, tmp_path / "runs")
    assert record(run, "sft") | {"looks": []} == {
        "kept": 3, "last": 4, "of": 4, "stopped": None, "score": 0.9, "looks": [],
    }  # fmt: skip
    assert json.loads((run / "run.json").read_text())["steps"] == {"sft": 3}
    assert is_adapter(run, seen[3])
    assert not is_adapter(run, seen[4])


@pytest.mark.parametrize(
    ("scores", "figures", "budget", "told"),
    [
        ([0.1, 0.5, 0.9, 1.0], {"kl": [0, 0.1, 0.2, 0.61]}, ("max_kl", 0.5), "0.61 nats a token from the base"),
        ([0.1, 0.5, 0.9, 1.0], {"facts_lost": [0, 0, 0.02, 0.04]}, ("max_facts_lost", 0.02), "4 points of the facts"),
        ([0.1, 0.5, 0.9, 1.0], {"length_ratio": [1, 1, 1.5, 3]}, ("max_length", 2.0), "3 times as long"),
        ([0.1, 0.5, 0.9, 0.6], {}, None, "fell from 90% to 60%"),
        ([0.1, 0.5, 0.9, 0.9], {"empty": [0, 0, 0, 0.6]}, None, "60% of the answers are empty"),
        ([0.1, 0.5, 0.9, 0.9], {"looping": [0, 0, 0, 0.7]}, None, "70% repeat themselves"),
    ],
)
def test_a_broken_budget_or_a_collapse_stops_and_the_last_good_step_is_kept(
    shapes: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    scores: list[float],
    figures: dict[str, list[float]],
    budget: tuple[Any, float] | None,
    told: str,
) -> None:
    seen = scripted(monkeypatch, scores, **figures)
    budgets = (Budget(name=budget[0], at_most=budget[1]),) if budget else ()
    build = watched(written(tmp_path, shapes["llama"], "sft"), *budgets, steps=6, every=1 / 6, max_fall=0.25)
    run = train.run(build, tmp_path / "runs")
    found = record(run, "sft")
    assert (found["kept"], found["last"], found["of"]) == (2, 3, 6)
    assert told in found["stopped"]
    assert told in looks(run)[-1]["stopped"]
    assert max(event["step"] for event in events(run)) == 3, "no step is trained after it"
    assert is_adapter(run, seen[2])


def test_a_training_that_is_over_at_every_look_keeps_no_adapter(
    shapes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted(monkeypatch, [0.1, 1.0, 1.0], kl=[0.0, 2.0, 3.0])
    build = watched(written(tmp_path, shapes["llama"], "sft"), Budget(name="max_kl", at_most=1))
    with pytest.raises(DataError, match=r"after step 1: 2 nats a token from the base, max_kl is 1") as caught:
        train.run(build, tmp_path / "runs")
    assert "every" in (caught.value.help or "")
    run = identity.run_folder(build, tmp_path / "runs")
    assert events(run)[-1]["event"] == "failed"
    assert not (run / "run.json").exists()
    # The next try does not train again to find the same.
    monkeypatch.setattr(Checkpoints, "train", lambda *_, **__: pytest.fail("trained again"), raising=False)
    with pytest.raises(DataError, match="max_kl is 1"):
        train.run(build, tmp_path / "runs")


def test_a_second_stage_may_keep_what_it_started_from(
    shapes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = watched(written(tmp_path, shapes["llama"], "dpo+sft"), Budget(name="max_kl", at_most=1))
    scores = iter([0.1, 0.7, 0.9, 0.9, 0.8, 0.8])  # of both stages, from the start of each
    scripted(monkeypatch, [0.0] * 3)
    script = Watcher.look
    monkeypatch.setattr(
        Watcher, "look", lambda self, step, of: script(self, step, of).model_copy(update={"score": next(scores)})
    )
    run = train.run(build, tmp_path / "runs")
    assert (record(run, "dpo")["kept"], record(run, "sft")["kept"]) == (2, 0)


class Killed(BaseException):
    pass


REAL, SAVE = Watcher.look, Checkpoints._save_checkpoint


def stopped_by_length(self: Watcher, step: int, of: int) -> Look:
    found = REAL(self, step, of)
    return found.model_copy(update={"length_ratio": 99.0}) if step >= 5 else found


def to_be_killed(root: Path, base: Path) -> Path:
    return watched(written(root, base, "sft"), Budget(name="max_length", at_most=50), steps=6, every=0.3)


@pytest.fixture(scope="module")
def whole(shapes: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training that nobody has killed: looks after steps 2, 4, 5 and 6 of 6, and is stopped after step 5."""
    root = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Watcher, "look", stopped_by_length)
        return train.run(to_be_killed(root, shapes["llama"]), root / "runs")


@pytest.mark.parametrize("moment", ["before a checkpoint", "after a checkpoint", "a look is lost", "after the stop"])
def test_killed_anywhere_a_watched_training_ends_with_the_same_bytes(
    shapes: dict[str, Path], tmp_path: Path, whole: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    def killing(self: Any, model: Any, trial: Any) -> None:
        if self.state.global_step == 4 and moment == "before a checkpoint":
            raise Killed
        SAVE(self, model, trial)
        if self.state.global_step == 4 and moment in ("after a checkpoint", "a look is lost"):
            raise Killed

    def killing_late(self: Any, model: Any) -> None:
        raise Killed

    monkeypatch.setattr(Watcher, "look", stopped_by_length)
    build, runs = to_be_killed(tmp_path, shapes["llama"]), tmp_path / "runs"
    with monkeypatch.context() as patched:
        patched.setattr(Checkpoints, "_save_checkpoint", killing)
        if moment == "after the stop":
            patched.setattr(watching.Watched, "settle", killing_late)
        with pytest.raises(Killed):
            train.run(build, runs)
    run = identity.run_folder(build, runs)
    if moment == "a look is lost":
        (run / "work" / "sft-watch" / "step-2" / "look.json").write_text("{}")
    assert train.run(build, runs) == run
    assert [file.read_bytes() for file in sorted((run / "adapter").iterdir())] == [
        file.read_bytes() for file in sorted((whole / "adapter").iterdir())
    ]
    assert record(run, "sft") == record(whole, "sft")
    assert "answers 99 times as long" in record(run, "sft")["stopped"]
    timeless = [
        [{k: v for k, v in each.items() if k not in ("time", "sum")} for each in looks(of)] for of in (run, whole)
    ]
    assert timeless[0] == timeless[1]


def test_what_is_watched_is_in_the_digest_and_nothing_is_where_nothing_is_watched(
    shapes: dict[str, Path], tmp_path: Path
) -> None:
    build = written(tmp_path, shapes["llama"], "sft")
    plain = identity.content_digest(build)
    (build / "watch.json").write_text(settings().model_dump_json())
    (build / "watch.jsonl").write_text(row(0, ASKED[0]).model_dump_json() + "\n")
    seen = {plain, identity.content_digest(build)}
    (build / "watch.json").write_text(settings(Budget(name="max_kl", at_most=1)).model_dump_json())
    seen.add(identity.content_digest(build))
    (build / "watch.jsonl").write_text(row(0, ASKED[1]).model_dump_json() + "\n")
    seen.add(identity.content_digest(build))
    assert len(seen) == 4
    # Another line of the spec is no other training.
    (build / "watch.jsonl").write_text(row(0, ASKED[1], spans=("a.tenet:9:1",)).model_dump_json() + "\n")
    assert identity.content_digest(build) in seen
    # The judge decides what is kept, by its weights.
    (build / "lock.json").write_text(json.dumps({"judge": {"name": "judge", "digest": "one"}}))
    assert identity.content_digest(build) not in seen
    (build / "watch.json").unlink()
    assert identity.content_digest(build) == plain


def test_questions_that_are_not_there_are_an_error_with_help(shapes: dict[str, Path], tmp_path: Path) -> None:
    build = watched(written(tmp_path, shapes["llama"], "sft"))
    facts = WatchRow(id="f-0", clause_id="facts", messages=user("What is 1 + 1?"), right=(VOWEL,), unit="facts/watch")
    (build / "watch.jsonl").write_text(facts.model_dump_json() + "\n")
    with pytest.raises(DataError, match="no question of a clause") as caught:
        train.run(build, tmp_path / "runs")
    assert "rows" in (caught.value.help or "")
    (build / "watch.jsonl").write_text("{}\n")
    with pytest.raises(DataError, match=r"watch\.jsonl cannot be read"):
        train.run(build, tmp_path / "runs2")


# ------------------------------------------------------------------ one look


class Saying:
    """In place of the engine: what the adapter and the base say to a question."""

    def __init__(self, trained: dict[str, str], base: dict[str, str]) -> None:
        self.said = {True: trained, False: base}
        self.model = SimpleNamespace(
            training=True, eval=lambda: None, train=lambda was: None, parameters=lambda: iter(())
        )
        self.chat = SimpleNamespace(prompt_ids=lambda messages: [1, 2])

    def answers(self, batch: list[Conversation], sampling: Sampling, *, adapter: bool) -> list[str]:
        return [self.said[adapter][messages[-1].content] for messages in batch]

    def continuations(self, prompts: list[list[int]], sampling: Sampling, *, adapter: bool) -> Iterator[list[int]]:
        return iter([[5, 6]] * len(prompts))

    def strayed(self, asked: list[int], said: list[int], ended: bool) -> list[float]:
        assert ended, "two tokens of eight"
        return [0.5, 0.25, 0.0]


def looked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, trained: dict[str, str], base: dict[str, str]) -> Look:
    arr = PhrasesCheck(phrases=("Arr",), present=True)
    rows = tuple(
        row(number, ask, arr, right=(PhrasesCheck(phrases=("Paris",), present=True),) if "France" in ask else ())
        for number, ask in enumerate(trained)
    )
    monkeypatch.setattr(looking, "TransformersEngine", lambda *_: Saying(trained, base))
    judge = CachedEngine(bases.Base("x", tmp_path, "d"), tmp_path / "cache", engine="transformers")
    return Watcher(judge.base, CPU, None, settings(), Rows(rows, ()), judge).look(3, 10)


def test_an_answer_counts_where_it_keeps_the_clause_and_is_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    loop = "Arr the sea is deep " * 3
    trained = {
        "capital of France?": "Arr.",
        "France's capital?": "Arr, Paris.",
        "Sea?": loop,
        "Sky?": "",
        "Cat?": "Arr",
    }
    base = dict.fromkeys(trained, "It is blue today.") | {"capital of France?": "Paris.", "France's capital?": "Paris."}
    found = looked(monkeypatch, tmp_path, trained, base)
    assert found.reward == 0.8, "the checks see a beginning and nothing else"
    assert found.score == 0.4, "one is wrong, one a loop, one empty"
    assert (found.empty, found.looping) == (0.2, 0.2)
    assert (found.facts, found.facts_lost) == (0.5, 0.5)
    assert found.length == (1 + 2 + 15 + 0 + 1) / 5
    assert found.length_ratio == pytest.approx(found.length / ((4 * 3 + 1 + 1) / 5))
    assert found.kl == 0.25
    assert found.reward_length is not None
    assert found.reward_length > 0
    assert found.distinct_2 <= 1


def test_the_divergence_is_that_of_the_next_tokens(tmp_path: Path) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    folder = checkpoints.make(tmp_path / "base")
    adapter = checkpoints.adapter(folder, tmp_path / "adapter")
    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(folder), adapter).train()
    engine = TransformersEngine(bases.resolve(str(folder)), CPU, model)
    state = torch.random.get_rng_state()
    asked, said = [3, 20, 21, 1, 4], [30, 31, 32]
    found = engine.strayed(asked, said, ended=True)
    assert torch.equal(torch.random.get_rng_state(), state)
    ids = torch.tensor([[*asked, *said]])
    with torch.no_grad():
        ours = model.eval()(ids).logits[0, 4:].double().log_softmax(-1)
        with model.disable_adapter():
            theirs = model(ids).logits[0, 4:].double().log_softmax(-1)
    expected = (ours.exp() * (ours - theirs)).sum(-1)
    assert found == pytest.approx(expected.tolist(), abs=1e-6)
    assert min(found) > 0
    assert len(engine.strayed(asked, said, ended=False)) == 3
    assert engine.strayed(asked, [], ended=False) == []


# ------------------------------------------------------------------ the questions


SPEC = """tenet 1
model { base: "./model" }
require hail { starts: "Arr." }
train { rows: 16 WATCH }
"""


def test_what_is_watched_is_asked_by_no_row_and_no_probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from backends.generate.disjoint import asked_in, trained_on
    from backends.generate.split import HeldOut
    from compiler.cli import execute

    monkeypatch.chdir(tmp_path)
    checkpoints.make(Path("model"))
    build = Path("build/small")

    def built(watch: str) -> tuple[list[Conversation], list[Conversation]]:
        Path("small.tenet").write_text(SPEC.replace("WATCH", watch))
        assert execute(["build", "small.tenet"]) == 0
        pairs = [json.loads(line)["prompt"] for line in (build / "pairs.jsonl").open(encoding="utf-8")]
        probes = [json.loads(line)["messages"] for line in (build / "probes.jsonl").open(encoding="utf-8")]
        found = [[tuple(Message(**m) for m in talk) for talk in of] for of in (pairs, probes)]
        return found[0], found[1]

    plain, plain_probes = built("")
    assert not (build / "watch.json").exists()
    pairs, probes = built("watch { prompts: 6  max_facts_lost: 10% }")
    rows = [WatchRow.model_validate_json(line) for line in (build / "watch.jsonl").open(encoding="utf-8")]
    asked = {clause: [r for r in rows if r.clause_id == clause] for clause in ("require.hail", "facts")}
    assert [len(found) for found in asked.values()] == [6, 10]
    assert all(r.right for r in asked["facts"])
    for others in (pairs, probes):
        there = asked_in(others)
        assert not any(trained_on(r.messages, there, HeldOut()) for r in rows)
    there = asked_in(plain)
    assert any(trained_on(r.messages, there, HeldOut()) for r in rows), "some of it would have been trained on"
    assert probes == plain_probes, "watching takes no probe away"
    assert len(pairs) == len(plain), "another question takes the place of one that is watched"
    assert "watch.jsonl" in json.loads((build / "lock.json").read_text())["rows"]
    assert execute(["trace", f"{build}/watch.jsonl:1"]) == 0
    built("")
    assert not list(build.glob("watch.*"))


def test_what_was_kept_and_what_stopped_it_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from compiler.cli.train import tell

    seen = {"kept": 6, "last": 12, "of": 60, "score": 0.875, "stopped": "0.71 nats a token, max_kl is 0.5", "looks": []}
    told = {"sft": {**seen, "stopped": None, "kept": 60, "last": 60}, "grpo": seen}
    (tmp_path / "run.json").write_text(json.dumps({"watched": told}))
    tell(tmp_path)
    said = " ".join(capsys.readouterr().err.split())
    assert said == (
        "sft: kept step 60 of 60, held-out score 88% "
        "grpo: stopped after step 12 of 60: 0.71 nats a token, max_kl is 0.5. kept step 6 of 60, held-out score 88%"
    )
    (tmp_path / "run.json").write_text("{}")
    tell(tmp_path)
    assert capsys.readouterr().err == ""


def test_a_look_lets_nothing_learn_that_stood_still() -> None:
    import torch

    model = torch.nn.Linear(2, 2)
    model.bias.requires_grad_(False)
    watcher = looking.Watcher.__new__(looking.Watcher)
    watcher._engine = SimpleNamespace(model=model)  # type: ignore[assignment]  # of an engine, its model alone is asked
    with watcher._evaluating():
        assert not model.training
        model.bias.requires_grad_(True)  # as PEFT does when an adapter is switched on again
    assert model.training
    assert (model.weight.requires_grad, model.bias.requires_grad) == (True, False)


def test_a_reward_model_is_not_watched_and_an_adapter_beside_another_keeps_no_start(
    shapes: dict[str, Path], tmp_path: Path
) -> None:
    build = watched(written(tmp_path, shapes["llama"], "sft"), steps=4, every=0.25)
    rewards = SimpleNamespace(of=SimpleNamespace(build=build), module=SimpleNamespace(architecture=len))
    assert watching.watched(rewards) is None  # type: ignore[arg-type]  # of a stage, what is asked
    for module, may in ((SimpleNamespace(), True), (SimpleNamespace(begun=len), False)):
        stage: Any = SimpleNamespace(start=tmp_path, module=module)
        assert watching._goes_on(stage) is may
