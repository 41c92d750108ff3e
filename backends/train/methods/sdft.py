"""Self-distillation fine-tuning (Shenfeld et al. 2026, arXiv 2601.19897): what the base says under the compiled prompt
becomes what it says without.

The student answers without the prompt; the teacher, which is the same base with the adapter off and the prompt before
the question, is asked for its whole distribution at each token of that answer. No answer of a row is read, and no
reward. The library's trainer writes what its teacher knows into the user's turn; here it is the system message, as in
the `prompt` arm.
"""

from __future__ import annotations

from typing import Any

from backends import bases
from backends.train.task import Training
from compiler.records.record import Message

COLUMNS = ("prompt",)
PROMPT = "prompt.md"
FILES = (PROMPT,)


def config() -> Any:
    from trl.experimental.sdft import SDFTConfig

    return SDFTConfig


def prompted() -> Any:
    """The library's class that makes what the teacher reads, making the `prompt` arm's messages in its place."""
    from trl.experimental.sdft.sdft_trainer import DemonstrationTeacherContextBuilder

    class Prompted(DemonstrationTeacherContextBuilder):  # type: ignore[misc]  # trl ships no types
        def __init__(self, trainer: Any, prompt: str, chat: Any) -> None:
            super().__init__(trainer)
            self.prompt, self.chat = prompt, chat

        def _compose_teacher_prompt(self, prompt: Any, privileged_context: Any) -> Any:
            said = [Message(**message) for message in prompt]
            own = [message.content for message in said if message.role == "system"]
            system = Message(role="system", content="\n\n".join([self.prompt, *own]))
            return self.chat.fit([system, *(message for message in said if message.role != "system")])

    return Prompted


def trainer() -> Any:
    from trl.experimental.sdft import SDFTTrainer

    class Distilling(SDFTTrainer):  # type: ignore[misc]  # trl ships no types
        def __init__(self, *told: Any, prompt: str, chat: Any, **more: Any) -> None:
            super().__init__(*told, **more)
            self.teacher_context_builder = prompted()(self, prompt, chat)

    return Distilling


def fit(config: Any, rows: list[dict[str, Any]], tokenizer: Any) -> list[dict[str, Any]]:
    """Return each prompt once."""
    seen = {tuple((m["role"], m["content"]) for m in row["prompt"]): row for row in reversed(rows)}
    return list(reversed(seen.values()))


def given(around: Training) -> dict[str, Any]:
    prompt = (around.build / PROMPT).read_text(encoding="utf-8").strip()
    return {"prompt": prompt, "chat": bases.load_chat(around.base)}
