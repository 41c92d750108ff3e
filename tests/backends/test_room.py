"""How an update goes through the memory that is there, and bases in 4 bits: decided without such a device."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from backends import doctor, train
from backends.devices import Device
from backends.train import bits, identity, room, sharing
from backends.train.jobs import read_job
from backends.train.ways import Way
from compiler.costs.accelerators import GB
from compiler.costs.rows import Lengths
from compiler.costs.shapes import LLAMA_8B
from compiler.failures import DataError
from tests.backends import jobs
from tests.backends.test_sharing import JOBS, ragged

CPU = Device("cpu", "float32", "CPU", 2)
OF = Lengths(1000, 200.0, 120.0, 600)


def arranged(folder: Path, device: Device, gigabytes: float, stage: str = "dpo") -> tuple[int, int, Any]:
    told = {"per_device_train_batch_size": 4, "gradient_accumulation_steps": 4, "lora_r": 16}
    jobs.write(folder, job={**JOBS["dpo"], **told, "gradient_checkpointing": True, "dtype": "bfloat16"})
    job = read_job(folder / "jobs" / "job.yaml")
    split = sharing.split_of(job, stage, 1)
    job, split = room.fit(job, stage, LLAMA_8B, OF, device, split, gigabytes * GB)
    return split.at_once, split.accumulation, job.values["gradient_checkpointing"]


def test_a_gpu_takes_what_fits_without_computing_layers_again_where_it_can(tmp_path: Path) -> None:
    gpu = Device("cuda", "bfloat16", "NVIDIA H100", 2, 80 * GB)
    assert arranged(tmp_path, gpu, 72) == (16, 1, False)
    assert arranged(tmp_path, gpu, 32) == (4, 4, False)
    assert arranged(tmp_path, gpu, 21) == (4, 4, True)
    assert arranged(tmp_path, gpu, 2) == (4, 4, True), "an estimate stops nothing"


def test_a_cpu_takes_what_the_job_says_or_less(tmp_path: Path) -> None:
    assert arranged(tmp_path, CPU, 500)[:2] == (4, 4)
    assert arranged(tmp_path, CPU, 41.5)[:2] == (2, 8)
    assert arranged(tmp_path, CPU, 5)[:2] == (4, 4)


def test_a_training_on_little_memory_takes_fewer_rows_and_ends_where_another_does(
    shapes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.backends.test_sharing import farthest

    build = ragged(tmp_path, shapes["llama"], "dpo")
    whole = train.run(build, tmp_path / "runs")
    shape, of = room._shape(train.base_of(build, train.read_recipe(build))), room._lengths(build / "pairs.jsonl", "dpo")
    assert shape is not None
    assert of is not None
    job = read_job(build / "jobs" / "dpo.yaml")
    between = (room._taken(job, shape, of, 4) + room._taken(job, shape, of, 2)) / 2
    monkeypatch.setattr(room, "room_of", lambda device: between)
    small = train.run(build, tmp_path / "runs-small")
    record = json.loads((small / "run.json").read_text())
    assert record["batches"]["dpo"] == {"rows": 4, "at_once": 2, "accumulation": 2, "of_the_job": 4}
    assert farthest(whole, small) < 1e-3


def test_a_base_in_four_bits_is_refused_where_it_cannot_be(
    shapes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = ragged(tmp_path, shapes["llama"], "dpo")
    monkeypatch.setenv("TENET_DEVICE", "cpu")
    with pytest.raises(DataError, match="needs a CUDA device") as caught:
        train.run(build, tmp_path / "runs", way=Way(four_bit=True))
    assert "--quantize" in (caught.value.help or "")
    monkeypatch.setattr(bits, "find_spec", lambda name: None)
    with pytest.raises(DataError, match="bitsandbytes") as caught:
        bits.refuse_where_missing(Device("cuda", "bfloat16", "NVIDIA H100", 2))
    assert "tenetc[4bit]" in (caught.value.help or "")
    assert identity.run_folder(build, tmp_path, Way(four_bit=True)) != identity.run_folder(build, tmp_path)
    assert identity.run_folder(build, tmp_path, Way(1)) == identity.run_folder(build, tmp_path)


def test_a_job_in_four_bits_is_one_in_the_librarys_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from backends.train.jobs import configure
    from backends.train.methods import dpo

    jobs.write(tmp_path, dpo=JOBS["dpo"])
    job = bits.in_four_bits(read_job(tmp_path / "jobs" / "dpo.yaml"))
    _, model_config = configure(job, dpo.config(), CPU, tmp_path)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 3)
    told = bits.loading(model_config)
    assert told["device_map"] == {"": 3}
    held = told["quantization_config"]
    assert (held.load_in_4bit, held.bnb_4bit_quant_type, held.bnb_4bit_use_double_quant) == (True, "nf4", True)
    assert bits.loading(configure(read_job(job.path), dpo.config(), CPU, tmp_path)[1]) == {}


def test_the_doctor_says_how_many_may_train_and_on_how_many_bits() -> None:
    found = {finding.name: finding for finding in (doctor._processes(), doctor._four_bit())}
    assert "--processes" in found["processes"].text or "one GPU" in found["processes"].text
    assert "4bit" in found["4-bit bases"].text or "not here" in found["4-bit bases"].text


@pytest.mark.skipif("not __import__('torch').cuda.is_available()", reason="no CUDA device is here")
def test_on_a_gpu_training_takes_half_precision_and_ends(shapes: dict[str, Path], tmp_path: Path) -> None:
    build = ragged(tmp_path, shapes["llama"], "dpo")
    run = train.run(build, tmp_path / "runs")
    record = json.loads((run / "run.json").read_text())
    assert record["device"]["kind"] == "cuda"
    assert record["batches"]["dpo"]["rows"] == 4


@pytest.mark.skipif("__import__('torch').cuda.device_count() < 2", reason="fewer than two CUDA devices are here")
def test_on_two_gpus_two_processes_end_where_one_does(shapes: dict[str, Path], tmp_path: Path) -> None:
    from tests.backends.test_sharing import farthest

    build = ragged(tmp_path, shapes["llama"], "dpo")
    alone, both = train.run(build, tmp_path / "runs"), train.run(build, tmp_path / "runs", way=Way(2))
    assert farthest(alone, both) < 0.05


@pytest.mark.skipif("not __import__('torch').backends.mps.is_available()", reason="no Apple GPU is here")
def test_on_an_apple_gpu_training_ends(shapes: dict[str, Path], tmp_path: Path) -> None:
    run = train.run(ragged(tmp_path, shapes["llama"], "dpo"), tmp_path / "runs")
    assert json.loads((run / "run.json").read_text())["device"]["kind"] == "mps"


@pytest.mark.skipif(
    "not __import__('torch').cuda.is_available() or not __import__('importlib').util.find_spec('bitsandbytes')",
    reason="no CUDA device with bitsandbytes is here",
)
def test_on_a_gpu_a_base_in_four_bits_trains_and_its_adapter_is_confirmed(
    shapes: dict[str, Path], tmp_path: Path
) -> None:
    run = train.run(ragged(tmp_path, shapes["llama"], "dpo"), tmp_path / "runs", way=Way(four_bit=True))
    assert json.loads((run / "run.json").read_text())["machine"]["bits"] == 4
