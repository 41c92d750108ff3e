"""Online DPO (Guo et al. 2024, arXiv 2402.04792): two answers of the model's own to each question, of which the spec's
rewards say which one is preferred.

Where both earn the same, one is taken for the better by chance, which on average holds the model to the base and
teaches nothing else.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from backends.train.methods._policy import COLUMNS, FILES, JUDGED, fit, given

__all__ = ["COLUMNS", "FILES", "JUDGED", "config", "fit", "given", "trainer"]


def config() -> Any:
    from trl.experimental.online_dpo import OnlineDPOConfig

    return OnlineDPOConfig


def trainer() -> Any:
    """The library's trainer, which logs the sum of all rewards, with the series that it keeps of a policy elsewhere."""
    from trl.experimental.online_dpo import OnlineDPOTrainer

    class Followed(OnlineDPOTrainer):  # type: ignore[misc]  # trl ships no types
        reward_funcs: Any

        def __init__(self, *told: Any, **more: Any) -> None:
            super().__init__(*told, **more)
            # Its training step leaves the gradients of a step's parts summed where the library's own divides them.
            self.accelerator.gradient_accumulation_steps = self.args.gradient_accumulation_steps
            self.series: defaultdict[str, list[float]] = defaultdict(list)
            self.reward_funcs: list[Any] = [self._followed(function) for function in self.reward_funcs]

        def _followed(self, function: Any) -> Any:
            def scored(**asked: Any) -> list[float | None]:
                scores: list[float | None] = function(**asked)
                self.series[function.__name__] += [score for score in scores if score is not None]
                return scores

            return scored

        def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
            if "objective/scores" in logs:
                logs |= {"reward": logs["objective/scores"], "kl": logs["objective/kl"]}
                logs |= {f"rewards/{name}/mean": sum(s) / len(s) for name, s in self.series.items() if s}
                self.series.clear()
            super().log(logs, start_time)

    return Followed
