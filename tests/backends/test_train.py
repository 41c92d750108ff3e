"""Training on tiny checkpoints: every shape, every method, stock PEFT and stock trl on the same files."""

from __future__ import annotations

import errno
import gc
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from backends import bases, machine, measure, train
from backends.devices import Device, choose
from backends.train import identity
from backends.train.adapters import adapter_digest, confirm_adapter, save_adapter
from backends.train.jobs import fitted, read_job
from compiler import ir_file
from compiler.build import from_text
from compiler.digests import rows_digest
from compiler.failures import DataError, MemoryError_, ModelLoadError
from compiler.records.measured import MeasureReport
from compiler.records.recipe import Recipe
from compiler.records.record import Message
from compiler.records.rows import ChatRow, PreferencePair
from tests.backends import checkpoints, jobs, recipes
from tests.backends.recipes import user

WORDS = ("sea", "ship", "rope", "tide", "knot", "mast")


def build_folder(root: Path, base: Path, method: str = "dpo", system: bool = False) -> Path:
    """A build folder with rows written by hand; no model has answered."""
    build = recipes.write(root / "build" / "pirate", Recipe(base=str(base), units=(), method=method))
    pairs, chats = [], []
    common: dict[str, Any] = {
        "clause_ids": ("t",),
        "generator": "examples",
        "unit": "t",
        "seed": 0,
        "spans": ("a:1:1",),
    }
    for number, word in enumerate(WORDS):
        prompt = user(f"What is a {word}?")
        if system:
            prompt = (Message(role="system", content="The user is a sailor."), *prompt)
        good = (Message(role="assistant", content=f"Arr, a {word} it be."),)
        bad = (Message(role="assistant", content=f"Certainly! A {word}."),)
        pairs.append(PreferencePair(id=f"t-{number}", prompt=prompt, chosen=good, rejected=bad, **common))
        chats.append(ChatRow(id=f"t-{number}", messages=(*prompt, *good), **common))
    (build / "pairs.jsonl").write_text("".join(row.model_dump_json() + "\n" for row in pairs))
    (build / "sft.jsonl").write_text("".join(row.model_dump_json() + "\n" for row in chats))
    jobs.write(build, dpo=jobs.dpo(2), sft=jobs.sft(2))
    return build


@pytest.mark.parametrize("shape", checkpoints.SHAPES)
def test_stock_peft_loads_the_adapter_of_every_shape(shapes: dict[str, Path], tmp_path: Path, shape: str) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    build = build_folder(tmp_path, shapes[shape], system=True)
    run = train.run(build, tmp_path / "runs")
    assert {p.name for p in run.iterdir()} == {"adapter", "events.jsonl", "run.json"}
    names = {p.name for p in (run / "adapter").iterdir()}
    assert names == {"adapter_config.json", "adapter_model.safetensors", "README.md"}

    plain = AutoModelForCausalLM.from_pretrained(shapes[shape]).eval()
    ids = torch.tensor([[5, 6, 7, 8, 9]])
    with torch.no_grad():
        before = plain(ids).logits
        stock = PeftModel.from_pretrained(plain, run / "adapter").eval()(ids).logits
    from backends import engines

    engine: Any = engines.load(bases.resolve(str(shapes[shape])))
    engine.attach(run / "adapter")
    with torch.no_grad():
        ours = engine.model(ids).logits
        with engine.model.disable_adapter():
            off = engine.model(ids).logits
    assert torch.allclose(stock, ours, atol=1e-5)
    assert torch.allclose(before, off, atol=1e-5)
    assert (stock - before).abs().max() > 1e-3, "the adapter does something"


@pytest.mark.parametrize("method", ["sft", "dpo", "sft+dpo"])
def test_every_method_twice_gives_the_same_bytes(shapes: dict[str, Path], tmp_path: Path, method: str) -> None:
    runs = []
    for name in ("one", "two"):
        build = build_folder(tmp_path / name, shapes["llama"], method)
        runs.append(train.run(build, tmp_path / name / "runs"))
    assert runs[0].name == runs[1].name
    for file in ("adapter_config.json", "adapter_model.safetensors", "README.md"):
        first, second = ((run / "adapter" / file).read_bytes() for run in runs)
        assert first == second
    record = json.loads((runs[0] / "run.json").read_text())
    assert record["steps"] == dict.fromkeys(method.split("+"), 2)
    assert record["adapter_digest"] == adapter_digest(runs[0] / "adapter")
    text = "".join(p.read_text() for p in (runs[0] / "adapter").iterdir() if p.suffix != ".safetensors")
    assert str(tmp_path / "one") not in text, "no path of this machine stands in the adapter"


