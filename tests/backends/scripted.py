"""A model that says what a script gives, with known logits; the decode loop around it is the real one."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import torch

SURE = 30.0
"""The logit of a token that is certain to be said."""


class Scripted(torch.nn.Module):
    """scripts: what a request holds -> the reply's token ids. doubts: request and place in its reply -> the logit of
    each token there, in place of the script's own certain token."""

    def __init__(
        self, engine: Any, scripts: Mapping[str, list[int]], doubts: Mapping[tuple[str, int], dict[int, float]]
    ) -> None:
        super().__init__()
        self.config = engine.model.config
        self.tokenizer = engine.chat.tokenizer
        self.opening = self.tokenizer.convert_tokens_to_ids("<|assistant|>")
        self.scripts, self.doubts = scripts, doubts
        self.rows = 0
        """Rows that were computed, over all calls."""

    def forward(self, input_ids: Any, past_key_values: Any, **_: Any) -> Any:
        self.rows += len(input_ids)
        # The cache carries the ids themselves, so that a step sees its whole row through padding and selection.
        kept = input_ids[:, None, :, None].float()
        for layer in range(self.config.num_hidden_layers):
            rows, _ = past_key_values.update(kept, kept, layer)
        logits = torch.zeros(len(input_ids), 1, self.config.vocab_size)
        for row, seen in enumerate(rows[:, 0, :, 0].long().tolist()):
            whole = [token for token in seen if token != self.tokenizer.pad_token_id]
            if self.opening not in whole:  # the prefix that a batch shares ends before any reply begins
                continue
            request = self.tokenizer.decode(whole).partition("<|user|>")[2].partition("<|end|>")[0]
            place = len(whole) - 1 - whole.index(self.opening)
            script = [*self.scripts[request], *self.tokenizer("<|end|>")["input_ids"]]
            wanted = self.doubts.get((request, place), {script[min(place, len(script) - 1)]: SURE})
            for token, logit in wanted.items():
                logits[row, 0, token] = logit
        return SimpleNamespace(logits=logits)
