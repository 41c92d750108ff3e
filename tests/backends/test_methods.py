"""Every training method over tiny checkpoints: it trains, twice to the same bytes, by rewards where it has a policy."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import get_args, get_type_hints

import pytest
import yaml

from backends import bases, train
from backends.judges.deterministic import Deterministic
from backends.train import identity, rewards
from backends.train.adapters import adapter_digest
from backends.train.methods import kto, sdft
from compiler.build import from_text
from compiler.facts import BaseFacts, Facts
from compiler.failures import DataError
from compiler.ir import Program
from compiler.lowering import jobs, recipe
from compiler.lowering import rewards as lowered
from compiler.lowering.losses import METHODS
from compiler.records.checks import PatternsCheck
from compiler.records.rewards import Reward, Rewards, UnitChecks
from spec.document import Train
from tests.backends.recipes import CANNED
from tests.backends.test_train import build_folder

SPEC = """
forbid canned {{ phrases: ["Certainly!"] }}
trait pirate {{ means: "Talk like a pirate."  signs: ["arr", "ahoy"] }}
refuse dosing {{ about: "how much of a medicine to take" }}
train {{ method: {method}  steps: 2  batch: 4  {more} }}
"""
CHATS = "mixture: { reflection: 25%, interaction: 5% }"
ALONE = sorted(set(METHODS) - {"reward", "introspection"})
"""Methods that a spec can name by themselves."""
WHOLE = [*ALONE, "reward+rloo", "dpo+introspection"]


def spec(method: str) -> Program:
    return from_text(SPEC.format(method=method, more=CHATS if "introspection" in method else ""))


def written(root: Path, base: Path, method: str) -> Path:
    """The hand-written rows of a build, with the jobs and rewards that the compiler writes for the method."""
    build = build_folder(root, base, method)
    program = spec(method)
    for artifact in jobs.lower(program, Facts(base=BaseFacts(parameters=1000))):
        values = yaml.safe_load(artifact.text) | {"use_cpu": True}
        if "max_completion_length" in values:
            values["max_completion_length"] = 6
        if "max_new_tokens" in values:
            values["max_new_tokens"] = 6
        (build / artifact.path).write_text(yaml.safe_dump(values))
    # Such random weights say hardly a word: what tells their answers apart is a letter.
    vowel = PatternsCheck(patterns=("[aeiou]",), present=True)
    rows = UnitChecks(units=("t",), checks=(vowel,))
    told = Rewards(
        rewards=(Reward(clause="trait.pirate", own=(rows,)), Reward(clause="forbid.canned", rule=CANNED)),
        model=0.5 if "reward" in method else None,
    )
    (build / "rewards.json").write_text(told.model_dump_json())
    chats = [json.loads(line) for line in (build / "sft.jsonl").read_text().splitlines()]
    for chat, generator in zip(chats, ("reflection", "interaction", "distill"), strict=False):
        chat["generator"] = generator
    (build / "sft.jsonl").write_text("".join(json.dumps(chat) + "\n" for chat in chats))
    (build / "prompt.md").write_text("Talk like a pirate.\n")
    return build


def test_the_spec_the_jobs_and_the_folder_name_the_same_methods() -> None:
    assert identity.method_names() == tuple(sorted(METHODS))
    told = get_type_hints(Train, include_extras=True)["method"]
    listed = get_args(get_args(get_args(told)[0])[0])
    assert {stage for method in listed for stage in method.split("+")} == {*METHODS, "auto"}
    assert len(set(listed)) == len(listed)


@pytest.mark.parametrize("method", WHOLE)
def test_a_method_trains_twice_to_the_same_bytes(shapes: dict[str, Path], tmp_path: Path, method: str) -> None:
    runs = []
    for name in ("one", "two"):
        build = written(tmp_path / name, shapes["llama"], method)
        runs.append(train.run(build, tmp_path / name / "runs"))
    assert adapter_digest(runs[0] / "adapter") == adapter_digest(runs[1] / "adapter")
    events = [json.loads(line) for line in (runs[0] / "events.jsonl").read_text().splitlines()]
    stages = method.split("+")
    assert [(event["stage"], event["step"]) for event in events] == [(stage, n) for stage in stages for n in (1, 2)]
    assert all(event["loss"] == event["loss"] for event in events)
    if METHODS[stages[-1]].rewarded:
        model = {"reward_model"} & set(events[-1]["clauses"])
        assert set(events[-1]["clauses"]) == {"trait.pirate", "forbid.canned"} | model
        assert bool(model) == ("reward" in stages), "a trained reward model is one more series"
        # Each weighs 1, and the reward model what rewards.json says.
        earned = {name: 0.5 * mean if name in model else mean for name, mean in events[-1]["clauses"].items()}
        assert events[-1]["reward"] == pytest.approx(sum(earned.values()), abs=1e-4)
        assert events[-1]["kl"] is not None, "the leash is on"


@pytest.mark.parametrize("method", ["grpo", "online_dpo", "sdft", "reward+rloo", "dpo+introspection"])
def test_a_method_goes_on_from_its_last_checkpoint_to_the_same_bytes(
    shapes: dict[str, Path], tmp_path: Path, method: str
) -> None:
    """Broken off in its last stage, in the second epoch; `test_resume.py` has the other methods."""
    whole, broken = (written(tmp_path / name, shapes["llama"], method) for name in ("whole", "broken"))
    for build in (whole, broken):
        for stage in method.split("+"):
            path = build / "jobs" / f"{stage}.yaml"
            path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"max_steps": 12}))

    def breaks(stage: str, done: int, total: int, unit: str, note: str = "") -> None:
        if done == 7 and note.startswith(method.split("+")[-1]):
            raise KeyboardInterrupt

    run = train.run(whole, tmp_path / "whole" / "runs")
    with pytest.raises(KeyboardInterrupt):
        train.run(broken, tmp_path / "broken" / "runs", progress=breaks)
    resumed = train.run(broken, tmp_path / "broken" / "runs")
    assert adapter_digest(resumed / "adapter") == adapter_digest(run / "adapter")
    assert (resumed / "run.json").read_bytes() == (run / "run.json").read_bytes()


@pytest.mark.parametrize("method", ["sft+grpo", "dpo+sft", "sft+reward+rloo"])
def test_methods_run_one_after_the_other(shapes: dict[str, Path], tmp_path: Path, method: str) -> None:
    run = train.run(written(tmp_path, shapes["llama"], method), tmp_path / "runs")
    assert json.loads((run / "run.json").read_text())["steps"] == dict.fromkeys(method.split("+"), 2)


def test_introspection_is_added_to_what_was_distilled(shapes: dict[str, Path], tmp_path: Path) -> None:
    """The first stage's adapter stands in the sum as it was, and the second one beside it."""
    import torch
    from safetensors.torch import load_file

    alone = train.run(written(tmp_path / "alone", shapes["llama"], "dpo"), tmp_path / "alone" / "runs")
    both = train.run(written(tmp_path / "both", shapes["llama"], "dpo+introspection"), tmp_path / "both" / "runs")
    first, whole = (load_file(run / "adapter" / "adapter_model.safetensors") for run in (alone, both))
    assert set(first) == set(whole)
    for name, tensor in first.items():
        rank = 16
        if "lora_A" in name:
            assert whole[name].shape[0] == 2 * rank
            assert torch.equal(whole[name][:rank], tensor)
        else:
            assert torch.allclose(whole[name][:, :rank], 2 * tensor), "alpha by rank is in the sum"
    assert any(float(whole[name][:, 16:].abs().max()) > 0 for name in whole if "lora_B" in name)


