"""What a training takes, against what it takes: parameters, what autograd keeps, operations, published figures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from compiler.costs import arithmetic, memory, shapes
from compiler.costs.accelerators import ACCELERATORS, GB, OPERATIONS
from compiler.costs.rows import Lengths
from compiler.costs.shapes import KNOWN, LLAMA_8B, Shape, of_config, of_name
from compiler.costs.training import estimate, passages

SMALL = Shape(2, 96, 160, 4, 2, 24, 256)
OF = Lengths(1000, 200.0, 120.0, 600)
JOB: dict[str, Any] = {
    "per_device_train_batch_size": 4,
    "gradient_accumulation_steps": 4,
    "lora_r": 16,
    "max_steps": 100,
    "precompute_ref_log_probs": True,
}


def config_of(shape: Shape) -> Any:
    from transformers import LlamaConfig, Qwen2Config, Qwen3Config

    kind = Qwen3Config if shape.normed else Qwen2Config if shape.biased else LlamaConfig
    return kind(
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        intermediate_size=shape.inner,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.keys,
        head_dim=shape.head,
        tie_word_embeddings=shape.tied,
    )


@pytest.mark.parametrize("name", ["qwen2.5-0.5b", "qwen3-0.6b", "llama-3.1-8b", "llama-3.1-70b", "qwen2.5-32b"])
def test_the_parameters_of_a_shape_are_those_of_the_model(name: str) -> None:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    shape = KNOWN[name]
    config = config_of(shape)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
        assert model.num_parameters() == shape.parameters
        adapted = get_peft_model(model, LoraConfig(r=16, target_modules="all-linear"))
        assert sum(p.numel() for p in adapted.parameters() if p.requires_grad) == shape.adapter(16)
    told = of_config(config.to_dict())
    assert told is not None
    assert told.parameters == shape.parameters


def step_of(shape: Shape, tokens: int, dtype: Any, *, checkpointing: bool = False) -> tuple[int, int, int, int]:
    """Bytes that autograd keeps of one pass, operations forward and backward, and multiplications of matrices."""
    import torch
    from peft import LoraConfig, get_peft_model
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils.flop_counter import FlopCounterMode
    from transformers import AutoModelForCausalLM

    class Count(TorchDispatchMode):
        number = 0

        def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            self.number += 1
            return function(*args, **(kwargs or {}))

    torch.manual_seed(0)
    plain = AutoModelForCausalLM.from_config(config_of(shape), dtype=dtype)
    model = get_peft_model(plain, LoraConfig(r=16, target_modules="all-linear")).train()
    if checkpointing:
        model.gradient_checkpointing_enable()
        model.enable_input_require_grads()
    own = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    kept: dict[int, Any] = {}

    def keep(tensor: Any) -> Any:
        if tensor.untyped_storage().data_ptr() not in own:
            kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    ids = torch.randint(0, shape.vocabulary, (1, tokens))
    mask = torch.ones(tokens, tokens, dtype=torch.bool).tril()[None, None]
    asked = {"input_ids": ids, "attention_mask": mask, "position_ids": torch.arange(tokens)[None], "use_cache": False}
    with FlopCounterMode(display=False) as flops:
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor), Count() as forward:
            hidden = plain.model(**asked).last_hidden_state
        with Count() as backward:
            hidden.float().sum().backward()
    size = sum(tensor.untyped_storage().nbytes() for tensor in kept.values())
    return size, forward.number, backward.number, flops.get_total_flops()


@pytest.mark.parametrize(("dtype", "bytes_each"), [("float32", 4), ("bfloat16", 2)])
@pytest.mark.parametrize("tokens", [64, 256])
def test_what_autograd_keeps_of_a_layer_is_what_is_predicted(dtype: str, bytes_each: int, tokens: int) -> None:
    import torch

    two, four = (step_of(replace(SMALL, layers=n), tokens, getattr(torch, dtype)) for n in (2, 4))
    assert (four[0] - two[0]) / 2 == pytest.approx(memory.layer(SMALL, 16, bytes_each, tokens) * tokens, rel=0.03)
    again = [step_of(replace(SMALL, layers=n), tokens, getattr(torch, dtype), checkpointing=True)[0] for n in (2, 4)]
    assert (again[1] - again[0]) / 2 == bytes_each * SMALL.hidden * tokens


def test_operations_are_those_that_torch_counts() -> None:
    import torch

    (two, four) = (step_of(replace(SMALL, layers=n), 128, torch.bfloat16) for n in (2, 4))
    assert (four[1] - two[1]) / 2 == pytest.approx(OPERATIONS["forward"], rel=0.05)
    assert (four[2] - two[2]) / 2 == pytest.approx(OPERATIONS["backward"], rel=0.05)
    # It counts no attention on a CPU.
    predicted = arithmetic.step(SMALL, 16, 128, 0, 0)
    assert two[3] == pytest.approx(predicted, rel=0.1)


def test_published_figures() -> None:
    """Llama 3.1 8B in half precision takes 16 GB and 70B 140 GB (Hugging Face's table for Llama 3.1); a 65-billion
    model trains in 48 GB in 4 bits (Dettmers et al. 2023, abstract); 8 billion parameters at half of an H200's peak
    train at some 15,000 tokens a second, from 4P operations a token."""
    assert memory.base(LLAMA_8B, 2) / GB == pytest.approx(16, rel=0.03)
    assert memory.base(KNOWN["llama-3.1-70b"], 2) / GB == pytest.approx(140, rel=0.03)
    llama_65b = Shape(80, 8192, 22016, 64, 64, 128, 32000)
    assert llama_65b.parameters / 1e9 == pytest.approx(65.3, rel=0.01)
    whole = memory.peak(llama_65b, 64, 512, 512, 512, checkpointing=True, four_bit=True, context=GB)
    assert 38 < whole.whole / GB < 48 * 1.074
    rate = ACCELERATORS["h200"].peak * 0.5 / arithmetic.step(LLAMA_8B, 16, 1, 0, 0)
    assert rate == pytest.approx(15_500, rel=0.15)


def test_rows_go_through_as_memory_takes_them() -> None:
    def at(memory: float) -> tuple[int, int, bool] | None:
        found, _ = passages(LLAMA_8B, JOB, "dpo", OF, memory * GB)
        return (found.at_once, found.accumulation, found.checkpointing) if found else None

    assert at(80) == (16, 1, False)
    assert at(40) == (8, 2, False)
    assert at(22) == (4, 4, True)
    assert at(15) is None
    tried = [at(size) for size in range(15, 90)]
    assert [one[0] for one in tried if one] == sorted(one[0] for one in tried if one)


def test_a_larger_base_takes_longer_and_a_faster_device_less() -> None:
    h200, a100 = ACCELERATORS["h200"], ACCELERATORS["a100"]
    times = [estimate("dpo", JOB, KNOWN[name], OF, h200).seconds for name in ("qwen2.5-0.5b", "llama-3.1-8b")]
    assert times[0] < times[1] < estimate("dpo", JOB, LLAMA_8B, OF, a100).seconds
    whole = estimate("dpo", JOB, KNOWN["llama-3.1-70b"], OF, h200)
    assert whole.passage is None
    assert whole.smallest.whole > h200.memory
    assert estimate("dpo", JOB, KNOWN["llama-3.1-70b"], OF, h200, four_bit=True).passage is not None


def test_a_name_tells_a_shape_or_that_it_is_guessed() -> None:
    known, guessed = of_name("meta-llama/Llama-3.1-8B-Instruct"), of_name("somebody/thing-9b")
    assert known is not None
    assert guessed is not None
    assert known.parameters == LLAMA_8B.parameters
    assert known.source == "a table of published shapes"
    assert guessed.parameters == pytest.approx(9e9, rel=0.05)
    assert "guessed" in guessed.source
    assert of_name("somebody/thing") is None
    assert shapes.of_config({"model_type": "gpt2"}) is None


def test_a_few_steps_tell_how_long_many_take(shapes: dict[str, Path], tmp_path: Path) -> None:
    """Side by side in one run: what is predicted, as a share of what it took. Both share the machine with others."""
    import time

    from backends import train
    from backends.train.calibrating import calibrate
    from tests.backends import jobs
    from tests.backends.test_sharing import JOBS, ragged

    build = ragged(tmp_path, shapes["llama"], "dpo")
    jobs.write(build, dpo={**JOBS["dpo"], "max_steps": 40})
    (found,) = calibrate(build, time.monotonic())
    before = time.monotonic()
    train.run(build, tmp_path / "runs")
    took = time.monotonic() - before
    assert 0.3 < (found.seconds(40, 6) - found.start) / took < 3
    assert found.peak > 100_000_000
    assert not list(tmp_path.glob("build/*/run"))
