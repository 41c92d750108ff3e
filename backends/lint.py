"""What only a tokenizer sees of rows: those that are cut, and those of which a trainer would lose the prompt.

In: pairs, the base's chat template, the longest row of the job. Out: findings of `compiler.lint`. This file must not
know what else is looked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from backends.chats import Chat
from compiler.failures import DataError
from compiler.lint.findings import Finding, finding
from compiler.records.rows import PreferencePair


def look(pairs: Sequence[PreferencePair], template: Chat, max_length: int | None) -> Iterator[Finding]:
    """Yield findings.

    Args:
        max_length: tokens of a row, prompt and one side together; None for all.
    """
    cut: list[str] = []
    apart: list[str] = []
    for pair in pairs:
        for side in (pair.chosen, pair.rejected):
            if max_length is not None and template.length((*pair.prompt, *side)) > max_length:
                cut.append(pair.id)
            try:
                template.check_prefix(pair.prompt, side[-1].content)
            except DataError:
                apart.append(pair.id)
    if cut:
        ids = list(dict.fromkeys(cut))
        message = (
            f"{len(ids)} rows are longer than {max_length} tokens, and the trainer cuts the end of their answers off"
        )
        yield finding("L13", "warning", message, "raise `max_length` in `train`, or shorten the answers", rows=ids)
    if apart:
        ids = list(dict.fromkeys(apart))
        message = f"of {len(ids)} rows the prompt's tokens do not begin those of prompt and answer"
        yield finding(
            "L14", "error", message, "the trainer would learn part of the prompt: mend the chat template", rows=ids
        )