def test_methods_are_found_by_their_files_and_differ(shapes: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="ppo"):
        identity.stages_of("ppo")
    digests = set()
    for method in ("dpo", "sft", "sft+dpo"):
        build = build_folder(tmp_path / method, shapes["llama"], method)
        digests.add(identity.run_folder(build, tmp_path / "runs").name)
    assert len(digests) == 3


def test_sft_without_generation_marks_learns_the_last_answer(shapes: dict[str, Path], tmp_path: Path) -> None:
    build = build_folder(tmp_path, shapes["gemma3"], "sft")
    run = train.run(build, tmp_path / "runs")
    events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    assert [event["step"] for event in events] == [1, 2]


LARGE = {"dtype": "bfloat16", "gradient_checkpointing": True, "use_cpu": None}
"""What the compiler writes otherwise for a large base, on every machine."""


@pytest.mark.parametrize(
    ("device", "dtype", "expected"),
    [
        (Device("cpu", "float32", "CPU", 2), "bfloat16", ("float32", False, False, False)),
        (Device("cuda", "bfloat16", "H", 2), "bfloat16", ("bfloat16", True, True, True)),
        (Device("cuda", "float32", "T", 2), "bfloat16", ("float32", False, True, True)),
        (Device("mps", "float32", "M", 2), "bfloat16", ("float32", False, False, True)),
        (Device("cuda", "bfloat16", "H", 2), "float32", ("float32", True, True, True)),
    ],
)
def test_a_job_is_fitted_to_the_device_when_it_runs(
    shapes: dict[str, Path], tmp_path: Path, device: Device, dtype: str, expected: tuple[Any, ...]
) -> None:
    build = build_folder(tmp_path, shapes["llama"])
    jobs.write(build, dpo={**jobs.dpo(2), **LARGE, "dtype": dtype})
    job = fitted(read_job(build / "jobs" / "dpo.yaml"), device, tmp_path)
    keys = ("dtype", "bf16", "dataloader_pin_memory", "gradient_checkpointing")
    assert tuple(job[key] for key in keys) == expected
    assert job["use_cpu"] == (device.kind == "cpu")
    assert job["learning_rate"] == jobs.COMMON["learning_rate"]


