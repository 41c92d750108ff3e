"""What is written as GGUF computes what was trained, in llama.cpp itself: the same tokens, the same probabilities.

llama.cpp comes as the package xllamacpp; without it, the transformers library's own reader stands in its place.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from backends.bases import load_chat, load_model
from backends.exports import _gguf_tokens, _gguf_weights, _texts, held
from backends.exports import gguf as whole
from backends.train import verifying
from compiler.failures import ModelLoadError
from compiler.records.record import Message
from tests.backends import checkpoints
from tests.backends.test_exporting import SCALES, Source, export, failed, source

pytest.importorskip("gguf", reason='GGUF is an extra: pip install "tenetc[gguf]"')
WITHOUT = "llama.cpp is not here: pip install xllamacpp"
ASKED = ("Good morning.", "What is the capital of France?", "naïve — 12 + 30, “yes”!\n\n  I've 🚀")
STRETCHED = {"rope_type": "llama3", "rope_theta": 10000.0, "factor": 8.0, "low_freq_factor": 1.0,
             "high_freq_factor": 4.0, "original_max_position_embeddings": 64}  # fmt: skip
SHAPES: dict[str, dict[str, Any]] = {
    "llama": {},
    "llama, not tied, with biases": {"tie_word_embeddings": False, "attention_bias": True, "mlp_bias": True},
    "llama, stretched as Llama 3.1": {"rope_parameters": STRETCHED},
    "llama, stretched evenly": {"rope_parameters": {"rope_type": "linear", "rope_theta": 10000.0, "factor": 2.0}},
    "mistral": {"sliding_window": None},
    "qwen2": {},
    "qwen3": {"head_dim": 16},
}


def base_of(folder: Path, shape: str, **changes: Any) -> Path:
    """A tiny checkpoint with random weights, biases and norms too, and more rows than tokens."""
    from transformers import AutoConfig, AutoModelForCausalLM

    tokenizer = checkpoints.tokenizer(checkpoints.WITH_SYSTEM)
    like = checkpoints.config("llama", len(tokenizer) + 3, 256).to_dict()
    kept = ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
            "num_key_value_heads", "max_position_embeddings", "initializer_range", "pad_token_id", "eos_token_id",
            "bos_token_id")  # fmt: skip
    told = {"tie_word_embeddings": True, **{key: like[key] for key in kept}, **changes}
    torch.manual_seed(3)
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(shape.partition(",")[0], **told))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() == 1:
                parameter.add_(
                    0.3 * torch.randn(parameter.shape) if "bias" in name else 0.3 * torch.rand(parameter.shape)
                )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("number_type", ["f32", "q8_0"])
@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_read_back(tmp_path: Path, shape: str, number_type: str) -> None:
    of = source(base_of(tmp_path / "base", shape, **SHAPES[shape]), tmp_path)
    made = export("gguf", of, tmp_path / "gguf", number_type=number_type)
    checks = list(held(of, tmp_path / "gguf" / made.weights))
    assert not failed(checks)
    assert [check.what for check in checks] == ["modules", "change", "tokens", "logits", "as trained"]


class LlamaCpp:
    """A file in llama.cpp, in float32 throughout."""

    def __init__(self, path: Path, lora: Path | None = None) -> None:
        import xllamacpp

        params = xllamacpp.CommonParams()
        params.model.path = str(path)
        params.n_ctx = 256
        params.n_parallel = 1
        params.cpuparams.n_threads = 1
        params.warmup = False
        params.verbosity = 0
        params.cache_type_k = params.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
        params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
        if lora is not None:
            params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(lora), 1.0)]
        self.server = xllamacpp.Server(params)

    def said(self, prompt: list[int] | str, tokens: int = 8) -> list[tuple[int, dict[int, float]]]:
        """Greedy tokens, each with the log-probabilities of all."""
        asked = {"prompt": prompt, "n_predict": tokens, "temperature": 0, "n_probs": 500, "cache_prompt": False}
        steps = self.server.handle_completions(asked)["choices"][0]["logprobs"]["content"]
        return [(step["id"], {top["id"]: top["logprob"] for top in step["top_logprobs"]}) for step in steps]


def greedy(model: Any, ids: list[int], tokens: int = 8) -> list[tuple[int, Any]]:
    """The same by the library, until a turn ends."""
    found = []
    for _ in range(tokens):
        with torch.no_grad():
            likely = model(torch.tensor([ids])).logits[0, -1].log_softmax(-1)
        found.append((int(likely.argmax()), likely))
        ids = [*ids, found[-1][0]]
        if found[-1][0] == 1:
            break
    return found


def assert_same(of: Source, llama: LlamaCpp) -> None:
    model, chat = load_model(of.base, of.device), load_chat(of.base)
    verifying.add(model, of.changes)
    for text in ASKED:
        ids = chat.prompt_ids([Message(role="user", content=text)])
        ours, theirs = greedy(model, ids), llama.said(ids)
        assert [token for token, _ in theirs] == [token for token, _ in ours]
        for (_, likely), (_, told) in zip(ours, theirs, strict=True):
            gap = max(abs(told[token] - float(likely[token])) for token in told)
            assert gap < 2e-3, text
        # By llama.cpp's own tokenizer and chat template, which starts from the prompt.
        rendered = _texts.rendered(chat.tokenizer, _texts.under(of.prompt, [Message(role="user", content=text)]))
        ours = greedy(model, chat.tokenizer(rendered, add_special_tokens=False)["input_ids"])
        by_text = llama.said(str(rendered))
        assert [token for token, _ in by_text] == [token for token, _ in ours]
        talk = {"messages": [{"role": "user", "content": text}], "max_tokens": 8, "temperature": 0, "logprobs": True}
        answer = llama.server.handle_chat_completions(talk)["choices"][0]
        assert [step["id"] for step in answer["logprobs"]["content"]] == [token for token, _ in ours]


@pytest.mark.parametrize("shape", SHAPES)
def test_llama_cpp_says_what_was_trained(tmp_path: Path, shape: str) -> None:
    pytest.importorskip("xllamacpp", reason=WITHOUT)
    of = source(base_of(tmp_path / "base", shape, **SHAPES[shape]), tmp_path)
    made = export("gguf", of, tmp_path / "gguf", number_type="f32")
    assert_same(of, LlamaCpp(tmp_path / "gguf" / made.weights))


@pytest.mark.parametrize("scale", SCALES)
def test_llama_cpp_adds_an_adapter_as_it_was_trained(tmp_path: Path, scale: str) -> None:
    pytest.importorskip("xllamacpp", reason=WITHOUT)
    of = source(base_of(tmp_path / "base", "llama"), tmp_path, prompt="", **SCALES[scale])
    made = export("lora", of, tmp_path / "lora", with_base=True, number_type="f32")
    llama = LlamaCpp(tmp_path / "lora" / made.beside, tmp_path / "lora" / made.weights)
    model, chat = load_model(of.base, of.device), load_chat(of.base)
    verifying.add(model, of.changes)
    for text in ASKED:
        ids = chat.prompt_ids([Message(role="user", content=text)])
        for (token, likely), (own, told) in zip(greedy(model, ids), llama.said(ids), strict=True):
            assert own == token
            assert max(abs(told[other] - float(likely[other])) for other in told) < 2e-3


def test_rows_in_another_order_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """llama.cpp turns heads in another order than the library: a file without that would load, and babble."""
    from backends.exports import _gguf_shapes

    of = source(base_of(tmp_path / "base", "llama"), tmp_path)
    path = tmp_path / "wrong.gguf"
    with monkeypatch.context() as patched:
        patched.setattr(_gguf_shapes.Names, "turned", lambda self, name, tensor: tensor)
        whole.write_model(path, of, of.changes, "f32", "")
    assert "change" in failed(held(of, path))


def test_what_llama_cpp_would_leave_out_is_refused(tmp_path: Path) -> None:
    odd = {
        "a window of 32": ("mistral", {"sliding_window": 32}),
        "of the kind yarn": ("llama", {"rope_parameters": {
            "rope_type": "yarn", "rope_theta": 1e4, "factor": 2.0, "original_max_position_embeddings": 64}}),
        "its activation is gelu": ("llama", {"hidden_act": "gelu"}),
    }  # fmt: skip
    for number, (why, (shape, changes)) in enumerate(odd.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        of = source(base_of(folder / "base", shape, **changes), folder)
        with pytest.raises(ModelLoadError, match=why):
            export("gguf", of, folder / "out")


def test_a_tokenizer_that_llama_cpp_has_not_is_refused(tmp_path: Path) -> None:
    from tokenizers import pre_tokenizers

    of = source(base_of(tmp_path / "base", "llama"), tmp_path)
    chat = load_chat(of.base)
    assert _gguf_tokens.splitting(chat.tokenizer, ASKED).name == "gpt-2"
    chat.tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True, use_regex=False)
    with pytest.raises(ModelLoadError, match="no tokenizer that reads as this base does"):
        _gguf_tokens.splitting(chat.tokenizer, ASKED)


def test_a_torn_file_is_told(tmp_path: Path) -> None:
    of = source(base_of(tmp_path / "base", "llama"), tmp_path)
    made = export("gguf", of, tmp_path / "gguf")
    path = tmp_path / "gguf" / made.weights
    path.write_bytes(path.read_bytes()[:-4000])
    with pytest.raises(ModelLoadError, match="torn"):
        _gguf_weights.read(path)
    assert failed(held(of, path)) == ["weights"]
