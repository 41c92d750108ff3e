"""Chat templates: from messages to the token ids that a base has learned to read.

In: messages of any role. Out: token ids, and the ids that end a turn. A template without a system role gets the system
message in front of the first user turn. This file must not know weights, engines or specs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from compiler.failures import DataError, ModelLoadError
from compiler.records.record import Message

GIVE_ONE = 'give one in the spec: model { chat_template: "template.jinja" }'


class Chat:
    """A tokenizer with its chat template. `has_system`: whether the template knows a system role."""

    def __init__(self, tokenizer: Any, name: str) -> None:
        self.tokenizer = tokenizer
        self.name = name
        if not tokenizer.chat_template:
            raise ModelLoadError(f"{name} has no chat template", help=GIVE_ONE)
        self.has_system = self._knows_system()
        self.stops = self._stop_ids()
        if tokenizer.pad_token_id is None:
            tokenizer.pad_token = tokenizer.convert_ids_to_tokens(min(self.stops))
        self.check_prefix((Message(role="user", content="Good morning."),), "Good morning to you.")
        self.check_prefix((Message(role="user", content="What is 2 + 2?"),), "4.")

    def _render(self, messages: Sequence[dict[str, str]], *, opened: bool) -> str:
        # Bases that think aloud are asked not to; templates that know no such switch ignore it.
        return str(
            self.tokenizer.apply_chat_template(
                list(messages), tokenize=False, add_generation_prompt=opened, enable_thinking=False
            )
        )

    def _knows_system(self) -> bool:
        try:
            text = self._render([{"role": "system", "content": "QZXJ"}, {"role": "user", "content": "a"}], opened=True)
        except Exception as error:  # templates raise what they like, by raise_exception() in Jinja
            try:
                self._render([{"role": "user", "content": "a"}], opened=True)
            except Exception:
                raise ModelLoadError(f"{self.name}: the chat template fails: {error}", help=GIVE_ONE) from error
            return False
        return "QZXJ" in text

    def _stop_ids(self) -> frozenset[int]:
        """The end of a turn as the template writes it, and the tokenizer's own end of text."""
        stops = {self.tokenizer.eos_token_id} - {None}
        said = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "QZXJ"}]
        tail = self._render(said, opened=False).rpartition("QZXJ")[2]
        special = set(self.tokenizer.all_special_ids)
        ids = self.tokenizer(tail, add_special_tokens=False)["input_ids"]
        first = next((token for token in ids if token in special), None)
        if first is not None:
            stops.add(first)
        if not stops:
            raise ModelLoadError(
                f"{self.name}: neither tokenizer nor chat template says how a turn ends", help=GIVE_ONE
            )
        return frozenset(stops)

    def fit(self, messages: Sequence[Message]) -> list[dict[str, str]]:
        """Return `messages` as this template takes them."""
        fitted = messages if self.has_system else without_system(messages)
        return [{"role": m.role, "content": m.content} for m in fitted]

    def prompt_ids(self, messages: Sequence[Message]) -> list[int]:
        """Token ids of `messages`, with the opening of the assistant's next turn. An assistant message at the end is
        the beginning of that turn, which stays open."""
        begun = messages[-1].content if messages[-1].role == "assistant" else ""
        asked = messages[:-1] if messages[-1].role == "assistant" else messages
        return self._ids(self._render(self.fit(asked), opened=True) + begun)

    def _ids(self, text: str) -> list[int]:
        # The template has written every special token that belongs there.
        # One longer than the model reads is no warning of the library (`verbose`): it has no answer, which is said.
        return list(self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])

    def text_of(self, ids: Sequence[int]) -> str:
        """The answer in `ids`: without special tokens and surrounding white space."""
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=True)).strip()

    def count(self, text: str) -> int:
        """How many tokens `text` has by itself."""
        return len(self._ids(text))

    def length(self, messages: Sequence[Message]) -> int:
        """How many tokens a whole chat has, as a trainer renders it."""
        return len(self._ids(self.tokenizer.apply_chat_template(self.fit(messages), tokenize=False)))

    def check_prefix(self, prompt: Sequence[Message], answer: str) -> None:
        """Raise unless the prompt's tokens begin those of prompt and answer: a trainer would cut the rest off.

        A trainer renders with the template's defaults, so this does too.
        """
        asked = self.fit(prompt)
        said = [*asked, {"role": "assistant", "content": answer}]
        short = self._ids(self.tokenizer.apply_chat_template(asked, tokenize=False, add_generation_prompt=True))
        full = self._ids(self.tokenizer.apply_chat_template(said, tokenize=False))
        if full[: len(short)] != short:
            raise DataError(
                f"{self.name}: under its chat template the prompt is not the beginning of prompt and answer, "
                f"for the prompt {prompt[-1].content!r}",
                help=GIVE_ONE,
            )

    def refusal(self, messages: Sequence[Message]) -> str | None:
        """Why a trainer could not use this chat, which ends with an answer; None where it can."""
        try:
            self.check_prefix(messages[:-1], messages[-1].content)
        except DataError:
            return "has no answer that the chat template sets apart"
        except Exception:  # templates raise what they like, as above
            return "the chat template refuses it"
        return None


def without_system(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Return `messages` for a template that knows no system role: the system message opens the first user turn."""
    if not messages or messages[0].role != "system":
        return tuple(messages)
    system, *rest = messages
    if not rest:
        return (Message(role="user", content=system.content),)
    if rest[0].role != "user":
        # What the author says is no answer, which would be learned.
        return (Message(role="user", content=system.content), *rest)
    return (Message(role="user", content=f"{system.content}\n\n{rest[0].content}"), *rest[1:])
