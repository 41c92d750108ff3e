"""The reference that a loss compares with: when it is asked, and how far that is.

In: a trainer's settings and rows. Out: the settings, so that no row is asked twice and none that no step sees; and what
the driver tells while all are asked. `References` is mixed in before a trainer of the library that asks one; others
never call it. This file must not know methods.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from backends.train import workers
from backends.train.task import Stage


def settle(config: Any, rows: Sequence[Any]) -> None:
    """Let all rows be asked before the first step where steps go over all of them; else each row in its step."""
    batch = config.per_device_train_batch_size * config.gradient_accumulation_steps * workers.count()
    if config.max_steps * batch < len(rows):
        config.precompute_ref_log_probs = False


class References:
    """Its methods take the place of the trainer's own of the same name, and call them."""

    stage: Stage
    asked = to_ask = 0

    def _precompute_ref_logps(self, dataset: Any, name: str, batch_size: int) -> Any:
        self.asked, self.to_ask = 0, -(-len(dataset) // workers.count())
        return super()._precompute_ref_logps(dataset, name, batch_size)  # type: ignore[misc]  # the trainer's, mixed in behind

    def compute_ref_log_probs(self, model: Any, inputs: Any) -> Any:
        found = super().compute_ref_log_probs(model, inputs)  # type: ignore[misc]  # as above
        if self.to_ask and workers.is_first():
            self.asked = min(self.asked + len(found[0]), self.to_ask)
            note = f"{self.stage.name}: asking the base about them"
            self.stage.of.wishes.progress("train", self.asked, self.to_ask, "rows", note)
        return found
