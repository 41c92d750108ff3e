"""The model provider `tenet`: `tenet/base`, `tenet/prompt`, `tenet/adapter`, `tenet/adapter+prompt`.

In: a conversation. Out: the arm's greedy answer, from the cache that `tenet measure` uses. What answered (hashes,
machine, versions) is the output's metadata. This file must not know probes.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from inspect_ai.model import ChatMessage, GenerateConfig, ModelAPI, ModelOutput, modelapi
from inspect_ai.tool import ToolChoice, ToolInfo

from backends import machine
from backends.engines import Conversation, Sampling
from backends.inspect.failing import in_words
from backends.inspect.loading import ONE_AT_A_TIME, models_at
from backends.inspect.task import as_conversation
from backends.measure.answering import ANSWERS, described
from backends.measure.models import Models
from compiler.arms import uses_adapter, uses_prompt, uses_steering
from compiler.failures import DataError
from compiler.records.record import ALL_ARMS, ARMS, Message


@modelapi(name="tenet")
class Arm(ModelAPI):
    """An arm of a build, in this process.

    model_args: build, the folder of the build, found by the run's name where only `run` is given; run, the folder of
    the training, which arms with an adapter need; root, the folder that paths of the spec start from.
    """

    @in_words()
    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig = GenerateConfig(),  # noqa: B008  # as ModelAPI has it; nothing changes it
        build: str | None = None,
        run: str | None = None,
        root: str = "",
        **model_args: Any,
    ) -> None:
        super().__init__(model_name, base_url, api_key, [], config)
        if model_args:
            raise DataError(f"tenet/{model_name} takes no {', '.join(model_args)}", help="it takes build, run and root")
        arm = next((arm for arm in ALL_ARMS if arm == model_name), None)
        if arm is None:
            raise DataError(f"there is no arm {model_name}", help=f"arms: {', '.join(f'tenet/{a}' for a in ARMS)}")
        if uses_steering(arm):
            raise DataError("tenet/steer is not asked here", help="ask it by itself: tenet measure SPEC --arm steer")
        self.arm, self.root = arm, Path(root)
        if uses_adapter(arm) and run is None:
            raise DataError(f"tenet/{arm} needs a training", help=f"--model tenet/{arm} -M run=runs/NAME")
        if build is None and run is None:
            raise DataError(f"tenet/{arm} needs a build", help=f"--model tenet/{arm} -M build=build/NAME")
        self.folder = (
            Path(build) if build is not None else Path("build", Path(str(run)).resolve().name.rsplit("-", 1)[0])
        )
        self.run = Path(run) if run is not None and uses_adapter(arm) else None

    @property
    @in_words()
    def models(self) -> Models:
        return models_at(self.folder, self.root, self.run)

    async def generate(
        self, input: list[ChatMessage], tools: list[ToolInfo], tool_choice: ToolChoice, config: GenerateConfig
    ) -> ModelOutput:
        """
        Raises:
            DataError: something else than greedy text is asked for.
        """
        if tools:
            raise DataError(f"tenet/{self.arm} calls no tools", help="ask it tasks without tools")
        if config.temperature:
            raise DataError(f"tenet/{self.arm} answers greedily", help="leave --temperature out, or set it to 0")
        sampling = Sampling(max_new_tokens=config.max_tokens or ANSWERS.max_new_tokens)
        return await asyncio.to_thread(self._answer, self._seen(as_conversation(input)), sampling)

    def max_connections(self) -> int:
        return 1

    def _seen(self, conversation: Conversation) -> Conversation:
        """Put the compiled prompt before the system message, as `measure.arms.seen` does."""
        if not uses_prompt(self.arm):
            return conversation
        own = [m.content for m in conversation if m.role == "system"]
        rest = tuple(m for m in conversation if m.role != "system")
        return (Message(role="system", content="\n\n".join([self.models.prompt, *own])), *rest)

    def _answer(self, conversation: Conversation, sampling: Sampling) -> ModelOutput:
        with ONE_AT_A_TIME:
            engine = self.models.subject
            text = engine.answers([conversation], sampling, adapter=self.run is not None)[0]
            output = ModelOutput.from_content(
                model=f"tenet/{self.arm}",
                content=text or "",
                stop_reason="stop" if text is not None else "model_length",
            )
            output.metadata = {"tenet": self._about(engine.machine.influencing("measure"), sampling)}
            return output

    def _about(self, computes: dict[str, Any], sampling: Sampling) -> dict[str, Any]:
        models = self.models
        return {
            "base": models.base.name,
            "base_sha256": models.base.digest,
            "adapter_sha256": models.adapter[1] if models.adapter else None,
            "prompt_sha256": models.hashes["prompt_sha256"] if uses_prompt(self.arm) else None,
            "machine": computes,
            "versions": machine.recorded_versions(),
            "sampling": described(sampling.max_new_tokens),
        }
