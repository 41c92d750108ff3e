"""What an adapter saves: the tokens of the prompt that it does without, at every request.

How long answers take is a fact of the machine and stands in latency.json, apart from what must come out the same.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.metrics.asked import Asked
from compiler.records.behaviour import Metric
from compiler.records.figures import Score


def measure(asked: Asked) -> Iterator[Metric]:
    tokens = asked.prompt_tokens
    if tokens is None or "adapter" not in asked.arms:
        return
    # The arm that needs no prompt saves all of it; how many is a count, which has no uncertainty.
    saved = Score(value=tokens, low=tokens, high=tokens, n=1)
    yield Metric(
        id="prompt_tokens_saved",
        group="cost",
        title="tokens of prompt saved at every request",
        explains="tokens of the compiled prompt, which the adapter does without, by the subject's own tokenizer",
        unit="tokens",
        better="more",
        scores={"adapter": saved},
    )