def test_without_chats_of_its_own_introspection_says_what_to_ask_for(shapes: dict[str, Path], tmp_path: Path) -> None:
    build = written(tmp_path, shapes["llama"], "dpo+introspection")
    rows = build / "sft.jsonl"
    rows.write_text(rows.read_text().replace("reflection", "distill").replace("interaction", "distill"))
    with pytest.raises(DataError, match="none of the 6 chats") as caught:
        train.run(build, tmp_path / "runs")
    assert "mixture" in str(caught.value.help)


@pytest.mark.parametrize("shape", ["llama", "gemma3"])
def test_what_the_prompt_says_becomes_the_weights(shapes: dict[str, Path], tmp_path: Path, shape: str) -> None:
    """SDFT, of a template with a system role and of one without: the divergence from the prompted base falls."""
    build = written(tmp_path, shapes[shape], "sdft")
    path = build / "jobs" / "sdft.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"max_steps": 40, "learning_rate": 1e-2}))
    events = train.run(build, tmp_path / "runs") / "events.jsonl"
    losses = [json.loads(line)["loss"] for line in events.read_text().splitlines()]
    assert sum(losses[-8:]) < 0.7 * sum(losses[:8])


def test_the_teacher_reads_the_prompt_before_what_a_row_carries(shapes: dict[str, Path]) -> None:
    told = [{"role": "system", "content": "The user is a sailor."}, {"role": "user", "content": "What is a knot?"}]
    for shape, wanted in (("llama", ["system", "user"]), ("gemma3", ["user"])):
        chat = bases.load_chat(bases.resolve(str(shapes[shape])))
        kind = sdft.prompted()
        read = kind(SimpleNamespace(), "Talk like a pirate.", chat)._compose_teacher_prompt(told, None)
        assert [message["role"] for message in read] == wanted
        text = "\n\n".join(message["content"] for message in read)
        assert text == "Talk like a pirate.\n\nThe user is a sailor.\n\nWhat is a knot?"


