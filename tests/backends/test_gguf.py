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
WHOLE = 70
"""A token that is a letter."""
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


@pytest.mark.parametrize(
    ("shape", "number_type"), [("llama", "q8_0"), ("llama", "bf16"), *((shape, "f16") for shape in SHAPES)]
)
def test_every_shape_is_read_back(tmp_path: Path, shape: str, number_type: str) -> None:
    of = source(base_of(tmp_path / "base", shape, **SHAPES[shape]), tmp_path)
    made = export("gguf", of, tmp_path / "gguf", number_type=number_type)
    checks = list(held(of, tmp_path / "gguf" / made.weights))
    assert not failed(checks)
    assert [check.what for check in checks] == ["modules", "change", "tokens", "logits", "as trained", "template"]


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

    def likely(self, prompt: list[int] | str) -> dict[int, float]:
        """Log-probabilities of all tokens after the prompt."""
        # A token that is half a character would not be told of, so that another is drawn.
        drawn = {"n_predict": 1, "temperature": 0, "logit_bias": [[WHOLE, 1000.0]], "n_probs": 500}
        said = self.server.handle_completions({"prompt": prompt, "cache_prompt": False, **drawn})
        (step,) = said["choices"][0]["logprobs"]["content"]
        return {top["id"]: top["logprob"] for top in step["top_logprobs"]}


def likely(model: Any, ids: list[int]) -> Any:
    with torch.no_grad():
        return model(torch.tensor([ids])).logits[0, -1].log_softmax(-1)


def assert_alike(told: dict[int, float], wanted: Any) -> None:
    assert len(told) == len(wanted)
    assert max(abs(told[token] - float(wanted[token])) for token in told) < 1e-3


def assert_same(of: Source, llama: LlamaCpp, prompt: str) -> None:
    """Token by token of greedy answers, and by llama.cpp's own tokenizer and chat template."""
    model, chat = load_model(of.base, of.device), load_chat(of.base)
    verifying.add(model, of.changes)
    for text in ASKED:
        talk = [Message(role="user", content=text)]
        ids = chat.prompt_ids(talk)
        for _ in range(4):
            wanted = likely(model, ids)
            assert_alike(llama.likely(ids), wanted)
            ids = [*ids, int(wanted.argmax())]
        rendered = str(_texts.rendered(chat.tokenizer, _texts.under(prompt, talk) if prompt else talk))
        wanted = likely(model, chat.tokenizer(rendered, add_special_tokens=False)["input_ids"])
        assert_alike(llama.likely(rendered), wanted)
        asked = {"messages": [{"role": "user", "content": text}], "max_tokens": 1, "temperature": 0, "logprobs": True,
                 "top_logprobs": 20, "logit_bias": [[WHOLE, 1000.0]]}  # fmt: skip
        (step,) = llama.server.handle_chat_completions(asked)["choices"][0]["logprobs"]["content"]
        assert all(abs(top["logprob"] - float(wanted[top["id"]])) < 1e-3 for top in step["top_logprobs"])


@pytest.mark.parametrize("shape", SHAPES)
def test_llama_cpp_says_what_was_trained(tmp_path: Path, shape: str) -> None:
    pytest.importorskip("xllamacpp", reason=WITHOUT)
    of = source(base_of(tmp_path / "base", shape, **SHAPES[shape]), tmp_path)
    made = export("gguf", of, tmp_path / "gguf", number_type="f32")
    assert_same(of, LlamaCpp(tmp_path / "gguf" / made.weights), of.prompt)


@pytest.mark.parametrize("scale", SCALES)
def test_llama_cpp_adds_an_adapter_as_it_was_trained(tmp_path: Path, scale: str) -> None:
    pytest.importorskip("xllamacpp", reason=WITHOUT)
    of = source(base_of(tmp_path / "base", "llama"), tmp_path, prompt="", **SCALES[scale])
    made = export("lora", of, tmp_path / "lora", with_base=True, number_type="f32")
    llama = LlamaCpp(tmp_path / "lora" / made.beside, tmp_path / "lora" / made.weights)
    assert_same(of, llama, "")


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
    assert not _gguf_tokens.splitting(chat.tokenizer, ASKED).unlike
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
