"""What a model said in a sample, turn by turn, as measuring reads it.

In: an output of Inspect's, or a finished sample's store. Out: an answer, or None where there is none. This file must
not know probes.
"""

from __future__ import annotations

from collections.abc import Sequence

from inspect_ai.model import ModelOutput

from backends.measure.arms import Said

SAID = "tenet:said"
"""Where a sample's store holds the answers: a list, one for each turn."""


def said(output: ModelOutput) -> str | None:
    """Return the answer of an output.

    An empty one counts only where the model chose to end there: where it ran out of context or of tokens (a model that
    reasons first), was filtered by its provider, or failed, it has given none.
    """
    if output.error or not output.choices:
        return None
    return output.completion or ("" if output.stop_reason == "stop" else None)


def as_said(answers: Sequence[str | None]) -> Said:
    return Said(answers[-1] if answers else None, tuple(answers[:-1]))
