"""An artifact is what was trained: what is altered, lost, scaled otherwise or loads to nothing is told from it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from backends import bases, train
from backends.devices import choose
from backends.train import verifying
from compiler.cli import execute
from tests.backends import checkpoints
from tests.backends.test_train import build_folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[bases.Base, Path]:
    folder = tmp_path_factory.mktemp("verified")
    base = checkpoints.make(folder / "llama")
    return bases.resolve(str(base)), train.run(build_folder(folder, base), folder / "runs")


def failed(checks: Any) -> list[str]:
    return [check.what for check in checks if not check.ok]


def copied(run: Path, to: Path) -> Path:
    shutil.copytree(run, to)
    return to


@pytest.mark.parametrize("shape", ["llama", "qwen3", "gpt2"])
def test_what_was_trained_passes_in_every_shape(shapes: dict[str, Path], tmp_path: Path, shape: str) -> None:
    run = train.run(build_folder(tmp_path, shapes[shape]), tmp_path / "runs")
    base = bases.resolve(str(shapes[shape]))
    checks = list(verifying.verify(run, base, choose()))
    assert failed(checks) == []
    assert [check.what for check in checks] == ["files", "bytes", "base", "modules", "weights", "logits", "engaged"]
    assert failed(verifying.against(run, run / "adapter", base, choose())) == []


def _flip(adapter: Path) -> None:
    path = adapter / "adapter_model.safetensors"
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)


def _edited(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Path], None]:
    def edit(adapter: Path) -> None:
        path = adapter / "adapter_model.safetensors"
        save_file({name: t.contiguous() for name, t in change(load_file(path)).items()}, path)

    return edit


def _config(**values: Any) -> Callable[[Path], None]:
    def edit(adapter: Path) -> None:
        path = adapter / "adapter_config.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **values}))

    return edit


FAULTS: dict[str, tuple[Callable[[Path], None], str]] = {
    "another scale": (_config(lora_alpha=3), "change"),
    "as if of rank-stabilised scale": (_config(use_rslora=True), "change"),
    "keys with their prefix twice": (
        _edited(lambda t: {f"base_model.model.{name}": value for name, value in t.items()}), "weights"),
    "a module less": (_edited(lambda t: {n: v for n, v in t.items() if ".layers.0.mlp.up_proj" not in n}), "modules"),
    "a module zeroed": (
        _edited(lambda t: {n: v * 0 if "q_proj" in n else v for n, v in t.items()}), "change"),
    "half of a pair": (_edited(lambda t: {n: v for n, v in t.items() if "up_proj.lora_B" not in n}), "weights"),
    "noise": (_edited(lambda t: {n: v + 0.01 * torch.randn(v.shape) for n, v in t.items()}), "change"),
    "a torn file": (lambda a: (a / "adapter_model.safetensors").write_bytes(b"torn") and None, "weights"),
    "no plain lora": (_config(use_dora=True), "weights"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_copy_with_a_fault_is_told(trained: tuple[bases.Base, Path], tmp_path: Path, fault: str) -> None:
    base, run = trained
    edit, what = FAULTS[fault]
    copy = copied(run / "adapter", tmp_path / "copy")
    edit(copy)
    assert failed(verifying.against(run, copy, base, choose()))[0] == what


def test_a_run_that_was_altered_is_told(trained: tuple[bases.Base, Path], tmp_path: Path) -> None:
    base, run = trained
    flipped = copied(run, tmp_path / "flipped")
    _flip(flipped / "adapter")
    assert "bytes" in failed(verifying.verify(flipped, base, choose()))
    stray = copied(run, tmp_path / "stray")
    (stray / "adapter" / "ref").mkdir()
    assert failed(verifying.verify(stray, base, choose())) == ["files"]
    other = copied(run, tmp_path / "other")
    record = json.loads((other / "run.json").read_text())
    (other / "run.json").write_text(json.dumps({**record, "base_digest": "0"}))
    assert failed(verifying.verify(other, base, choose())) == ["base"]


def test_a_merged_model_is_base_and_change(trained: tuple[bases.Base, Path], tmp_path: Path) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base, run = trained
    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base.path), str(run / "adapter"))
    merged = model.merge_and_unload()
    merged.save_pretrained(tmp_path / "merged")
    assert failed(verifying.against(run, tmp_path / "merged", base, choose())) == []
    assert failed(verifying.against(run, base.path, base, choose())) == ["change", "logits"]
    with torch.no_grad():
        merged.model.layers[0].mlp.up_proj.weight *= 1.01
    merged.save_pretrained(tmp_path / "off")
    assert failed(verifying.against(run, tmp_path / "off", base, choose()))[0] == "change"
    with torch.no_grad():
        merged.model.norm.weight += 1
    merged.save_pretrained(tmp_path / "more")
    assert failed(verifying.against(run, tmp_path / "more", base, choose())) == ["modules"], "the norm was not trained"


def test_on_the_command_line(
    trained: tuple[bases.Base, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, run = trained
    out = run.parent.parent / "build"
    (out / "pirate" / "ir.json").touch()
    assert execute(["verify", str(run), str(run / "adapter"), "--out", str(out)]) == 0
    assert "✓ logits" in capsys.readouterr().out
    flipped = copied(run, tmp_path / run.name)
    _flip(flipped / "adapter")
    assert execute(["verify", str(flipped), "--out", str(out), "--json"]) == 1
    (checks,) = json.loads(capsys.readouterr().out).values()
    assert next(check["check"] for check in checks if not check["ok"]) == "bytes"
    assert execute(["verify", str(tmp_path / "none.tenet")]) == 2