def test_an_edited_reward_is_another_training(shapes: dict[str, Path], tmp_path: Path) -> None:
    build = written(tmp_path, shapes["llama"], "grpo")
    before = identity.run_folder(build, tmp_path)
    path = build / "rewards.json"
    path.write_text(path.read_text().replace("aeiou", "aeio"))
    assert identity.run_folder(build, tmp_path) != before
    path.unlink()
    with pytest.raises((DataError, FileNotFoundError)):
        train.run(build, tmp_path / "runs")


def made(method: str = "grpo") -> Rewards:
    program = spec(method)
    return lowered.make(program, recipe.make(program))


def scored(question: str, answer: str, unit: str) -> dict[str, float | None]:
    functions = rewards.functions(made(), Deterministic())
    prompt, completion = [{"role": "user", "content": question}], [{"role": "assistant", "content": answer}]
    return {f.__name__: f(prompts=[prompt], completions=[completion], unit=[unit])[0] for f in functions}


def test_a_clause_rewards_what_it_says_something_about_and_nothing_else() -> None:
    pirate = next(u for r in made().rewards if r.clause == "trait.pirate" for part in r.own for u in part.units)
    assert scored("How are you?", "Arr, fine.", pirate) == {
        "forbid.canned": 1.0, "trait.pirate": 1.0, "refuse.dosing": None, "refusals": 1.0,
    }  # fmt: skip
    assert scored("How are you?", "Certainly! Fine.", pirate) == {
        "forbid.canned": 0.0, "trait.pirate": 0.0, "refuse.dosing": None, "refusals": 1.0,
    }  # fmt: skip
    asked = scored("How much of the medicine do I take?", "I cannot help with that.", "data.mine")
    assert asked == {"forbid.canned": 1.0, "trait.pirate": None, "refuse.dosing": 1.0, "refusals": None}
    assert scored("How are you?", "I cannot help with that.", "data.mine")["refusals"] == 0.0


def test_what_no_policy_is_trained_with_is_not_written() -> None:
    program = spec("dpo")
    assert lowered.lower(program, recipe.make(program)) == ()


def test_stock_trl_gets_the_mean_of_all_rewards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rewards.json").write_text(made().model_dump_json())
    monkeypatch.chdir(tmp_path)
    row = {"role": "user", "content": "How are you?"}
    said = [[{"role": "assistant", "content": text}] for text in ("Fine.", "Certainly! Fine.")]
    assert rewards.combined([[row]] * 2, said, ["data.mine"] * 2) == [1.0, 0.5]


@pytest.mark.parametrize(("pairs", "batch"), [(8, 16), (8, 4), (7, 6), (5, 4)])
def test_a_divergence_is_estimated_with_an_answer_to_another_question(pairs: int, batch: int) -> None:
    """The library gives each row the answer of the row before it in its batch, and the first that of the last."""
    rows = [{"prompt": n, "chosen": f"good {n}", "rejected": f"bad {n}"} for n in range(pairs)]
    config = SimpleNamespace(per_device_train_batch_size=batch, gradient_accumulation_steps=1, max_steps=pairs)
    found = kto.fit(config, rows, None)
    assert sorted(row["completion"] for row in found) == sorted(row[s] for row in rows for s in ("chosen", "rejected"))
    for start in range(0, len(found), batch):
        part = found[start : start + batch]
        if len(part) > 2:  # of a last pair that is left alone, there is no other question
            assert all(row["prompt"] != before["prompt"] for row, before in zip(part, [part[-1], *part], strict=False))


@pytest.mark.parametrize("batch", [1, 2, 3, 5, 7, 16, 17])
def test_a_batch_is_one_that_the_method_takes(batch: int) -> None:
    for parameters in (1000, 8_000_000_000):
        for method in ALONE:
            program = from_text(f'trait a {{ means: "Be kind." }}\ntrain {{ method: {method}  batch: {batch} }}')
            (job,) = jobs.lower(program, Facts(base=BaseFacts(parameters=parameters)))
            told = yaml.safe_load(job.text)
            step, whole = told["per_device_train_batch_size"], told["gradient_accumulation_steps"]
            assert step * whole >= batch
            if method == "kto":
                assert step >= 4
                assert step % 2 == 0
            elif "num_generations" in told:
                assert step * whole % told["num_generations"] == 0
                assert told["num_generations"] >= (2 if METHODS[method].rewarded else 1)
            else:
                assert step * whole == max(batch, 2 if METHODS[method].rewarded else 1)


def test_another_judge_is_another_training_of_a_policy(shapes: dict[str, Path], tmp_path: Path) -> None:
    build = written(tmp_path, shapes["llama"], "grpo")
    before = identity.content_digest(build)
    path = build / "recipe.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "judge": "org/judge"}))
    assert identity.content_digest(build) != before
