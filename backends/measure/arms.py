"""What each arm sees of a probe.

In: a probe, an arm, the compiled prompt. Out: the messages. base and adapter see the probe's own system message
alone (facts about the user, a contrary instruction); prompt and adapter+prompt see the compiled prompt before it.
This file must not know answers or checks.
"""

from __future__ import annotations

from dataclasses import dataclass

from backends.engines import Conversation
from compiler.arms import uses_prompt
from compiler.records.record import Arm, Message
from compiler.records.rows import Probe


@dataclass(frozen=True, slots=True)
class Said:
    """answer: an arm's last answer. before: what it said in the turns before that waited for it. None stands where the
    conversation was longer than it can read."""

    answer: str | None
    before: tuple[str | None, ...] = ()


def seen(probe: Probe, arm: Arm, prompt: str) -> Conversation:
    """Return the messages of `probe` under `arm`; an assistant message without text still waits for the arm's
    answer."""
    pushed = [m.content for m in probe.messages if m.role == "system"]
    system = [prompt if uses_prompt(arm) else None, probe.context, *pushed]
    text = "\n\n".join(part for part in system if part)
    rest = tuple(m for m in probe.messages if m.role != "system")
    return (Message(role="system", content=text), *rest) if text else rest


def waiting(conversation: Conversation) -> int | None:
    """The place of the first assistant message that the arm has yet to say, None where there is none."""
    return next((i for i, m in enumerate(conversation) if m.role == "assistant" and not m.content), None)
