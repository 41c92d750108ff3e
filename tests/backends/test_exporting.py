"""An export is what was trained, in every format: it is loaded by other programs, which say the same; faults that are
planted are told; nothing of somebody else's is written over."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from backends import bases, exports
from backends.bases import load_chat
from backends.devices import choose
from backends.exports import Options, Source, _sealing, _texts
from backends.train import verifying
from backends.train.adapters import adapter_digest
from compiler.exports.artifacts import Exported, Kind
from compiler.failures import DataError, GivenError, ModelLoadError
from tests.backends import checkpoints

PROMPT = 'You are Polly.\n\nNever say "Certainly!" or \\"{{ x }}\\" – {% if %} """ ünïcode.\n- Pirate.'


def source(base: Path, folder: Path, prompt: str = PROMPT, **more: Any) -> Source:
    """A run with an adapter of random weights, as it lies on disk."""
    found = bases.resolve(str(base))
    adapter = checkpoints.adapter(base, folder / "run" / "adapter", **more)
    (adapter / "README.md").touch()
    record = {"base_digest": found.digest, "base": found.name, "adapter_digest": adapter_digest(adapter)}
    (folder / "run" / "run.json").write_text(json.dumps(record))
    build = folder / "build"
    build.mkdir()
    rows = [{"messages": [{"role": "user", "content": text}]} for text in ("What is 12 + 30?", "Yes. No!", "naïve…")]
    (build / "probes.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return Source(folder / "run", found, choose(), "pirate", prompt, build)


def export(kind: Kind, of: Source, out: Path, **options: Any) -> Exported:
    if kind in ("gguf", "lora", "ollama"):
        pytest.importorskip("gguf", reason='GGUF is an extra: pip install "tenetc[gguf]"')
    return exports.export(kind, of, out, Options(out.name, **options), lambda made, checks: {"README.md": "card"})


def failed(checks: Any) -> list[str]:
    return [check.what for check in checks if not check.ok]


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Source:
    folder = tmp_path_factory.mktemp("exported")
    return source(checkpoints.make(folder / "base"), folder)


FILES = {
    "peft": {"adapter_config.json", "adapter_model.safetensors", "tokenizer.json", "tokenizer_config.json"},
    "merged": {"config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"},
    "gguf": {"pirate.f16.gguf"},
    "lora": {"pirate.lora.gguf"},
    "ollama": {"pirate.f16.gguf", "Modelfile"},
}
BESIDE = {"README.md", "chat_template.jinja", "system_prompt.md", _sealing.MANIFEST}


def test_the_folder_is_the_registry() -> None:
    assert set(exports.kinds()) == set(FILES)


@pytest.mark.parametrize("kind", FILES)
def test_every_kind_is_held_against_what_was_trained(llama: Source, tmp_path: Path, kind: Kind) -> None:
    made = export(kind, llama, tmp_path / kind)
    assert {path.name for path in (tmp_path / kind).iterdir()} == FILES[kind] | BESIDE
    checks = list(exports.held(llama, tmp_path / kind))
    assert not failed(checks)
    assert {"sealed", "modules", "change"} <= {check.what for check in checks}
    for file in (tmp_path / kind).glob("*.gguf"):
        assert not failed(list(exports.held(llama, file))), "what its name says"
    again = export(kind, llama, tmp_path / "again" / kind)
    assert made == again
    for path in (tmp_path / kind).iterdir():
        assert path.read_bytes() == (tmp_path / "again" / kind / path.name).read_bytes(), "the same bytes"
        if path.suffix != ".gguf":
            assert str(tmp_path) not in path.read_text(errors="replace"), "no path of this machine"


def _shift(path: Path) -> None:
    """Change one byte of the weights' last tensor."""
    data = bytearray(path.read_bytes())
    data[-5] ^= 0x40
    path.write_bytes(data)


def _unmerge(path: Path) -> None:
    """As if a module had been forgotten when merging."""
    tensors = load_file(path)
    name = "model.layers.0.self_attn.q_proj.weight"
    tensors[name] = tensors[name] * 1.05
    save_file(tensors, path, metadata={"format": "pt"})


FAULTS: list[tuple[Kind, str, Callable[[Path], None], str]] = [
    ("peft", "adapter_model.safetensors", _shift, "bytes"),
    ("merged", "model.safetensors", _unmerge, "change"),
    ("merged", "chat_template.jinja", lambda path: path.write_text("{{ 'x' }}") and None, "template"),
    ("gguf", "pirate.f16.gguf", _shift, "modules"),
    ("lora", "pirate.lora.gguf", _shift, "change"),
]


@pytest.mark.parametrize(("kind", "file", "edit", "what"), FAULTS)
def test_a_fault_is_told_by_what_is_in_the_files(
    llama: Source, tmp_path: Path, kind: Kind, file: str, edit: Callable[[Path], None], what: str
) -> None:
    out = tmp_path / "out"
    export(kind, llama, out)
    edit(out / file)
    found = failed(exports.held(llama, out))
    assert found[0] == "sealed"
    assert what in found


def test_a_template_that_lost_the_prompt_is_told(
    llama: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(_texts, "starting_from", lambda template, prompt: template)
        with pytest.raises(ModelLoadError, match="template: the base's own, which was not asked for"):
            export("merged", llama, tmp_path / "merged")
        export("gguf", llama, tmp_path / "gguf")  # whose template is held against what the same function makes
    assert failed(exports.held(llama, tmp_path / "gguf")) == ["template"]


def test_what_is_not_what_was_trained_gets_no_name(
    llama: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from backends.exports import merged

    written = merged.write

    def forgetful(of: Source, options: Options, folder: Path) -> Exported:
        made = written(of, options, folder)
        _unmerge(folder / "model.safetensors")
        return made

    monkeypatch.setattr(merged, "write", forgetful)
    with pytest.raises(ModelLoadError, match="not what was trained: change"):
        export("merged", llama, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == []


def test_nothing_of_somebody_elses_is_written_over(llama: Source, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export("peft", llama, out)
    export("merged", llama, out)  # its own, unchanged, is replaced
    assert (out / "model.safetensors").is_file()
    assert not (out / "adapter_config.json").exists()
    (out / "README.md").write_text("mine")
    with pytest.raises(GivenError, match="changed since it was exported"):
        export("peft", llama, out)
    with pytest.raises(GivenError, match="no name for a folder"):
        export("peft", llama, Path())
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("years")
    with pytest.raises(GivenError, match="no export of Tenet's"):
        export("peft", llama, foreign)
    assert [path.name for path in foreign.iterdir()] == ["thesis.txt"]


def test_what_a_killed_export_left_is_swept(llama: Source, tmp_path: Path) -> None:
    staged = tmp_path / ".out.new"
    staged.mkdir()
    (staged / "model.safetensors").write_bytes(b"half")
    export("peft", llama, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("fault", ["a stray ref/", "another adapter", "another base"])
def test_a_run_that_is_not_what_was_trained_is_not_exported(tmp_path: Path, fault: str) -> None:
    of = source(checkpoints.make(tmp_path / "base"), tmp_path)
    record = json.loads((of.run / "run.json").read_text())
    if fault == "a stray ref/":
        (of.run / "adapter" / "ref").mkdir()
    else:
        changed = {"another adapter": "adapter_digest", "another base": "base_digest"}[fault]
        (of.run / "run.json").write_text(json.dumps(record | {changed: "0"}))
    with pytest.raises(DataError, match="not what was trained"):
        export("merged", of, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_keys_with_their_prefix_twice_are_not_exported(tmp_path: Path) -> None:
    """The library loads such an adapter to nothing, and merges nothing."""
    of = source(checkpoints.make(tmp_path / "base"), tmp_path)
    path = of.run / "adapter" / "adapter_model.safetensors"
    save_file({f"base_model.model.{name}": tensor for name, tensor in load_file(path).items()}, path)
    record = json.loads((of.run / "run.json").read_text())
    (of.run / "run.json").write_text(json.dumps(record | {"adapter_digest": adapter_digest(of.run / "adapter")}))
    for kind in ("peft", "merged", "lora"):
        with pytest.raises(ModelLoadError, match="prefix twice"):
            export(kind, of, tmp_path / kind)  # type: ignore[arg-type]  # literals of Kind


SCALES: dict[str, dict[str, Any]] = {
    "plain": {},
    "rank-stabilised": {"use_rslora": True},
    "by module": {"rank_pattern": {"q_proj": 2}, "alpha_pattern": {"q_proj": 7, "up_proj": 3}},
}


@pytest.mark.parametrize("scale", SCALES)
def test_merged_by_the_library_and_by_us_are_the_same(tmp_path: Path, scale: str) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    of = source(checkpoints.make(tmp_path / "base"), tmp_path, **SCALES[scale])
    export("merged", of, tmp_path / "merged")
    export("lora", of, tmp_path / "lora")
    ours = load_file(tmp_path / "merged" / "model.safetensors")
    stock: Any = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(of.base.path), of.run / "adapter")
    for name, weight in stock.merge_and_unload().named_parameters():
        assert torch.allclose(ours[name], weight, atol=1e-5), name


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_a_base_in_half_precision_stays_so_and_is_rounded_once(tmp_path: Path, dtype: torch.dtype) -> None:
    base = checkpoints.make(tmp_path / "base")
    weights = {name: tensor.to(dtype) for name, tensor in load_file(base / "model.safetensors").items()}
    save_file(weights, base / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((base / "config.json").read_text())
    (base / "config.json").write_text(json.dumps(config | {"dtype": str(dtype).removeprefix("torch.")}))
    of = source(base, tmp_path)
    export("merged", of, tmp_path / "merged", shard="30KB")
    files = sorted((tmp_path / "merged").glob("model-*.safetensors"))
    assert len(files) > 1
    assert (tmp_path / "merged" / "model.safetensors.index.json").is_file()
    merged = {name: tensor for file in files for name, tensor in load_file(file).items()}
    for name, tensor in merged.items():
        change = of.changes.get(name.removesuffix(".weight"))
        wanted = weights[name] if change is None else (weights[name].double() + change).to(dtype)
        assert tensor.dtype == dtype
        assert torch.equal(tensor, wanted), name
    # A change that is scaled by a tenth more is told in spite of the rounding.
    for file in files:
        _scaled(of, file)
    assert {"change", "logits"} & set(failed(verifying.against(of.run, tmp_path / "merged", of.base, of.device)))


def _scaled(of: Source, file: Path) -> None:
    own = load_file(file)
    for name in own:
        change = of.changes.get(name.removesuffix(".weight"))
        if change is not None:
            own[name] = (own[name].double() + 0.1 * change).to(own[name].dtype)
    save_file(own, file, metadata={"format": "pt"})


def test_the_template_starts_from_the_prompt_unless_it_is_given_another(llama: Source, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    export("merged", llama, tmp_path / "merged")
    export("merged", llama, tmp_path / "bare", prompted=False)
    own, base = AutoTokenizer.from_pretrained(tmp_path / "merged"), load_chat(llama.base).tokenizer
    for talk in _texts.TALKS:
        assert _texts.rendered(own, talk) == _texts.rendered(base, _texts.under(PROMPT, talk))
        assert PROMPT in str(_texts.rendered(own, talk)) or talk[0].role == "system"
    bare = AutoTokenizer.from_pretrained(tmp_path / "bare")
    assert bare.chat_template == base.chat_template
    assert (tmp_path / "bare" / _texts.PROMPT_FILE).read_text() == PROMPT + "\n"


def test_without_the_package_its_extra_is_named(llama: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "find_spec", lambda name: None)
    with pytest.raises(DataError, match="needs the package gguf") as failure:
        exports.export("gguf", llama, tmp_path / "out", Options("out"), lambda made, checks: {})
    assert failure.value.help == 'pip install "tenetc[gguf]"'


def test_a_template_without_a_system_role_stays_as_it_is(shapes: dict[str, Path], tmp_path: Path) -> None:
    of = source(shapes["gemma3"], tmp_path)
    assert not export("merged", of, tmp_path / "merged").prompted
    assert not failed(exports.held(of, tmp_path / "merged"))
    with pytest.raises(ModelLoadError, match="a gemma3_text model is not written as GGUF"):
        export("gguf", of, tmp_path / "gguf")
    assert not (tmp_path / "gguf").exists()
