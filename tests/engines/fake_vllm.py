"""A stand-in for the package vllm: the names, arguments and results that the engine uses, computed by transformers.

Read in vLLM's own sources: `SamplingParams` as of 2026 (logprobs and prompt_logprobs with -1 for all, stop tokens that
stay at the end of `token_ids`, a seed for each request), `LLM.generate` and `LoRARequest` since 0.11. Arguments that it
does not know are an error, as they are there.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest


@dataclass(kw_only=True)
class SamplingParams:
    temperature: float = 1.0
    min_p: float = 0.0
    seed: int | None = None
    max_tokens: int | None = 16
    stop_token_ids: list[int] | None = None
    logprobs: int | None = None
    prompt_logprobs: int | None = None
    detokenize: bool = True


@dataclass(frozen=True)
class LoRARequest:
    lora_name: str
    lora_int_id: int
    lora_path: str


@dataclass
class Logprob:
    logprob: float


class LLM:
    loaded: list[dict[str, Any]] = []  # noqa: RUF012  # what tests look at

    def __init__(
        self,
        model: str,
        *,
        dtype: str = "auto",
        seed: int | None = None,
        trust_remote_code: bool = False,
        load_format: str = "auto",
        enable_prefix_caching: bool | None = None,
        max_logprobs: int = 20,
        enable_lora: bool = False,
        max_lora_rank: int = 16,
    ) -> None:
        from transformers import AutoModelForCausalLM

        type(self).loaded.append({"enable_lora": enable_lora, "max_lora_rank": max_lora_rank})
        self.network: Any = AutoModelForCausalLM.from_pretrained(model, dtype=dtype).eval()
        self.max_logprobs = max_logprobs
        self.rank = max_lora_rank if enable_lora else 0
        self.adapters: dict[int, str] = {}
        config = self.network.config
        self.stops = {config.eos_token_id}
        length = config.max_position_embeddings
        self.llm_engine = SimpleNamespace(model_config=SimpleNamespace(max_model_len=length))

    def generate(
        self,
        prompts: Sequence[dict[str, list[int]]],
        sampling_params: SamplingParams | Sequence[SamplingParams] | None = None,
        *,
        use_tqdm: bool = True,
        lora_request: LoRARequest | list[LoRARequest] | None = None,
    ) -> list[Any]:
        import torch

        assert not use_tqdm
        assert isinstance(sampling_params, list)
        assert len(sampling_params) == len(prompts)
        with torch.no_grad(), self._arm(lora_request):
            return [self._one(p["prompt_token_ids"], how) for p, how in zip(prompts, sampling_params, strict=True)]

    def _arm(self, request: Any) -> Any:
        from peft import PeftModel

        if request is None:
            return self.network.disable_adapter() if isinstance(self.network, PeftModel) else nullcontext()
        assert self.rank, "adapters are refused unless enable_lora is set"
        name = str(request.lora_int_id)
        if not isinstance(self.network, PeftModel):
            self.network = PeftModel.from_pretrained(self.network, request.lora_path, adapter_name=name).eval()
        elif self.adapters.setdefault(request.lora_int_id, request.lora_path) and name not in self.network.peft_config:
            self.network.load_adapter(request.lora_path, adapter_name=name)
        assert max(config.r for config in self.network.peft_config.values()) <= self.rank
        self.network.set_adapter(name)
        return nullcontext()

    def _one(self, prompt: list[int], how: SamplingParams) -> Any:
        import torch

        longest = self.llm_engine.model_config.max_model_len
        assert len(prompt) < longest, "the prompt is longer than the model reads"
        assert how.max_tokens is not None
        assert len(prompt) + how.max_tokens <= longest
        draw = torch.Generator().manual_seed(how.seed) if how.seed is not None else None
        new: list[int] = []
        told: list[dict[int, Logprob]] = []
        while len(new) < how.max_tokens:
            chances = self._log_probabilities([*prompt, *new])[-1]
            if how.temperature == 0:
                token = int(chances.argmax())
            else:
                scaled = (chances / how.temperature).softmax(dim=-1)
                kept = scaled.where(scaled >= how.min_p * scaled.max(), 0.0)
                token = int(torch.multinomial(kept, 1, generator=draw))
            new.append(token)
            told.append(self._told(chances, token, how.logprobs))
            if token in self.stops or token in (how.stop_token_ids or ()):
                break
        over_prompt = None
        if how.prompt_logprobs is not None:
            whole = self._log_probabilities(prompt)
            over_prompt = [None] + [
                self._told(whole[at], token, how.prompt_logprobs) for at, token in enumerate(prompt[1:])
            ]
        output = SimpleNamespace(token_ids=new, text="", logprobs=told if how.logprobs is not None else None)
        return SimpleNamespace(prompt_token_ids=prompt, prompt_logprobs=over_prompt, outputs=[output])

    def _told(self, chances: Any, token: int, most: int | None) -> dict[int, Logprob]:
        assert most is None or self.max_logprobs == -1 or most <= self.max_logprobs
        count = chances.shape[-1] if most == -1 else most or 0
        return {i: Logprob(float(chances[i])) for i in [token, *chances.topk(count).indices.tolist()]}

    def _log_probabilities(self, ids: list[int]) -> Any:
        import torch

        return self.network(input_ids=torch.tensor([ids])).logits[0].double().log_softmax(dim=-1)


def install(patch: pytest.MonkeyPatch) -> None:
    """Let `import vllm` find this for as long as `patch` lasts."""
    LLM.loaded = []
    modules = {
        "vllm": {"LLM": LLM, "SamplingParams": SamplingParams},
        "vllm.lora": {},
        "vllm.lora.request": {"LoRARequest": LoRARequest},
    }
    for name, content in modules.items():
        made = ModuleType(name)
        made.__spec__ = ModuleSpec(name, None)
        for key, value in content.items():
            setattr(made, key, value)
        patch.setitem(sys.modules, name, made)
