"""What an adapter saves: the tokens of the prompt that it does without, at every request.

How long answers take is a fact of the machine and stands in latency.json, apart from what must come out the same.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.metrics.asked import Asked
from compiler.report.record import Metric, Score


def measure(asked: Asked) -> Iterator[Metric]:
    tokens = asked.prompt_tokens
    if tokens is None:
        return
    scores = {arm: _exact(tokens if arm in ("prompt", "adapter+prompt") else 0) for arm in asked.arms}
    yield Metric(
        id="prompt_tokens",
        group="cost",
        title="tokens of prompt at every request",
        explains="tokens of the compiled prompt, as the subject's tokenizer counts them",
        unit="tokens",
        better="less",
        scores=scores,
    )


def _exact(count: int) -> Score:
    """A count, which has no uncertainty."""
    return Score(value=count, low=count, high=count, n=1)