def test_a_device_that_is_not_there_is_an_error_with_help(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENET_DEVICE", "abacus")
    with pytest.raises(DataError, match="abacus") as caught:
        choose()
    assert "TENET_DEVICE" in (caught.value.help or "")
    monkeypatch.setenv("TENET_DEVICE", "cpu")
    for said in ("0", "two", "-1"):
        monkeypatch.setenv("TENET_THREADS", said)
        with pytest.raises(DataError, match=f"TENET_THREADS is '{said}'"):
            choose()
        # The build asks what is expected before torch is loaded.
        with pytest.raises(DataError, match=f"TENET_THREADS is '{said}'"):
            machine.expected()
    monkeypatch.setenv("TENET_THREADS", "3")
    assert choose().threads == 3


@pytest.mark.slow
@pytest.mark.parametrize(("stage", "size"), [("dpo", {}), ("sft", {}), ("dpo", LARGE)], ids=["dpo", "sft", "large"])
def test_stock_trl_runs_the_job(shapes: dict[str, Path], tmp_path: Path, stage: str, size: dict[str, Any]) -> None:
    """Nothing of Tenet runs here: the stock command line reads the job, the rows and the base that lie in the build."""
    build = build_folder(tmp_path, shapes["llama"], stage)
    job = {**yaml.safe_load((build / "jobs" / f"{stage}.yaml").read_text()), **size}
    jobs.write(build, **{stage: {key: value for key, value in job.items() if value is not None}})
    bases.place(bases.resolve(str(shapes["llama"])), build / "base")
    script = Path(sys.executable).with_name("trl")
    environment = {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_CACHE": str(tmp_path / "cache"),
        "OMP_NUM_THREADS": "1",
        "ACCELERATE_USE_CPU": "1",
    }
    done = subprocess.run(
        [str(script), stage, "--config", f"jobs/{stage}.yaml"],
        cwd=build,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert (build / "trained" / "adapter_model.safetensors").is_file()


def test_nothing_is_sent_and_nothing_is_asked_of_the_hub(
    shapes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    from huggingface_hub import constants
    from trl.trainer import base_trainer

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(base_trainer, "send_telemetry", refuse)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    build = build_folder(tmp_path, shapes["llama"])
    assert (train.run(build, tmp_path / "runs") / "adapter").is_dir()


def test_a_kill_while_events_are_cut_loses_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from backends.train import telling

    events = tmp_path / "events.jsonl"
    events.write_text("".join(json.dumps({"stage": "dpo", "step": n}) + "\n" for n in (1, 2, 3)) + '{"stage": "d')
    before = events.read_text()

    def killed(_: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", killed)
        with pytest.raises(KeyboardInterrupt):
            telling.cut(events, "dpo", 2)
    assert events.read_text() == before
    telling.cut(events, "dpo", 2)
    assert [json.loads(line)["step"] for line in events.read_text().splitlines()] == [1, 2]
    assert [p.name for p in tmp_path.iterdir()] == ["events.jsonl"]


def test_a_kill_after_the_last_step_trains_no_step_again(
    shapes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last checkpoint lies in the midst of an epoch, where the library would go on for a step more."""
    from transformers import Trainer

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    build = build_folder(tmp_path, shapes["llama"])
    jobs.write(build, dpo=jobs.dpo(3))
    whole = train.run(build, tmp_path / "whole")
    with monkeypatch.context() as patched:
        patched.setattr(train, "save_adapter", killed)
        with pytest.raises(KeyboardInterrupt):
            train.run(build, tmp_path / "runs")
    monkeypatch.setattr(Trainer, "training_step", lambda *_, **__: pytest.fail("a step was trained again"))
    resumed = train.run(build, tmp_path / "runs")
    assert adapter_digest(resumed / "adapter") == adapter_digest(whole / "adapter")
    assert (resumed / "run.json").read_bytes() == (whole / "run.json").read_bytes()
    assert [e["step"] for e in events_of(tmp_path / "runs") if "event" not in e] == [1, 2, 3]


def test_a_build_that_changes_meanwhile_is_not_what_was_trained_on(
    shapes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows are read when a stage begins: what comes later is in no record of the run, and in no later stage."""
    stage = train._stage

    def rebuilding(*rest: Any) -> Any:
        done = stage(*rest)
        rows = (build / "pairs.jsonl").read_text().splitlines(keepends=True)
        (build / "pairs.jsonl").write_text("".join(rows[:-1]))
        return done

    monkeypatch.setattr(train, "_stage", rebuilding)
    build = build_folder(tmp_path, shapes["llama"])
    content, rows = identity.content_digest(build), rows_digest(build / "pairs.jsonl")
    record = json.loads((train.run(build, tmp_path / "runs") / "run.json").read_text())
    assert record["content_digest"] == content != identity.content_digest(build)
    assert record["rows"] == {"pairs.jsonl": rows}
    build = build_folder(tmp_path / "two", shapes["llama"], "sft+dpo")
    with pytest.raises(DataError, match="has changed since"):
        train.run(build, tmp_path / "two" / "runs")


def test_a_kill_while_the_adapter_is_copied_leaves_none(
    shapes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(source: Path, target: Path) -> None:
        target.mkdir()
        (target / "adapter_model.safetensors").write_bytes(b"half")
        raise KeyboardInterrupt

    build = build_folder(tmp_path, shapes["llama"])
    with monkeypatch.context() as patched:
        patched.setattr("shutil.copytree", killed)
        with pytest.raises(KeyboardInterrupt):
            train.run(build, tmp_path / "runs")
    run = identity.run_folder(build, tmp_path / "runs")
    assert not (run / "adapter").exists()
    assert train.run(build, tmp_path / "runs") == run
    assert {p.name for p in run.iterdir()} == {"adapter", "events.jsonl", "run.json"}


def test_what_a_kill_after_the_record_leaves_is_removed(shapes: dict[str, Path], tmp_path: Path) -> None:
    build = build_folder(tmp_path, shapes["llama"])
    done = identity.run_folder(build, tmp_path / "runs")
    (done / "work" / "dpo-adapter").mkdir(parents=True)
    (done / "run.json").write_text("{}")
    assert train.run(build, tmp_path / "runs") == done
    assert [p.name for p in done.iterdir()] == ["run.json"]


def test_an_unknown_key_of_a_job_is_an_error(shapes: dict[str, Path], tmp_path: Path) -> None:
    build = build_folder(tmp_path, shapes["llama"])
    path = build / "jobs" / "dpo.yaml"
    path.write_text(path.read_text() + "temperature_of_the_tea: 60\n")
    with pytest.raises(DataError, match="temperature_of_the_tea"):
        train.run(build, tmp_path / "runs")
    assert not list((tmp_path / "runs").glob("*/adapter"))


def test_torn_rows_and_no_rows_are_errors_with_help(shapes: dict[str, Path], tmp_path: Path) -> None:
    build = build_folder(tmp_path, shapes["llama"])
    rows = (build / "pairs.jsonl").read_text().splitlines()
    (build / "pairs.jsonl").write_text(rows[0] + "\n" + json.dumps({"prompt": []}) + "\n")
    with pytest.raises(DataError, match="row 2"):
        train.run(build, tmp_path / "runs")
    (build / "pairs.jsonl").write_text("")
    with pytest.raises(DataError, match="no rows") as caught:
        train.run(build, tmp_path / "runs")
    assert "generate.json" in (caught.value.help or "")


def test_promise_6_another_adapter_than_the_trained_one_is_noticed(
    shapes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch
    from peft import LoraConfig, get_peft_model
    from safetensors.torch import load_file, save_file
    from transformers import AutoModelForCausalLM

    base = bases.resolve(str(shapes["llama"]))
    chat = bases.load_chat(base)
    torch.manual_seed(0)
    plain = AutoModelForCausalLM.from_pretrained(base.path)
    model = get_peft_model(plain, LoraConfig(target_modules="all-linear", init_lora_weights=False))
    assert confirm_adapter(save_adapter(model, base, chat, tmp_path / "good"), base) == tmp_path / "good"
    assert (tmp_path / "good" / "adapter_model.safetensors").is_file()

    def changed(change: Any) -> None:
        saving = type(model).save_pretrained

        def save(self: Any, folder: str, **options: Any) -> None:
            saving(self, folder, **options)
            path = Path(folder) / "adapter_model.safetensors"
            tensors = change(load_file(path))
            save_file(tensors, path)

        with monkeypatch.context() as patch:
            patch.setattr(type(model), "save_pretrained", save)
            confirm_adapter(save_adapter(model, base, chat, tmp_path / "bad"), base)

    with pytest.raises(ModelLoadError, match="other keys"):
        changed(lambda t: {name.replace("base_model.", "base_model.base_model."): v for name, v in t.items()})
    with pytest.raises(ModelLoadError, match="is not the trained one"):
        changed(lambda t: {name: v + (name == min(t)) for name, v in t.items()})
    assert not (tmp_path / "bad").exists()

    # The same weights on other scales pass the first two comparisons, and answer differently.
    settle = train.adapters._settle  # type: ignore[attr-defined]  # the module is reached through its package

    def rescaled(folder: Path, of: bases.Base) -> None:
        settle(folder, of)
        config = json.loads((folder / "adapter_config.json").read_text())
        (folder / "adapter_config.json").write_text(json.dumps(config | {"lora_alpha": config["lora_alpha"] * 2}))

    monkeypatch.setattr("backends.train.adapters._settle", rescaled)
    with pytest.raises(ModelLoadError, match="answers differently"):
        confirm_adapter(save_adapter(model, base, chat, tmp_path / "bad"), base)
    assert not (tmp_path / "bad").exists()


def test_one_base_at_a_time_stands_in_memory(
    shapes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Training loads a base for each stage and one to check each adapter; each finds the place of the last empty."""
    from transformers import AutoModelForCausalLM, PreTrainedModel

    loading = AutoModelForCausalLM.from_pretrained
    there: list[int] = []

    def load(*arguments: Any, **options: Any) -> Any:
        # Only what training brings itself: models of earlier tests may wait for a collection of their own.
        there.append(sum(isinstance(o, PreTrainedModel) and id(o) not in before for o in gc.get_objects()))
        return loading(*arguments, **options)

    build = build_folder(tmp_path, shapes["llama"], "sft+dpo")
    gc.collect()
    kept = [o for o in gc.get_objects() if isinstance(o, PreTrainedModel)]
    before = {id(o) for o in kept}
    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", load)
    train.run(build, tmp_path / "runs")
    assert there == [0, 0, 0, 0]


def test_an_adapter_of_zeros_is_not_called_done(shapes: dict[str, Path], tmp_path: Path) -> None:
    build = build_folder(tmp_path, shapes["llama"])
    job = yaml.safe_load((build / "jobs" / "dpo.yaml").read_text())
    jobs.write(build, dpo={**job, "learning_rate": 0.0})
    with pytest.raises(ModelLoadError, match="zero"):
        train.run(build, tmp_path / "runs")


def test_gate_0_stops_at_an_adapter_that_loads_to_nothing(
    shapes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The field's silent failure: keys with a doubled prefix load without a word and change nothing."""
    from safetensors.torch import load_file, save_file

    build = build_folder(tmp_path, shapes["llama"])
    made = recipes.recipe(shapes["llama"], 3)
    from backends import generate

    recipes.write(build, made)
    generate.run(build)
    jobs.write(build, dpo=jobs.dpo(4))
    (build / "prompt.md").write_text("Talk like a pirate.\n")
    (build / "ir.json").write_text(ir_file.dumps(from_text('trait pirate { means: "Talk like a pirate." }')))
    run = train.run(build, tmp_path / "runs")
    arms: Any = ("base", "adapter")
    measure.run(build, run, arms=arms)
    report = MeasureReport.model_validate_json((run / "measure.json").read_text())
    assert report.engaged is not None
    assert report.engaged.engaged
    assert report.answers["adapter"] == report.answers["base"] > 0

    path = run / "adapter" / "adapter_model.safetensors"
    save_file({f"base_model.{name}": tensor for name, tensor in load_file(path).items()}, path)
    measure.run(build, run, arms=arms)
    report = MeasureReport.model_validate_json((run / "measure.json").read_text())
    assert report.engaged is not None
    assert not report.engaged.engaged
    assert (run / "measurements.jsonl").read_text() == ""


def events_of(runs: Path) -> list[dict[str, Any]]:
    (path,) = runs.glob("*/events.jsonl")
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
    ],
    ids=["python", "torch", "system"],
)
@pytest.mark.parametrize(
    "where", ["transformers.Trainer.training_step", "transformers.AutoModelForCausalLM.from_pretrained"]
)
def test_memory_that_runs_out_is_said_and_recorded(
    shapes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, where: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    build = build_folder(tmp_path, shapes["llama"])
    monkeypatch.setattr(where, fail)
    with pytest.raises(MemoryError_, match="not enough memory") as caught:
        train.run(build, tmp_path / "runs")
    assert "smaller base" in (caught.value.help or "")
    last = events_of(tmp_path / "runs")[-1]
    assert (last["stage"], last["step"], last["event"], last["error"]) == ("dpo", 0, "failed", "MemoryError_")
    assert last["message"] == caught.value.message


def test_a_failure_and_an_interruption_stay_recorded_when_the_run_goes_on(
    shapes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import Trainer

    build = build_folder(tmp_path, shapes["llama"])
    step = Trainer.training_step
    for error in (ValueError("a row has no end"), KeyboardInterrupt()):

        def second_fails(self: Any, *rest: Any, error: BaseException = error, **named: Any) -> Any:
            if self.state.global_step == 1:
                raise error
            return step(self, *rest, **named)

        with monkeypatch.context() as patched:
            patched.setattr(Trainer, "training_step", second_fails)
            with pytest.raises(type(error)):
                train.run(build, tmp_path / "runs")
    train.run(build, tmp_path / "runs")
    told = [(e["step"], e.get("event", "step"), e.get("message")) for e in events_of(tmp_path / "runs")]
    assert (1, "failed", "a row has no end") in told
    assert (1, "interrupted", "") in told
    assert [number for number, event, _ in told if event == "step"] == [1, 2]


def test_a_base_that_changed_below_the_build_is_not_trained_on(tmp_path: Path) -> None:
    source = checkpoints.make(tmp_path / "source")
    build = build_folder(tmp_path, source)
    bases.place(bases.resolve(str(source)), build / "base")
    with (source / "model.safetensors").open("r+b") as stream:
        stream.seek(-4, 2)
        stream.write(b"tear")
    with pytest.raises(ModelLoadError, match="not what the build put there"):
        train.run(build, tmp_path / "runs")


def test_the_row_file_of_a_job_is_found_in_each_way_of_writing_it(tmp_path: Path) -> None:
    for number, files in enumerate(("pairs.jsonl", ["pairs.jsonl"], {"train": "pairs.jsonl"})):
        job = {**jobs.dpo(2), "datasets": [{"path": "json", "data_files": files}]}
        path = tmp_path / f"{number}.yaml"
        path.write_text(yaml.safe_dump(job))
        assert read_job(path).rows == "pairs.jsonl"
    (tmp_path / "x.yaml").write_text("model_name_or_path: base\n")
    with pytest.raises(DataError, match="row file"):
        read_job(tmp_path / "x.yaml")
