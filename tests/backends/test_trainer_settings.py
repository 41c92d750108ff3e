"""What a spec is checked by is what the installed library has."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
import yaml

from backends import train
from backends.train import settings
from backends.train.adapters import adapter_digest
from compiler.lowering.settings import FILE, known, refusal
from compiler.passes.match_settings import ONLINE_LOSSES
from spec.document import Train
from tests.backends import jobs
from tests.backends.test_train import build_folder

told = get_args(get_args(get_type_hints(Train, include_extras=True)["loss"])[0])
LOSSES = tuple(word for part in told for word in get_args(part))


def test_the_file_of_settings_is_the_library_s() -> None:
    """Where this fails: python -m backends.train.settings > compiler/lowering/trainer_settings.json"""
    assert FILE.read_text(encoding="utf-8") == settings.generated()


def test_the_losses_are_the_library_s() -> None:
    from trl import DPOConfig
    from trl.experimental.online_dpo import OnlineDPOTrainer

    help = next(field for field in dataclasses.fields(DPOConfig) if field.name == "loss_type").metadata["help"]
    assert set(re.findall(r"`'(\w+)'`", help)) == {*LOSSES, "sft"}
    source = Path(__import__("inspect").getfile(OnlineDPOTrainer)).read_text()
    assert tuple(re.findall(r'self\.args\.loss_type == "(\w+)"', source)) == ONLINE_LOSSES


def test_what_a_job_says_is_among_the_settings() -> None:
    """Each key that a spec may not set is one that exists, for some method."""
    everything = {name for of in known().values() for name in of}
    from compiler.lowering.settings import DECIDED, SAID

    assert set(SAID) <= everything
    assert everything >= DECIDED
    assert {name for name in everything if refusal(name) is None} > {"max_grad_norm", "temperature", "use_rslora"}


@pytest.mark.parametrize("loss", ["hinge", "ipo", "bco_pair", "discopop"])
def test_a_loss_trains_another_adapter(shapes: dict[str, Path], tmp_path: Path, loss: str) -> None:
    digests = []
    for name in (loss, "sigmoid"):
        build = build_folder(tmp_path / name, shapes["llama"])
        jobs.write(build, dpo=jobs.dpo(2) | {"loss_type": [name, "sft"]})
        digests.append(adapter_digest(train.run(build, tmp_path / name / "runs") / "adapter"))
    assert digests[0] != digests[1]


def test_a_setting_of_a_spec_is_the_trainer_s(shapes: dict[str, Path], tmp_path: Path) -> None:
    from backends.devices import Device
    from backends.train.jobs import configure, read_job
    from backends.train.methods import dpo
    from compiler.build import from_text
    from compiler.lowering import jobs as lowered

    program = from_text('trait a { means: "Be kind." }\ntrain { options { max_grad_norm: 0.25  use_rslora: true } }')
    (job,) = lowered.lower(program)
    (tmp_path / "jobs").mkdir()
    path = tmp_path / job.path
    path.write_text(yaml.safe_dump(yaml.safe_load(job.text) | {"use_cpu": True}))
    config, model = configure(read_job(path), dpo.config(), Device("cpu", "float32", "CPU", 1), tmp_path / "work")
    assert (config.max_grad_norm, model.use_rslora) == (0.25, True)
    assert json.loads(FILE.read_text())["trl"] == __import__("trl").__version__
