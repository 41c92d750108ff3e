"""What `train` says beside a method: presets, DPO's losses, settings of the trainer by name, and `auto`."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, get_args, get_type_hints

import pytest
import yaml

import spec
from compiler.build import to_program
from compiler.choosing import settled
from compiler.facts import Facts
from compiler.lowering import emit, jobs
from compiler.presets import PRESETS
from compiler.records.recipe import DataFile, Recipe
from spec.document import Train
from tests.compiler.conftest import program_of

PIRATE = 'trait pirate { means: "Talk like a pirate." }'


def findings(train: str) -> list[tuple[str, str]]:
    document = spec.loads(f"tenet 1\n{PIRATE}\ntrain {{ {train} }}", "spec.tenet").document
    assert document is not None
    return [(d.code, d.help or "") for d in to_program(document)[1] if d.severity == "error"]


def job(train: str, stage: str) -> dict[str, Any]:
    program = program_of(f"tenet 1\n{PIRATE}\ntrain {{ {train} }}")
    made = {artifact.path: artifact.text for artifact in jobs.lower(program)}
    found: dict[str, Any] = yaml.safe_load(made[f"jobs/{stage}.yaml"])
    return found


@pytest.mark.parametrize("text", ["a: b", "no", "#x", "- y", "1.5", "null", "a, b", "", "{x", "it's", "adamw_torch"])
def test_a_text_is_read_as_it_was_written(text: str) -> None:
    assert yaml.safe_load(f"key: {jobs.written(text)}") == {"key": text}
    assert yaml.safe_load(f"key: {jobs.written([text, 'b'])}") == {"key": [text, "b"]}


def test_presets_are_those_of_the_language_and_set_what_it_has() -> None:
    told = get_type_hints(Train, include_extras=True)["preset"]
    assert set(get_args(get_args(get_args(told)[0])[0])) == set(PRESETS)
    for preset in PRESETS.values():
        assert set(preset.sets) <= {field.name for field in fields(Train)}
        assert "20" in preset.source


def test_what_is_given_beside_a_preset_goes_first() -> None:
    assert job("preset: zephyr", "dpo")["beta"] == 0.1
    assert job("preset: zephyr", "dpo")["loss_weights"] == [1.0, 0.0]
    assert job("preset: zephyr  beta: 0.5", "dpo")["beta"] == 0.5
    said = program_of(f"tenet 1\n{PIRATE}\ntrain {{ preset: zephyr  method: dpo }}")
    assert said.train.method == "dpo"  # though it is what a spec without a word gets
    program = program_of(f"tenet 1\n{PIRATE}\ntrain {{ preset: character  mixture: {{ reflection: 40% }} }}")
    assert program.train.method == "dpo+introspection"
    assert program.train.mixture is not None
    assert (program.train.mixture.reflection, program.train.mixture.interaction) == (0.4, None)


def test_introspection_counts_its_own_chats() -> None:
    made = program_of(f"tenet 1\n{PIRATE}\ntrain {{ preset: character  rows: 2000 }}")
    by_stage = {a.path: yaml.safe_load(a.text)["max_steps"] for a in jobs.lower(made)}
    # 600 chats and 1,400 pairs: each is gone over as often.
    assert by_stage["jobs/introspection.yaml"] * 16 == pytest.approx(600 * 6, rel=0.05)
    assert by_stage["jobs/dpo.yaml"] * 16 == pytest.approx(1400 * 6, rel=0.05)


def test_a_setting_reaches_the_jobs_of_the_trainers_that_have_it() -> None:
    train = "method: sft+dpo  options { max_grad_norm: 0.5  label_smoothing: 0.1  packing: true  max_length: 300 }"
    assert job(train, "sft")["max_grad_norm"] == job(train, "dpo")["max_grad_norm"] == 0.5
    assert job(train, "dpo")["label_smoothing"] == 0.1
    assert job(train, "sft")["packing"] is True
    assert "packing" not in job(train, "dpo")
    assert job(train, "dpo")["max_length"] == 300, "what the method says gives way"


@pytest.mark.parametrize(
    ("train", "code", "help"),
    [
        ("options { max_grad_nrm: 0.5 }", "T0540", "did you mean `max_grad_norm`?"),
        ("options { num_generations: 4 }", "T0540", "grpo"),
        ("options { nothing_like_it: 4 }", "T0540", ""),
        ("options { learning_rate: 1e-3 }", "T0542", ""),
        ("options { push_to_hub: true }", "T0542", ""),
        ('options { output_dir: "here" }', "T0542", ""),
        ("options { load_in_8bit: true }", "T0542", ""),
        ('options { attn_implementation: "eager" }', "T0542", ""),
        ('options { max_grad_norm: "much" }', "T0543", ""),
        ("options { adam_beta1: true }", "T0543", ""),
        ("method: sft  loss: ipo", "T0541", "dpo"),
        ("method: online_dpo  loss: hinge", "T0541", "sigmoid"),
        ("method: rloo  reward_weight: 2", "T0541", "reward+rloo"),
        ("method: grpo  sft_weight: 1", "T0541", "dpo"),
        ("method: dpo+introspection", "T0517", "preset: character"),
    ],
)
def test_what_no_trainer_takes_is_an_error_before_anything_runs(train: str, code: str, help: str) -> None:
    ((found, said),) = findings(train)
    assert found == code
    assert help in said


def test_a_loss_is_that_of_the_job() -> None:
    assert job("loss: apo_zero  sft_weight: 0.2", "dpo")["loss_type"] == ["apo_zero", "sft"]
    assert job("method: online_dpo  loss: ipo  beta: 0.3", "online_dpo")["loss_type"] == "ipo"
    assert job("method: online_dpo  loss: ipo  beta: 0.3", "online_dpo")["beta"] == [0.3]


def test_settings_survive_writing_and_reading() -> None:
    options = 'max_grad_norm: 0.5  optim: "adamw_torch"  betas: [1, 2.5]  on: true'
    document = spec.loads(f"tenet 1\n{PIRATE}\ntrain {{ options {{ {options} }} }}").document
    assert document is not None
    from spec.writer import write

    again = spec.loads(write(document)).document
    assert again is not None
    assert again.train == document.train
    assert again.train.options is not None
    assert [o.value for o in again.train.options.given] == [0.5, "adamw_torch", (1, 2.5), True]


AUTO = f"tenet 1\n{PIRATE}\ntrain {{ method: auto%s }}"


def data(rows: int, preferences: int) -> Facts:
    return Facts(data=(DataFile(path="chats.jsonl", sha256="0", rows=rows, preferences=preferences),))


def test_auto_takes_the_method_that_the_rows_can_be_learned_by() -> None:
    assert settled(program_of(AUTO % "")).train.method == "dpo"
    own = '  data: ["chats.jsonl"]'
    assert settled(program_of(AUTO % own), data(30, 0)).train.method == "sft+dpo"
    assert settled(program_of(AUTO % own), data(30, 30)).train.method == "dpo"
    alone = 'tenet 1\ntrain { method: auto  data: ["chats.jsonl"] }'
    assert settled(program_of(alone), data(30, 0)).train.method == "sft"
    assert settled(program_of(alone), data(30, 30)).train.method == "dpo"


def test_what_auto_chose_and_why_stands_in_the_recipe_and_is_the_same_each_time() -> None:
    program = program_of(AUTO % "")
    one, two = ({a.path: a.text for a in emit(program, Facts())} for _ in range(2))
    assert one == two
    recipe = Recipe.model_validate_json(one["recipe.json"])
    assert recipe.method == "dpo"
    assert recipe.chosen[0].startswith("dpo: ")
    other = {a.path: a.text for a in emit(program_of(AUTO.replace("auto", "dpo") % ""), Facts())}
    named = Recipe.model_validate_json(other["recipe.json"])
    assert named.chosen == ()
    assert "jobs/dpo.yaml" in one
