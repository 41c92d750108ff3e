"""Log-probabilities of labels through a frozen LM head: each row's gradient is computed with its logits, once.

In: last hidden states, the head, labels. Out: what the library's `ChunkedLogProbFunction` gives, and the same gradient
of the hidden states. Where the head is not trained, d log p(label) / d hidden is one vector a row whatever the loss
is, so that nothing of the vocabulary's size is kept or computed again for the backward pass; logits are
there for a part of the rows at a time. This file must not know models or rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

LOGITS = 1 << 24
"""Logits that are there at once: 64 MB in single precision. Of fewer, the head would be laid out anew too often."""
KNOWN = frozenset({"log_probs", "entropy", "mean_logits", "is_top1"})


def fits(head: Any, outputs: tuple[str, ...], softcapping: float | None) -> bool:
    """Whether this head can be asked here: on a processor (a GPU has a kernel of its own), not trained."""
    frozen = not head.weight.requires_grad and (head.bias is None or not head.bias.requires_grad)
    whole = head.weight.dtype == torch.float32 and not torch.is_autocast_enabled("cpu")
    return frozen and whole and head.weight.device.type == "cpu" and not softcapping and KNOWN.issuperset(outputs)


class FrozenHeadLogProb(torch.autograd.Function):
    """hidden: [N, H]. weight: [V, H]. bias: [V] or None. targets: [N]. Returns five fields as the library does, those
    that are not in `outputs` None, each [N]: log_probs, entropy, log_sum_sq_probs (never), mean_logits, is_top1."""

    @staticmethod
    def forward(
        ctx: Any, hidden: Any, weight: Any, bias: Any, targets: Any, temperature: float, outputs: tuple[str, ...]
    ) -> tuple[Any, ...]:
        ctx.set_materialize_grads(False)
        rows = len(hidden)
        log_probs = hidden.new_empty(rows)
        found = {
            "entropy": hidden.new_empty(rows) if "entropy" in outputs else None,
            "is_top1": torch.empty(rows, dtype=torch.bool) if "is_top1" in outputs else None,
        }
        slope = torch.empty_like(hidden) if ctx.needs_input_grad[0] else None
        for part in _parts(rows, weight):
            logits = _logits(hidden[part], weight, bias, temperature)
            labels = targets[part, None]
            wanted = logits.gather(1, labels)
            if found["is_top1"] is not None:
                highest, first = logits.max(1, keepdim=True)
                found["is_top1"][part] = (first == labels)[:, 0]
            else:
                highest = logits.amax(1, keepdim=True)
            chances = torch.exp(logits - highest)
            total = chances.sum(1, keepdim=True)
            log_total = highest + total.log()
            log_probs[part] = (wanted - log_total)[:, 0]
            if found["entropy"] is not None:
                found["entropy"][part] = log_total[:, 0] - torch.linalg.vecdot(chances, logits) / total[:, 0]
            if slope is not None:
                # d log p(label) / d hidden: the label's row of the head less the mean row under the model's chances.
                expected = torch.mm(chances, weight).div_(total)
                slope[part] = (weight[targets[part]] - expected).div_(temperature)
        mean = _mean_logits(hidden, weight, bias, temperature) if "mean_logits" in outputs else None
        ctx.save_for_backward(hidden, weight, bias, slope)
        ctx.temperature = temperature
        ctx.mark_non_differentiable(*(field for field in (mean, found["is_top1"]) if field is not None))
        return log_probs, found["entropy"], None, mean, found["is_top1"]

    @staticmethod
    def backward(ctx: Any, by_log_probs: Any, by_entropy: Any, *_: Any) -> tuple[Any, ...]:
        hidden, weight, bias, slope = ctx.saved_tensors
        gradient = None if by_log_probs is None else slope * by_log_probs[:, None]
        if by_entropy is not None:
            more = _of_entropy(hidden, weight, bias, ctx.temperature) * by_entropy[:, None]
            gradient = more if gradient is None else gradient + more
        return gradient, None, None, None, None, None


def _parts(rows: int, weight: Any) -> Iterator[slice]:
    """The rows in parts, each with no more than LOGITS logits."""
    together = max(LOGITS // len(weight), 1)
    return (slice(start, start + together) for start in range(0, rows, together))


def _logits(hidden: Any, weight: Any, bias: Any, temperature: float) -> Any:
    logits = torch.nn.functional.linear(hidden, weight, bias)
    return logits if temperature == 1 else logits.div_(temperature)


def _mean_logits(hidden: Any, weight: Any, bias: Any, temperature: float) -> Any:
    """The mean over the vocabulary of each row's logits: that of the mean row of the head."""
    mean = hidden @ weight.mean(0) if bias is None else hidden @ weight.mean(0) + bias.mean()
    return mean if temperature == 1 else mean / temperature


def _of_entropy(hidden: Any, weight: Any, bias: Any, temperature: float) -> Any:
    """d entropy / d hidden: [N, H]; only an entropy bonus asks for it."""
    found = torch.empty_like(hidden)
    for part in _parts(len(hidden), weight):
        log_chances = _logits(hidden[part], weight, bias, temperature).log_softmax(1)
        chances = log_chances.exp()
        entropy = -(chances * log_chances).sum(1, keepdim=True)
        found[part] = torch.mm(-chances * (log_chances + entropy), weight).div_(temperature)
    return found
