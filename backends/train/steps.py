"""What every step is held to: numbers that are finite; and its tokens are counted.

In: a trainer's steps. Out: the same, or a `DivergedError`, before the weights change, that names the step, what is kept
and what to change. The library goes on with such numbers, and shows the mean of earlier losses in their place. `Steps`
is mixed in before a `transformers.Trainer`. This file must not know methods or what a checkpoint holds.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from backends.train.checkpoints import latest
from compiler.failures import DivergedError

SEEN = ("chosen_attention_mask", "rejected_attention_mask")


class Steps:
    """Its methods take the place of the trainer's own of the same name, and call them."""

    args: Any
    state: Any

    def training_step(self, model: Any, inputs: Any, *given: Any, **named: Any) -> Any:
        if not hasattr(self, "_total_train_tokens"):  # most of the library's trainers count themselves
            self.state.num_input_tokens_seen += sum(int(inputs[key].sum()) for key in SEEN if key in inputs)
        loss = super().training_step(model, inputs, *given, **named)  # type: ignore[misc]  # the trainer's, mixed in behind
        self._hold("loss", float(loss))
        return loss

    def _get_grad_norm(self, *given: Any, **named: Any) -> Any:
        norm = super()._get_grad_norm(*given, **named)  # type: ignore[misc]  # as above
        self._hold("norm of the gradient", float(norm))
        return norm

    def _hold(self, what: str, value: float) -> None:
        if math.isfinite(value):
            return
        work = Path(self.args.output_dir)
        kept = latest(work)
        raise DivergedError(
            f"{work.name}: the {what} is {value} at step {self.state.global_step + 1} of {self.state.max_steps}; "
            + (f"the checkpoint of step {kept} is kept" if kept else "no checkpoint was written yet"),
            help=f"learn more slowly: train {{ learning_rate: {self.args.learning_rate / 4:.2g} }} in place of "
            f"{self.args.learning_rate:g}; or look at the rows: tenet lint-data",
        )
